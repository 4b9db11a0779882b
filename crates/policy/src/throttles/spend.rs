//! A request against every throttle that applies to it: all of it is taken, or nothing.

use super::keeping::Keeping;
use super::ledger::{Account, Buckets, Contended, Entry, Ledger, Noticed, Seated};
use super::places::{Mark, Place, Places};
use crate::Timestamp;
use crate::budget::{Decision, give_back, owe, take};
use crate::decisions::Share;
use crate::identity::Client;
use crate::policy::{Per, Throttle, Throttles, Unit};
use portcullis_cost::Cost;
use std::collections::BTreeMap;

/// What a request would spend.
#[derive(Clone, Copy, Debug)]
pub struct Spend<'s> {
    /// Whose request it is.
    pub client: &'s Client,
    /// Its operations: several of a batch, which is taken as a whole.
    pub operations: &'s [OperationKey<'s>],
    /// How much of its own throttles the client keeps: half of them is being charged twice. What it shares with others, the
    /// throttles of its class and of operations, it is charged for like them.
    pub share: Share,
}

/// One operation, as throttles know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationKey<'s> {
    /// The name that the client gave it.
    pub name: Option<&'s str>,
    /// The shape of its document.
    pub shape: Option<u64>,
    /// What it is estimated to cost.
    pub cost: Cost,
}

/// What the throttles say of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spending {
    /// It was taken everywhere.
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
    entries: Vec<Posting>,
    estimates: Vec<Cost>,
}

/// What an operation cost in the end; nothing where that is not known.
pub type Correction = Option<Cost>;

/// What is taken from one account.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Posting {
    place: Place,
    share: Share,
    lines: Vec<Line>,
    /// The operations that it is for; nothing means all.
    operations: Option<Vec<usize>>,
}

/// What is taken from one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Line {
    rule: usize,
    cost: Cost,
}

/// What was found at one account.
#[derive(Clone, Copy)]
enum Found {
    Enough(Option<Standing>),
    Short { millis: u64, standing: Standing },
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
    let postings = postings(throttles, places, spend);
    let lines = postings.iter().flat_map(|posting| &posting.lines);
    let limits = lines.filter_map(|line| Some((line, throttles.rules.get(line.rule)?.rate.capacity())));
    if let Some((line, capacity)) = limits.clone().find(|(line, capacity)| line.cost > *capacity) {
        return (Spending::Exceeds { rule: line.rule, capacity, wanted: line.cost }, Noticed::default());
    }
    let mut ledger =
        Ledger { buckets, keeping: Keeping::Buckets(throttles), now, noticed: Noticed::default() };
    let estimates = spend.operations.iter().map(|operation| operation.cost).collect();
    let outcome = take_all(&mut ledger, throttles, postings, estimates);
    (outcome, ledger.noticed)
}

fn take_all(
    ledger: &mut Ledger<'_>,
    throttles: &Throttles,
    postings: Vec<Posting>,
    estimates: Vec<Cost>,
) -> Spending {
    let mut taken = Taken { estimates, ..Taken::default() };
    let mut rest = postings.into_iter();
    while let Some(mut posting) = rest.next() {
        let now = ledger.now;
        match ledger.enter(&posting.place, |account| charge(account, &posting.lines, throttles, now)) {
            Ok((Found::Enough(standing), seated)) => {
                if seated == Seated::Shared {
                    posting.place = posting.place.shared();
                }
                taken.standing = tighter(taken.standing, standing, throttles);
                taken.entries.push(posting);
            }
            Ok((Found::Short { millis, standing }, _)) => {
                undo(ledger, throttles, taken);
                return wait(ledger, throttles, rest.as_slice(), millis, standing);
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

/// Takes from the buckets of one account, all or none.
fn charge(account: &mut Account, lines: &[Line], throttles: &Throttles, now: Timestamp) -> Entry<Found> {
    let mut short: Option<(u64, Standing)> = None;
    let mut tight = None;
    for (line, throttle) in with_rules(lines, throttles) {
        let (bucket, decision) = take(account.bucket(throttle), line.cost, throttle.rate, now);
        let standing = Standing {
            rule: line.rule,
            available: bucket.available(throttle.rate, now),
            full_in_ms: bucket.full_in_ms(throttle.rate, now),
        };
        match decision {
            Decision::Allow => {
                account.put(throttle, bucket);
                tight = tighter(tight, Some(standing), throttles);
            }
            Decision::Wait { millis } if short.is_none_or(|(longest, _)| millis > longest) => {
                short = Some((millis, standing));
            }
            Decision::Wait { .. } => (),
            // Asked before anything was taken.
            Decision::Never => short = Some((u64::MAX, standing)),
        }
    }
    match short {
        Some((millis, standing)) => Entry::Leave(Found::Short { millis, standing }),
        None => Entry::Store(Found::Enough(tight)),
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

/// Corrects what was taken by what the operations cost in the end, in their order: what was too much is given back, what
/// was too little is owed.
pub fn correct(
    throttles: &Throttles,
    taken: &Taken,
    actual: &[Correction],
    buckets: &mut dyn Buckets,
    now: Timestamp,
) -> Noticed {
    let mut ledger =
        Ledger { buckets, keeping: Keeping::Buckets(throttles), now, noticed: Noticed::default() };
    for posting in &taken.entries {
        let (estimated, spent) = taken.costs(posting, actual);
        let (estimated, spent) = (charged(estimated, posting.share), charged(spent, posting.share));
        let costs = with_rules(&posting.lines, throttles).filter(|(_, throttle)| throttle.unit == Unit::Cost);
        if estimated == spent || costs.clone().next().is_none() {
            continue;
        }
        let entry = |account: &mut Account| {
            for (_, throttle) in costs.clone() {
                let bucket = account.bucket(throttle);
                let bucket = match spent.milli().checked_sub(estimated.milli()) {
                    Some(more) => owe(bucket, Cost::from_milli(more), throttle.rate, now),
                    None => {
                        let less = Cost::from_milli(estimated.milli().saturating_sub(spent.milli()));
                        give_back(bucket, less, throttle.rate, now)
                    }
                };
                account.put(throttle, bucket);
            }
            Entry::Store(())
        };
        match ledger.enter(&posting.place, entry) {
            Ok(_) | Err(Contended) => (),
        }
    }
    ledger.noticed
}

impl Taken {
    /// What the operations of a posting were estimated to cost and did cost, as far as that is known.
    fn costs(&self, posting: &Posting, actual: &[Correction]) -> (Cost, Cost) {
        let known = self.estimates.iter().zip(actual).enumerate().filter(|(index, _)| {
            posting.operations.as_ref().is_none_or(|operations| operations.contains(index))
        });
        let known = known.filter_map(|(_, (estimate, actual))| Some((*estimate, (*actual)?)));
        known.fold((Cost::ZERO, Cost::ZERO), |(estimated, spent), (estimate, actual)| {
            (estimated + estimate, spent + actual)
        })
    }
}

fn with_rules<'l>(
    lines: &'l [Line],
    throttles: &'l Throttles,
) -> impl Iterator<Item = (&'l Line, &'l Throttle)> + Clone {
    lines.iter().filter_map(|line| Some((line, throttles.rules.get(line.rule)?)))
}

/// What is to be taken where: from the client, its class, and its operations by name and by shape.
fn postings(throttles: &Throttles, places: &Places, spend: Spend<'_>) -> Vec<Posting> {
    let class = spend.client.class;
    let share = |per: Per| match per {
        Per::Client => spend.share,
        Per::Class | Per::Operation => Share::ALL,
    };
    let lines = |per: Per, count: usize, cost: Cost| -> Vec<Line> {
        let rules = throttles.rules.iter().enumerate();
        let applying = rules.filter(|(_, rule)| rule.per == per && rule.applies_to(class));
        let line = |(rule, throttle): (usize, &Throttle)| {
            let cost = match throttle.unit {
                Unit::Requests => Cost::from_units(u64::try_from(count).unwrap_or(u64::MAX)),
                Unit::Cost => cost,
            };
            Line { rule, cost: charged(cost, share(per)) }
        };
        applying.map(line).collect()
    };
    let sum = spend.operations.iter().fold(Cost::ZERO, |sum, operation| sum + operation.cost);
    let all = spend.operations.len();
    let mut postings = Vec::with_capacity(2);
    for (per, lines) in
        [(Per::Client, lines(Per::Client, all, sum)), (Per::Class, lines(Per::Class, all, sum))]
    {
        if !lines.is_empty() {
            let place = match per {
                Per::Client => places.client(spend.client),
                Per::Class | Per::Operation => places.class(class),
            };
            postings.push(Posting { place, share: share(per), lines, operations: None });
        }
    }
    if lines(Per::Operation, 0, Cost::ZERO).is_empty() {
        return postings;
    }
    let mut marks: BTreeMap<Mark<'_>, Vec<usize>> = BTreeMap::new();
    for (index, operation) in spend.operations.iter().enumerate() {
        let both = operation.name.map(Mark::Name).into_iter().chain(operation.shape.map(Mark::Shape));
        both.for_each(|mark| marks.entry(mark).or_default().push(index));
    }
    postings.extend(marks.into_iter().map(|(mark, operations)| {
        let costs = operations.iter().filter_map(|index| spend.operations.get(*index));
        let cost = costs.fold(Cost::ZERO, |sum, operation| sum + operation.cost);
        let lines = lines(Per::Operation, operations.len(), cost);
        let place = places.operation(mark);
        Posting { place, share: Share::ALL, lines, operations: Some(operations) }
    }));
    postings
}

/// What is taken for a cost from who keeps a share; rounded up, so that nobody gains by asking for little at a time.
fn charged(cost: Cost, share: Share) -> Cost {
    if share == Share::ALL {
        return cost;
    }
    let milli = u128::from(cost.milli()).saturating_mul(1_000).div_ceil(u128::from(share.milli()));
    Cost::from_milli(u64::try_from(milli).unwrap_or(u64::MAX))
}
