//! The decisions of the analyzer: one worker fetches them for all, every worker carries them out.
//!
//! A lease in the state that all workers share says who fetches. That worker keeps one long poll open, and puts what comes
//! of it under two keys, a base and a delta, and the name of the base under a third; every worker looks at that one at each
//! tick. Without the analyzer the last decisions hold until they expire, and being without it is normal.

mod lease;
mod poll;

pub use poll::LARGEST_ANSWER;

use crate::number::count;
use crate::outbox::{CallId, CallOutcome};
use crate::time::Timestamp;
use crate::worker::WorkerEffect;
use lease::Lease;
use poll::{Answer, Poll, Wanted};
use portcullis_policy::Analyzer;
use portcullis_policy::decisions::{Blobs, Book, DecisionSet, Page, Unreadable};
use portcullis_policy::throttles::Buckets;
use portcullis_report::{DecisionMetric, Metric, WorkerBoot};

const HEAD: &str = "portcullis.decisions.1.head";
const BASE: &str = "portcullis.decisions.1.base";
const DELTA: &str = "portcullis.decisions.1.delta";

/// How often a set is written while others write theirs.
const ATTEMPTS: u32 = 4;

/// What one worker knows of the decisions.
#[derive(Debug)]
pub struct Bulletin {
    book: Book,
    /// What the shared state held when it was last read.
    head: Head,
    fetching: Option<Fetching>,
    damage: Damage,
}

/// A worker that fetches, if the lease is its own.
#[derive(Debug)]
struct Fetching {
    lease: Lease,
    poll: Poll,
}

/// Whether what the head names is no set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Damage {
    None,
    /// It was none when it was read once.
    Seen(Head),
    /// It is none.
    Certain,
}

/// What stands under the third key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Head {
    generation: u64,
    /// Counts what was put there.
    issue: u64,
}

impl Bulletin {
    /// Nothing is fetched, so nothing is decided.
    pub fn silent() -> Self {
        Self { book: Book::default(), head: Head::default(), fetching: None, damage: Damage::None }
    }

    /// Fetches from an analyzer with the token that opens it, or takes what another worker has fetched; what is there
    /// already is in force at once.
    pub fn fetching(boot: WorkerBoot, analyzer: Analyzer, token: String, shared: &mut dyn Buckets) -> Self {
        let owner = boot.0.as_u128();
        let salt = u64::try_from(owner & u128::from(u64::MAX)).unwrap_or_default();
        let fetching = Fetching { lease: Lease::new(owner), poll: Poll::new(analyzer, token) };
        let mut bulletin = Self { book: Book::new(salt), fetching: Some(fetching), ..Self::silent() };
        drop(bulletin.reload(shared));
        bulletin
    }

    /// What is decided.
    pub fn decisions(&self) -> &DecisionSet {
        self.book.set()
    }

    /// A tick of the clock: time to take what others have fetched, to say that this worker still fetches, or to ask again.
    pub fn on_tick(&mut self, now: Timestamp, shared: &mut dyn Buckets) -> Vec<WorkerEffect> {
        if self.fetching.is_none() {
            return Vec::new();
        }
        let mut effects = self.reload(shared);
        let Some(Fetching { lease, poll }) = &mut self.fetching else { return effects };
        if !lease.hold(now, shared) {
            poll.leave();
            self.book.abandon();
            return effects;
        }
        poll.give_up_lost(now, &mut effects);
        effects.extend(poll.next(Wanted::from(&self.book), now).map(WorkerEffect::Fetch));
        if self.damage == Damage::Certain {
            // Nobody else would mend it.
            effects.extend(self.publish(self.book.blobs(), shared));
        }
        effects
    }

    /// Whether a call is the one that is awaited; the host need not fetch the body of another.
    pub fn awaits(&self, call: CallId) -> bool {
        self.fetching.as_ref().is_some_and(|fetching| fetching.poll.awaits(call))
    }

    /// Takes what the host tells of a call, and the body of its answer.
    pub fn on_call(
        &mut self,
        outcome: CallOutcome,
        body: Option<&[u8]>,
        now: Timestamp,
        shared: &mut dyn Buckets,
    ) -> Vec<WorkerEffect> {
        let Some(Fetching { lease, poll }) = &mut self.fetching else { return Vec::new() };
        let mut effects = Vec::new();
        let (page, unfit) = match poll.on_call(outcome, body, now, &mut effects) {
            Answer::Page(page, unfit) => (page, unfit),
            Answer::Nothing => return effects,
        };
        effects.extend(some(DecisionMetric::Dropped, count(unfit)));
        // A worker that was asleep for long may have been followed by another.
        if !lease.hold(now, shared) {
            poll.leave();
            self.book.abandon();
            return effects;
        }
        match self.book.take(&page, now) {
            Page::Partial => (),
            Page::Whole(blobs) => effects.extend(self.publish(blobs, shared)),
        }
        let Some(Fetching { poll, .. }) = &mut self.fetching else { return effects };
        effects.extend(poll.next(Wanted::from(&self.book), now).map(WorkerEffect::Fetch));
        effects
    }

    /// Puts the set where every worker finds it: the head last, since it is what they look at. Two may be at it for a
    /// moment; who comes last writes all of it again, so that what stands there is of one worker.
    fn publish(&mut self, blobs: Blobs, shared: &mut dyn Buckets) -> Vec<WorkerEffect> {
        let mut blobs = blobs;
        let (held, dropped) = (count(blobs.held), count(blobs.dropped));
        for _ in 0..ATTEMPTS {
            let (bytes, version) = shared.load(HEAD);
            let issue = Head::read(&bytes).unwrap_or_default().issue.wrapping_add(1);
            if let Some(base) = &blobs.base {
                put(BASE, base, shared);
            }
            put(DELTA, &blobs.delta, shared);
            let head = Head { generation: self.book.set().generation(), issue };
            if shared.store(HEAD, &head.bytes(), version).is_ok() {
                (self.head, self.damage) = (head, Damage::None);
                break;
            }
            blobs = self.book.blobs();
        }
        let held = WorkerEffect::Set(Metric::Decision(DecisionMetric::Held), held);
        std::iter::once(held).chain(some(DecisionMetric::Dropped, dropped)).collect()
    }

    /// Takes what another worker has fetched, when there is something new.
    fn reload(&mut self, shared: &mut dyn Buckets) -> Vec<WorkerEffect> {
        let (bytes, _) = shared.load(HEAD);
        let Some(head) = Head::read(&bytes).filter(|head| *head != self.head) else { return Vec::new() };
        let (damage, effects) = match (self.take_over(head, shared), self.damage) {
            (Ok(()), _) => (Damage::None, Vec::new()),
            // Between two keys another worker may be at work; the same twice is none.
            (Err(Unreadable), Damage::Seen(seen)) if seen == head => {
                (Damage::Certain, some(DecisionMetric::Unreadable, 1).collect())
            }
            (Err(Unreadable), _) => {
                self.damage = Damage::Seen(head);
                return Vec::new();
            }
        };
        (self.head, self.damage) = (head, damage);
        effects
    }

    fn take_over(&mut self, head: Head, shared: &mut dyn Buckets) -> Result<(), Unreadable> {
        let (delta, _) = shared.load(DELTA);
        if head.generation == self.book.set().generation() {
            return self.book.take_over_delta(&delta);
        }
        let (base, _) = shared.load(BASE);
        let set = DecisionSet::read(&base, &delta)?;
        if set.generation() != head.generation {
            return Err(Unreadable);
        }
        self.book.take_over(set);
        Ok(())
    }
}

impl Head {
    fn read(bytes: &[u8]) -> Option<Self> {
        let (words, []) = bytes.as_chunks::<8>() else { return None };
        let [generation, issue] = words else { return None };
        Some(Self { generation: u64::from_le_bytes(*generation), issue: u64::from_le_bytes(*issue) })
    }

    fn bytes(self) -> Vec<u8> {
        [self.generation, self.issue].map(u64::to_le_bytes).concat()
    }
}

/// Nobody else writes these two; whose base or delta it is, they say themselves.
fn put(key: &str, bytes: &[u8], shared: &mut dyn Buckets) {
    #[expect(
        clippy::let_underscore_must_use,
        reason = "what is not there is unreadable, and counted by who reads it"
    )]
    let _ = shared.store(key, bytes, None);
}

fn some(metric: DecisionMetric, amount: u64) -> impl Iterator<Item = WorkerEffect> {
    (amount > 0).then_some(WorkerEffect::Count(Metric::Decision(metric), amount)).into_iter()
}

#[cfg(test)]
mod tests;
