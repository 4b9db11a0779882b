//! What is worth saying beside measures and costs, and what to do about it.

use portcullis_gate::{Judged, Standing};
use portcullis_policy::{Policy, UnknownFields, Verdict};
use portcullis_report::{Persisted, Reason};

/// Most characters of a name that the client chose.
const NAME_CHARS: usize = 120;

/// Notes on one operation, a line each.
pub(super) fn notes(policy: &Policy, verdict: Verdict, judged: &Judged) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(estimate) = &judged.estimate {
        if let (count @ 1.., Some(first)) = (estimate.unknown_fields, &estimate.first_unknown) {
            let become_of_them = match policy.unknown_fields {
                UnknownFields::Count => "they are counted and pass (`graphql.unknown_fields: count`)",
                UnknownFields::Refuse => "the policy refuses them",
            };
            notes.push(format!("unknown fields: {count}, the first is `{}`; {become_of_them}", name(first)));
        }
        if let (count @ 1.., Some((field, arguments))) =
            (estimate.slicing_violations, violation(policy, judged))
        {
            let one_of = arguments.join(", ");
            notes.push(format!("slicing: {count} without exactly one slicing argument, the first is `{field}`; give one of {one_of}"));
        }
    }
    match judged.standing {
        Standing::Untrusted => notes.push(
            "trusted documents: it is not in the list and passes only because the mode is `log`".to_owned(),
        ),
        Standing::Trusted => {}
    }
    match judged.persisted {
        None => {}
        Some(Persisted::Hit) => {
            notes.push("persisted query: the hash is known, its document was judged".to_owned())
        }
        Some(Persisted::Registered) => {
            notes.push("persisted query: the document is remembered for its hash".to_owned());
        }
        Some(Persisted::Miss) => notes.push(
            "persisted query: a gate that has not seen the document asks the client for it; \
             --document FILE judges what the client sends then"
                .to_owned(),
        ),
    }
    notes.extend(advice(policy, verdict));
    notes
}

/// The first field without its slicing argument, and the arguments there are.
pub(super) fn violation(policy: &Policy, judged: &Judged) -> Option<(String, Vec<String>)> {
    let field = judged.estimate.as_ref()?.first_violation?;
    let table = policy.cost.table.as_ref()?.table();
    Some((table.coordinate_of(field), table.slicing_arguments(field)))
}

/// The name of an unknown field, as far as it can be shown.
pub(super) fn name(text: &str) -> String {
    text.chars().take(NAME_CHARS).collect()
}

/// What else could be done about a refusal.
fn advice(policy: &Policy, verdict: Verdict) -> Option<String> {
    let Verdict::Deny(refusal) = verdict else { return None };
    let is_cost = matches!(refusal.reason, Reason::Cost);
    (is_cost && policy.cost.table.is_none()).then(|| {
        "without a schema sizes and lists are guessed from names; --schema FILE costs by what they are"
            .to_owned()
    })
}
