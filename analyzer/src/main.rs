//! The `portcullis` command: reads the command line, runs it, and turns failure into a message and an exit code.

use clap::Parser as _;
use portcullis_analyzer::cli::Cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    match portcullis_analyzer::command::run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            for line in error.to_string().lines() {
                eprintln!("portcullis: {line}");
            }
            ExitCode::from(error.exit_code())
        }
    }
}
