//! The verdict on one request: what was measured and estimated, held against the policy.

use crate::{Introspection, Policy};
use portcullis_cost::Cost;
use portcullis_graphql::{Measures, Position};
use portcullis_report::Reason;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may go upstream.
    Allow,
    /// The gate answers it.
    Deny(Refusal),
}

/// Why a request is refused, as far as it can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason of the catalogue.
    pub reason: Reason,
    /// The limit that was passed, in the unit of its reason.
    pub limit: Option<u64>,
    /// What was found against it.
    pub actual: Option<u64>,
    /// Where in the document, when it did not parse.
    pub position: Option<Position>,
}

impl Refusal {
    /// A refusal that no limit explains.
    pub fn because(reason: Reason) -> Self {
        Self { reason, limit: None, actual: None, position: None }
    }

    /// A refusal for passing a limit, both in the unit of the reason.
    pub fn beyond(reason: Reason, limit: u64, actual: u64) -> Self {
        Self { limit: Some(limit), actual: Some(actual), ..Self::because(reason) }
    }
}

/// Holds what was measured of a document against the policy; the first limit that is passed speaks.
pub fn judge_document(policy: &Policy, measures: &Measures) -> Verdict {
    let limits = &policy.limits;
    let checks = [
        (Reason::Depth, limits.depth, measures.depth),
        (Reason::Aliases, limits.aliases, measures.aliases),
        (Reason::AliasesPerField, limits.aliases_per_field, measures.aliases_per_field),
        (Reason::RootFields, limits.root_fields, measures.root_fields),
        (Reason::Directives, limits.directives, measures.directives),
        (Reason::Fields, limits.fields, measures.fields),
    ];
    match (policy.introspection, measures.introspection) {
        (Introspection::Deny, true) => return Verdict::Deny(Refusal::because(Reason::Introspection)),
        (Introspection::Deny, false) | (Introspection::Allow, _) => (),
    }
    match checks.into_iter().find(|(_, limit, actual)| actual > limit) {
        Some((reason, limit, actual)) => {
            Verdict::Deny(Refusal::beyond(reason, u64::from(limit), u64::from(actual)))
        }
        None => Verdict::Allow,
    }
}

/// Holds the depth of a question about the schema against the policy.
pub fn judge_introspection(policy: &Policy, depth: u32) -> Verdict {
    let limit = policy.limits.introspection_depth;
    if depth > limit {
        let (limit, actual) = (u64::from(limit), u64::from(depth));
        return Verdict::Deny(Refusal::beyond(Reason::IntrospectionDepth, limit, actual));
    }
    Verdict::Allow
}

/// Holds the estimated cost of the selected operation against the policy.
pub fn judge_cost(policy: &Policy, cost: Cost) -> Verdict {
    if cost > policy.cost.max {
        Verdict::Deny(Refusal::beyond(Reason::Cost, policy.cost.max.units(), cost.units()))
    } else {
        Verdict::Allow
    }
}

#[cfg(test)]
mod tests;
