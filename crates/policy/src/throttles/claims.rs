//! What a request takes from whom, before anybody asks where that is kept.

use super::places::Mark;
use crate::decisions::Share;
use crate::identity::Client;
use crate::policy::{Mode, Per, Throttle, Throttles, Unit};
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
    /// What becomes of what a throttle never holds: it is refused, or held by the other throttles alone.
    pub quota: Mode,
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

/// A throttle that never holds what a request would take from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excess {
    /// Which one, by its place in the policy.
    pub rule: usize,
    /// How much it holds.
    pub capacity: Cost,
    /// How much was wanted.
    pub wanted: Cost,
}

/// A throttle that would not have let a request through, and only counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missed {
    /// Which one, by its place in the policy.
    pub rule: usize,
    /// What it lacks.
    pub lack: Lack,
}

/// What a throttle lacks for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// It has too little.
    Short,
    /// It never holds as much.
    Room {
        /// How much it holds.
        capacity: Cost,
        /// How much was wanted.
        wanted: Cost,
    },
    /// Nobody knows: other workers always stored first.
    Count,
}

/// What is taken from one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim<'m> {
    pub(super) whose: Whose<'m>,
    pub(super) lines: Vec<Line>,
    /// The operations that it is for; nothing means all.
    pub(super) operations: Option<Vec<usize>>,
}

/// Whose account it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose<'m> {
    Client,
    Class,
    Operation(Mark<'m>),
}

/// What is taken from one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) rule: usize,
    pub(super) cost: Cost,
    /// What it would be of a client that keeps all of its throttles.
    whole: Cost,
}

/// What a request is for throttles that are full: what of it those that only count never hold.
///
/// # Errors
/// The first that never holds it, and does not only count.
pub fn fits(throttles: &Throttles, spend: Spend<'_>) -> Result<Vec<Missed>, Excess> {
    fitting(throttles, spend).map(|(_, missed)| missed)
}

/// What a request takes from whom. Throttles that never hold it are left out where that only counts.
pub(super) fn fitting<'s>(
    throttles: &Throttles,
    spend: Spend<'s>,
) -> Result<(Vec<Claim<'s>>, Vec<Missed>), Excess> {
    let mut claims = claims(throttles, spend);
    let mut missed = Vec::new();
    let mut excess = None;
    for claim in &mut claims {
        claim.lines.retain_mut(|line| {
            let Some(throttle) = throttles.rules.get(line.rule) else { return false };
            let (rule, capacity, wanted) = (line.rule, throttle.rate.capacity(), line.cost);
            if wanted <= capacity {
                return true;
            }
            match (throttle.mode, spend.quota) {
                (Mode::Enforce, Mode::Enforce) => {
                    excess = excess.or(Some(Excess { rule, capacity, wanted }));
                    true
                }
                (Mode::Enforce, Mode::Shadow) => {
                    missed.push(Missed { rule, lack: Lack::Room { capacity, wanted } });
                    // Who keeps a part of its throttles is not let off for that: all that the bucket holds is taken.
                    line.cost = capacity;
                    line.whole <= capacity
                }
                (Mode::Shadow, _) => {
                    missed.push(Missed { rule, lack: Lack::Room { capacity, wanted } });
                    false
                }
            }
        });
    }
    claims.retain(|claim| !claim.lines.is_empty());
    excess.map_or(Ok((claims, missed)), Err)
}

/// What is to be taken from whom: from the client, its class, and its operations by name and by shape.
fn claims<'s>(throttles: &Throttles, spend: Spend<'s>) -> Vec<Claim<'s>> {
    let class = spend.client.class;
    let lines = |whose: Whose<'_>, count: usize, cost: Cost| -> Vec<Line> {
        let rules = throttles.rules.iter().enumerate();
        let applying = rules.filter(|(_, rule)| rule.per == whose.per() && rule.applies_to(class));
        let line = |(rule, throttle): (usize, &Throttle)| {
            let whole = match throttle.unit {
                Unit::Requests => Cost::from_units(u64::try_from(count).unwrap_or(u64::MAX)),
                Unit::Cost => cost,
            };
            Line { rule, cost: charged(whole, whose.share(spend)), whole }
        };
        applying.map(line).collect()
    };
    let sum = spend.operations.iter().fold(Cost::ZERO, |sum, operation| sum + operation.cost);
    let all = spend.operations.len();
    let mut claims = Vec::with_capacity(2);
    for whose in [Whose::Client, Whose::Class] {
        let lines = lines(whose, all, sum);
        if !lines.is_empty() {
            claims.push(Claim { whose, lines, operations: None });
        }
    }
    if !throttles.rules.iter().any(|rule| rule.per == Per::Operation && rule.applies_to(class)) {
        return claims;
    }
    let mut marks: BTreeMap<Mark<'_>, Vec<usize>> = BTreeMap::new();
    for (index, operation) in spend.operations.iter().enumerate() {
        let both = operation.name.map(Mark::Name).into_iter().chain(operation.shape.map(Mark::Shape));
        both.for_each(|mark| marks.entry(mark).or_default().push(index));
    }
    claims.extend(marks.into_iter().map(|(mark, operations)| {
        let costs = operations.iter().filter_map(|index| spend.operations.get(*index));
        let cost = costs.fold(Cost::ZERO, |sum, operation| sum + operation.cost);
        let whose = Whose::Operation(mark);
        Claim { whose, lines: lines(whose, operations.len(), cost), operations: Some(operations) }
    }));
    claims
}

impl Whose<'_> {
    fn per(self) -> Per {
        match self {
            Self::Client => Per::Client,
            Self::Class => Per::Class,
            Self::Operation(_) => Per::Operation,
        }
    }

    /// What of these throttles the client keeps.
    pub(super) fn share(self, spend: Spend<'_>) -> Share {
        match self {
            Self::Client => spend.share,
            Self::Class | Self::Operation(_) => Share::ALL,
        }
    }
}

/// What is taken for a cost from who keeps a share; rounded up, so that nobody gains by asking for little at a time.
pub(super) fn charged(cost: Cost, share: Share) -> Cost {
    if share == Share::ALL {
        return cost;
    }
    let milli = u128::from(cost.milli()).saturating_mul(1_000).div_ceil(u128::from(share.milli()));
    Cost::from_milli(u64::try_from(milli).unwrap_or(u64::MAX))
}
