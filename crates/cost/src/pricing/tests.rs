use crate::{
    Estimate, InputObject, InputValue, ListSize, Model, OutputField, OutputKind, OutputType, Question,
    Schema, Scratch, Sizes, Slices, Supplied, Table, Variables, Weight,
};
use portcullis_graphql::{Budget, Tape, parse};
use std::fmt::Write as _;

fn value<'a>(name: &'a str, type_name: &'a str, lists: u8) -> InputValue<'a> {
    InputValue { name, type_name, lists, weight: None, default: None }
}

/// `t(input: R, ids: [Int], heavy: H): [T]`, sized by what is in `input` or by the length of `ids`.
fn table() -> Table {
    let slicing = ["input.first", "input.page.first", "input.page.last", "ids"].map(Into::into).to_vec();
    let size = ListSize { assumed: Some(2), slicing, sized: Vec::new(), slices: Slices::Any };
    let t = OutputField {
        name: "t",
        type_name: "T",
        lists: 1,
        weight: None,
        size: Some(size),
        arguments: vec![value("input", "R", 0), value("ids", "Int", 1), value("heavy", "H", 0)],
    };
    let w = InputValue { weight: Some(Weight::ONE), ..value("w", "Int", 0) };
    let d = InputValue { default: Some(Supplied::Int(1)), ..w.clone() };
    let d = InputValue { name: "d", ..d };
    let output = |name, kind, fields| OutputType { name, kind, fields };
    let schema = Schema {
        query: Some("Query"),
        mutation: None,
        subscription: None,
        types: vec![
            output("Int", OutputKind::Leaf(None), Vec::new()),
            output("Query", OutputKind::Object(None), vec![t.clone()]),
            output("T", OutputKind::Object(None), vec![t]),
        ],
        inputs: vec![
            InputObject { name: "R", fields: vec![value("first", "Int", 0), value("page", "P", 0)] },
            InputObject { name: "P", fields: vec![value("first", "Int", 0), value("last", "Int", 0)] },
            InputObject { name: "H", fields: vec![w, d, value("all", "H", 1)] },
        ],
        directives: Vec::new(),
    };
    Table::load(&schema.compile().unwrap()).unwrap()
}

#[track_caller]
fn estimate(text: &str, variables: &Variables<'_>) -> Estimate {
    let mut tape = Tape::default();
    let document = parse(text, Budget { tokens: u32::MAX, nesting: 200 }, &mut tape).unwrap();
    let operation = document.operations().next().unwrap();
    let question = Question { document, operation, variables, sizes: Sizes::default(), watched: &[] };
    Model::Schema(&table()).estimate(&question, &mut Scratch::default())
}

fn cost(text: &str) -> u64 {
    estimate(text, &Variables::default()).field.milli()
}

/// A variable with so many entries in its default, used so often.
fn document(type_name: &str, entry: &str, argument: &str, (entries, uses): (usize, usize)) -> String {
    let (open, close) = if type_name.starts_with('[') { ('[', ']') } else { ('{', '}') };
    let mut text = format!("query($v: {type_name} = {open}{}{close}) {{", entry.repeat(entries));
    for number in 0..uses {
        write!(text, " a{number}: t({argument}) {{ t {{ __typename }} }}").unwrap();
    }
    text + " }"
}

/// What is scanned is steps, and no more than twice as many where there is twice as much of everything.
#[track_caller]
fn is_linear(type_name: &str, entry: &str, argument: &str) {
    let steps = |size| {
        let found = estimate(&document(type_name, entry, argument, size), &Variables::default());
        assert!(found.field < crate::Cost::MAX, "{size:?} ran out of steps");
        found.steps
    };
    let (once, long, both) = (steps((1, 1)), steps((1_000, 1)), steps((1_000, 300)));
    assert!(long - once >= 999, "{} steps for 1,000 entries", long - once);
    let doubled = steps((2_000, 600));
    assert!(doubled <= 2 * both + 100, "{both} steps, then {doubled}");
}

#[test]
fn a_default_is_read_once_however_often_it_is_used() {
    is_linear("R", "a: 1 ", "input: $v");
    is_linear("[Int]", "1 ", "ids: $v");
    is_linear("P", "a: 1 ", "input: {page: $v}");
    is_linear("H", "w: 1 ", "heavy: $v");
    is_linear("H", "all: [{w: 1}] ", "heavy: $v");
    is_linear("[H]", "{w: 1} ", "heavy: {all: $v}");
}

#[test]
fn a_supplied_value_is_weighed_once_however_often_it_is_used() {
    let all = |entries| Supplied::List(vec![Supplied::object([("w", Supplied::Int(1))]); entries]);
    let steps = |(entries, uses)| {
        let variables: Variables<'_> =
            [("v", Supplied::object([("all", all(entries))]))].into_iter().collect();
        let found = estimate(&document("H", "", "heavy: $v", (0, uses)), &variables);
        assert!(found.field < crate::Cost::MAX, "ran out of steps");
        found.steps
    };
    let (both, doubled) = (steps((1_000, 300)), steps((2_000, 600)));
    assert!(both >= 1_000 && doubled <= 2 * both + 100, "{both} steps, then {doubled}");
}

#[test]
fn a_long_literal_says_what_a_short_one_does() {
    let others = "x: 1 y: {first: 3} ".repeat(9);
    // Itself, twelve in it, and the objects of its arguments.
    let pages = [("first: 12", 14_000), ("page: {last: 12}", 15_000), ("page: {first: 3 last: 12}", 15_000)];
    for (page, expected) in pages {
        let (short, long) = (format!("{{{page}}}"), format!("{{{others} {page} {others}}}"));
        for literal in [&short, &long] {
            let inline = cost(&format!("{{ t(input: {literal}) {{ t {{ __typename }} }} }}"));
            assert_eq!(inline, expected, "{literal}");
            let twice = "a: t(input: $v) { t { __typename } } b: t(input: $v) { t { __typename } }";
            assert_eq!(cost(&format!("query($v: R = {literal}) {{ {twice} }}")), 2 * expected, "{literal}");
        }
    }
    // What is written twice is unclear, wherever it stands.
    let twice = |others: &str| {
        cost(&format!("{{ t(input: {{first: 1 {others} first: 2}}) {{ t {{ __typename }} }} }}"))
    };
    assert_eq!(twice(""), twice(&others));
    assert!(twice("") > 1_000_000_000);
    assert_eq!(cost("{ t(ids: [1 2 3]) { t { __typename } } }"), 4_000);
    assert_eq!(cost(&format!("{{ t(ids: [{}]) {{ t {{ __typename }} }} }}", "1 ".repeat(20))), 21_000);
}

#[test]
fn a_weight_is_remembered_for_the_type_that_is_expected() {
    // Each `H` has `d` by default; the weight of `w` counts as often as it stands there.
    let once = cost("query($v: H = {w: 1}) { t(heavy: $v) { __typename } }");
    let twice =
        cost("query($v: H = {w: 1}) { a: t(heavy: $v) { __typename } b: t(heavy: $v) { __typename } }");
    assert_eq!(twice, 2 * once);
    // `R` has nothing that weighs.
    let other =
        cost("query($v: H = {w: 1}) { a: t(heavy: $v) { __typename } b: t(input: $v) { __typename } }");
    assert!(other < twice && other > once, "{other}");
    let inside = cost("query($v: H = {w: 1}) { t(heavy: {all: [$v $v {w: 1}]}) { __typename } }");
    let written = cost("{ t(heavy: {all: [{w: 1} {w: 1} {w: 1}]}) { __typename } }");
    assert_eq!(inside, written);
}

#[test]
fn arguments_are_steps() {
    let steps = |arguments: usize| {
        estimate(&format!("{{ t({}) {{ __typename }} }}", "x: 1 ".repeat(arguments)), &Variables::default())
            .steps
    };
    assert!(steps(1_000) - steps(10) >= 990);
}
