//! What the candidate of a policy says of a request, beside the verdict that is carried out.
//!
//! What clients would meet is compared, throttles and decisions aside: what a policy lets pass because it only counts, passes. The
//! candidate decides nothing; where the policy in force read too little of a request, nobody knows what it would say.

use super::{Judged, Judgement};
use crate::throttle::is_by_throttles;
use portcullis_policy::{Policy, Refusal, Verdict};
use portcullis_report::{Difference, OperationKind, Reason};

/// What the candidate says of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// Whether it says the same.
    pub difference: Difference,
    /// What the two say, and of which operation, where they do not say the same.
    pub change: Option<Box<Change>>,
}

/// A request that the candidate judges otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Why the policy in force refuses it; nothing when it does not.
    pub live: Option<Reason>,
    /// Why the candidate refuses it; nothing when it does not.
    pub candidate: Option<Reason>,
    /// The operation for which the verdicts differ, as in [`Judged::operation`].
    pub operation: String,
    /// Its type.
    pub kind: OperationKind,
    /// Its normalised document, where one of the two refuses it for what it is.
    pub document: Option<String>,
}

impl Compared {
    /// Nobody knows what the candidate would say.
    pub(super) const UNDECIDED: Self = Self { difference: Difference::Undecided, change: None };

    /// What two policies say of one request.
    pub(super) fn between(live: &Judgement, candidate: &Judgement) -> Self {
        let (one, other) = (live.reason(), candidate.reason());
        let difference = Difference::between(one, other);
        let change = (difference != Difference::Same).then(|| {
            let told = |judged: &&Judged| judged.measures.is_some() || judged.document.is_some();
            // Where the policy in force refuses one operation, that is the one; else the one that the candidate refuses,
            // or the heaviest of those that it refuses together.
            let of_candidate = candidate.operations.first().filter(|_| one.is_none()).filter(told);
            let heaviest = live.operations.iter().max_by_key(|judged| judged.cost());
            let judged = of_candidate.or(heaviest);
            Box::new(Change {
                live: one,
                candidate: other,
                operation: judged.map(|judged| judged.operation.clone()).unwrap_or_default(),
                kind: judged.map_or(OperationKind::Unknown, |judged| judged.kind),
                document: judged.and_then(|judged| judged.document.clone()),
            })
        });
        Self { difference, change }
    }
}

impl Judgement {
    /// The same request beside what the candidate says of it.
    pub(super) fn beside(self, candidate: &Self) -> Self {
        Self { compared: Some(Compared::between(&self, candidate)), ..self }
    }

    /// The same request, which the candidate refuses before it is read.
    pub(crate) fn beside_refused(self, refusal: Option<Refusal>, policy: &Policy) -> Self {
        match (refusal, policy.candidate.as_deref()) {
            (Some(refusal), Some(candidate)) => self.beside(&Self::unparsed(refusal, candidate)),
            (Some(_) | None, _) => self,
        }
    }

    /// The same request, of which nothing was parsed: the candidate says the same where it would have read as much.
    pub(super) fn unread(self, refusal: Refusal, policy: &Policy) -> Self {
        let Some(candidate) = policy.candidate.as_deref() else { return self };
        // What a decision keeps from being read says nothing of either.
        let is_decided = refusal.reason == Reason::Blocked;
        let compared = match !is_decided && takes_alike(policy, candidate) {
            true => Compared::between(&self, &Self::unparsed(refusal, candidate)),
            false => Compared::UNDECIDED,
        };
        Self { compared: Some(compared), ..self }
    }

    /// What ends a socket, or keeps one from opening, is no request: a candidate says nothing of it.
    pub(crate) fn alone(self) -> Self {
        Self { compared: None, ..self }
    }

    /// Why it is refused for what it is.
    fn reason(&self) -> Option<Reason> {
        match self.verdict {
            Verdict::Deny(refusal) if !is_by_throttles(refusal.reason) => Some(refusal.reason),
            Verdict::Deny(_) | Verdict::Allow => None,
        }
    }
}

/// Whether two policies make the same of every body that the policy in force reads.
pub(super) fn reads_alike(live: &Policy, candidate: &Policy) -> bool {
    live.limits.json_nesting == candidate.limits.json_nesting
        && live.id_keys == candidate.id_keys
        && live.uploads == candidate.uploads
}

/// Whether two policies take, and refuse, the same before a body is read.
fn takes_alike(live: &Policy, candidate: &Policy) -> bool {
    let (one, other) = (&live.limits, &candidate.limits);
    reads_alike(live, candidate)
        && one.body_bytes == other.body_bytes
        && one.url_bytes == other.url_bytes
        && one.batch == other.batch
        && live.transports == candidate.transports
        && live.encodings == candidate.encodings
}
