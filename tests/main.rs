//! The stages, and the whole program, from outside.
