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

/// The schema with what `compile` assumes written into it.
fn with_directives(text: &str) -> String {
    let size = r#"@listSize(slicingArguments: ["first", "last"], sizedFields: ["edges"], requireOneSlicingArgument: false)"#;
    let line = |line: &str| match line
        .strip_prefix("  ): ")
        .and_then(|rest| rest.split_once(' ').or(Some((rest, ""))))
    {
        Some((returns, rest)) if returns.trim_end_matches('!').ends_with("Connection") => {
            format!("  ): {returns} {size} {rest}\n")
        }
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

#[test]
fn directives_that_say_what_is_assumed_cost_the_same() {
    let Some(text) = shared("schemas/saleor.graphql") else { return };
    let directed = with_directives(&text);
    let source = Source { name: "saleor.graphql".to_owned(), text: directed.clone() };
    let compiled = compile(&[source], Assumptions::Conventions).unwrap();
    println!(
        "{} list sizes, {} assumed, {} bytes",
        compiled.taken.list_sizes,
        compiled.assumed.len(),
        compiled.table.len()
    );
    assert!(compiled.taken.list_sizes > 60 && compiled.assumed.is_empty());
    assert!(compiled.table.len() * 10 <= directed.len());
    let (said, assumed) =
        (Table::load(&compiled.table).unwrap(), table_with(&text, Assumptions::Conventions));
    for document in operations() {
        let mut tape = Tape::default();
        if parse(&document, BUDGET, &mut tape).is_ok() {
            let cost = |table| estimate(table, &document, "{}", &[]);
            assert_eq!(cost(&said).field, cost(&assumed).field, "{document}");
        }
    }
}

#[test]
fn every_operation_of_the_dashboard_has_a_finite_cost_and_known_fields() {
    let Some(text) = shared("schemas/saleor.graphql") else { return };
    let table = table_with(&text, Assumptions::Conventions);
    let (mut known, mut unknown, mut costs) = (0, Vec::new(), Vec::new());
    for document in operations() {
        let mut tape = Tape::default();
        if parse(&document, BUDGET, &mut tape).is_err() {
            continue;
        }
        let found = estimate(&table, &document, "{}", &[]);
        assert!(found.field < Cost::MAX && found.r#type < Cost::MAX, "{document}");
        costs.push((found.field.units(), found.r#type.units()));
        match found.first_unknown {
            None => known += 1,
            Some(first) => unknown.push(first),
        }
    }
    println!("{known} operations with known fields only, {} with unknown ones: {unknown:?}", unknown.len());
    let (mut fields, mut types): (Vec<_>, Vec<_>) = costs.into_iter().unzip();
    for (name, costs) in [("field", &mut fields), ("type", &mut types)] {
        costs.sort_unstable();
        let share = |part: usize| costs.get((costs.len() - 1) * part / 100).copied();
        let above = |limit: u64| costs.iter().filter(|cost| **cost > limit).count();
        println!(
            "{name} cost: p50 {:?} p90 {:?} p99 {:?} max {:?}; above 5,000: {}, above 20,000: {}",
            share(50),
            share(90),
            share(99),
            share(100),
            above(5_000),
            above(20_000)
        );
    }
    assert!(known > 100);
}
