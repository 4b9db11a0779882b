//! Where log lines go and how they look: standard error, as the configuration says, without what is personal.

use crate::config::{Log, LogFormat, LogLevel};
use portcullis_redact::redact;
use std::io::{self, Write};
use tracing::Level;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Takes what is personal or secret out of each line that it is given.
struct Redacting<W>(W);

impl<W: Write> Write for Redacting<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // An event is written as one line, whole.
        self.0.write_all(redact(&String::from_utf8_lossy(line)).as_str().as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Starts logging, once in a process; libraries speak up at WARN only.
pub(crate) fn start(log: Log) {
    let level = match log.level {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
    };
    let filter = Targets::new()
        .with_target("portcullis_analyzer", level)
        .with_default(LevelFilter::from_level(level.min(Level::WARN)));
    let lines = tracing_subscriber::fmt::layer().with_writer(|| Redacting(std::io::stderr()));
    let started = match log.format {
        LogFormat::Text => tracing_subscriber::registry().with(lines.with_filter(filter)).try_init(),
        LogFormat::Json => tracing_subscriber::registry().with(lines.json().with_filter(filter)).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
}
