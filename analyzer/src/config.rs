//! What the service may be told, and the reading of it: defaults, then the file, then the flags.
//!
//! Past [`load`] nobody checks a setting again. The module does not know what a setting is used for.

mod crowdsec;
mod raw;
pub(crate) mod security;
mod tls;

use portcullis_policy::Malformed;
use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use crowdsec::CrowdSec;
pub use raw::{LogFormat, LogLevel};
pub use security::Security;
pub use tls::Tls;

/// The settings, all of them sensible.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The folder of the store.
    pub data_dir: PathBuf,
    /// Where HTTP is served; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What is logged.
    pub log: Log,
    /// How HTTP is served.
    pub http: Http,
    /// How it is served over TLS; in plain text without.
    pub tls: Option<Tls>,
    /// How reports are taken.
    pub ingest: Ingest,
    /// How the store is used.
    pub store: Store,
    /// What is kept.
    pub retention: Retention,
    /// What is an attack, and what follows.
    pub security: Security,
    /// Whose bans are taken over; nobody's without it.
    pub crowdsec: Option<CrowdSec>,
}

/// What is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// How a line looks.
    pub format: LogFormat,
    /// The least important level shown.
    pub level: LogLevel,
}

/// How HTTP is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Http {
    /// Connections at once; further ones wait.
    pub connections: usize,
    /// Connections at once from one address, or from one /64; further ones are closed.
    pub connections_per_address: usize,
    /// Requests a second that one key may send, and a tenth of what one address may; further ones are answered 429.
    pub requests_per_s: NonZeroU32,
    /// A connection that takes longer to send a request's head is closed.
    pub header_timeout: Duration,
    /// A request that takes longer is answered 503.
    pub request_timeout: Duration,
    /// What is still running that long after the signal to stop is cut off.
    pub shutdown_timeout: Duration,
}

/// How reports are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ingest {
    /// Reports in work at once; further ones are answered 503.
    pub concurrency: usize,
    /// A report whose body takes longer to arrive is answered 408.
    pub body_timeout: Duration,
    /// A report with times further ahead of the analyzer's clock is answered 422.
    pub max_ahead: Duration,
}

/// How the store is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// Where it is.
    pub url: StoreUrl,
    /// How long a write waits for another process that is writing.
    pub busy_timeout: Duration,
    /// Queries of the monitoring API at once.
    pub readers: u32,
}

/// Where the store is.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// In a file of its own in the data folder.
    Embedded,
    /// On a PostgreSQL server; the URL may have a password in it.
    Postgres(String),
}

impl StoreUrl {
    /// The whole URL, for the one who connects.
    pub fn reveal(&self) -> &str {
        match self {
            Self::Embedded => "sqlite:",
            Self::Postgres(url) => url,
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Embedded => "sqlite:",
            Self::Postgres(_) => "postgres:…",
        })
    }
}

/// What is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// How long; also the longest window of the monitoring API.
    pub keep: Duration,
    /// How many incidents at most, as many detections, and rows of what clients did besides; the oldest go first.
    pub incidents: u64,
    /// How many rows of the rollup at most, and of every other table that reports make grow; the oldest go first.
    pub rollup_rows: u64,
    /// Pause between two clean-ups.
    pub interval: Duration,
}

/// What the command line says over the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Over `data_dir`.
    pub data_dir: Option<PathBuf>,
    /// Over `listen`.
    pub listen: Option<SocketAddr>,
    /// Over `log.format`.
    pub log_format: Option<LogFormat>,
    /// Over `log.level`.
    pub log_level: Option<LogLevel>,
}

/// Where a configuration comes from, so that it can be read again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The file.
    pub file: PathBuf,
    /// What goes over it.
    pub overrides: Overrides,
}

impl Source {
    /// The configuration as it is by now.
    ///
    /// # Errors
    /// As those of [`load`].
    pub fn load(&self) -> Result<Config, ConfigError> {
        load(Some(&self.file), self.overrides.clone())
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}: {source}; check --config", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not YAML, or not of this shape: the first mistake.
    #[error("{}{}", path.display(), told(malformed))]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where in it, and what is wrong.
        malformed: Malformed,
    },
    /// Values that make no sense: all of them.
    #[error("{}", lines(path.as_deref(), mistakes))]
    Mistakes {
        /// The file, where there is one.
        path: Option<PathBuf>,
        /// Each with its path in the file.
        mistakes: Vec<Mistake>,
    },
}

/// A value that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Which, as in `retention.days`.
    pub path: &'static str,
    /// What is asked for.
    pub rule: Rule,
}

/// What a value has to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// It is too small.
    #[error("must be at least {limit}, got {actual}")]
    AtLeast {
        /// The smallest that is allowed.
        limit: u64,
        /// What was given.
        actual: u64,
    },
    /// It is too large.
    #[error("must be at most {limit}, got {actual}")]
    AtMost {
        /// The largest that is allowed.
        limit: u64,
        /// What was given.
        actual: u64,
    },
    /// It is not an address with a port.
    #[error("must be ADDRESS:PORT such as 127.0.0.1:9470, got {actual:?}")]
    Address {
        /// What was given.
        actual: String,
    },
    /// A folder or a file of scenarios cannot be used, or a name is that of none.
    #[error("{0}")]
    Scenarios(String),
    /// A certificate, a key or issuers cannot be used.
    #[error("{0}")]
    Tls(String),
    /// Certificates can be asked for over TLS only.
    #[error("needs tls.certificate and tls.key: certificates are shown over TLS")]
    TlsAlone,
    /// A file of countries is of no use.
    #[error("{0}")]
    Geo(String),
    /// It names no client.
    #[error("must be addresses, ranges such as 10.0.0.0/8 or client keys of 32 hex digits, got {actual:?}")]
    Targets {
        /// What was given.
        actual: String,
    },
    /// It is no URL.
    #[error("must be http://HOST:PORT or https://HOST, got {actual:?}")]
    Url {
        /// What was given.
        actual: String,
    },
    /// It is empty.
    #[error("must not be empty")]
    Empty,
    /// It is no URL of a store; what was given is not repeated, as it may have a password in it.
    #[error("must be `sqlite:` (a file in data_dir) or postgres://USER:PASSWORD@HOST:PORT/DATABASE")]
    StoreUrl,
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.path, self.rule)
    }
}

/// Reads the file, lays the flags over it and checks what results.
///
/// # Errors
/// The file is unreadable or malformed, or values make no sense.
pub fn load(file: Option<&Path>, overrides: Overrides) -> Result<Config, ConfigError> {
    match file {
        None => checked(raw::Raw::default(), overrides, None),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
            load_text(&text, path, overrides)
        }
    }
}

/// The same of the text of a file.
///
/// # Errors
/// It is malformed, or values make no sense.
pub fn load_text(text: &str, path: &Path, overrides: Overrides) -> Result<Config, ConfigError> {
    let raw = portcullis_policy::read(text)
        .map_err(|malformed| ConfigError::Malformed { path: path.to_owned(), malformed })?;
    checked(raw, overrides, Some(path))
}

fn checked(mut raw: raw::Raw, overrides: Overrides, file: Option<&Path>) -> Result<Config, ConfigError> {
    raw.apply(overrides);
    raw.check().map_err(|mistakes| ConfigError::Mistakes { path: file.map(Path::to_owned), mistakes })
}

fn told(Malformed { path, line, problem }: &Malformed) -> String {
    let line = line.map(|line| format!(":{line}")).unwrap_or_default();
    let path = if path.is_empty() { String::new() } else { format!("{path}: ") };
    format!("{line}: {path}{problem}")
}

fn lines(path: Option<&Path>, mistakes: &[Mistake]) -> String {
    let before = path.map(|path| format!("{}: ", path.display())).unwrap_or_default();
    mistakes.iter().map(|mistake| format!("{before}{mistake}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
