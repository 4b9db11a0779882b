use super::wire::{Writer, unframe};
use super::*;
use crate::{
    InputObject, InputValue, ListSize, Model, OutputField, OutputKind, OutputType, Question, Schema, Scratch,
    Sizes, Slices, Supplied, Variables, Weight,
};
use portcullis_graphql::{Budget, Tape, parse};

fn value<'a>(name: &'a str, type_name: &'a str) -> InputValue<'a> {
    InputValue { name, type_name, lists: 0, weight: None, default: None }
}

fn field<'a>(name: &'a str, type_name: &'a str, lists: u8) -> OutputField<'a> {
    OutputField { name, type_name, lists, weight: None, size: None, arguments: Vec::new() }
}

/// A schema with one of everything.
fn schema() -> Schema<'static> {
    let size = ListSize {
        assumed: Some(3),
        slicing: vec!["first".into(), "filter.max".into()],
        sized: vec!["edges", "page.items"],
        slices: Slices::One,
    };
    let items = OutputField {
        size: Some(size),
        weight: Some(Weight::from_milli(2_500)),
        arguments: vec![value("first", "Int"), value("filter", "Filter")],
        ..field("items", "Connection", 0)
    };
    let max = InputValue {
        default: Some(Supplied::Int(7)),
        weight: Some(Weight::from_milli(-5)),
        ..value("max", "Int")
    };
    let output = |name, kind, fields| OutputType { name, kind, fields };
    let connection =
        vec![field("edges", "Item", 1), field("page", "Page", 0), field("aFieldWithALongName", "Int", 4)];
    Schema {
        query: Some("Query"),
        mutation: None,
        subscription: None,
        types: vec![
            output("Int", OutputKind::Leaf(None), Vec::new()),
            output("Money", OutputKind::Leaf(Some(Weight::ONE)), Vec::new()),
            output("Query", OutputKind::Object(None), vec![items, field("any", "Any", 2)]),
            output("Connection", OutputKind::Object(None), connection),
            output("Page", OutputKind::Object(None), vec![field("items", "Item", 1)]),
            output(
                "Item",
                OutputKind::Object(Some(Weight::from_milli(1_500))),
                vec![field("id", "Money", 0)],
            ),
            output("Any", OutputKind::Abstract(vec!["Item", "Page"]), Vec::new()),
        ],
        inputs: vec![InputObject { name: "Filter", fields: vec![max, value("not", "Filter")] }],
        directives: vec![InputObject {
            name: "slow",
            fields: vec![InputValue { weight: Some(Weight::ONE), ..value("by", "Int") }],
        }],
    }
}

const DOCUMENT: &str = "{ items(first: 4, filter: { not: { max: 1 } }) @slow(by: 2) { edges { id } page { items { id } } \
    aFieldWithALongName } any { ... on Item { id } ...F } } fragment F on Page { items { id } }";

fn cost(table: &Table) -> (u64, u64) {
    let mut tape = Tape::default();
    let document = parse(DOCUMENT, Budget::default(), &mut tape).unwrap();
    let operation = document.operations().next().unwrap();
    let variables = Variables::default();
    let question =
        Question { document, operation, variables: &variables, sizes: Sizes::default(), watched: &[] };
    let found = Model::Schema(table).estimate(&question, &mut Scratch::default());
    assert!(Model::Schema(table).plan(&question, 100).is_none_or(|plan| plan.places() <= 100));
    (found.field.milli(), found.r#type.milli())
}

#[test]
fn what_is_written_is_read() {
    let bytes = schema().compile().unwrap();
    assert_eq!(schema().compile().unwrap(), bytes);
    let table = Table::load(&bytes).unwrap();
    assert_eq!(table.counts(), (5, 7));
    // items: 2.5, filter 1, not 1, max -0.005 inside it and 7 by default outside: its weight; slow 1; edges 1; page 1, items 1; any
    // 1, and a hundred times items 1 of a page.
    assert_eq!(cost(&table).0, 2_500 + 2_000 - 10 + 1_000 + 3_000 + 1_000 + 100 * 1_000);
    let field = table.coordinate("Connection.aFieldWithALongName").unwrap();
    assert_eq!(table.coordinate_of(field), "Connection.aFieldWithALongName");
    assert_eq!(table.coordinate("Connection.aFieldWithAlongName"), None);
    assert_eq!(table.get(field).map(|field| field.lists), Some(4));
}

#[test]
fn a_table_that_was_cut_is_an_error() {
    let bytes = schema().compile().unwrap();
    for length in 0..bytes.len() {
        assert!(Table::load(bytes.get(..length).unwrap()).is_err(), "{length}");
    }
    let longer: Vec<u8> = bytes.iter().copied().chain([0]).collect();
    assert_eq!(Table::load(&longer).err(), Some(TableError::TrailingBytes));
    assert_eq!(Table::load(b"").err(), Some(TableError::NotATable));
    assert_eq!(Table::load(b"PCLT\x02").err(), Some(TableError::OtherVersion { found: 2 }));
}

#[test]
fn a_table_of_which_a_bit_was_flipped_is_an_error() {
    let bytes = schema().compile().unwrap();
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            *flipped.get_mut(place).unwrap() ^= 1 << bit;
            assert!(Table::load(&flipped).is_err(), "{place} {bit}");
        }
    }
}

#[test]
fn a_table_that_was_made_up_is_an_error_or_harmless() {
    let bytes = schema().compile().unwrap();
    let body = unframe(&bytes).unwrap();
    for place in 0..body.len() {
        for byte in [0, 1, 2, 3, 7, 0x3F, 0x7F, 0x80, 0xFF] {
            let mut changed = body.to_vec();
            *changed.get_mut(place).unwrap() = byte;
            if let Ok(table) = Table::load(&Writer::of(changed).frame().unwrap()) {
                cost(&table);
            }
        }
        if let Ok(table) = Table::load(&Writer::of(body.get(..place).unwrap().to_vec()).frame().unwrap()) {
            cost(&table);
        }
    }
}

#[test]
fn fields_of_one_name_without_end_are_refused_soon() {
    // One name, one object type without members, no roots, inputs, directives, sets and rules; then the same field again and again.
    let mut body = vec![1, 0, 1, b'a', 1, 0, 1, 0, 0, 0, 0, 0, 0, 0];
    let count = 100_000_u32;
    body.extend([(count & 0x7F) as u8 | 0x80, (count >> 7 & 0x7F) as u8 | 0x80, (count >> 14) as u8]);
    body.extend(std::iter::repeat_n([0, 0], count as usize).flatten());
    assert_eq!(Table::load(&Writer::of(body).frame().unwrap()).err(), Some(TableError::Malformed));
}

#[test]
fn what_does_not_resolve_is_said() {
    let check = |change: &dyn Fn(&mut Schema<'static>), expected: BuildError| {
        let mut schema = schema();
        change(&mut schema);
        assert_eq!(schema.compile(), Err(expected));
    };
    check(&|schema| schema.query = Some("Nothing"), BuildError::UnknownType { name: "Nothing".to_owned() });
    check(
        &|schema| {
            schema.types.push(OutputType { name: "Page", kind: OutputKind::Object(None), fields: Vec::new() })
        },
        BuildError::DuplicateType { name: "Page".to_owned() },
    );
    check(
        &|schema| {
            let default = Some(Supplied::object([]));
            schema.inputs = vec![InputObject {
                name: "Filter",
                fields: vec![InputValue { default, ..value("max", "Filter") }],
            }];
        },
        BuildError::EndlessDefault { name: "max".to_owned() },
    );
    check(
        &|schema| schema.inputs.clear(),
        BuildError::UnknownSlicing { field: "items".to_owned(), path: "filter.max".to_owned() },
    );
}
