//! The stages, and the whole program, from outside.

// the folders, the imports, the marks
mod house;
