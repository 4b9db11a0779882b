//! The section `security`: which scenarios run, and from which score on something happens.
//!
//! The scenarios are read here, so that a mistake in one is told at the start with all others.

use super::raw::Checks;
use super::{Mistake, Rule};
use crate::decisions::target::target;
use crate::geo::Geo;
use portcullis_detect::{BUILT_IN, HalfLife, Scenario, Scenarios, Settings, Span};
use portcullis_report::Scope;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// What is an attack, and what follows.
#[derive(Clone, Debug, PartialEq)]
pub struct Security {
    /// Whether scenarios run at all.
    pub enabled: bool,
    /// Those that run.
    pub scenarios: Scenarios,
    /// Groups that one scenario tells apart at once.
    pub groups: usize,
    /// From which score on something happens.
    pub reputation: Settings,
    /// Which country an address is in, where there is a file that says so.
    pub geo: Option<Geo>,
    /// To whom never anything happens by itself.
    pub allow: Vec<Scope>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawSecurity {
    enabled: bool,
    scenarios: String,
    without: Vec<String>,
    allow: Vec<String>,
    groups: u64,
    clients: u64,
    throttle_at: u64,
    block_at: u64,
    half_life_s: u64,
    block_s: u64,
    block_longest_s: u64,
    geo_file: String,
}

/// Files of one folder at most, and bytes of one file.
const FILES: usize = 200;
const FILE_BYTES: u64 = 64 * 1024;

impl Default for RawSecurity {
    fn default() -> Self {
        Self {
            enabled: true,
            scenarios: String::new(),
            without: Vec::new(),
            allow: vec!["127.0.0.0/8".to_owned(), "::1".to_owned()],
            groups: 100_000,
            clients: 1_000_000,
            throttle_at: 50,
            block_at: 100,
            half_life_s: 3_600,
            block_s: 1_800,
            block_longest_s: 604_800,
            geo_file: String::new(),
        }
    }
}

impl RawSecurity {
    pub(super) fn check(&self, checks: &mut Checks) -> Security {
        let throttle_at: u32 = checks.count("security.throttle_at", self.throttle_at, 2..=10_000);
        let block_at: u32 = checks.count("security.block_at", self.block_at, 2..=10_000);
        let span = |checks: &mut Checks, path, seconds, range| {
            Span::from_secs(checks.seconds(path, seconds, range).as_secs())
        };
        let half_life = span(checks, "security.half_life_s", self.half_life_s, 60..=2_592_000);
        let reputation = Settings {
            half_life: HalfLife::new(half_life),
            throttle_at: f64::from(throttle_at),
            calm_at: f64::from(throttle_at) / 2.0,
            block_at: f64::from(block_at),
            release_at: f64::from(block_at) / 2.0,
            block_for: span(checks, "security.block_s", self.block_s, 1..=2_592_000),
            block_longest: span(checks, "security.block_longest_s", self.block_longest_s, 1..=31_536_000),
            highest: f64::from(block_at) * 10.0,
            room: checks.count("security.clients", self.clients, 1_000..=10_000_000),
            ..Settings::default()
        };
        let mut at_most = |path, actual: u64, limit: u64| {
            if actual > limit {
                checks.mistakes.push(Mistake { path, rule: Rule::AtMost { limit, actual } });
            }
        };
        // Who is blocked is throttled before, and no block is longer than the longest.
        at_most("security.throttle_at", self.throttle_at, self.block_at);
        at_most("security.block_s", self.block_s, self.block_longest_s);
        Security {
            enabled: self.enabled,
            scenarios: self.scenarios(checks),
            groups: checks.count("security.groups", self.groups, 100..=10_000_000),
            reputation,
            geo: self.geo(checks),
            allow: self.allow(checks),
        }
    }

    fn geo(&self, checks: &mut Checks) -> Option<Geo> {
        if self.geo_file.is_empty() {
            return None;
        }
        let read = Geo::read(Path::new(&self.geo_file));
        let wrong = |error| Mistake {
            path: "security.geo_file",
            rule: Rule::Geo(format!("{:?} {error}", self.geo_file)),
        };
        read.map_err(|error| checks.mistakes.push(wrong(error))).ok()
    }

    fn allow(&self, checks: &mut Checks) -> Vec<Scope> {
        let read = |text: &String| {
            let found = target(text).ok();
            if found.is_none() {
                let (path, actual) = ("security.allow", text.clone());
                checks.mistakes.push(Mistake { path, rule: Rule::Targets { actual } });
            }
            found
        };
        self.allow.iter().filter_map(read).collect()
    }

    fn scenarios(&self, checks: &mut Checks) -> Scenarios {
        let wrong = |checks: &mut Checks, path, problem: String| {
            checks.mistakes.push(Mistake { path, rule: Rule::Scenarios(problem) });
        };
        let own = if self.scenarios.is_empty() { Ok(Vec::new()) } else { read(Path::new(&self.scenarios)) };
        let own = own.unwrap_or_else(|error| {
            wrong(checks, "security.scenarios", format!("cannot read the folder: {error}"));
            Vec::new()
        });
        for (file, problem) in clashes(&own) {
            wrong(checks, "security.scenarios", format!("{file}: name: {problem}"));
        }
        let own = own.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        match Scenarios::parse(BUILT_IN.iter().copied().chain(own)) {
            Err(mistakes) => {
                for mistake in mistakes.iter() {
                    let problem = format!("{}: {}", mistake.path, mistake.problem);
                    wrong(checks, "security.scenarios", problem);
                }
                Scenarios::default()
            }
            Ok(mut scenarios) => {
                let names: Vec<_> = self.without.iter().map(String::as_str).collect();
                for unknown in scenarios.without(&names) {
                    let problem = format!("there is no scenario {:?}", unknown.escape_debug().to_string());
                    wrong(checks, "security.without", problem);
                }
                scenarios
            }
        }
    }
}

/// Scenarios of a folder that have the name of another there: each with the file of the earlier one.
pub(crate) fn clashes(files: &[(String, String)]) -> Vec<(&str, String)> {
    let mut known: BTreeMap<Arc<str>, &str> = BTreeMap::new();
    let mut clashes = Vec::new();
    for (file, text) in files {
        // What is wrong otherwise is said where it is read.
        let Ok(scenario) = Scenario::parse(text) else { continue };
        if let Some(earlier) = known.insert(Arc::clone(&scenario.name), file) {
            clashes
                .push((file.as_str(), format!("{} is the name of the scenario in {earlier}", scenario.name)));
        }
    }
    clashes
}

/// The scenarios of a folder, by the names of their files.
pub(crate) fn read(folder: &Path) -> io::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if files.len() >= FILES {
            return Err(io::Error::other(format!("more than {FILES} files")));
        }
        if std::fs::metadata(&path)?.len() > FILE_BYTES {
            return Err(io::Error::other(format!("{name} has more than {FILE_BYTES} bytes")));
        }
        files.push((name, std::fs::read_to_string(&path)?));
    }
    files.sort();
    Ok(files)
}
