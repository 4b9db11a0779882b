//! Measures beside their limits.

use super::{Detail, Explanation};
use portcullis_cost::Estimate;
use portcullis_gate::Judged;
use portcullis_policy::{Charge, Introspection, Policy};

/// One measure beside its limit.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) value: u64,
    pub(super) limit: Option<u64>,
}

impl Row {
    fn of(name: &str, value: impl Into<u64>, limit: Option<impl Into<u64>>) -> Self {
        Self { name: name.to_owned(), value: value.into(), limit: limit.map(Into::into) }
    }
}

/// What was measured of a document; the names are those of the JSON.
pub(super) fn measures(policy: &Policy, judged: &Judged) -> Vec<Row> {
    let Some(found) = judged.measures else { return Vec::new() };
    let limits = &policy.limits;
    vec![
        Row::of("tokens", found.tokens, Some(limits.budget.tokens)),
        Row::of("depth", found.depth, Some(limits.depth)),
        Row::of("fields", found.fields, Some(limits.fields)),
        Row::of("rootFields", found.root_fields, Some(limits.root_fields)),
        Row::of("aliases", found.aliases, Some(limits.aliases)),
        Row::of("aliasesPerField", found.aliases_per_field, Some(limits.aliases_per_field)),
        Row::of("directives", found.directives, Some(limits.directives)),
        Row::of("operations", found.operations, None::<u64>),
        Row::of("fragments", found.fragments, None::<u64>),
    ]
}

/// How deep a document asks about the schema, where that is allowed and it does.
pub(super) fn introspection(policy: &Policy, detail: &Detail) -> Option<Row> {
    let asks = detail.judged.measures.is_some_and(|found| found.introspection);
    let limit = policy.limits.introspection_depth;
    (asks && policy.introspection == Introspection::Allow)
        .then(|| Row::of("introspectionDepth", detail.introspection_depth, Some(limit)))
}

/// What is charged: cost, type cost, sensitive fields.
pub(super) fn charges<'e>(policy: &Policy, estimates: impl Iterator<Item = &'e Estimate>) -> Vec<Row> {
    let mut charge = Charge::default();
    estimates.for_each(|estimate| charge.add(estimate));
    let mut rows = vec![Row::of("cost", charge.field.units(), Some(policy.cost.max.units()))];
    if policy.cost.table.is_some() {
        rows.push(Row::of("typeCost", charge.r#type.units(), Some(policy.cost.type_max.units())));
    }
    let sensitive = policy.sensitive.fields().iter().zip(&charge.sensitive);
    rows.extend(sensitive.map(|(field, count)| Row::of(&field.coordinate, *count, Some(field.limit))));
    rows
}

impl Explanation<'_> {
    /// The estimates that the verdict on all is about.
    pub(super) fn estimates(&self) -> impl Iterator<Item = &Estimate> {
        let of_details = self.details.iter().filter_map(|detail| detail.judged.estimate.as_ref());
        let is_detailed = !self.details.is_empty();
        let others = self.judgement.operations.iter().filter(move |_| !is_detailed);
        of_details.chain(others.filter_map(|judged| judged.estimate.as_ref()))
    }
}
