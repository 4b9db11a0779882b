//! Hostile shapes cost work in proportion to their size, in steps and in nodes, never in time.
#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

use portcullis_graphql::{Budget, MeasureError, Measures, Scratch, Tape, measure, parse};

/// Checks the steps that measuring takes against three times the tokens.
#[track_caller]
fn check(text: &str) -> Measures {
    let wide = Budget { tokens: u32::MAX, nesting: 60_000 };
    let (mut tape, mut scratch) = (Tape::default(), Scratch::default());
    let document = parse(text, wide, &mut tape).unwrap();
    let measures = measure(document, &mut scratch).unwrap();
    let bound = u64::from(document.tokens()) * 3 + 4_096;
    assert!(scratch.steps() <= bound, "{} steps for {} tokens", scratch.steps(), document.tokens());
    let walked = document.operations().map(|each| each.selections().count()).sum::<usize>()
        + document.fragments().map(|each| each.selections().count()).sum::<usize>();
    assert!(walked <= document.tokens() as usize, "{walked} selections walked");
    measures
}

fn fragments(count: u32, body: impl Fn(u32) -> String) -> String {
    (0..count).map(|number| format!("fragment F{number} on T {{ {} }} ", body(number))).collect()
}

#[test]
fn exponential_fragments() {
    let text = format!(
        "{{ ...F0 }} {}",
        fragments(30, |n| if n == 29 { "x: a @d".into() } else { format!("...F{0} ...F{0}", n + 1) })
    );
    assert_eq!(check(&text).fields, 1 << 29);
    let text = format!(
        "{{ ...F0 }} {}",
        fragments(2_000, |n| if n == 1_999 {
            "x: a y: b".into()
        } else {
            format!("...F{0} b {{ ...F{0} }}", n + 1)
        })
    );
    assert_eq!(check(&text).fields, u32::MAX);
}

#[test]
fn a_chain_of_fragments() {
    let text = format!(
        "{{ ...F0 }} {}",
        fragments(5_000, |n| if n == 4_999 { "a".into() } else { format!("a {{ ...F{} }}", n + 1) })
    );
    assert_eq!(check(&text).depth, 5_000);
}

#[test]
fn unused_fragments() {
    assert_eq!(check(&format!("{{ a }} {}", fragments(2_000, |_| "a { b }".into()))).fields, 1);
}

#[test]
fn a_fan_of_spreads() {
    let text = format!("{{ {} }} {}", "...F7 ".repeat(20_000), fragments(2_000, |_| "a".into()));
    assert_eq!(check(&text).root_fields, 20_000);
}

#[test]
fn fields_and_nothing_else() {
    assert_eq!(check(&format!("{{ {} }}", "a ".repeat(100_000))).fields, 100_000);
}

#[test]
fn nesting_of_every_kind() {
    let nested = |open: &str, inside: &str, close: &str| {
        format!("{}{inside}{}", open.repeat(50_000), close.repeat(50_000))
    };
    assert_eq!(check(&nested("{ a ", "", "}")).depth, 50_000);
    assert_eq!(check(&format!("{{ a {} }}", nested("... {", "b", "}"))).depth, 1);
    check(&format!("{{ a(b: {}) }}", nested("[", "", "]")));
    check(&format!("{{ a(b: {}) }}", nested("{ c: ", "1", "}")));
    check(&format!("query ($a: {}) {{ b }}", nested("[", "I", "]")));
}

#[test]
fn aliases_of_many_fields_in_one_place() {
    let distinct = (0..20_000).map(|n| format!("x: f{n} ")).collect::<String>();
    assert_eq!(check(&format!("{{ {distinct} }}")).aliases_per_field, 1);
    assert_eq!(check(&format!("{{ {} }}", "x: f ".repeat(20_000))).aliases_per_field, 1);
    let brute_force = (0..20_000).map(|n| format!("x{n}: f ")).collect::<String>();
    assert!(check(&format!("{{ {brute_force} }}")).aliases_per_field >= 20_000);
}

#[test]
fn aliases_of_few_fields_in_many_places() {
    let alternating = (0..20_000).map(|n| format!("x{n}: f y{n}: g ")).collect::<String>();
    assert_eq!(check(&format!("{{ {alternating} }}")).aliases_per_field, 20_000);
    let nested = format!("{{ {} a {} }}", "x: f { y: f ".repeat(5_000), "}".repeat(5_000));
    assert_eq!(check(&nested).aliases_per_field, 2);
    let apart = (0..20_000).map(|n| format!("p{n} {{ x: f }} ")).collect::<String>();
    assert_eq!(check(&format!("{{ {apart} }}")).aliases_per_field, 1);
}

#[test]
fn a_repeated_name_among_many_that_are_not() {
    let distinct = |from: u32| (from..from + 10_000).map(|n| format!("x: f{n} ")).collect::<String>();
    let text = format!("{{ y: f0 {} ...F z: f0 }} fragment F on T {{ {} }}", distinct(0), distinct(10_000));
    assert_eq!(check(&text).aliases_per_field, 3);
}

#[test]
fn definitions_and_nothing_else() {
    let anonymous = check(&"{ a }".repeat(20_000));
    assert_eq!((anonymous.operations, anonymous.fields), (20_000, 1));
    let named = (0..20_000).map(|n| format!("query Q{n} {{ x: a y: a }} ")).collect::<String>();
    assert_eq!(check(&named).aliases_per_field, 2);
}

#[test]
fn details_and_nothing_else() {
    check(&format!("{{ a {} }}", "@b ".repeat(20_000)));
    check(&format!("{{ a(b: [{}]) }}", "1 $c [] {} \"\" E ".repeat(10_000)));
    check(&format!("query ({}) {{ a }}", "\"\" $a: [T!]! = 1 @b ".repeat(10_000)));
    check(&format!("{{ a {} }}", "#\n,\u{FEFF}".repeat(20_000)));
    check(&format!("{{ {} }}", "... { a(b: 1) @c { d } } ".repeat(5_000)));
}

#[test]
fn merging_aliases_again_and_again_is_given_up() {
    // Each fragment adds an alias of its own to all those of the fragments below: quadratic if it were carried through.
    let text = format!(
        "{{ ...F0 }} {}",
        fragments(2_000, |n| if n == 1_999 { "x: a".into() } else { format!("x: f{n} ...F{}", n + 1) })
    );
    let measures = check(&text);
    assert_eq!((measures.aliases, measures.aliases_per_field), (2_000, u32::MAX));
}

#[test]
fn merging_aliases_within_the_budget_is_exact() {
    let text = format!(
        "{{ ...F0 ...F0 }} {}",
        fragments(40, |n| if n == 39 { "x: a".into() } else { format!("x{n}: a y: f{n} ...F{}", n + 1) })
    );
    assert_eq!(check(&text).aliases_per_field, 40);
}

#[test]
fn names_that_look_alike() {
    // The same length, the same first and last eight bytes.
    let name = |n: u32| format!("aaaaaaaa{n:05}zzzzzzzz");
    let text: String =
        (0..3_000).map(|n| format!("fragment {} on T {{ a ...{} }} ", name(n), name(n + 1))).collect();
    let text = format!("{{ ...{} }} {text}", name(0));
    assert_eq!(check(&text).fields, 3_000);
}

#[test]
fn a_long_cycle() {
    let text = format!("{{ ...F0 }} {}", fragments(3_000, |n| format!("...F{}", (n + 1) % 3_000)));
    let (mut tape, mut scratch) = (Tape::default(), Scratch::default());
    let document = parse(&text, Budget { tokens: u32::MAX, nesting: 10 }, &mut tape).unwrap();
    assert!(matches!(measure(document, &mut scratch), Err(MeasureError::Cycle { .. })));
}
