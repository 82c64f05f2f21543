//! Runs the program and gives its exit status to the shell.

fn main() {}
