//! A small schema with one of everything that weighs, sizes or multiplies.

use portcullis_cost::{
    InputObject, InputValue, ListSize, OutputField, OutputKind, OutputType, Schema, Slices, Supplied, Table,
    Weight,
};
use std::sync::LazyLock;

/// The compiled table's bytes.
pub(crate) static COMPILED: LazyLock<Vec<u8>> = LazyLock::new(|| schema().compile().unwrap());

/// The table.
pub(crate) static TABLE: LazyLock<Table> = LazyLock::new(|| Table::load(&COMPILED).unwrap());

fn value<'a>(name: &'a str, type_name: &'a str, lists: u8) -> InputValue<'a> {
    InputValue { name, type_name, lists, weight: None, default: None }
}

fn field<'a>(name: &'a str, type_name: &'a str, lists: u8) -> OutputField<'a> {
    OutputField { name, type_name, lists, weight: None, size: None, arguments: Vec::new() }
}

fn of<'a>(name: &'a str, kind: OutputKind<'a>, fields: Vec<OutputField<'a>>) -> OutputType<'a> {
    OutputType { name, kind, fields }
}

fn schema() -> Schema<'static> {
    let plain = || OutputKind::Object(None);
    Schema {
        query: Some("Query"),
        mutation: Some("Mutation"),
        subscription: Some("Subscription"),
        types: vec![
            of("Int", OutputKind::Leaf(None), Vec::new()),
            of("Money", OutputKind::Leaf(Some(Weight::ONE)), Vec::new()),
            of("Query", plain(), queries()),
            of("Mutation", plain(), mutations()),
            of("Subscription", plain(), vec![field("ticks", "Item", 0)]),
            of("Connection", plain(), connection()),
            of("Page", plain(), vec![field("items", "Item", 1), field("total", "Int", 0)]),
            of("Item", OutputKind::Object(Some(Weight::from_milli(1_500))), item()),
            of("User", plain(), vec![field("id", "Int", 0), field("name", "Money", 0), items()]),
            of("Any", OutputKind::Abstract(vec!["Item", "Page", "User"]), Vec::new()),
            of("Node", OutputKind::Abstract(vec!["Item", "User"]), vec![field("id", "Int", 0)]),
        ],
        inputs: vec![InputObject { name: "Filter", fields: filter() }],
        directives: vec![InputObject {
            name: "slow",
            fields: vec![InputValue { weight: Some(Weight::ONE), ..value("by", "Int", 0) }],
        }],
    }
}

fn items() -> OutputField<'static> {
    let size = ListSize {
        assumed: Some(3),
        slicing: vec!["first".into(), "last".into(), "filter.max".into(), "ids".into()],
        ..ListSize::default()
    };
    let first = InputValue { default: Some(Supplied::Int(7)), ..value("first", "Int", 0) };
    OutputField {
        size: Some(size),
        arguments: vec![first, value("last", "Int", 0), value("filter", "Filter", 0), value("ids", "Int", 1)],
        ..field("items", "Item", 1)
    }
}

fn queries() -> Vec<OutputField<'static>> {
    let size = ListSize {
        assumed: None,
        slicing: vec!["first".into(), "last".into()],
        sized: vec!["edges", "page.items"],
        slices: Slices::One,
    };
    let connection = OutputField {
        size: Some(size),
        weight: Some(Weight::from_milli(2_500)),
        arguments: vec![value("first", "Int", 0), value("last", "Int", 0)],
        ..field("connection", "Connection", 0)
    };
    vec![
        items(),
        connection,
        field("any", "Any", 2),
        field("node", "Node", 0),
        field("me", "User", 0),
        field("price", "Money", 3),
    ]
}

fn mutations() -> Vec<OutputField<'static>> {
    let heavy =
        |name, weight| OutputField { weight: Some(Weight::from_milli(weight)), ..field(name, "User", 0) };
    vec![heavy("login", 10_000), heavy("importAll", 500_000), heavy("cheap", -20_000)]
}

fn connection() -> Vec<OutputField<'static>> {
    vec![field("edges", "Item", 1), field("page", "Page", 0), field("total", "Int", 0)]
}

fn item() -> Vec<OutputField<'static>> {
    vec![field("id", "Int", 0), field("price", "Money", 0), field("matrix", "Money", 2), items()]
}

fn filter() -> Vec<InputValue<'static>> {
    let max = InputValue {
        default: Some(Supplied::Int(7)),
        weight: Some(Weight::from_milli(-5)),
        ..value("max", "Int", 0)
    };
    vec![max, value("not", "Filter", 0), value("all", "Filter", 1)]
}
