//! The schema of saleor, a megabyte of it, and the operations its own dashboard sends.

use crate::harness::{BUDGET, estimate, table_with};
use portcullis_analyzer::compile::{Assumptions, Source, compile};
use portcullis_cost::{Cost, Table};
use portcullis_graphql::{Tape, parse};
use std::path::PathBuf;

pub(crate) fn shared(path: &str) -> Option<String> {
    let place = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus").join(path);
    let text = std::fs::read_to_string(&place);
    if text.is_err() {
        println!("{} is absent", place.display());
    }
    text.ok()
}

fn operations() -> Vec<String> {
    let text = shared("operations.jsonl").unwrap_or_default();
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let of_saleor = lines.filter(|line| line["source"].as_str().unwrap().starts_with("saleor/"));
    of_saleor.map(|line| line["query"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_table_is_a_tenth_of_its_schema_at_most() {
    let Some(text) = shared("schemas/saleor.graphql") else { return };
    for assumptions in [Assumptions::Conventions, Assumptions::None] {
        let source = Source { name: "saleor.graphql".to_owned(), text: text.clone() };
        let compiled = compile(&[source], assumptions).unwrap();
        let (table, schema) = (compiled.table.len(), text.len());
        println!("{assumptions:?}: {table} bytes of {schema}, {} assumed", compiled.assumed.len());
        assert!(table * 10 <= schema);
        // Fields of introspection come with it.
        assert!(Table::load(&compiled.table).unwrap().counts().1 > compiled.taken.fields);
    }
}

#[test]
fn every_operation_of_the_dashboard_has_a_finite_cost_and_known_fields() {
    let Some(text) = shared("schemas/saleor.graphql") else { return };
    let table = table_with(&text, Assumptions::Conventions);
    let (mut known, mut unknown) = (0, Vec::new());
    for document in operations() {
        let mut tape = Tape::default();
        if parse(&document, BUDGET, &mut tape).is_err() {
            continue;
        }
        let found = estimate(&table, &document, "{}", &[]);
        assert!(found.field < Cost::MAX && found.r#type < Cost::MAX, "{document}");
        match found.first_unknown {
            None => known += 1,
            Some(first) => unknown.push(first),
        }
    }
    println!("{known} operations with known fields only, {} with unknown ones: {unknown:?}", unknown.len());
    assert!(known > 100);
}
