//! One scenario at work: a bucket for each group of what it looks at, within a bound.

use crate::bucket::{Bucket, Held, Poured};
use crate::moment::Moment;
use crate::observation::{Observation, Text};
use crate::scenario::{Penalty, Scenario, Shape};
use crate::tracked::Tracked;
use portcullis_report::Scope;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

/// Bytes of one word of a group; what edges report is shorter.
const WORD_BYTES: usize = 128;

/// A bucket that overflowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detection {
    /// The scenario's name.
    pub scenario: Arc<str>,
    /// When the bucket overflowed, by event time.
    pub at: Moment,
    /// When its first event came.
    pub since: Moment,
    /// The events of the bucket, the overflowing one included; with `distinct`, those that differed.
    pub events: u64,
    /// The group: each part that the scenario names, and its word.
    pub group: Vec<(Text, String)>,
    /// Whom it is about, where the group says so.
    pub scope: Option<Scope>,
    /// The key of the client whose events they all were, where that is authenticated.
    pub user: Option<u128>,
    /// Points that it adds to the reputation of whom it is about.
    pub score: u32,
    /// The correlation id of the overflowing event; of a counter's, the latest.
    pub correlation_id: String,
    pub(crate) verdict: Option<Penalty>,
}

/// One scenario at work.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    scenario: Scenario,
    buckets: Tracked<Group, Entry>,
    /// Groups that say nothing for a while.
    muted: Tracked<Group, ()>,
    silenced: u64,
}

/// The words of a group, each behind a zero byte.
type Group = Box<str>;

#[derive(Clone, Debug)]
struct Entry {
    bucket: Bucket,
    last: Last,
}

/// What of the latest event a detection tells, and of whom all were.
#[derive(Clone, Debug)]
struct Last {
    scope: Option<Scope>,
    user: Option<u128>,
    correlation_id: Box<str>,
}

impl Watch {
    /// `room` is how many groups it keeps at once.
    pub(crate) fn new(scenario: Scenario, room: usize) -> Self {
        Self { scenario, buckets: Tracked::new(room), muted: Tracked::new(room), silenced: 0 }
    }

    /// Whether it is this scenario.
    pub(crate) fn is(&self, scenario: &Scenario) -> bool {
        self.scenario == *scenario
    }

    /// The same over so many groups at most.
    pub(crate) fn over(mut self, room: usize) -> Self {
        self.buckets.resize(room);
        self.muted.resize(room);
        self
    }

    /// Pours an observation, if the scenario looks at it.
    pub(crate) fn observe(&mut self, observation: &Observation, at: Moment) -> Vec<Detection> {
        if !self.scenario.filters.iter().any(|filter| filter.takes(observation)) {
            return Vec::new();
        }
        let Some(group) = self.group(observation) else { return Vec::new() };
        let value = match self.scenario.distinct {
            Some(part) => match part.of(observation) {
                Some(word) => Some(hash(&word)),
                // It differs from nothing.
                None => return Vec::new(),
            },
            None => None,
        };
        let mut found = Vec::new();
        let known = self.buckets.take(&group);
        let (mut bucket, last) = match known {
            Some((end, entry)) if end > at => (entry.bucket, Some((end, entry.last))),
            Some((end, entry)) => {
                found.extend(self.close(&group, entry, end));
                (Bucket::new(at), None)
            }
            None => (Bucket::new(at), None),
        };
        match bucket.pour(self.scenario.shape, observation.count, value, at) {
            Poured::Taken { over } => {
                let last = self.last(observation, last.map(|(_, last)| last));
                self.buckets.put(group, Entry { bucket, last }, over);
            }
            Poured::Known => {
                if let Some((end, last)) = last {
                    self.buckets.put(group, Entry { bucket, last }, end);
                }
            }
            Poured::Overflow => {
                let last = self.last(observation, last.map(|(_, last)| last));
                let held = bucket.held();
                found.extend(self.overflow(&group, held, last, held.at));
            }
        }
        found
    }

    /// Forgets what is over by then; counters whose window is over may have overflowed.
    pub(crate) fn advance(&mut self, by: Moment) -> Vec<Detection> {
        let mut found = Vec::new();
        while let Some((group, entry)) = self.buckets.pop_over(by) {
            let end = match self.scenario.shape {
                Shape::Counter { window, .. } => entry.bucket.held().since.after(window),
                Shape::Leaky { .. } | Shape::Trigger => continue,
            };
            found.extend(self.close(&group, entry, end));
        }
        while self.muted.pop_over(by).is_some() {}
        found
    }

    /// Groups that were forgotten for want of room.
    pub(crate) fn evicted(&self) -> u64 {
        self.buckets.evicted().saturating_add(self.muted.evicted())
    }

    /// Overflows that said nothing, because the group had overflowed shortly before.
    pub(crate) fn silenced(&self) -> u64 {
        self.silenced
    }

    /// Groups that have a bucket.
    pub(crate) fn groups(&self) -> usize {
        self.buckets.len()
    }

    /// A bucket is over by itself, which a counter does not survive when it has counted too many.
    fn close(&mut self, group: &Group, entry: Entry, end: Moment) -> Option<Detection> {
        let held = entry.bucket.held();
        match self.scenario.shape {
            Shape::Counter { capacity, .. } if held.events > capacity => {
                self.overflow(group, held, entry.last, end)
            }
            Shape::Counter { .. } | Shape::Leaky { .. } | Shape::Trigger => None,
        }
    }

    fn overflow(&mut self, group: &Group, held: Held, last: Last, at: Moment) -> Option<Detection> {
        if self.muted.get(group, at).is_some() {
            self.silenced = self.silenced.saturating_add(1);
            return None;
        }
        if self.scenario.blackhole.millis() > 0 {
            self.muted.put(group.clone(), (), at.after(self.scenario.blackhole));
        }
        let words = group.split('\0').skip(1).map(str::to_owned);
        Some(Detection {
            scenario: Arc::clone(&self.scenario.name),
            at,
            since: held.since,
            events: held.events,
            group: self.scenario.group_by.iter().copied().zip(words).collect(),
            scope: last.scope,
            user: last.user,
            score: self.scenario.score,
            correlation_id: last.correlation_id.into(),
            verdict: self.scenario.verdict,
        })
    }

    /// The group of an observation; nothing when it lacks a part.
    fn group(&self, observation: &Observation) -> Option<Group> {
        let mut words = String::new();
        for part in &self.scenario.group_by {
            words.push('\0');
            let word = part.of(observation)?;
            words.extend(word.chars().filter(|char| *char != '\0').take(WORD_BYTES));
        }
        Some(words.into())
    }

    fn last(&self, observation: &Observation, before: Option<Last>) -> Last {
        let scope = |part: &Text| match part {
            Text::Client => observation.client(),
            Text::Prefix => observation.range(),
            Text::ClientKey => observation.key(),
            Text::Class | Text::Operation | Text::Shape | Text::Reason | Text::Code | Text::Transport => None,
        };
        let correlation_id: String = observation.correlation_id.chars().take(WORD_BYTES).collect();
        Last {
            scope: self.scenario.group_by.iter().find_map(scope),
            // Where others took part it is nobody's alone, and who came last did no more than they.
            user: observation.user().filter(|user| before.is_none_or(|before| before.user == Some(*user))),
            correlation_id: correlation_id.into(),
        }
    }
}

/// The same in every run: nothing of it is kept between two, and nobody gains by two words that are taken for one.
fn hash(word: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    word.hash(&mut hasher);
    hasher.finish()
}
