//! The section `tls`: by which certificate HTTP is served, and who issues those of edges.
//!
//! The files are read here already, so that a mistake in one is told at the start with all others.

use super::raw::Checks;
use super::{Mistake, Rule};
use crate::tls::Materials;
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;

/// How HTTP is served over TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The file with the certificate and those between it and its issuer.
    pub certificate: PathBuf,
    /// The file with its private key.
    pub key: PathBuf,
    /// The file with the issuers of edges' certificates, where edges have to show one.
    pub edge_ca: Option<PathBuf>,
    /// How often the files are read again.
    pub renewal: Duration,
    /// A connection that takes longer to agree on TLS is closed.
    pub handshake_timeout: Duration,
    /// Handshakes at once; further ones wait, within that time.
    pub handshakes: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawTls {
    certificate: String,
    key: String,
    edge_ca: String,
    renewal_s: u64,
    handshake_timeout_ms: u64,
    handshakes: u64,
}

impl Default for RawTls {
    fn default() -> Self {
        Self {
            certificate: String::new(),
            key: String::new(),
            edge_ca: String::new(),
            renewal_s: 60,
            handshake_timeout_ms: 5_000,
            handshakes: 64,
        }
    }
}

impl RawTls {
    pub(super) fn check(&self, checks: &mut Checks) -> Option<Tls> {
        let tls = Tls {
            certificate: PathBuf::from(&self.certificate),
            key: PathBuf::from(&self.key),
            edge_ca: (!self.edge_ca.is_empty()).then(|| PathBuf::from(&self.edge_ca)),
            renewal: checks.seconds("tls.renewal_s", self.renewal_s, 1..=86_400),
            handshake_timeout: checks.millis(
                "tls.handshake_timeout_ms",
                self.handshake_timeout_ms,
                100..=60_000,
            ),
            handshakes: checks.count("tls.handshakes", self.handshakes, 1..=10_000),
        };
        let mut wrong = |path, rule| checks.mistakes.push(Mistake { path, rule });
        match (self.certificate.is_empty(), self.key.is_empty()) {
            (true, true) if self.edge_ca.is_empty() => return None,
            (true, true) => wrong("tls.edge_ca", Rule::TlsAlone),
            (true, false) => wrong("tls.certificate", Rule::Empty),
            (false, true) => wrong("tls.key", Rule::Empty),
            (false, false) => {
                if let Err(error) = Materials::read(&tls).and_then(|materials| materials.accept()) {
                    wrong(error.setting(), Rule::Tls(error.to_string()));
                }
            }
        }
        Some(tls)
    }
}
