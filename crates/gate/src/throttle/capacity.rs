//! What throttles say of a request that is more than they ever hold, or that they let pass because they only count.

use super::{Overlooked, is_spared, key};
use crate::judge::Judgement;
use portcullis_policy::decisions::Share;
use portcullis_policy::throttles::{Excess, Lack, Missed, OperationKey, Spend, fits};
use portcullis_policy::{ClassId, Client, Evidence, Mode, Policy, Refusal, Verdict};
use portcullis_report::Reason;

/// What becomes of what no bucket ever holds. Where that alone only counts, the other throttles are asked; where throttles only
/// count too, nothing is taken from what they would have refused.
pub(super) fn quota(policy: &Policy) -> Mode {
    match (policy.mode(Reason::Throttled), policy.mode(Reason::Quota)) {
        (Mode::Enforce, Mode::Shadow) => Mode::Shadow,
        (Mode::Enforce, Mode::Enforce) | (Mode::Shadow, _) => Mode::Enforce,
    }
}

/// Holds an allowed request against what the buckets of a class's clients have when they are full; how much is left in them, and
/// how fast they fill, nobody asks.
pub fn hold_to_capacity(judgement: Judgement, class: ClassId, policy: &Policy) -> Judgement {
    match judgement.verdict {
        Verdict::Allow if !is_spared(&judgement, Reason::Throttled, policy) => (),
        Verdict::Allow | Verdict::Deny(_) => return judgement,
    }
    let nobody = policy.clients.identify(&Evidence { header: &|_| None, properties: &[], address: None });
    let operations: Vec<OperationKey<'_>> = judgement.operations.iter().map(key).collect();
    let client = Client { class, ..nobody };
    let request = Spend { client: &client, operations: &operations, share: Share::ALL, quota: quota(policy) };
    match fits(&policy.throttles, request) {
        Ok(missed) => {
            missed.into_iter().map(overlooked).fold(judgement, |judgement, one| judgement.noted(one.refusal))
        }
        Err(excess) => match policy.mode(Reason::Quota) {
            Mode::Enforce => judgement.refused_as_whole(beyond(excess)),
            Mode::Shadow => judgement.noted(beyond(excess)),
        },
    }
}

pub(super) fn beyond(Excess { capacity, wanted, .. }: Excess) -> Refusal {
    Refusal::beyond(Reason::Quota, capacity.units(), wanted.units())
}

pub(super) fn overlooked(Missed { rule, lack }: Missed) -> Overlooked {
    let refusal = match lack {
        Lack::Short => Refusal::because(Reason::Throttled),
        Lack::Room { capacity, wanted } => beyond(Excess { rule, capacity, wanted }),
        Lack::Count => Refusal::because(Reason::Contention),
    };
    Overlooked { throttle: rule, refusal }
}
