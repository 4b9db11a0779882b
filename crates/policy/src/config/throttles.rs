//! `throttles`: how much clients, classes and operations may spend over time.

use super::enforcement::ModeChoice;
use super::{Found, switch};
use crate::budget::{LARGEST_CAPACITY, LONGEST_WINDOW_MS, Rate};
use crate::policy::{ClassId, Per, StreamLimit, Throttle, ThrottleId, Throttles, Unit};
use portcullis_cost::Cost;
use serde::Deserialize;

/// Throttles of one policy: each may be a bucket in each client's slot.
const RULES: usize = 16;
/// Limits of streams of one policy: each is a lease of each worker in a client's slot.
const STREAM_LIMITS: usize = 4;

#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct ThrottlesSection {
    /// Each of them applies; the tightest speaks.
    rules: Vec<ThrottleSection>,
    /// How many streams may be open at once, over HTTP and as subscriptions on WebSockets; each of them applies.
    streams: Vec<StreamSection>,
    /// Clients whose buckets are kept apart; beyond, clients without a place share one bucket for each class.
    tracked_clients: u32,
    /// Operations whose buckets are kept apart; beyond, operations without a place share one.
    tracked_operations: u32,
    /// Clients whose open streams are kept apart; beyond, clients without a place share one count for each class.
    tracked_streams: u32,
    /// Tell `X-RateLimit-Limit`, `-Remaining` and `-Reset` beside `RateLimit`.
    legacy_headers: bool,
    /// Hand what a request costs over to Envoy's own `ratelimit` filter behind the gate, for limits that several Envoys share. Operations on
    /// WebSockets are not handed over: only `rules` bound them.
    hand_over_cost: bool,
}

impl Default for ThrottlesSection {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            streams: Vec::new(),
            tracked_clients: 65_536,
            tracked_operations: 4_096,
            tracked_streams: 8_192,
            legacy_headers: false,
            hand_over_cost: false,
        }
    }
}

#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct ThrottleSection {
    /// Its name in headers and stats: lower-case letters and `_`.
    name: String,
    /// Who has a bucket of its own: `client`, `class` or `operation` (its name, and its document's shape).
    per: PerChoice,
    /// What is taken: `requests`, one for each operation, or their estimated `cost`.
    unit: UnitChoice,
    /// How much a full bucket has; what costs more than that is refused with 400.
    capacity: u64,
    /// How much flows in during each window, evenly; the capacity unless it says otherwise.
    refill: Option<u64>,
    /// The window in milliseconds.
    window_ms: u64,
    /// The classes to which it applies; all unless it says otherwise.
    classes: Option<Vec<String>>,
    /// `shadow`: it only counts what it would refuse, whatever holds for other throttles; `enforce`: as the policy says.
    #[serde(default)]
    mode: ModeChoice,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct StreamSection {
    /// Its name in stats: lower-case letters and `_`.
    name: String,
    /// Whose streams are counted together: those of a `client`, or of a `class`.
    per: StreamPerChoice,
    /// How many may be open; one more is refused with 429.
    max: u32,
    /// The classes to which it applies; all unless it says otherwise.
    classes: Option<Vec<String>>,
    /// `shadow`: it only counts what it would refuse, whatever holds for other throttles; `enforce`: as the policy says.
    #[serde(default)]
    mode: ModeChoice,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum StreamPerChoice {
    Client,
    Class,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum PerChoice {
    Client,
    Class,
    Operation,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum UnitChoice {
    Requests,
    Cost,
}

impl Found {
    pub(super) fn throttles(&mut self, section: ThrottlesSection, classes: &[&str]) -> Throttles {
        let ThrottlesSection {
            rules: sections,
            streams,
            tracked_clients,
            tracked_operations,
            tracked_streams,
            legacy_headers,
            hand_over_cost,
        } = section;
        self.at_most("throttles.rules", sections.len(), RULES);
        let mut rules: Vec<Throttle> = Vec::with_capacity(sections.len());
        for (index, section) in sections.into_iter().enumerate() {
            let path = format!("throttles.rules[{index}]");
            let Some(rule) = self.throttle(&path, section, classes) else { continue };
            if let Some(known) = rules.iter().find(|known| known.name == rule.name || known.id == rule.id) {
                self.say(
                    format!("{path}.name"),
                    format!("`{}` cannot be told from `{}`", rule.name, known.name),
                );
            }
            rules.push(rule);
        }
        let streams = self.stream_limits(streams, &rules, classes);
        Throttles {
            rules,
            streams,
            clients: self.within("throttles.tracked_clients", tracked_clients, 8, 1_000_000),
            operations: self.within("throttles.tracked_operations", tracked_operations, 8, 65_536),
            streaming: self.within("throttles.tracked_streams", tracked_streams, 8, 1_000_000),
            legacy_headers: switch(legacy_headers),
            hand_over_cost: switch(hand_over_cost),
        }
    }

    fn stream_limits(
        &mut self,
        sections: Vec<StreamSection>,
        rules: &[Throttle],
        classes: &[&str],
    ) -> Vec<StreamLimit> {
        self.at_most("throttles.streams", sections.len(), STREAM_LIMITS);
        let mut limits: Vec<StreamLimit> = Vec::with_capacity(sections.len());
        for (index, section) in sections.into_iter().enumerate() {
            let path = format!("throttles.streams[{index}]");
            let StreamSection { name, per, max, classes: only, mode } = section;
            self.name(&format!("{path}.name"), &name);
            let id = ThrottleId::of_streams(&name);
            let mut names = rules.iter().map(|rule| &rule.name).chain(limits.iter().map(|limit| &limit.name));
            if names.any(|known| *known == name) || limits.iter().any(|known| known.id == id) {
                self.say(format!("{path}.name"), format!("`{}` is another throttle's", name.escape_debug()));
            }
            let per = match per {
                StreamPerChoice::Client => Per::Client,
                StreamPerChoice::Class => Per::Class,
            };
            let classes = only.map(|only| self.named(&format!("{path}.classes"), &only, classes));
            let max = self.within(&format!("{path}.max"), max, 1, 1_000_000);
            limits.push(StreamLimit { name, per, max, mode: mode.read(), id, classes });
        }
        limits
    }

    fn throttle(&mut self, path: &str, section: ThrottleSection, classes: &[&str]) -> Option<Throttle> {
        let ThrottleSection { name, per, unit, capacity, refill, window_ms, classes: only, mode } = section;
        self.name(&format!("{path}.name"), &name);
        let unit = match unit {
            UnitChoice::Requests => Unit::Requests,
            UnitChoice::Cost => Unit::Cost,
        };
        let rate = self.rate(path, capacity, refill, window_ms);
        let classes = only.map(|only| self.named(&format!("{path}.classes"), &only, classes));
        let rate = rate?;
        let per = match per {
            PerChoice::Client => Per::Client,
            PerChoice::Class => Per::Class,
            PerChoice::Operation => Per::Operation,
        };
        Some(Throttle { id: ThrottleId::of(&name, unit), name, per, unit, rate, mode: mode.read(), classes })
    }

    /// How much a bucket holds, and how fast it fills; nothing where a number makes no sense, which is told.
    pub(super) fn rate(
        &mut self,
        path: &str,
        capacity: u64,
        refill: Option<u64>,
        window_ms: u64,
    ) -> Option<Rate> {
        self.within(&format!("{path}.capacity"), capacity, 1, LARGEST_CAPACITY);
        if let Some(refill) = refill {
            self.within(&format!("{path}.refill"), refill, 1, LARGEST_CAPACITY);
        }
        self.within(&format!("{path}.window_ms"), window_ms, 1, LONGEST_WINDOW_MS);
        Rate::new(Cost::from_units(capacity), Cost::from_units(refill.unwrap_or(capacity)), window_ms)
    }

    pub(super) fn named(&mut self, path: &str, names: &[String], classes: &[&str]) -> Vec<ClassId> {
        if names.is_empty() {
            self.say(path, "must name at least one class; leave it out for all");
        }
        let mut found = Vec::with_capacity(names.len());
        for (index, name) in names.iter().enumerate() {
            let place = classes.iter().position(|known| known == name);
            match place.and_then(|place| u8::try_from(place).ok()) {
                Some(place) => found.push(ClassId(place)),
                None => self
                    .say(format!("{path}[{index}]"), format!("no class is called `{}`", name.escape_debug())),
            }
        }
        found
    }
}

#[cfg(test)]
mod tests;
