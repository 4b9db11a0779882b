//! The verdict on one request: what was measured and estimated, held against the policy.

use crate::{CostPolicy, Introspection, Mode, Policy, UnknownFields};
use portcullis_cost::{Cost, Estimate};
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

/// What would have been refused and only counts: the first of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shadow(pub Option<Refusal>);

impl Shadow {
    /// Refuses, or notes the refusal where the policy says that it only counts.
    pub fn weigh(&mut self, policy: &Policy, refusal: Refusal) -> Verdict {
        match policy.mode(refusal.reason) {
            Mode::Enforce => Verdict::Deny(refusal),
            Mode::Shadow => {
                self.0.get_or_insert(refusal);
                Verdict::Allow
            }
        }
    }

    /// The first that is carried out; those before it are noted.
    fn weigh_all(&mut self, policy: &Policy, refusals: impl IntoIterator<Item = Refusal>) -> Verdict {
        for refusal in refusals {
            match self.weigh(policy, refusal) {
                Verdict::Allow => (),
                Verdict::Deny(refusal) => return Verdict::Deny(refusal),
            }
        }
        Verdict::Allow
    }
}

/// Holds what was measured of a document against the policy; the first limit that is passed speaks.
pub fn judge_document(policy: &Policy, measures: &Measures, shadow: &mut Shadow) -> Verdict {
    let limits = &policy.limits;
    let checks = [
        (Reason::Depth, limits.depth, measures.depth),
        (Reason::Aliases, limits.aliases, measures.aliases),
        (Reason::AliasesPerField, limits.aliases_per_field, measures.aliases_per_field),
        (Reason::RootFields, limits.root_fields, measures.root_fields),
        (Reason::Directives, limits.directives, measures.directives),
        (Reason::Fields, limits.fields, measures.fields),
    ];
    let introspection = match (policy.introspection, measures.introspection) {
        (Introspection::Deny, true) => Some(Refusal::because(Reason::Introspection)),
        (Introspection::Deny, false) | (Introspection::Allow, _) => None,
    };
    let beyond = checks
        .into_iter()
        .filter(|(_, limit, actual)| actual > limit)
        .map(|(reason, limit, actual)| Refusal::beyond(reason, u64::from(limit), u64::from(actual)));
    shadow.weigh_all(policy, introspection.into_iter().chain(beyond))
}

/// Holds the depth of a question about the schema against the policy.
pub fn judge_introspection(policy: &Policy, depth: u32, shadow: &mut Shadow) -> Verdict {
    let limit = policy.limits.introspection_depth;
    if depth > limit {
        let (limit, actual) = (u64::from(limit), u64::from(depth));
        return shadow.weigh(policy, Refusal::beyond(Reason::IntrospectionDepth, limit, actual));
    }
    Verdict::Allow
}

/// Holds what an operation costs, and what was noticed while it was costed, against the policy.
pub fn judge_estimate(policy: &Policy, estimate: &Estimate, shadow: &mut Shadow) -> Verdict {
    let unknown = estimate.unknown_fields > 0 && policy.unknown_fields == UnknownFields::Refuse;
    let noticed = [(unknown, Reason::UnknownField), (estimate.slicing_violations > 0, Reason::Slicing)];
    let noticed = noticed.into_iter().filter(|(is_there, _)| *is_there);
    match shadow.weigh_all(policy, noticed.map(|(_, reason)| Refusal::because(reason))) {
        Verdict::Deny(refusal) => Verdict::Deny(refusal),
        Verdict::Allow => {
            let mut charge = Charge::default();
            charge.add(estimate);
            judge_charge(policy, &charge, shadow)
        }
    }
}

/// What the operations of one request are charged together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Charge {
    /// The field cost.
    pub field: Cost,
    /// The type cost.
    pub r#type: Cost,
    /// How often each sensitive field stands in them, in the order of the policy.
    pub sensitive: Vec<u32>,
}

impl Charge {
    /// Adds an operation.
    pub fn add(&mut self, estimate: &Estimate) {
        self.field = self.field + estimate.field;
        self.r#type = self.r#type + estimate.r#type;
        self.sensitive.resize(self.sensitive.len().max(estimate.watched.len()), 0);
        for (sum, count) in self.sensitive.iter_mut().zip(&estimate.watched) {
            *sum = sum.saturating_add(*count);
        }
    }
}

/// Holds what a request is charged against the policy.
pub fn judge_charge(policy: &Policy, charge: &Charge, shadow: &mut Shadow) -> Verdict {
    let CostPolicy { max, type_max, .. } = policy.cost;
    let counted = policy.sensitive.fields().iter().zip(&charge.sensitive);
    let sensitive = counted.filter(|(field, count)| **count > field.limit).map(|(field, count)| {
        Refusal::beyond(Reason::SensitiveField, u64::from(field.limit), u64::from(*count))
    });
    let costs = [(Reason::Cost, max, charge.field), (Reason::TypeCost, type_max, charge.r#type)];
    let costs = costs.into_iter().filter(|(_, limit, cost)| cost > limit);
    let costs = costs.map(|(reason, limit, cost)| Refusal::beyond(reason, limit.units(), cost.units()));
    shadow.weigh_all(policy, sensitive.chain(costs))
}

#[cfg(test)]
mod tests;
