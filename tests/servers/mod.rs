//! Servers that answer wrongly on request, for the tests of the delivery.

// a mail server that fails at any stage, and tells when it got there
pub(crate) mod faulty;
