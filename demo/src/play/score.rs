//! What the players have seen so far.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// So many problems are kept; the rest is only counted.
const PROBLEMS: usize = 20;

/// So many latency pairs are kept.
const PAIRS: usize = 4_000;

/// The players' common notebook.
#[derive(Default)]
pub(super) struct Score(Mutex<Notes>);

/// From the first attack of a client until it was blocked.
#[derive(Clone, Copy)]
pub(super) struct Spree {
    /// Attacks, each refused for itself.
    pub(super) attacks: u32,
    /// How long it lasted.
    pub(super) took: Duration,
}

/// What stands in it.
#[derive(Clone, Default)]
pub(super) struct Notes {
    /// Requests that the gate judged and let pass.
    pub(super) allowed: u64,
    /// Requests that the gate refused.
    pub(super) refused: u64,
    /// Sockets that were opened.
    pub(super) sockets: u64,
    /// Attempts to open one that the gate refused.
    pub(super) turned_away: u64,
    /// Attacks among them, by family.
    pub(super) families: BTreeSet<u32>,
    /// The reasons that those attacks must have been refused for.
    pub(super) reasons: BTreeSet<String>,
    /// Attackers of whom nothing more is taken.
    pub(super) blocked: u64,
    /// What the last of them could do before.
    pub(super) last_spree: Option<Spree>,
    /// How often each cost was seen at the upstream.
    pub(super) costs: BTreeMap<u64, u64>,
    /// Microseconds that the gate added, pair by pair.
    pub(super) added_us: VecDeque<i64>,
    /// What was not as it should be.
    pub(super) problems: Vec<String>,
    /// Problems that found no place.
    pub(super) more_problems: u64,
}

impl Score {
    /// A copy of the notes.
    pub(super) fn notes(&self) -> Notes {
        self.lock().clone()
    }

    /// A request passed; `cost` is what the upstream was told.
    pub(super) fn allowed(&self, cost: Option<u64>) {
        let mut notes = self.lock();
        notes.allowed += 1;
        if let Some(cost) = cost {
            *notes.costs.entry(cost).or_default() += 1;
        }
    }

    /// An attack was refused; `reason` is empty where the answer does not tell.
    pub(super) fn refused(&self, family: Option<u32>, reason: &str) {
        let mut notes = self.lock();
        notes.refused += 1;
        notes.families.extend(family);
        if !reason.is_empty() {
            notes.reasons.insert(reason.to_owned());
        }
    }

    /// An attacker was blocked.
    pub(super) fn blocked(&self, spree: Spree) {
        let mut notes = self.lock();
        notes.blocked += 1;
        notes.last_spree = Some(spree);
    }

    /// A socket was opened, and ended.
    pub(super) fn socket(&self) {
        self.lock().sockets += 1;
    }

    /// An attempt to open a socket was refused.
    pub(super) fn turned_away(&self, family: u32) {
        let mut notes = self.lock();
        notes.turned_away += 1;
        notes.families.insert(family);
    }

    /// The gate added so many microseconds to a request.
    pub(super) fn pair(&self, added_us: i64) {
        let mut notes = self.lock();
        notes.allowed += 1;
        notes.added_us.push_back(added_us);
        if notes.added_us.len() > PAIRS {
            notes.added_us.pop_front();
        }
    }

    /// Something was not as it should be.
    pub(super) fn problem(&self, problem: String) {
        let mut notes = self.lock();
        if notes.problems.len() < PROBLEMS {
            notes.problems.push(problem);
        } else {
            notes.more_problems += 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Notes {
    /// Median and largest cost.
    pub(super) fn cost(&self) -> Option<(u64, u64)> {
        let (largest, _) = self.costs.last_key_value()?;
        let half = self.costs.values().sum::<u64>().div_ceil(2);
        let mut counted = 0;
        let median = self.costs.iter().find(|(_, count)| {
            counted += **count;
            counted >= half
        });
        median.map(|(median, _)| (*median, *largest))
    }

    /// Lower quartile, median, upper quartile of what the gate added.
    pub(super) fn latency(&self) -> Option<(i64, i64, i64)> {
        let mut sorted: Vec<_> = self.added_us.iter().copied().collect();
        sorted.sort_unstable();
        let at = |quarter: usize| sorted.get(sorted.len().saturating_sub(1) * quarter / 4).copied();
        Some((at(1)?, at(2)?, at(3)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_quartiles() {
        let score = Score::default();
        assert_eq!((score.notes().cost(), score.notes().latency()), (None, None));
        for cost in [1, 1, 1, 7, 90] {
            score.allowed(Some(cost));
        }
        for added in [50, 10, 30, 20, 40] {
            score.pair(added);
        }
        assert_eq!(score.notes().cost(), Some((1, 90)));
        assert_eq!(score.notes().latency(), Some((20, 30, 40)));
        assert_eq!(score.notes().allowed, 10);
    }
}
