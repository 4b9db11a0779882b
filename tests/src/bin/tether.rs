//! Ties the programs of a test run to its life; see `portcullis_demo::tether`.

use std::process::ExitCode;

fn main() -> ExitCode {
    match portcullis_demo::tether::hold(std::env::args_os().skip(1)) {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
