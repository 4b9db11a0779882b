//! Asking the analyzer for decisions: one question at a time, which it answers when there is something new.

use super::some;
use crate::outbox::{Call, CallAnswer, CallId, CallOutcome, LONGEST_WAIT_MS};
use crate::time::Timestamp;
use crate::worker::WorkerEffect;
use portcullis_framing::{Coding, Inflation, inflate};
use portcullis_policy::Analyzer;
use portcullis_policy::decisions::Book;
use portcullis_report::{DecisionBounds, DecisionMetric, DecisionPage, Poll as Outcome};
use std::borrow::Cow;

/// For how long the analyzer is asked to wait for something new, in seconds.
const WAIT_S: u64 = 25;
/// How much longer an answer may take, in milliseconds.
const GRACE_MS: u64 = 5_000;
/// How long a call may stay without any word from the host before it counts as lost.
const LOST_MS: u64 = 3 * (WAIT_S * 1_000 + GRACE_MS);
/// Between two questions to which there was nothing new, in milliseconds: an analyzer that does not wait is not flooded.
const EVERY_MS: u64 = 1_000;
/// Pauses after a failure, in milliseconds: doubled from the first up to the last.
const FIRST_PAUSE_MS: u64 = 100;
const LONGEST_PAUSE_MS: u64 = 10_000;

/// Bytes of an answer beyond which it is not read.
pub const LARGEST_ANSWER: usize = DecisionBounds::PAGE_BYTES;

/// What came of a call.
#[derive(Debug)]
pub(super) enum Answer {
    /// Something to take, and how many of its decisions made no sense.
    Page(DecisionPage, usize),
    /// Nothing, yet or at all.
    Nothing,
}

#[derive(Debug)]
pub(super) struct Poll {
    analyzer: Analyzer,
    token: String,
    call: InFlight,
    pause_ms: u64,
    not_before: Timestamp,
    is_told: bool,
    /// What was asked for.
    asked: Wanted,
}

/// What is to be fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// What is new since that revision.
    after: u64,
    /// Whether more is known to follow, so that nothing is to be waited for.
    is_more: bool,
    /// Of which full set it is the rest.
    floor: Option<u64>,
}

impl From<&Book> for Wanted {
    fn from(book: &Book) -> Self {
        Self { after: book.revision(), is_more: book.is_pending(), floor: book.floor() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum InFlight {
    None,
    Beginning { since: Timestamp },
    Begun { id: CallId, since: Timestamp },
}

impl Poll {
    pub(super) fn new(analyzer: Analyzer, token: String) -> Self {
        Self {
            analyzer,
            token,
            call: InFlight::None,
            pause_ms: FIRST_PAUSE_MS,
            not_before: Timestamp::default(),
            is_told: false,
            asked: Wanted::default(),
        }
    }

    /// The next call to make, when it is time for one.
    pub(super) fn next(&mut self, wanted: Wanted, now: Timestamp) -> Option<Call> {
        // Further ahead than any pause is long, it was set before the clock was set back.
        let is_pausing = now < self.not_before && self.not_before.since(now) <= LONGEST_WAIT_MS;
        if self.call != InFlight::None || is_pausing {
            return None;
        }
        self.call = InFlight::Beginning { since: now };
        self.asked = wanted;
        let Wanted { after, is_more, floor } = wanted;
        let wait = if is_more { 0 } else { WAIT_S };
        let floor = floor.map(|floor| format!("&floor={floor}")).unwrap_or_default();
        let headers = vec![
            (":method", "GET".to_owned()),
            (":path", format!("/edge/v1/decisions?after={after}&wait={wait}{floor}")),
            (":authority", self.analyzer.cluster.clone()),
            ("accept", "application/json".to_owned()),
            ("accept-encoding", "gzip".to_owned()),
            ("authorization", format!("Bearer {}", self.token)),
        ];
        let timeout_ms = wait.saturating_mul(1_000).saturating_add(GRACE_MS);
        Some(Call { cluster: self.analyzer.cluster.clone(), headers, body: Vec::new(), timeout_ms })
    }

    pub(super) fn awaits(&self, call: CallId) -> bool {
        matches!(self.call, InFlight::Begun { id, .. } if id == call)
    }

    /// Another worker asks from here on; word of a call that was begun is ignored.
    pub(super) fn leave(&mut self) {
        self.call = InFlight::None;
        self.not_before = Timestamp::default();
    }

    /// Gives up a call of which the host never spoke again.
    pub(super) fn give_up_lost(&mut self, now: Timestamp, effects: &mut Vec<WorkerEffect>) {
        match self.call {
            InFlight::Beginning { since } | InFlight::Begun { since, .. } if now.since(since) > LOST_MS => {
                self.fail(Outcome::Failed, "nothing", now, effects);
            }
            InFlight::None | InFlight::Beginning { .. } | InFlight::Begun { .. } => (),
        }
    }

    /// Takes what the host tells of a call.
    pub(super) fn on_call(
        &mut self,
        outcome: CallOutcome,
        body: Option<&[u8]>,
        now: Timestamp,
        effects: &mut Vec<WorkerEffect>,
    ) -> Answer {
        match (outcome, self.call) {
            (CallOutcome::Begun(id), InFlight::Beginning { since }) => {
                self.call = InFlight::Begun { id, since }
            }
            (CallOutcome::NotBegun, InFlight::Beginning { .. }) => {
                self.fail(Outcome::Failed, "nothing", now, effects);
            }
            (CallOutcome::Answered(id, answer), InFlight::Begun { id: expected, since })
                if id == expected =>
            {
                return self.answered(answer, body, since, now, effects);
            }
            (CallOutcome::Begun(_) | CallOutcome::NotBegun | CallOutcome::Answered(..), _) => (),
        }
        Answer::Nothing
    }

    fn answered(
        &mut self,
        answer: Option<CallAnswer>,
        body: Option<&[u8]>,
        since: Timestamp,
        now: Timestamp,
        effects: &mut Vec<WorkerEffect>,
    ) -> Answer {
        let page = match answer.map(|answer| answer.status) {
            Some(204) => None,
            Some(200) => match body.and_then(page) {
                Some(page) => Some(page),
                None => {
                    self.fail(Outcome::Unfit, "something else than decisions", now, effects);
                    return Answer::Nothing;
                }
            },
            Some(status) => {
                self.fail(Outcome::Failed, &status.to_string(), now, effects);
                let wait_ms = answer.and_then(CallAnswer::put_off_ms).unwrap_or_default();
                self.not_before = self.not_before.max(now.later(wait_ms));
                return Answer::Nothing;
            }
            None => {
                self.fail(Outcome::Failed, "nothing", now, effects);
                return Answer::Nothing;
            }
        };
        self.call = InFlight::None;
        (self.pause_ms, self.is_told) = (FIRST_PAUSE_MS, false);
        let page = page.filter(|(page, _)| says_something(page));
        let outcome = if page.is_some() { Outcome::Changed } else { Outcome::Unchanged };
        // Who is told the same again and again waits as well, and who has to begin anew with a full set.
        let is_at_once = page.as_ref().is_some_and(|(page, _)| {
            let is_anew = page.full && self.asked.floor.is_some();
            !is_anew && (page.more || page.revision != self.asked.after)
        });
        self.not_before = if is_at_once { now } else { since.later(EVERY_MS) };
        effects.extend(some(DecisionMetric::Polls(outcome), 1));
        page.map_or(Answer::Nothing, |(page, unfit)| Answer::Page(page, unfit))
    }

    fn fail(&mut self, outcome: Outcome, answer: &str, now: Timestamp, effects: &mut Vec<WorkerEffect>) {
        self.call = InFlight::None;
        self.not_before = now.later(self.pause_ms);
        self.pause_ms = self.pause_ms.saturating_mul(2).min(LONGEST_PAUSE_MS);
        effects.extend(some(DecisionMetric::Polls(outcome), 1));
        if !self.is_told {
            self.is_told = true;
            effects.push(WorkerEffect::Warn(format!(
                "the analyzer does not tell its decisions: it answered {answer}; those that are known hold until they expire"
            )));
        }
    }
}

/// The page as far as it makes sense, and how much of it does not.
fn page(body: &[u8]) -> Option<(DecisionPage, usize)> {
    let body = plain(body.get(..LARGEST_ANSWER.min(body.len()))?)?;
    let page: DecisionPage = serde_json::from_slice(&body).ok()?;
    page.sift().ok()
}

/// The body as it was before it was compressed, if it was: no JSON begins as gzip does (RFC 1952 §2.3.1).
fn plain(body: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !body.starts_with(&[0x1f, 0x8b]) {
        return Some(Cow::Borrowed(body));
    }
    let limit = Inflation { bytes: LARGEST_ANSWER, ratio: LARGEST_ANSWER };
    inflate(Coding::Gzip, body, limit).ok().map(Cow::Owned)
}

fn says_something(page: &DecisionPage) -> bool {
    page.full || page.more || !page.decisions.is_empty() || !page.removed.is_empty()
}
