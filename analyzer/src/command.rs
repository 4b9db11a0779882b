//! What a command can fail with, and the exit code that says so.

mod api;
mod check;
mod compile;
mod date;
mod decisions;
mod envoy;
mod explain;
mod keys;
mod policy;
mod redact;
mod schema;
mod serve;

use crate::cli::{Cli, Command};
use crate::compile::CompileError;
use crate::config::ConfigError;
use crate::key::NoEntropy;
use crate::render::InlineError;
use crate::server::StartError;
use crate::store::{FolderError, StoreError};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

/// A command did not do what it was told; the message says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The service does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The data folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The store cannot be used.
    #[error("cannot use the store: {0}")]
    Store(#[from] StoreError),
    /// No key can be made.
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
    /// The service cannot be asked, or says no.
    #[error("{0}")]
    Api(String),
    /// There is no key of that id.
    #[error("there is no key {0}; `portcullis keys list` shows those there are")]
    UnknownKey(String),
    /// The policy is wrong; a mistake a line.
    #[error("{0}")]
    Policy(String),
    /// The policy that the command is about is wrong; a mistake a line.
    #[error("{0}")]
    Mistaken(String),
    /// The policy cannot be handed to the filter.
    #[error(transparent)]
    Inline(#[from] InlineError),
    /// The policy cannot be written out.
    #[error("cannot write the policy out: {0}")]
    WrittenOut(#[from] serde_saphyr::ser::Error),
    /// `--variables` is no JSON object.
    #[error("--variables: {0}")]
    Variables(String),
    /// The command line does not fit what it is about; the message says what does.
    #[error("{0}")]
    Usage(String),
    /// A file of the command line cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Input {
        /// The file; `-` is standard input.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The schema has no table; a mistake a line.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// A file that was to be made cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The asynchronous runtime does not start.
    #[error("cannot start the runtime: {0}")]
    Runtime(#[source] io::Error),
    /// The signals that stop the service cannot be awaited.
    #[error("cannot wait for signals: {0}")]
    Signals(#[source] io::Error),
    /// Standard output is gone.
    #[error("cannot write to standard output: {0}")]
    Output(#[source] io::Error),
}

impl CommandError {
    /// The exit code of the process.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Policy(_) | Self::Variables(_) | Self::Usage(_) => 2,
            Self::Start(_)
            | Self::Folder(_)
            | Self::Store(_)
            | Self::NoEntropy(_)
            | Self::Api(_)
            | Self::UnknownKey(_)
            | Self::Input { .. }
            | Self::Mistaken(_)
            | Self::Inline(_)
            | Self::WrittenOut(_)
            | Self::Compile(_)
            | Self::Unwritable { .. }
            | Self::Runtime(_)
            | Self::Signals(_)
            | Self::Output(_) => 1,
        }
    }
}

/// Does what the command line says; the exit code is that of what was done.
///
/// # Errors
/// It could not be done.
pub fn run(cli: Cli) -> Result<ExitCode, CommandError> {
    let done = |()| ExitCode::SUCCESS;
    match cli.command {
        Command::Serve(arguments) => serve::run(&arguments).map(done),
        Command::Keys(arguments) => keys::run(arguments.command).map(done),
        Command::Decisions(arguments) => decisions::run(&arguments).map(done),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Compile(arguments) => compile::run(&arguments).map(done),
        Command::Check(arguments) => check::run(&arguments).map(done),
        Command::Envoy(arguments) => envoy::run(&arguments).map(done),
        Command::Redact(arguments) => redact::run(&arguments),
        Command::Document { which } => {
            io::stdout().write_all(which.render().as_bytes()).map(done).map_err(CommandError::Output)
        }
    }
}
