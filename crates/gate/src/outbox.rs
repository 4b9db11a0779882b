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
/// The longest that an analyzer may put a caller off, in milliseconds.
pub(crate) const LONGEST_WAIT_MS: u64 = 60_000;
/// How often windows double while the analyzer puts reports off.
const MOST_PUT_OFF: u32 = 3;

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

/// How a call was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallAnswer {
    /// The status.
    pub status: u16,
    /// After how many seconds to come again, where the answer says so.
    pub retry_after_s: Option<u16>,
}

impl From<u16> for CallAnswer {
    fn from(status: u16) -> Self {
        Self { status, retry_after_s: None }
    }
}

impl CallAnswer {
    /// For how long whoever answered has no time, in milliseconds; nothing when it did not say.
    pub(crate) fn put_off_ms(self) -> Option<u64> {
        let wait_ms = u64::from(self.retry_after_s?).saturating_mul(1_000).min(LONGEST_WAIT_MS);
        self.is_put_off().then_some(wait_ms)
    }

    fn is_put_off(self) -> bool {
        matches!(self.status, 429 | 503)
    }
}

/// What the host tells of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// The host took it.
    Begun(CallId),
    /// The host did not take it.
    NotBegun,
    /// It was answered like this; nothing when it ended without an answer.
    Answered(CallId, Option<CallAnswer>),
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
    /// How often the analyzer put reports off lately.
    put_off: u32,
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
            put_off: 0,
        }
    }

    /// How often the analyzer put reports off lately: windows are as many times twice as long.
    pub(crate) fn put_off(&self) -> u32 {
        self.put_off
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
        let pausing = now < self.not_before && self.not_before.since(now) <= LONGEST_WAIT_MS;
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
            (CallOutcome::Answered(id, answer), InFlight::Begun { id: expected, .. }) if id == expected => {
                Some(self.answered(answer, now))
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

    fn answered(&mut self, answer: Option<CallAnswer>, now: Timestamp) -> Delivery {
        match answer.map(|answer| answer.status) {
            Some(200..=299) => {
                self.put_off = self.put_off.saturating_sub(1);
                self.done(Delivery::Sent)
            }
            Some(400 | 413 | 415 | 422) => self.done(Delivery::Rejected),
            Some(_) | None => {
                let delivery = self.fail(now);
                if answer.is_some_and(CallAnswer::is_put_off) {
                    self.put_off = self.put_off.saturating_add(1).min(MOST_PUT_OFF);
                }
                // Earlier than it was told to it does not come again.
                let wait_ms = answer.and_then(CallAnswer::put_off_ms).unwrap_or_default();
                self.not_before = self.not_before.max(now.later(wait_ms));
                delivery
            }
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
