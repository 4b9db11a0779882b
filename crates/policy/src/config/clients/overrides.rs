//! `clients.classes[].limits`: what is different for the requests of a class.

use crate::config::Found;
use crate::config::graphql::IntrospectionChoice;
use crate::policy::Policy;
use portcullis_cost::Cost;
use serde::Deserialize;

/// Each of them as in `graphql.limits` and `graphql.cost`; what is not there is as for all.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct OverridesSection {
    /// Bytes of the request's body.
    body_bytes: Option<u64>,
    /// Bytes of the document.
    document_bytes: Option<u64>,
    /// Lexical tokens of the document.
    tokens: Option<u32>,
    /// Depth of the operation.
    depth: Option<u32>,
    /// Fields of the operation, fragments expanded.
    fields: Option<u32>,
    /// Root fields of the operation, fragments expanded.
    root_fields: Option<u32>,
    /// Aliased fields of the operation, fragments expanded.
    aliases: Option<u32>,
    /// Aliases of one field in one place.
    aliases_per_field: Option<u32>,
    /// Directives, every occurrence.
    directives: Option<u32>,
    /// Requests in one JSON array.
    batch: Option<u32>,
    /// Highest cost of a request.
    cost: Option<u64>,
    /// Highest type cost of a request.
    type_cost: Option<u64>,
    /// Whether `__schema` and `__type` may be asked for: `deny` or `allow`.
    introspection: Option<IntrospectionChoice>,
    /// Lists of fields or types inside each other beneath `__schema` and `__type`.
    introspection_depth: Option<u32>,
}

impl OverridesSection {
    /// Makes the policy of a class out of that of all; the bounds are those of `graphql.limits`.
    pub(super) fn apply(&self, class: &str, policy: &mut Policy, found: &mut Found) {
        let mut bounded = |name: &str, value: Option<u64>, high: u64| {
            value.map(|value| found.within(&format!("{class}.limits.{name}"), value, 1, high))
        };
        let number = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        let limits = &mut policy.limits;
        set(&mut limits.body_bytes, bounded("body_bytes", self.body_bytes, 8 << 20).map(size));
        set(&mut limits.document_bytes, bounded("document_bytes", self.document_bytes, 8 << 20).map(size));
        set(&mut limits.batch, bounded("batch", self.batch.map(u64::from), 10_000).map(size));
        let numbers = [
            ("tokens", self.tokens, 1_000_000, &mut limits.budget.tokens),
            ("depth", self.depth, 10_000, &mut limits.depth),
            ("fields", self.fields, 1_000_000_000, &mut limits.fields),
            ("root_fields", self.root_fields, 1_000_000_000, &mut limits.root_fields),
            ("aliases", self.aliases, 1_000_000_000, &mut limits.aliases),
            ("aliases_per_field", self.aliases_per_field, 4_000, &mut limits.aliases_per_field),
            ("directives", self.directives, 1_000_000_000, &mut limits.directives),
            ("introspection_depth", self.introspection_depth, 10_000, &mut limits.introspection_depth),
        ];
        for (name, value, high, limit) in numbers {
            set(limit, bounded(name, value.map(u64::from), high).map(number));
        }
        set(&mut policy.cost.max, bounded("cost", self.cost, 1_000_000_000).map(Cost::from_units));
        set(
            &mut policy.cost.type_max,
            bounded("type_cost", self.type_cost, 1_000_000_000).map(Cost::from_units),
        );
        set(&mut policy.introspection, self.introspection.map(IntrospectionChoice::read));
    }
}

fn set<T>(limit: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *limit = value;
    }
}
