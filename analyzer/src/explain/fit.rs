//! How long the dearest list of a refused operation could be.

use portcullis_cost::{Breakdown, Cost, Model, Part, SizeSource};
use portcullis_policy::{Policy, Refusal};
use portcullis_report::Reason;

/// What an operation that costs too much could ask for, all else equal; nothing when no one argument is enough.
///
/// An estimate by the rule of three: where several types are possible, another one may be the dearest in a shorter list.
pub(super) fn advice(policy: &Policy, refusal: Refusal, breakdown: &Breakdown) -> Option<String> {
    let root = breakdown.parts.first()?;
    let cost = &policy.cost;
    let (limit, all, scales): (Cost, Cost, fn(&Part) -> u64) = match (refusal.reason, cost.model()) {
        (Reason::Cost, Model::Schemaless) => (cost.max, root.total, |part| part.total.milli()),
        // The field itself is resolved however long its list is.
        (Reason::Cost, Model::Schema(_)) => {
            (cost.max, root.total, |part| part.total.milli().saturating_sub(part.own.milli()))
        }
        (Reason::TypeCost, _) => (cost.type_max, root.total_type, |part| part.total_type.milli()),
        (_, _) => return None,
    };
    let asked = |part: &&Part| {
        matches!(part.size.as_ref().map(|size| &size.source), Some(SizeSource::Argument(_))) && part.times > 0
    };
    let dearest = breakdown.parts.iter().filter(asked).max_by_key(|part| scales(part))?;
    let size = dearest.size.as_ref()?;
    let SizeSource::Argument(argument) = &size.source else { return None };
    let rest = all.milli().checked_sub(scales(dearest))?;
    let room = u128::from(limit.milli().checked_sub(rest)?);
    let entries = room.checked_mul(u128::from(size.entries))? / u128::from(scales(dearest)).max(1);
    let field = size.of.as_ref().unwrap_or(&dearest.key);
    (entries > 0 && all < Cost::MAX)
        .then(|| format!("to fit: `{field}` with {argument} of about {entries} in place of {}", size.entries))
}

#[cfg(test)]
mod tests {
    use crate::explain::Explainer;
    use portcullis_policy::Policy;

    /// What is advised for `{n}` being 1,000,000 is followed.
    #[track_caller]
    fn check(document: &str, entries: u64) {
        let text = |size: u64| {
            let body = serde_json::json!({ "query": document.replace("{n}", &size.to_string()) }).to_string();
            Explainer::new(Policy::parse("").unwrap()).body_in_detail(body.as_bytes(), None).text()
        };
        let told = text(1_000_000);
        assert!(told.contains(&format!("first of about {entries} in place of 1000000")), "{told}");
        assert!(text(entries).contains("allowed") && text(entries + 1).contains("refused"), "{document}");
    }

    #[test]
    fn the_advice_fits_and_one_more_does_not() {
        check("{ users(first: {n}) { id } me { id } }", 19_801);
        check("{ a { users(first: {n}) { id posts(last: 3) { id } } } }", 4_950);
    }

    #[test]
    fn there_is_none_where_one_list_is_not_enough() {
        let body = br#"{"query":"{ a(first: 50000) { id } b(first: 50000) { id } }"}"#;
        let text = Explainer::new(Policy::parse("").unwrap()).body_in_detail(body, None).text();
        assert!(text.contains("refused") && !text.contains("to fit"), "{text}");
    }
}
