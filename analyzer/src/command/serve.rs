//! `portcullis serve`: from the command line to a running service, and from a signal to its end.

use super::CommandError;
use crate::cli::ServeArgs;
use crate::clock::Clock;
use crate::config;
use crate::config::Source;
use crate::server::Running;
use std::io::{self, Write as _};
use tokio::signal::unix::{SignalKind, signal};

pub(super) fn run(arguments: &ServeArgs) -> Result<(), CommandError> {
    let config = config::load(arguments.place.config.as_deref(), arguments.overrides())?;
    crate::logging::start(config.log);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(CommandError::Runtime)?;
    let source = arguments.place.config.clone();
    let source = source.map(|file| Source { file, overrides: arguments.overrides() });
    runtime.block_on(serve(config, source))
}

async fn serve(config: config::Config, source: Option<Source>) -> Result<(), CommandError> {
    // Before anything else, so that a signal during the start is not lost.
    let mut terminate = signal(SignalKind::terminate()).map_err(CommandError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(CommandError::Signals)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(CommandError::Signals)?;
    let data_dir = config.data_dir.clone();
    let running = Running::start_from(config, source, Clock::system()).await?;
    tracing::info!(address = %running.address(), data_dir = %data_dir.display(), "started");
    announce(&running).map_err(CommandError::Output)?;
    let signal = loop {
        tokio::select! {
            _ = terminate.recv() => break "SIGTERM",
            _ = interrupt.recv() => break "SIGINT",
            // What came of it is logged where it is done.
            _ = hangup.recv() => tokio::select! {
                _ = terminate.recv() => break "SIGTERM",
                _ = interrupt.recv() => break "SIGINT",
                reloaded = running.reload() => drop(reloaded),
            },
        }
    };
    tracing::info!(signal, "stopping");
    running.stop().await;
    tracing::info!("stopped");
    Ok(())
}

fn announce(running: &Running) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "portcullis: listening on {}", running.url())?;
    output.flush()
}
