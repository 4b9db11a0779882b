//! The configuration file as it is written: strict about names and types, not yet about values.
//!
//! Knows YAML and the ranges of the settings; does not know where the text came from.

use super::crowdsec::RawCrowdSec;
use super::security::RawSecurity;
use super::tls::RawTls;
use super::{Config, Http, Ingest, Log, Mistake, Overrides, Retention, Rule, Store, StoreUrl};
use clap::ValueEnum;
use serde::Deserialize;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The least important level that is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// What needs a person.
    Error,
    /// Also what healed itself.
    Warn,
    /// Also changes of state.
    Info,
    /// Also single requests.
    Debug,
}

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    data_dir: PathBuf,
    listen: String,
    log: RawLog,
    http: RawHttp,
    tls: RawTls,
    ingest: RawIngest,
    store: RawStore,
    retention: RawRetention,
    security: RawSecurity,
    crowdsec: RawCrowdSec,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawLog {
    format: LogFormat,
    level: LogLevel,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawHttp {
    connections: u64,
    connections_per_address: u64,
    requests_per_s: u64,
    header_timeout_ms: u64,
    request_timeout_ms: u64,
    shutdown_timeout_ms: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawIngest {
    concurrency: u64,
    body_timeout_ms: u64,
    max_ahead_s: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawStore {
    url: String,
    busy_timeout_ms: u64,
    readers: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawRetention {
    days: u64,
    incidents: u64,
    rollup_rows: u64,
    interval_s: u64,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            data_dir: ".portcullis".into(),
            listen: "127.0.0.1:9470".to_owned(),
            log: RawLog::default(),
            http: RawHttp::default(),
            tls: RawTls::default(),
            ingest: RawIngest::default(),
            store: RawStore::default(),
            retention: RawRetention::default(),
            security: RawSecurity::default(),
            crowdsec: RawCrowdSec::default(),
        }
    }
}

impl Default for RawLog {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: LogLevel::Info }
    }
}

impl Default for RawHttp {
    fn default() -> Self {
        Self {
            connections: 1_024,
            connections_per_address: 256,
            requests_per_s: 100,
            header_timeout_ms: 10_000,
            request_timeout_ms: 10_000,
            shutdown_timeout_ms: 10_000,
        }
    }
}

impl Default for RawIngest {
    fn default() -> Self {
        Self { concurrency: 64, body_timeout_ms: 5_000, max_ahead_s: 86_400 }
    }
}

impl Default for RawStore {
    fn default() -> Self {
        Self { url: "sqlite:".to_owned(), busy_timeout_ms: 3_000, readers: 4 }
    }
}

impl Default for RawRetention {
    fn default() -> Self {
        Self { days: 30, incidents: 1_000_000, rollup_rows: 10_000_000, interval_s: 600 }
    }
}

impl Raw {
    pub(super) fn apply(&mut self, overrides: Overrides) {
        if let Some(data_dir) = overrides.data_dir {
            self.data_dir = data_dir;
        }
        if let Some(listen) = overrides.listen {
            self.listen = listen.to_string();
        }
        self.log.format = overrides.log_format.unwrap_or(self.log.format);
        self.log.level = overrides.log_level.unwrap_or(self.log.level);
    }

    /// The settings, or everything that is wrong with the values.
    pub(super) fn check(&self) -> Result<Config, Vec<Mistake>> {
        let mut checks = Checks::default();
        let config = Config {
            data_dir: checks.folder("data_dir", &self.data_dir),
            listen: checks.address("listen", &self.listen),
            log: Log { format: self.log.format, level: self.log.level },
            http: self.http.check(&mut checks),
            tls: self.tls.check(&mut checks),
            ingest: self.ingest.check(&mut checks),
            store: self.store.check(&mut checks),
            retention: self.retention.check(&mut checks),
            security: self.security.check(&mut checks),
            crowdsec: self.crowdsec.check(&mut checks),
        };
        if checks.mistakes.is_empty() { Ok(config) } else { Err(checks.mistakes) }
    }
}

impl RawHttp {
    fn check(&self, checks: &mut Checks) -> Http {
        Http {
            connections: checks.count("http.connections", self.connections, 1..=100_000),
            connections_per_address: checks.count(
                "http.connections_per_address",
                self.connections_per_address,
                1..=100_000,
            ),
            requests_per_s: NonZeroU32::new(checks.count(
                "http.requests_per_s",
                self.requests_per_s,
                1..=1_000_000,
            ))
            .unwrap_or(NonZeroU32::MIN),
            header_timeout: checks.millis("http.header_timeout_ms", self.header_timeout_ms, 100..=600_000),
            request_timeout: checks.millis("http.request_timeout_ms", self.request_timeout_ms, 100..=600_000),
            shutdown_timeout: checks.millis(
                "http.shutdown_timeout_ms",
                self.shutdown_timeout_ms,
                0..=600_000,
            ),
        }
    }
}

impl RawIngest {
    fn check(&self, checks: &mut Checks) -> Ingest {
        Ingest {
            concurrency: checks.count("ingest.concurrency", self.concurrency, 1..=1_024),
            body_timeout: checks.millis("ingest.body_timeout_ms", self.body_timeout_ms, 100..=600_000),
            max_ahead: checks.seconds("ingest.max_ahead_s", self.max_ahead_s, 1..=31_536_000),
        }
    }
}

impl RawStore {
    fn check(&self, checks: &mut Checks) -> Store {
        Store {
            url: checks.store_url("store.url", &self.url),
            busy_timeout: checks.millis("store.busy_timeout_ms", self.busy_timeout_ms, 1..=600_000),
            readers: checks.count("store.readers", self.readers, 1..=64),
        }
    }
}

impl RawRetention {
    fn check(&self, checks: &mut Checks) -> Retention {
        let days: u64 = checks.count("retention.days", self.days, 1..=3_650);
        Retention {
            keep: Duration::from_secs(days.saturating_mul(86_400)),
            incidents: checks.count("retention.incidents", self.incidents, 1..=1_000_000_000),
            rollup_rows: checks.count("retention.rollup_rows", self.rollup_rows, 10_000..=1_000_000_000),
            interval: checks.seconds("retention.interval_s", self.interval_s, 1..=86_400),
        }
    }
}

/// Collects the mistakes; a wrong value counts as 0 or as the default until the end, where it is not used.
#[derive(Default)]
pub(super) struct Checks {
    pub(super) mistakes: Vec<Mistake>,
}

impl Checks {
    pub(super) fn count<T: TryFrom<u64> + Default>(
        &mut self,
        path: &'static str,
        actual: u64,
        range: RangeInclusive<u64>,
    ) -> T {
        if actual < *range.start() {
            self.mistakes.push(Mistake { path, rule: Rule::AtLeast { limit: *range.start(), actual } });
        } else if actual > *range.end() {
            self.mistakes.push(Mistake { path, rule: Rule::AtMost { limit: *range.end(), actual } });
        }
        T::try_from(actual).unwrap_or_default()
    }

    pub(super) fn millis(&mut self, path: &'static str, actual: u64, range: RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.count(path, actual, range))
    }

    pub(super) fn seconds(
        &mut self,
        path: &'static str,
        actual: u64,
        range: RangeInclusive<u64>,
    ) -> Duration {
        Duration::from_secs(self.count(path, actual, range))
    }

    fn folder(&mut self, path: &'static str, actual: &Path) -> PathBuf {
        if actual.as_os_str().is_empty() {
            self.mistakes.push(Mistake { path, rule: Rule::Empty });
        }
        actual.to_owned()
    }

    fn store_url(&mut self, path: &'static str, actual: &str) -> StoreUrl {
        let is_postgres = ["postgres://", "postgresql://"].iter().any(|scheme| actual.starts_with(scheme));
        if is_postgres && actual.parse::<sqlx::postgres::PgConnectOptions>().is_ok() {
            return StoreUrl::Postgres(actual.to_owned());
        }
        if actual != "sqlite:" {
            self.mistakes.push(Mistake { path, rule: Rule::StoreUrl });
        }
        StoreUrl::Embedded
    }

    fn address(&mut self, path: &'static str, actual: &str) -> std::net::SocketAddr {
        actual.parse().unwrap_or_else(|_| {
            self.mistakes.push(Mistake { path, rule: Rule::Address { actual: actual.to_owned() } });
            std::net::SocketAddr::from(([127, 0, 0, 1], 0))
        })
    }
}
