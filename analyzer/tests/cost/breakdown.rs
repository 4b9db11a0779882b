//! Where costs go: the parts of a layout sum up to the estimate, over whole corpora and what only some types have.

use crate::harness::{BUDGET, table, table_with};
use crate::saleor::shared;
use portcullis_analyzer::compile::Assumptions;
use portcullis_cost::{Breakdown, Cost, Model, Question, Scratch, SizeSource, Sizes, Variables};
use portcullis_graphql::{Tape, measure, parse};
use proptest::prelude::*;

/// Most parts of a layout in these tests.
const PARTS: usize = 100_000;

/// The layout of the first operation, whose sum is checked against the estimate.
#[track_caller]
fn broken_down(model: Model<'_>, document: &str) -> Option<Breakdown> {
    let mut tape = Tape::default();
    let parsed = parse(document, BUDGET, &mut tape).ok()?;
    measure(parsed, &mut portcullis_graphql::Scratch::default()).ok()?;
    let operation = parsed.operations().next()?;
    let variables = Variables::default();
    let sizes = Sizes::default();
    let question = Question { document: parsed, operation, variables: &variables, sizes, watched: &[] };
    let estimate = model.estimate(&question, &mut Scratch::default());
    let found = model.breakdown(&question, PARTS)?;
    let root = found.parts.first().unwrap();
    assert_eq!((root.total, root.total_type), (estimate.field, estimate.r#type), "{document}");
    let sum = |part: fn(&portcullis_cost::Part) -> Cost| {
        found.parts.iter().map(part).fold(Cost::ZERO, |sum, cost| sum + cost)
    };
    assert_eq!((sum(|part| part.own), sum(|part| part.own_type)), (estimate.field, estimate.r#type));
    Some(found)
}

fn documents() -> Vec<String> {
    let of = |path: &str, key: &str| -> Vec<String> {
        let text = shared(path).unwrap_or_default();
        let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        lines.filter_map(|line| line[key].as_str().map(str::to_owned)).collect()
    };
    let mut documents = of("operations.jsonl", "query");
    documents.extend(of("syntax_valid.jsonl", "query"));
    documents
}

#[test]
fn parts_sum_up_to_the_estimate_over_the_corpora() {
    let Some(text) = shared("schemas/saleor.graphql") else { return };
    let saleor = table_with(&text, Assumptions::Conventions);
    let documents = documents();
    for model in [Model::Schemaless, Model::Schema(&saleor)] {
        let found = documents.iter().filter(|document| broken_down(model, document).is_some()).count();
        println!("{}: {found} of {} documents", model.version(), documents.len());
        assert!(found > 800);
    }
}

const ABSTRACT: &str = r#"
interface Node { id: ID name: String next(first: Int): [Node] }
type A implements Node @cost(weight: "3") { id: ID name: String next(first: Int): [Node] a: Int @cost(weight: "7") deep: B }
type B implements Node { id: ID name: String @cost(weight: "0.5") next(first: Int): [Node] b(x: Int @cost(weight: "4")): [B] page(first: Int): Page @listSize(slicingArguments: ["first"], sizedFields: ["edges"], requireOneSlicingArgument: false) }
type C { c: [[C]] }
type Page { edges(last: Int): [B] @listSize(slicingArguments: ["last"], requireOneSlicingArgument: false) count: Int }
union Any = A | B | C
directive @dear(by: Int @cost(weight: "5")) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT | QUERY | FRAGMENT_DEFINITION
type Query { node: Node any(first: Int): [Any] @listSize(slicingArguments: ["first"], requireOneSlicingArgument: false) b: B page(first: Int): Page @listSize(slicingArguments: ["first"], sizedFields: ["edges"], requireOneSlicingArgument: false) }
"#;

fn selections() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("id"),
        Just("name"),
        Just("x: a"),
        Just("a"),
        Just("...F"),
        Just("...G @dear(by: 1)"),
        Just("unknown"),
        Just("count"),
        Just("edges { id }"),
        Just("b(x: 3) { id }"),
    ];
    leaf.prop_map(str::to_owned).prop_recursive(5, 40, 5, |inner| {
        let set = prop::collection::vec(inner, 1..5).prop_map(|parts| parts.join(" "));
        let name = prop_oneof![
            Just("node"),
            Just("any(first: 3)"),
            Just("b"),
            Just("page(first: 4)"),
            Just("page"),
            Just("edges"),
            Just("edges(last: 2)"),
            Just("next(first: 2)"),
            Just("deep"),
            Just("c"),
            Just("other(take: 2)"),
            Just("... on A"),
            Just("... on B @dear(by: 2)"),
            Just("... on Node"),
            Just("... on Any"),
            Just("... on C"),
            Just("... on Query"),
            Just("... on Unknown"),
            Just("..."),
            Just("... @skip(if: true)"),
        ];
        (name, set).prop_map(|(name, set)| format!("{name} {{ {set} }}"))
    })
}

proptest! {
    #[test]
    fn parts_sum_up_to_the_estimate_whatever_the_types(set in selections(), f in selections(), g in selections()) {
        let (f, g) = (f.replace("...F", "id").replace("...G", "...H"), g.replace("...F", "id").replace("...G", "name"));
        let document = format!(
            "query @dear(by: 1) {{ {set} }} fragment F on Node {{ {f} }} fragment G on B @dear(by: 1) {{ {g} }} \
             fragment H on Any {{ ... on A {{ a }} ... on C {{ c {{ c {{ __typename }} }} }} }}"
        );
        let table = TABLE.with(std::rc::Rc::clone);
        prop_assert!(broken_down(Model::Schema(&table), &document).is_some(), "{document}");
        prop_assert!(broken_down(Model::Schemaless, &document).is_some(), "{document}");
    }
}

thread_local! {
    static TABLE: std::rc::Rc<portcullis_cost::Table> = std::rc::Rc::new(table(ABSTRACT));
}

#[track_caller]
fn check(document: &str, expected: &[&str]) {
    let found = broken_down(Model::Schema(&table(ABSTRACT)), document).unwrap();
    let told: Vec<String> = found
        .parts
        .iter()
        .skip(1)
        .map(|part| {
            let size = part.size.as_ref().map(|size| {
                let by = match &size.source {
                    SizeSource::Argument(path) => path.clone(),
                    SizeSource::ArgumentDefault(path) => format!("{path} by default"),
                    SizeSource::Assumed => "assumed".to_owned(),
                    SizeSource::Configured => "configured".to_owned(),
                };
                let of = size.of.as_ref().map(|of| format!(" of {of}")).unwrap_or_default();
                format!(" [{} by {by}{of}]", size.entries)
            });
            let (times, total, types) = (part.times, part.total.milli(), part.total_type.milli());
            format!("{} {times} {total} {types}{}", part.field, size.unwrap_or_default())
        })
        .collect();
    assert_eq!(told, expected, "{document}");
}

#[test]
fn a_size_told_further_up_counts_where_the_list_is() {
    check(
        "{ page(first: 20) { count edges { id } } }",
        &[
            "Query.page 1 2000 21000",
            "Page.count 1 0 0",
            "Page.edges 1 1000 20000 [20 by first of page]",
            "B.id 20 0 0",
        ],
    );
}

#[test]
fn of_two_possible_types_the_dearer_counts_for_each_of_both_costs() {
    check(
        "{ any(first: 3) { ... on A { a } ... on B { b { id } } } }",
        &[
            "Query.any 1 22000 39000 [3 by first]",
            "A.a 3 21000 0",
            "B.b 0 0 30000 [10 by configured]",
            "B.id 0 0 0",
        ],
    );
}
