//! The demo: `portcullis-demo play` starts everything on loopback, plays clients and attackers, and shows what becomes of them.

mod play;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(
    about = "Portcullis at work on one machine; `cargo xtask demo` builds what it needs and starts it."
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Start everything and play, until Ctrl-C.
    Play(play::Args),
}

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|verb| verb == play::TETHER) {
        let Err(error) = portcullis_demo::tether::hold(arguments);
        eprintln!("error: {error:#}");
        return ExitCode::FAILURE;
    }
    let Verb::Play(args) = Cli::parse().verb;
    let played = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(play::run(&args)));
    match played {
        Ok(problems) if problems.is_empty() => ExitCode::SUCCESS,
        Ok(problems) => {
            for problem in problems {
                eprintln!("problem: {problem}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
