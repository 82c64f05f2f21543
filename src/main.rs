//! Runs the program and gives its exit status to the shell.

use std::process::ExitCode;

fn main() -> ExitCode {
    plaint::run(std::env::args_os(), plaint::Hooks::real())
}
