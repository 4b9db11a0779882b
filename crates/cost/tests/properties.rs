//! Properties of the estimate over generated documents; native only.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use portcullis_cost::{Cost, Model, Question, Scratch, Sizes, Supplied, Variables};
use portcullis_graphql::{Budget, Tape, parse};
use proptest::prelude::*;

fn cost(document: &str, variables: &[(&str, Supplied<'_>)]) -> Cost {
    let mut tape = Tape::default();
    let document = parse(document, Budget::default(), &mut tape).unwrap();
    let operation = document.operations().next().unwrap();
    let variables: Variables<'_> = variables.iter().cloned().collect();
    let question =
        Question { document, operation, variables: &variables, sizes: Sizes::default(), watched: &[] };
    Model::Schemaless.estimate(&question, &mut Scratch::default()).field
}

fn argument() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        any::<i32>().prop_map(|size| format!("(first: {size})")),
        Just("(last: $n)".to_owned()),
        Just("(take: null)".to_owned()),
    ]
}

fn selections() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![Just("a"), Just("b"), Just("...F"), Just("nodes")].prop_map(str::to_owned);
    leaf.prop_recursive(5, 40, 4, |inner| {
        let set = prop::collection::vec(inner, 1..4).prop_map(|parts| parts.join(" "));
        let name = prop_oneof![Just("c"), Just("edges"), Just("... on T"), Just("... @include(if: $v)")];
        (name, argument(), set).prop_map(|(name, argument, set)| {
            let argument = if name.starts_with("...") { "" } else { argument.as_str() };
            format!("{name}{argument} {{ {set} }}")
        })
    })
}

proptest! {
    #[test]
    fn adding_a_field_never_lowers_the_cost(one in selections(), more in selections(), n in any::<i64>(), v in any::<bool>()) {
        let variables = [("n", Supplied::Int(n)), ("v", Supplied::Bool(v))];
        let of = |set: &str| cost(&format!("query($n: Int, $v: Boolean) {{ {set} }} fragment F on T {{ a edges {{ b }} }}"), &variables);
        let (wide, deep) = (format!("{one} {more}"), format!("a {{ {one} }}"));
        prop_assert!(of(&wide) >= of(&one));
        prop_assert!(of(&deep) >= of("a"));
    }

    #[test]
    fn a_larger_size_never_lowers_the_cost(set in selections(), small in any::<i32>(), large in any::<i32>()) {
        let (small, large) = (small.min(large), small.max(large));
        let of = |size: i32| cost(&format!("query {{ x(first: {size}) {{ {set} }} }} fragment F on T {{ a }}"), &[]);
        prop_assert!(of(small) <= of(large));
    }
}
