//! A request against every throttle that applies to it: all of it is taken, or nothing.
//!
//! Throttles that only count take as others do, each as if it alone did not only count: from what they would have refused
//! they take nothing, and it passes all the same.

use super::claims::{Claim, Excess, Lack, Line, Missed, Spend, Whose, fitting};
use super::keeping::Keeping;
use super::ledger::{Account, Buckets, Contended, Entry, Ledger, Noticed, Seated};
use super::places::{Place, Places};
use crate::Timestamp;
use crate::budget::{Decision, give_back, take};
use crate::decisions::Share;
use crate::policy::{Mode, Throttle, Throttles};
use portcullis_cost::Cost;

/// What the throttles say of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spending {
    /// It was taken everywhere, but for the throttles that only count.
    Passes(Taken),
    /// It was taken nowhere: it has to wait.
    Waits {
        /// The milliseconds after which every throttle has enough, if nobody else spends.
        millis: u64,
        /// The throttle that takes longest.
        standing: Standing,
    },
    /// It was taken nowhere: a throttle never holds as much.
    Exceeds {
        /// Which one, by its place in the policy.
        rule: usize,
        /// How much it holds.
        capacity: Cost,
        /// How much was wanted.
        wanted: Cost,
    },
    /// It was taken nowhere: other workers always stored first.
    Contended,
}

/// How one throttle stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which one, by its place in the policy.
    pub rule: usize,
    /// What is left.
    pub available: Cost,
    /// Milliseconds until nothing is missing.
    pub full_in_ms: u64,
}

/// What was taken, so that it can be corrected when it is known what was spent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// The throttle that has least left, as part of what it holds.
    pub standing: Option<Standing>,
    /// Throttles that would have refused it, and only count.
    pub missed: Vec<Missed>,
    pub(super) entries: Vec<Posting>,
    pub(super) estimates: Vec<Cost>,
}

/// What is taken from one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Posting {
    pub(super) place: Place,
    pub(super) share: Share,
    pub(super) lines: Vec<Line>,
    /// The operations that it is for; nothing means all.
    pub(super) operations: Option<Vec<usize>>,
}

/// What was found at one account.
enum Found {
    /// The tightest of those that do not only count, and the rules of those that do and have too little.
    Enough(Option<Standing>, Vec<usize>),
    Short {
        millis: u64,
        standing: Standing,
    },
}

/// Takes a request from every bucket that it is to be taken from, when all have enough.
///
/// The buckets of the client come first and are one entry, then those of its class and its operations; a throttle that
/// has too little gives back what was taken before it. So while several requests come at once one may be told to wait
/// that would have fitted; none passes that does not fit.
pub fn spend(
    throttles: &Throttles,
    places: &Places,
    spend: Spend<'_>,
    buckets: &mut dyn Buckets,
    now: Timestamp,
) -> (Spending, Noticed) {
    let (claims, missed) = match fitting(throttles, spend) {
        Ok(found) => found,
        Err(Excess { rule, capacity, wanted }) => {
            return (Spending::Exceeds { rule, capacity, wanted }, Noticed::default());
        }
    };
    let postings = claims.into_iter().map(|claim| Posting::of(claim, places, spend));
    let mut ledger =
        Ledger { buckets, keeping: Keeping::Buckets(throttles), now, noticed: Noticed::default() };
    let estimates = spend.operations.iter().map(|operation| operation.cost).collect();
    let taken = Taken { missed, estimates, ..Taken::default() };
    let outcome = take_all(&mut ledger, throttles, postings.collect(), taken);
    (outcome, ledger.noticed)
}

fn take_all(
    ledger: &mut Ledger<'_>,
    throttles: &Throttles,
    postings: Vec<Posting>,
    mut taken: Taken,
) -> Spending {
    let mut rest = postings.into_iter();
    while let Some(mut posting) = rest.next() {
        let now = ledger.now;
        match ledger.enter(&posting.place, |account| charge(account, &posting.lines, throttles, now)) {
            Ok((Found::Enough(standing, short), seated)) => {
                if seated == Seated::Shared {
                    posting.place = posting.place.shared();
                }
                posting.lines.retain(|line| !short.contains(&line.rule));
                taken.missed.extend(short.into_iter().map(|rule| Missed { rule, lack: Lack::Short }));
                taken.standing = tighter(taken.standing, standing, throttles);
                if !posting.lines.is_empty() {
                    taken.entries.push(posting);
                }
            }
            Ok((Found::Short { millis, standing }, _)) => {
                undo(ledger, throttles, taken);
                return wait(ledger, throttles, rest.as_slice(), millis, standing);
            }
            Err(Contended) if posting.only_counts(throttles) => {
                let unknown = posting.lines.iter().map(|line| Missed { rule: line.rule, lack: Lack::Count });
                taken.missed.extend(unknown);
            }
            Err(Contended) => {
                undo(ledger, throttles, taken);
                return Spending::Contended;
            }
        }
    }
    Spending::Passes(taken)
}

/// Looks for one that takes longer among the accounts that were not asked yet.
fn wait(
    ledger: &mut Ledger<'_>,
    throttles: &Throttles,
    others: &[Posting],
    millis: u64,
    standing: Standing,
) -> Spending {
    let (mut millis, mut standing) = (millis, standing);
    for posting in others {
        let now = ledger.now;
        let look = |account: &mut Account| match charge(account, &posting.lines, throttles, now) {
            Entry::Store(found) | Entry::Leave(found) => Entry::Leave(found),
        };
        if let Ok((Found::Short { millis: longer, standing: other }, _)) = ledger.enter(&posting.place, look)
            && longer > millis
        {
            (millis, standing) = (longer, other);
        }
    }
    Spending::Waits { millis, standing }
}

/// Takes from the buckets of one account, all or none; those that only count, if they have enough.
fn charge(account: &mut Account, lines: &[Line], throttles: &Throttles, now: Timestamp) -> Entry<Found> {
    let mut short: Option<(u64, Standing)> = None;
    let (mut tight, mut passed_over) = (None, Vec::new());
    for (line, throttle) in with_rules(lines, throttles) {
        let (bucket, decision) = take(account.bucket(throttle), line.cost, throttle.rate, now);
        let standing = Standing {
            rule: line.rule,
            available: bucket.available(throttle.rate, now),
            full_in_ms: bucket.full_in_ms(throttle.rate, now),
        };
        match (decision, throttle.mode) {
            (Decision::Allow, mode) => {
                account.put(throttle, bucket);
                // Who is never told to wait is not to hold back.
                tight = tighter(tight, (mode == Mode::Enforce).then_some(standing), throttles);
            }
            (Decision::Wait { .. } | Decision::Never, Mode::Shadow) => passed_over.push(line.rule),
            (Decision::Wait { millis }, Mode::Enforce)
                if short.is_none_or(|(longest, _)| millis > longest) =>
            {
                short = Some((millis, standing));
            }
            (Decision::Wait { .. }, Mode::Enforce) => (),
            // Asked before anything was taken.
            (Decision::Never, Mode::Enforce) => short = Some((u64::MAX, standing)),
        }
    }
    match short {
        Some((millis, standing)) => Entry::Leave(Found::Short { millis, standing }),
        None if passed_over.len() == lines.len() => Entry::Leave(Found::Enough(tight, passed_over)),
        None => Entry::Store(Found::Enough(tight, passed_over)),
    }
}

/// The one of which the smaller part is left.
fn tighter(one: Option<Standing>, other: Option<Standing>, throttles: &Throttles) -> Option<Standing> {
    let (Some(first), Some(second)) = (one, other) else { return one.or(other) };
    let capacity = |standing: Standing| {
        u128::from(throttles.rules.get(standing.rule).map_or(1, |rule| rule.rate.capacity().milli()))
    };
    let left = |standing: Standing| u128::from(standing.available.milli());
    let second_is_tighter =
        left(second).saturating_mul(capacity(first)) < left(first).saturating_mul(capacity(second));
    Some(if second_is_tighter { second } else { first })
}

/// Gives back what was taken; what cannot be given back is noticed, and errs on the side of the limit.
fn undo(ledger: &mut Ledger<'_>, throttles: &Throttles, taken: Taken) {
    for posting in taken.entries {
        let now = ledger.now;
        let entry = |account: &mut Account| {
            for (line, throttle) in with_rules(&posting.lines, throttles) {
                account.put(throttle, give_back(account.bucket(throttle), line.cost, throttle.rate, now));
            }
            Entry::Store(())
        };
        match ledger.enter(&posting.place, entry) {
            Ok(_) | Err(Contended) => (),
        }
    }
}

impl Posting {
    fn of(claim: Claim<'_>, places: &Places, spend: Spend<'_>) -> Self {
        let Claim { whose, lines, operations } = claim;
        let place = match whose {
            Whose::Client => places.client(spend.client),
            Whose::Class => places.class(spend.client.class),
            Whose::Operation(mark) => places.operation(mark),
        };
        Self { place, share: whose.share(spend), lines, operations }
    }

    /// Whether nothing is refused for it.
    fn only_counts(&self, throttles: &Throttles) -> bool {
        with_rules(&self.lines, throttles).all(|(_, throttle)| throttle.mode == Mode::Shadow)
    }
}

pub(super) fn with_rules<'l>(
    lines: &'l [Line],
    throttles: &'l Throttles,
) -> impl Iterator<Item = (&'l Line, &'l Throttle)> + Clone {
    lines.iter().filter_map(|line| Some((line, throttles.rules.get(line.rule)?)))
}
