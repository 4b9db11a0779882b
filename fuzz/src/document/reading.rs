//! Everything that a verdict is made of, for one document.

use super::WIDE;
use crate::schema::TABLE;
use portcullis_cost::{Estimate, Model, Question, Sizes, Supplied, Variables};
use portcullis_graphql::{
    Document, Measures, Operation, OperationKind, Scratch, ShapeHash, Tape, introspection_depth, measure,
    parse, shape,
};
use std::mem::discriminant;

/// What was found in a document.
#[derive(Debug, PartialEq)]
pub(super) struct Reading {
    pub(super) measures: Result<Measures, std::mem::Discriminant<portcullis_graphql::MeasureError>>,
    pub(super) introspection: u32,
    pub(super) shape: ShapeHash,
    pub(super) operations: Vec<OperationReading>,
}

#[derive(Debug, PartialEq)]
pub(super) struct OperationReading {
    kind: OperationKind,
    pub(super) schemaless: Estimate,
    pub(super) schema: Estimate,
    /// Steps from which on an estimate may be coarser than it could be.
    pub(super) ample: u64,
}

impl Reading {
    /// Nothing when it does not parse.
    pub(super) fn of(text: &str, supply: u8) -> Option<Self> {
        let mut tape = Tape::default();
        let document = parse(text, WIDE, &mut tape).ok()?;
        let measures = measure(document, &mut Scratch::default()).map_err(|error| discriminant(&error));
        let operations =
            document.operations().take(8).map(|operation| estimates(document, operation, supply));
        Some(Self {
            measures,
            introspection: introspection_depth(document),
            shape: shape(document),
            operations: operations.collect(),
        })
    }
}

fn estimates(document: Document<'_>, operation: Operation<'_>, supply: u8) -> OperationReading {
    let kinds = (0..=u8::MAX).cycle().skip(usize::from(supply));
    let supplied: Vec<_> = operation.variables().map(|variable| variable.name()).zip(kinds).collect();
    // A variable that is declared twice has one value.
    let supplied =
        supplied.iter().filter(|(name, _)| supplied.iter().filter(|(other, _)| other == name).count() == 1);
    let variables: Variables<'_> = supplied.filter_map(|(name, kind)| Some((*name, value(*kind)?))).collect();
    let watched: Vec<_> = ["Query.items", "Mutation.login", "Item.id"]
        .iter()
        .filter_map(|name| TABLE.coordinate(name))
        .collect();
    let estimate = |model: Model<'_>| {
        let question = Question {
            document,
            operation,
            variables: &variables,
            sizes: Sizes::default(),
            watched: &watched,
        };
        if let Some(plan) = model.plan(&question, 200) {
            assert!(plan.places() <= 200);
        }
        model.estimate(&question, &mut portcullis_cost::Scratch::default())
    };
    let schema = estimate(Model::Schema(&TABLE));
    let most = 65_536 + 32 * u64::from(document.tokens());
    assert!(schema.steps <= most + 8_192, "{} steps for {} tokens", schema.steps, document.tokens());
    OperationReading {
        kind: operation.kind(),
        schemaless: estimate(Model::Schemaless),
        schema,
        ample: most / 2,
    }
}

/// One of the kinds of values; for some, none.
fn value(kind: u8) -> Option<Supplied<'static>> {
    match kind % 9 {
        0 => Some(Supplied::Int(5)),
        1 => Some(Supplied::Int(-3)),
        2 => Some(Supplied::Null),
        3 => Some(Supplied::Bool(true)),
        4 => Some(Supplied::Bool(false)),
        5 => Some(Supplied::Other),
        6 => Some(Supplied::List(vec![Supplied::Int(1), Supplied::Null, Supplied::Int(3)])),
        7 => Some(Supplied::object([("max", Supplied::Int(9)), ("first", Supplied::Int(4))])),
        _ => None,
    }
}
