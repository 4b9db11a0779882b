//! Where log lines go and how they look: standard error, as the configuration says.

use crate::config::{Log, LogFormat, LogLevel};
use tracing::Level;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

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
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let started = match log.format {
        LogFormat::Text => tracing_subscriber::registry().with(lines.with_filter(filter)).try_init(),
        LogFormat::Json => tracing_subscriber::registry().with(lines.json().with_filter(filter)).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
}
