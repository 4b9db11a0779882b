//! What was taken is corrected by what the operations cost in the end.

use super::claims::charged;
use super::keeping::Keeping;
use super::ledger::{Account, Buckets, Contended, Entry, Ledger, Noticed};
use super::spend::{Posting, Taken, with_rules};
use crate::Timestamp;
use crate::budget::{give_back, owe};
use crate::policy::{Throttles, Unit};
use portcullis_cost::Cost;

/// What an operation cost in the end; nothing where that is not known.
pub type Correction = Option<Cost>;

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
            for (line, throttle) in costs.clone() {
                let bucket = account.bucket(throttle);
                // Never more than was taken of it is given back.
                let estimated = estimated.min(line.cost);
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
