use super::*;
use crate::{Scratch, Sizes, Variables};
use portcullis_graphql::{Budget, Tape, parse};

fn breakdown(document: &str, limit: usize) -> Option<Breakdown> {
    let mut tape = Tape::default();
    let document = parse(document, Budget::default(), &mut tape).unwrap();
    let operation = document.operations().next().unwrap();
    let variables = Variables::default();
    let question =
        Question { document, operation, variables: &variables, sizes: Sizes::default(), watched: &[] };
    let found = Model::Schemaless.breakdown(&question, limit)?;
    let estimate = Model::Schemaless.estimate(&question, &mut Scratch::default());
    assert_eq!(found.parts.first().unwrap().total, estimate.field);
    Some(found)
}

fn path(found: &Breakdown, mut place: usize) -> String {
    let mut keys = Vec::new();
    while place != 0 {
        keys.push(found.parts[place].key.as_str());
        place = found.parts[place].around;
    }
    keys.reverse();
    keys.join(".")
}

/// Each place as `path times own total`, costs in thousandths.
#[track_caller]
fn check(document: &str, expected: &[&str]) {
    let found = breakdown(document, 100).unwrap();
    let told: Vec<String> = (1..found.parts.len())
        .map(|place| {
            let part = &found.parts[place];
            format!("{} {} {} {}", path(&found, place), part.times, part.own.milli(), part.total.milli())
        })
        .collect();
    assert_eq!(told, expected, "{document}");
}

#[test]
fn costs_go_where_they_arise() {
    check("{ a { b } }", &["a 1 100 110", "a.b 1 10 10"]);
    check(
        "{ a(first: 3) { b c { d } } }",
        &["a 1 3000 3360", "a.b 3 30 30", "a.c 3 300 330", "a.c.d 3 30 30"],
    );
    check("mutation { a { b } c }", &["a 1 10100 10110", "a.b 1 10 10", "c 1 10010 10010"]);
}

#[test]
fn connections_and_sizes_are_multiplied_as_in_the_estimate() {
    check("{ a { edges { b } } }", &["a 1 100 10200", "a.edges 1 10000 10100", "a.edges.b 10 100 100"]);
    check("{ a(first: 2) { edges { b } } }", &["a 1 2000 2220", "a.edges 2 200 220", "a.edges.b 2 20 20"]);
    check("{ a(size: 50) { b } }", &["a 1 5000 5500", "a.b 50 500 500"]);
    check("{ a(size: 50) { b { c } } }", &["a 1 50000 55500", "a.b 50 5000 5500", "a.b.c 50 500 500"]);
    check("{ a(size: 50) }", &["a 1 500 500"]);
}

#[test]
fn the_same_key_in_one_place_is_one_part_and_costs_twice() {
    check("{ a { b } ...F } fragment F on Q { a { b c } }", &["a 2 200 230", "a.b 2 20 20", "a.c 1 10 10"]);
    check("{ x: a y: a z: a @skip(if: true) }", &["x 1 10 10", "y 1 10 10"]);
}

#[test]
fn what_tells_a_size_is_named() {
    let of = |document: &str| breakdown(document, 100).unwrap().parts[1].size.clone();
    let size = |entries, source| Some(Length { entries, source, of: None });
    assert_eq!(of("{ a(first: 3, last: 4) { b } }"), size(4, SizeSource::Argument("last".to_owned())));
    assert_eq!(of("{ a(first: null) { b } }"), size(10, SizeSource::Configured));
    assert_eq!(of("{ nodes { b } }"), size(10, SizeSource::Configured));
    assert_eq!(of("{ a { b } }"), None);
}

#[test]
fn the_limit_is_inclusive_and_expansion_is_bounded() {
    assert_eq!(breakdown("{ a b }", 2).map(|found| found.parts.len()), Some(3));
    assert_eq!(breakdown("{ a b }", 3).map(|found| found.parts.len()), Some(3));
    assert_eq!(breakdown("{ a b }", 1), None);
    assert_eq!(breakdown("{ a a a }", 2), None);
    assert_eq!(breakdown("{ ...F } fragment F on Q { ...F }", 100), None);
    let levels: String =
        (1..=40).map(|n| format!("fragment F{n} on Q {{ ...F{p} ...F{p} }} ", p = n - 1)).collect();
    assert_eq!(breakdown(&format!("{{ ...F40 }} fragment F0 on Q {{ a }} {levels}"), 1_000), None);
}
