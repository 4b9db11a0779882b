//! Values of variables: whatever comes, the cost is an answer, smaller values cost no more, and the gate says the same.

use crate::choices::Choices;
use crate::schema::{COMPILED, TABLE};
use base64::Engine as _;
use portcullis_cost::{Estimate, Model, Question, Scratch, Sizes, Supplied, Variables};
use portcullis_framing::{BatchLength, Envelope, Json, Nesting, Object, Request, read};
use portcullis_gate::{Desk, judge_body};
use portcullis_graphql::{Budget, Tape, parse};
use portcullis_policy::Policy;
use serde_json::Value;
use std::sync::LazyLock;

/// Variables `n`, `m`, `v`, `i` and `l` in every place where a value can stand.
pub(crate) const DOCUMENTS: [&str; 7] = [
    "query($n: Int) { items(first: $n) { id items(last: $n) { price } } }",
    "query($n: Int = 5, $m: Int, $v: Boolean) { items(first: $n, last: $m) @include(if: $v) { id } me @skip(if: $v) { ...U } }
     fragment U on User { items(first: $m) { id ... on Item @include(if: $v) { price } } }",
    "query($i: Filter, $n: Int) { items(filter: $i) { id } a: items(filter: {max: $n, not: $i, all: [$i, {max: $n}]}) { price } }",
    "query($l: [Int], $n: Int) { items(ids: $l) { id } b: items(ids: [$n, $n]) { id } connection(first: $n, last: null) { edges { id } page { items { id } } } }",
    "mutation($n: Int, $n: Int = 3) { login @slow(by: $n) { items(first: $n) { id } } products(first: $n, size: $m) { nodes { image(size: $n) } } }",
    "query($n: Int! = 4, $i: Filter = {max: 1000}) { a: products(perPage: $n) { edges { node { id } } } items(filter: $i, first: null) { matrix } }",
    "query($n: Int, $m: Int) { image(size: $n) tags(first: $m) }",
];

const SIZES: [Sizes; 2] = [Sizes { default: 10, unreadable: 1_000_000 }, Sizes { default: 1, unreadable: 1 }];

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let schema = base64::engine::general_purpose::STANDARD.encode(COMPILED.as_slice());
    Policy::parse(&format!("graphql: {{cost: {{schema: \"{schema}\"}}}}")).unwrap()
});

/// Choices: document, sizes. The rest is the text of the variables.
pub(crate) fn check(input: &[u8]) {
    let mut choices = Choices::of(input);
    let text = choices.one_of(&DOCUMENTS);
    let sizes = choices.one_of(&SIZES);
    let mut body = format!("{{\"query\":{},\"variables\":", Value::from(text)).into_bytes();
    body.extend_from_slice(choices.rest());
    body.push(b'}');
    let judgement = judge_body(&POLICY, &body, &mut Desk::default());
    let Ok(Envelope::Single(Request { variables: Some(object), .. })) =
        read(&body, Nesting(64), BatchLength(0))
    else {
        return;
    };
    let supplied = variables(&object, &|value| value);
    for model in [Model::Schemaless, Model::Schema(&TABLE)] {
        let found = estimate(&model, text, sizes, &supplied);
        let least = estimate(&model, text, sizes, &variables(&object, &|_| 0));
        assert!(found.field >= least.field, "{:?} is less than {:?}", found.field, least.field);
        assert!(found.r#type >= least.r#type, "{:?} is less than {:?}", found.r#type, least.r#type);
        let larger = estimate(&model, text, sizes, &variables(&object, &|value| value.saturating_add(9)));
        assert!(
            found.field <= larger.field && found.r#type <= larger.r#type,
            "a larger size lowers the cost"
        );
    }
    if sizes == SIZES[0]
        && let Some(estimate) = judgement.operations.first().and_then(|judged| judged.estimate.as_ref())
        && read(&body, Nesting(64), BatchLength(0)).is_ok_and(|envelope| is_alone(&envelope, text))
    {
        assert_eq!(
            *estimate,
            self::estimate(&Model::Schema(&TABLE), text, sizes, &supplied),
            "the gate disagrees"
        );
    }
}

/// Whether the envelope asks for `text` as it is, not for something that the input added.
fn is_alone(envelope: &Envelope<'_>, text: &str) -> bool {
    match envelope {
        Envelope::Single(request) => {
            request.query.as_deref() == Some(text)
                && request.operation_name.is_none()
                && request.extensions.is_none()
        }
        Envelope::Batch(_) => false,
    }
}

fn estimate(model: &Model<'_>, text: &str, sizes: Sizes, variables: &Variables<'_>) -> Estimate {
    let mut tape = Tape::default();
    let document = parse(text, Budget::default(), &mut tape).unwrap();
    let operation = document.operations().next().unwrap();
    let question = Question { document, operation, variables, sizes, watched: &[] };
    let estimate = model.estimate(&question, &mut Scratch::default());
    // A value is looked at once for each place where it stands.
    let most = 65_536 + 32 * (u64::from(document.tokens()) + 4_096);
    assert!(estimate.steps <= most, "{} steps", estimate.steps);
    estimate
}

/// What the variables are for the cost, each number changed; what is no integer becomes one where `change` of 1 is 0.
fn variables<'r>(object: &'r Object<'_>, change: &dyn Fn(i64) -> i64) -> Variables<'r> {
    object.entries().map(|(name, value)| (name, supplied(value, change))).collect()
}

fn supplied<'r>(value: &'r Json<'_>, change: &dyn Fn(i64) -> i64) -> Supplied<'r> {
    match value {
        Json::Null => Supplied::Null,
        Json::Bool(value) => Supplied::Bool(*value),
        Json::Int(value) => Supplied::Int(change(*value)),
        Json::Float | Json::Text(_) if change(1) == 0 => Supplied::Int(0),
        Json::Float | Json::Text(_) => Supplied::Other,
        Json::List(entries) => Supplied::List(entries.iter().map(|entry| supplied(entry, change)).collect()),
        Json::Object(object) => {
            Supplied::object(object.entries().map(|(name, value)| (name, supplied(value, change))))
        }
    }
}
