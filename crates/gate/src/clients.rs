//! What is told of single clients beside what they were refused for: what passed, what the upstream made of it, and what
//! they began and never finished.
//!
//! Memory is bounded, and no count is lost while there is room: a client waits here until it is its turn. Who had errors
//! is told with the next report, who only had requests passed after a while, so that a report is short on a calm day.

mod news;

pub(crate) use news::identity;
pub use news::{ClientEvent, ClientNews, Found, Outcome, Who};

use crate::event::Event;
use crate::time::Timestamp;
use portcullis_policy::ClientKey;
use portcullis_report::{Bounds, ClientRow, ClientsReport, Failure};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

/// Clients that are told apart at once.
const KNOWN: usize = 2_048;
/// Those of them that may be here for requests that passed, so that there is room for others.
const CALM: usize = 1_536;
/// How long such a client waits until it is told of, in milliseconds.
const CALM_MS: u64 = 10_000;
/// Kinds of errors that are told apart for one client.
const KINDS: usize = 16;

/// A client at an address; of an IPv6 address its /64.
type Place = (ClientKey, Option<IpAddr>);

/// The clients of one worker.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    entries: BTreeMap<Place, Entry>,
    dropped: u64,
    /// When the next of them is due; nothing when there are none.
    due: Option<Timestamp>,
}

#[derive(Debug)]
struct Entry {
    since: Timestamp,
    mood: Mood,
    class: Arc<str>,
    /// What is to be told; who it is is filled in at the end.
    row: ClientRow,
}

/// How soon a client is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mood {
    Troubled,
    Calm,
}

impl Clients {
    /// Counts a request that passed, which stands for so many.
    pub(crate) fn add(&mut self, event: &Event, weight: u64) {
        let who = event.who();
        let Some(entry) = self.entry(&who, event.at, Mood::Calm) else { return };
        add(entry.row.allowed.entry(event.kind).or_default(), weight);
        add(&mut entry.row.sensitive, event.sensitive.saturating_mul(weight));
    }

    /// Counts what else there is to say; whether it should be told without waiting for the end of the window.
    pub(crate) fn note(&mut self, event: ClientEvent) -> bool {
        let ClientEvent { at, who, news } = event;
        let Some(entry) = self.entry(&who, at, Mood::Troubled) else { return false };
        match news {
            ClientNews::Unfinished => {
                add(&mut entry.row.unfinished, 1);
                false
            }
            ClientNews::Answered(outcome) => entry.answered(outcome, &who),
        }
    }

    /// Whether somebody is due.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        // A clock that was set back makes nobody wait longer.
        self.due.is_some_and(|due| due <= now || due.since(now) > CALM_MS)
    }

    /// What there is to report; the others wait.
    pub(crate) fn cut(&mut self, now: Timestamp) -> Option<ClientsReport> {
        let mut due: Vec<(Mood, Timestamp, Place)> =
            self.entries.iter().map(|(place, entry)| (entry.mood, entry.since, *place)).collect();
        due.retain(|(mood, since, _)| {
            let ready = when(*mood, *since);
            ready <= now || ready.since(now) > CALM_MS
        });
        due.sort_unstable();
        let mut failures = 0_usize;
        let mut rows = Vec::new();
        for (_, _, place) in due.into_iter().take(Bounds::CLIENTS) {
            let more = self.entries.get(&place).map_or(0, |entry| entry.row.failures.len());
            failures = failures.saturating_add(more);
            if failures > Bounds::CLIENT_FAILURES {
                break;
            }
            rows.extend(self.entries.remove(&place).map(|entry| entry.told(place)));
        }
        self.due = self.entries.values().map(|entry| when(entry.mood, entry.since)).min();
        let dropped = std::mem::take(&mut self.dropped);
        (!rows.is_empty() || dropped > 0).then_some(ClientsReport { rows, dropped })
    }

    /// Lets go of all who would still be waited for, and counts them.
    pub(crate) fn hurry(&mut self) {
        self.entries.values_mut().for_each(|entry| entry.mood = Mood::Troubled);
    }

    fn entry(&mut self, who: &Who, at: Timestamp, mood: Mood) -> Option<&mut Entry> {
        let place = (who.key, who.address.map(network));
        let room = match mood {
            Mood::Troubled => KNOWN,
            Mood::Calm => CALM,
        };
        if self.entries.len() >= room && !self.entries.contains_key(&place) {
            add(&mut self.dropped, 1);
            return None;
        }
        let entry = self.entries.entry(place).or_insert_with(|| Entry {
            since: at,
            mood,
            class: Arc::clone(&who.class),
            row: ClientRow { identity: who.identity, ..ClientRow::default() },
        });
        entry.mood = entry.mood.min(mood);
        who.correlation.as_str().clone_into(&mut entry.row.correlation_id);
        let due = when(entry.mood, entry.since);
        self.due = Some(self.due.map_or(due, |before| before.min(due)));
        Some(entry)
    }
}

impl Entry {
    /// Counts what came of a request; whether sensitive fields were in what failed.
    fn answered(&mut self, outcome: Outcome, who: &Who) -> bool {
        let Outcome { status, suggestions, failures, merged } = outcome;
        if let Some(status) = status {
            add(self.row.statuses.entry(status).or_default(), 1);
        }
        add(&mut self.row.suggestions, suggestions);
        add(&mut self.row.failures_merged, merged);
        let is_sensitive = failures.iter().any(|found| found.sensitive > 0);
        for Found { code, kind, operation, shape, sensitive, count } in failures {
            let shape = shape.map(|shape| shape.to_string());
            let alike = |known: &&mut Failure| {
                (&known.code, known.kind, &known.operation, &known.shape) == (&code, kind, &operation, &shape)
            };
            if let Some(known) = self.row.failures.iter_mut().find(alike) {
                add(&mut known.count, count);
            } else if self.row.failures.len() < KINDS {
                let correlation_id = who.correlation.as_str().to_owned();
                self.row.failures.push(Failure {
                    code,
                    kind,
                    operation,
                    shape,
                    sensitive,
                    count,
                    correlation_id,
                });
            } else {
                add(&mut self.row.failures_merged, count);
            }
        }
        is_sensitive
    }

    fn told(self, (key, address): Place) -> ClientRow {
        ClientRow {
            client: address.map(|address| address.to_string()),
            client_key: key.to_string(),
            class: self.class.as_ref().to_owned(),
            ..self.row
        }
    }
}

/// When a client is due.
fn when(mood: Mood, since: Timestamp) -> Timestamp {
    match mood {
        Mood::Troubled => since,
        Mood::Calm => since.later(CALM_MS),
    }
}

/// Whoever has one address of a /64 has all of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

fn add(sum: &mut u64, part: u64) {
    *sum = sum.saturating_add(part);
}

#[cfg(test)]
mod tests;
