//! The section `crowdsec`: whose bans are taken over.

use super::raw::Checks;
use super::{Mistake, Rule};
use serde::Deserialize;
use std::time::Duration;

/// A CrowdSec whose bans are taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrowdSec {
    /// Where its local API is.
    pub url: String,
    /// The environment variable that has the key of a bouncer.
    pub key_env: String,
    /// Pause between two questions.
    pub interval: Duration,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawCrowdSec {
    url: String,
    key_env: String,
    interval_s: u64,
}

impl Default for RawCrowdSec {
    fn default() -> Self {
        Self { url: String::new(), key_env: "CROWDSEC_BOUNCER_KEY".to_owned(), interval_s: 15 }
    }
}

impl RawCrowdSec {
    pub(super) fn check(&self, checks: &mut Checks) -> Option<CrowdSec> {
        let interval = checks.seconds("crowdsec.interval_s", self.interval_s, 1..=86_400);
        if self.url.is_empty() {
            return None;
        }
        if !["http://", "https://"].iter().any(|scheme| self.url.starts_with(scheme)) {
            let rule = Rule::Url { actual: self.url.clone() };
            checks.mistakes.push(Mistake { path: "crowdsec.url", rule });
        }
        if self.key_env.is_empty() {
            checks.mistakes.push(Mistake { path: "crowdsec.key_env", rule: Rule::Empty });
        }
        Some(CrowdSec { url: self.url.clone(), key_env: self.key_env.clone(), interval })
    }
}
