//! Writes seeds, replays single inputs, and fuzzes without libFuzzer; `cargo xtask fuzz` calls it.

use anyhow::Context as _;
use clap::Parser;
use portcullis_fuzz::{Luck, Place, Target, inputs, mutated, seeds, target};
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The longest input that is made up.
const MOST: usize = 4_096;

/// An input that takes longer is told.
const SLOW: Duration = Duration::from_secs(1);

#[derive(Parser)]
enum Cli {
    /// Write the seeds of a target into a folder.
    Seed { target: String, folder: PathBuf },
    /// Check the inputs in these files.
    Replay { target: String, files: Vec<PathBuf> },
    /// Change inputs at random and check them.
    Plain {
        target: String,
        /// For how long.
        #[arg(long)]
        seconds: u64,
        /// The same seed makes the same changes.
        #[arg(long)]
        seed: u64,
        /// Where the input goes that breaks a property.
        #[arg(long)]
        artifacts: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    match cli {
        Cli::Seed { target, folder } => {
            fs::create_dir_all(&folder)?;
            for (number, bytes) in seeds(&target)?.into_iter().enumerate() {
                fs::write(folder.join(format!("seed_{number:03}")), bytes)?;
            }
            Ok(())
        }
        Cli::Replay { target, files } => {
            let check = known(&target)?.check;
            for file in files {
                check(&fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?);
                eprintln!("holds: {}", file.display());
            }
            Ok(())
        }
        Cli::Plain { target, seconds, seed, artifacts } => {
            plain(known(&target)?, Duration::from_secs(seconds), seed, &artifacts)
        }
    }
}

fn known(name: &str) -> anyhow::Result<Target> {
    target(name).with_context(|| format!("there is no target {name}"))
}

/// Fuzzes until the time is over or a property is broken.
fn plain(target: Target, time: Duration, seed: u64, artifacts: &Path) -> anyhow::Result<()> {
    let place = Place::default();
    let mut pool = seeds(target.name)?;
    for folder in [place.corpus(target.name), place.regressions(target.name)] {
        pool.extend(inputs(&folder)?.into_iter().map(|(_, bytes)| bytes));
    }
    pool.push(Vec::new());
    let mut luck = Luck::new(seed);
    let (started, mut executions) = (Instant::now(), 0_u64);
    while started.elapsed() < time {
        let pick = |luck: &mut Luck| pool.get(luck.below(pool.len())).map_or(&[][..], Vec::as_slice);
        let (one, other) = (pick(&mut luck), pick(&mut luck));
        let input = mutated(one, other, &mut luck, MOST);
        let before = Instant::now();
        let outcome = catch_unwind(|| (target.check)(&input));
        executions += 1;
        if outcome.is_err() || before.elapsed() > SLOW {
            let what = if outcome.is_err() { "crash" } else { "slow" };
            fs::create_dir_all(artifacts)?;
            let path = artifacts.join(format!("{what}-plain-{seed}-{executions}"));
            fs::write(&path, &input)?;
            anyhow::bail!("{}: {what}, the input is {}", target.name, path.display());
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    eprintln!("{}: {executions} executions in {seconds:.1} s, every property held", target.name);
    Ok(())
}
