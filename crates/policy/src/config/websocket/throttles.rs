//! `websocket.attempts`, `sockets`, `messages`: how much clients and classes may do with sockets.

use super::Found;
use crate::policy::{Mode, Per, StreamLimit, Throttle, ThrottleId, Unit};
use serde::Deserialize;

/// Throttles of one kind.
const RULES: usize = 8;
/// Limits of open sockets: each is a lease of each worker in a client's slot.
const SOCKET_LIMITS: usize = 4;

#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RateSection {
    /// Its name in stats: lower-case letters and `_`; no other throttle's.
    name: String,
    /// Who has a bucket of its own: a `client`, or a `class`, all of its clients together.
    per: PerChoice,
    /// How many may come at once.
    capacity: u64,
    /// How many more may come during each window, evenly; the capacity unless it says otherwise.
    refill: Option<u64>,
    /// The window in milliseconds.
    window_ms: u64,
    /// The classes to which it applies; all unless it says otherwise.
    classes: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct SocketsSection {
    /// Its name in stats: lower-case letters and `_`; no other throttle's.
    name: String,
    /// Whose sockets are counted together: those of a `client`, or of a `class`.
    per: PerChoice,
    /// How many may be open.
    max: u32,
    /// The classes to which it applies; all unless it says otherwise.
    classes: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum PerChoice {
    Client,
    Class,
}

impl PerChoice {
    fn read(self) -> Per {
        match self {
            Self::Client => Per::Client,
            Self::Class => Per::Class,
        }
    }
}

impl Found {
    pub(super) fn rates(
        &mut self,
        list: &str,
        sections: Vec<RateSection>,
        classes: &[&str],
        names: &mut Vec<String>,
    ) -> Vec<Throttle> {
        self.at_most(list, sections.len(), RULES);
        let mut rules: Vec<Throttle> = Vec::with_capacity(sections.len());
        for (index, section) in sections.into_iter().enumerate() {
            let path = format!("{list}[{index}]");
            let RateSection { name, per, capacity, refill, window_ms, classes: only } = section;
            self.fresh_name(&path, &name, names);
            let rate = self.rate(&path, capacity, refill, window_ms);
            let classes = only.map(|only| self.named(&format!("{path}.classes"), &only, classes));
            let Some(rate) = rate else { continue };
            let unit = Unit::Requests;
            rules.push(Throttle {
                id: ThrottleId::of(&name, unit),
                name,
                per: per.read(),
                unit,
                rate,
                mode: Mode::Enforce,
                classes,
            });
        }
        rules
    }

    pub(super) fn sockets(
        &mut self,
        sections: Vec<SocketsSection>,
        classes: &[&str],
        names: &mut Vec<String>,
    ) -> Vec<StreamLimit> {
        self.at_most("websocket.sockets", sections.len(), SOCKET_LIMITS);
        let mut limits = Vec::with_capacity(sections.len());
        for (index, section) in sections.into_iter().enumerate() {
            let path = format!("websocket.sockets[{index}]");
            let SocketsSection { name, per, max, classes: only } = section;
            self.fresh_name(&path, &name, names);
            let classes = only.map(|only| self.named(&format!("{path}.classes"), &only, classes));
            let max = self.within(&format!("{path}.max"), max, 1, 1_000_000);
            limits.push(StreamLimit {
                id: ThrottleId::of_streams(&name),
                name,
                per: per.read(),
                max,
                mode: Mode::Enforce,
                classes,
            });
        }
        limits
    }

    /// A name that no throttle has yet, by its text or by what is stored of it.
    fn fresh_name(&mut self, path: &str, name: &str, names: &mut Vec<String>) {
        self.name(&format!("{path}.name"), name);
        let id = |name: &str| (ThrottleId::of(name, Unit::Requests), ThrottleId::of_streams(name));
        let (own_rate, own_stream) = id(name);
        let is_known = |known: &String| {
            let (rate, stream) = id(known);
            known == name || rate == own_rate || stream == own_stream
        };
        if names.iter().any(is_known) {
            self.say(format!("{path}.name"), format!("`{}` is another throttle's", name.escape_debug()));
        }
        names.push(name.to_owned());
    }
}
