//! The demo: `portcullis-demo play` starts everything on loopback, plays clients and attackers, and shows what becomes of them.

mod play;

use clap::{Parser, Subcommand};
use std::io::Write as _;
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
    /// Print docs/abuse.md, which is made from the corpus.
    #[command(hide = true)]
    Abuse,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|verb| verb == play::TETHER) {
        let Err(error) = portcullis_demo::tether::hold(arguments);
        eprintln!("error: {error:#}");
        return ExitCode::FAILURE;
    }
    let done = match Cli::parse().verb {
        Verb::Play(args) => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(anyhow::Error::from)
            .and_then(|runtime| runtime.block_on(play::run(&args))),
        Verb::Abuse => abuse().map(|()| Vec::new()),
    };
    match done {
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

fn abuse() -> anyhow::Result<()> {
    std::io::stdout().write_all(portcullis_demo::corpus::table()?.as_bytes())?;
    Ok(())
}
