//! A schema in a line, a document in a line, two costs out.

use portcullis_analyzer::compile::{Assumptions, Source, compile};
use portcullis_cost::{
    Estimate, FieldId, Model, Plan, PlanNode, Question, Scratch, Sizes, Supplied, Table, Variables,
};
use portcullis_framing::{BatchLength, Json, Nesting};
use portcullis_graphql::{Budget, Tape, parse};

pub(crate) const BUDGET: Budget = Budget { tokens: 1_000_000, nesting: 10_000 };

/// A table of a schema by its directives alone.
#[track_caller]
pub(crate) fn table(sdl: &str) -> Table {
    table_with(sdl, Assumptions::None)
}

#[track_caller]
pub(crate) fn table_with(sdl: &str, assumptions: Assumptions) -> Table {
    let source = Source { name: "schema.graphql".to_owned(), text: sdl.to_owned() };
    let compiled = compile(&[source], assumptions).unwrap_or_else(|error| panic!("{error}"));
    Table::load(&compiled.table).unwrap()
}

pub(crate) fn supplied<'a>(value: &'a Json<'_>) -> Supplied<'a> {
    match value {
        Json::Null => Supplied::Null,
        Json::Bool(value) => Supplied::Bool(*value),
        Json::Int(value) => Supplied::Int(*value),
        Json::Float | Json::Text(_) => Supplied::Other,
        Json::List(entries) => Supplied::List(entries.iter().map(supplied).collect()),
        Json::Object(object) => {
            Supplied::object(object.entries().map(|(name, value)| (name, supplied(value))))
        }
    }
}

/// Estimates the first operation of a document with variables in JSON.
#[track_caller]
pub(crate) fn estimate(table: &Table, document: &str, variables: &str, watched: &[FieldId]) -> Estimate {
    let body = format!("{{\"variables\":{variables}}}");
    let envelope = portcullis_framing::read(body.as_bytes(), Nesting(100), BatchLength(1)).unwrap();
    let portcullis_framing::Envelope::Single(request) = envelope else { panic!("{variables}") };
    let variables: Variables<'_> = match &request.variables {
        Some(object) => object.entries().map(|(name, value)| (name, supplied(value))).collect(),
        None => Variables::default(),
    };
    let mut tape = Tape::default();
    let document = parse(document, BUDGET, &mut tape).unwrap_or_else(|error| panic!("{error}: {document}"));
    let operation = document.operations().next().unwrap();
    let question = Question { document, operation, variables: &variables, sizes: Sizes::default(), watched };
    Model::Schema(table).estimate(&question, &mut Scratch::default())
}

/// Sums a plan by what it expects.
pub(crate) fn planned(plan: &Plan, node: PlanNode) -> (u64, u64) {
    let (unit, expected) = (plan.unit(node), plan.expected(node));
    let field = unit.field.milli() * expected.occurrences + unit.entry.milli() * expected.entries;
    let own = (field, unit.r#type.milli() * expected.entries);
    let inside = plan.children(node).map(|(_, child)| planned(plan, child));
    inside.fold(own, |sum, child| (sum.0 + child.0, sum.1 + child.1))
}

/// Field cost and type cost in thousandths.
#[track_caller]
pub(crate) fn costs(sdl: &str, document: &str, variables: &str) -> (u64, u64) {
    let found = estimate(&table(sdl), document, variables, &[]);
    (found.field.milli(), found.r#type.milli())
}

/// Checks the field cost, in units.
#[track_caller]
pub(crate) fn check(sdl: &str, document: &str, units: f64) {
    check_with(sdl, document, "{}", units);
}

#[track_caller]
pub(crate) fn check_with(sdl: &str, document: &str, variables: &str, units: f64) {
    let (field, _) = costs(sdl, document, variables);
    assert_eq!(field as f64 / 1_000.0, units, "{document} with {variables}");
}
