//! Reports on their way to the analyzer: one at a time, in order, again until they are held or refused for good.

use crate::time::Timestamp;
use portcullis_policy::Analyzer;
use std::collections::VecDeque;

/// Reports that may wait; while so many do, windows grow instead.
const WAITING: usize = 16;
/// How long the analyzer may take to answer, in milliseconds.
const TIMEOUT_MS: u64 = 5_000;
/// How long a call may stay without any word from the host before it counts as lost.
const LOST_MS: u64 = 3 * TIMEOUT_MS;
/// Pauses between attempts, in milliseconds: doubled from the first up to the last.
const FIRST_PAUSE_MS: u64 = 100;
const LONGEST_PAUSE_MS: u64 = 5_000;

/// The number that the host gave to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallId(pub u32);

/// A call to the analyzer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The Envoy cluster.
    pub cluster: String,
    /// Headers, pseudo-headers included.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How long to wait for the answer, in milliseconds.
    pub timeout_ms: u64,
}

/// What the host tells of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// The host took it.
    Begun(CallId),
    /// The host did not take it.
    NotBegun,
    /// It was answered with this status; nothing when it ended without an answer.
    Answered(CallId, Option<u16>),
}

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// The analyzer holds it.
    Sent,
    /// The analyzer will never take it.
    Rejected,
    /// It will be sent again.
    Failed,
}

#[derive(Debug)]
pub(crate) struct Outbox {
    analyzer: Analyzer,
    token: String,
    waiting: VecDeque<Vec<u8>>,
    call: InFlight,
    pause_ms: u64,
    not_before: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum InFlight {
    None,
    Beginning { since: Timestamp },
    Begun { id: CallId, since: Timestamp },
}

impl Outbox {
    pub(crate) fn new(analyzer: Analyzer, token: String) -> Self {
        Self {
            analyzer,
            token,
            waiting: VecDeque::new(),
            call: InFlight::None,
            pause_ms: FIRST_PAUSE_MS,
            not_before: Timestamp::default(),
        }
    }

    pub(crate) fn has_room(&self) -> bool {
        self.waiting.len() < WAITING
    }

    /// Whether a call is under way.
    pub(crate) fn is_calling(&self) -> bool {
        self.call != InFlight::None
    }

    pub(crate) fn push(&mut self, report: Vec<u8>) {
        self.waiting.push_back(report);
    }

    /// The next call to make, when it is time for one.
    pub(crate) fn next_call(&mut self, now: Timestamp) -> Option<Call> {
        // Further ahead than any pause is long, it was set before the clock was set back.
        let pausing = now < self.not_before && self.not_before.since(now) <= LONGEST_PAUSE_MS;
        if self.call != InFlight::None || pausing {
            return None;
        }
        let body = self.waiting.front()?.clone();
        self.call = InFlight::Beginning { since: now };
        let headers = vec![
            (":method", "POST".to_owned()),
            (":path", "/edge/v1/reports".to_owned()),
            (":authority", self.analyzer.cluster.clone()),
            ("content-type", "application/json".to_owned()),
            ("authorization", format!("Bearer {}", self.token)),
        ];
        Some(Call { cluster: self.analyzer.cluster.clone(), headers, body, timeout_ms: TIMEOUT_MS })
    }

    /// Takes what the host tells of a call; word of a call that was given up is ignored.
    pub(crate) fn on_call(&mut self, outcome: CallOutcome, now: Timestamp) -> Option<Delivery> {
        match (outcome, self.call) {
            (CallOutcome::Begun(id), InFlight::Beginning { since }) => {
                self.call = InFlight::Begun { id, since };
                None
            }
            (CallOutcome::NotBegun, InFlight::Beginning { .. }) => Some(self.fail(now)),
            (CallOutcome::Answered(id, status), InFlight::Begun { id: expected, .. }) if id == expected => {
                Some(self.answered(status, now))
            }
            (CallOutcome::Begun(_) | CallOutcome::NotBegun | CallOutcome::Answered(..), _) => None,
        }
    }

    /// Gives up a call of which the host never spoke again.
    pub(crate) fn give_up_lost(&mut self, now: Timestamp) -> Option<Delivery> {
        match self.call {
            InFlight::Beginning { since } | InFlight::Begun { since, .. } if now.since(since) > LOST_MS => {
                Some(self.fail(now))
            }
            InFlight::None | InFlight::Beginning { .. } | InFlight::Begun { .. } => None,
        }
    }

    fn answered(&mut self, status: Option<u16>, now: Timestamp) -> Delivery {
        match status {
            Some(200..=299) => self.done(Delivery::Sent),
            Some(400 | 413 | 415 | 422) => self.done(Delivery::Rejected),
            Some(_) | None => self.fail(now),
        }
    }

    fn done(&mut self, delivery: Delivery) -> Delivery {
        self.waiting.pop_front();
        self.call = InFlight::None;
        self.pause_ms = FIRST_PAUSE_MS;
        delivery
    }

    fn fail(&mut self, now: Timestamp) -> Delivery {
        self.call = InFlight::None;
        self.not_before = now.later(self.pause_ms);
        self.pause_ms = self.pause_ms.saturating_mul(2).min(LONGEST_PAUSE_MS);
        Delivery::Failed
    }
}

#[cfg(test)]
mod tests;
