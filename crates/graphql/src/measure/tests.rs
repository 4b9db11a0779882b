use crate::{AliasLimits, Budget, MeasureError, Measures, Scratch, Tape, measure, measure_against, parse};

const WIDE: Budget = Budget { tokens: 1_000_000, nesting: 1_000 };
const ONE: Measures = Measures {
    tokens: 0,
    operations: 1,
    fragments: 0,
    depth: 1,
    fields: 1,
    root_fields: 1,
    aliases: 0,
    aliases_per_field: 0,
    directives: 0,
    introspection: false,
};

fn result(document: &str) -> Result<Measures, MeasureError> {
    measure(parse(document, WIDE, &mut Tape::default()).unwrap(), &mut Scratch::default())
}

/// Checks everything but the number of tokens.
#[track_caller]
fn check(document: &str, expected: Measures) {
    assert_eq!(
        result(document).map(|measures| Measures { tokens: 0, ..measures }),
        Ok(expected),
        "{document}"
    );
}

#[track_caller]
fn fail(document: &str, expected: MeasureError) {
    assert_eq!(result(document), Err(expected), "{document}");
}

#[test]
fn a_field_is_a_field() {
    check("{ a }", ONE);
    check("{ a b __typename }", Measures { fields: 3, root_fields: 3, ..ONE });
    check("{ a { b { c } } d }", Measures { fields: 4, root_fields: 2, depth: 3, ..ONE });
    assert_eq!(result("{ a(b: 1) }").unwrap().tokens, 8);
}

#[test]
fn fragments_add_no_depth() {
    check("{ ... { ... on T { a { b } } } }", Measures { fields: 2, depth: 2, ..ONE });
    check(
        "{ a { ...F } } fragment F on T { b { ...G } } fragment G on T { c }",
        Measures { fragments: 2, fields: 3, depth: 3, ..ONE },
    );
}

#[test]
fn a_fragment_is_as_deep_as_its_deepest_spread() {
    check(
        "{ ...F a { b { ...F } } } fragment F on T { c }",
        Measures { fragments: 1, fields: 4, root_fields: 2, depth: 3, ..ONE },
    );
    check(
        "{ a { b { ...F } } ...F } fragment F on T { c }",
        Measures { fragments: 1, fields: 4, root_fields: 2, depth: 3, ..ONE },
    );
}

#[test]
fn root_fields_are_found_in_fragments() {
    check(
        "{ a ... { b ...F } } fragment F on T { c d { e } ... on T { f ...G } } fragment G on T { g }",
        Measures { fragments: 2, fields: 7, root_fields: 6, depth: 2, ..ONE },
    );
}

#[test]
fn a_fragment_counts_wherever_it_is_spread() {
    let two = "{ ...F a { ...F } } fragment F on T { x: b @d c }";
    check(
        two,
        Measures {
            fragments: 1,
            fields: 5,
            root_fields: 3,
            depth: 2,
            aliases: 2,
            aliases_per_field: 1,
            directives: 2,
            ..ONE
        },
    );
}

#[test]
fn unused_and_unknown_fragments_count_as_nothing() {
    check("{ a ...X } fragment F on T { b { c x: d } }", Measures { fragments: 1, ..ONE });
    check("{ ...X }", Measures { depth: 1, fields: 0, root_fields: 0, ..ONE });
}

#[test]
fn limits_are_judged_over_all_operations() {
    check(
        "query A { a b c } mutation B { x: d { y: d } } subscription C @e @e @e { f }",
        Measures {
            operations: 3,
            fields: 3,
            root_fields: 3,
            depth: 2,
            aliases: 2,
            aliases_per_field: 1,
            directives: 3,
            ..ONE
        },
    );
    check(
        "fragment F on T { a }",
        Measures { operations: 0, fragments: 1, depth: 0, fields: 0, root_fields: 0, ..ONE },
    );
}

#[test]
fn every_directive_counts() {
    check("query($v: Int @a @a) @a { b @a @a }", Measures { directives: 5, ..ONE });
    check(
        "{ ...F ...F @a @a } fragment F on T @a { b @a ... @a { c } }",
        Measures { fragments: 1, fields: 4, root_fields: 4, directives: 8, ..ONE },
    );
    check("{ b } fragment F on T @a { b @a }", Measures { fragments: 1, directives: 2, ..ONE });
    check("query A @a { b } query C @a { d }", Measures { operations: 2, directives: 2, ..ONE });
}

#[test]
fn an_alias_is_a_second_field() {
    check("{ a: x b: x }", Measures { fields: 2, root_fields: 2, aliases: 2, aliases_per_field: 2, ..ONE });
    check("{ a: x b: y x }", Measures { fields: 3, root_fields: 3, aliases: 2, aliases_per_field: 1, ..ONE });
    check("{ a: x }", Measures { aliases: 1, aliases_per_field: 1, ..ONE });
}

#[test]
fn aliases_of_a_field_add_up_in_one_place() {
    check(
        "{ a: x { c: x d: x } b: x ... { e: x } }",
        Measures { fields: 5, root_fields: 3, depth: 2, aliases: 5, aliases_per_field: 3, ..ONE },
    );
    check(
        "{ a: x ...F b { ...F } } fragment F on T { c: x d: y e: y ...G } fragment G on T { f: x }",
        Measures {
            fragments: 2,
            fields: 10,
            root_fields: 6,
            depth: 2,
            aliases: 9,
            aliases_per_field: 3,
            ..ONE
        },
    );
}

#[test]
fn the_same_alias_again_is_the_same_entry_of_the_response() {
    check("{ a: x a: x }", Measures { fields: 2, root_fields: 2, aliases: 2, aliases_per_field: 1, ..ONE });
    check("{ a: x a: y }", Measures { fields: 2, root_fields: 2, aliases: 2, aliases_per_field: 1, ..ONE });
    check(
        "{ ...F ...F ... { ...F } } fragment F on T { a: x b: x }",
        Measures { fragments: 1, fields: 6, root_fields: 6, aliases: 6, aliases_per_field: 2, ..ONE },
    );
    check(
        "{ ...F ...G } fragment F on T { a: x b: x } fragment G on T { b: x c: x }",
        Measures { fragments: 2, fields: 4, root_fields: 4, aliases: 4, aliases_per_field: 3, ..ONE },
    );
}

#[test]
fn places_are_those_of_the_response() {
    let most = |document: &str, expected: u32| {
        assert_eq!(result(document).unwrap().aliases_per_field, expected, "{document}");
    };
    most("{ a { x: l } a { y: l } a { z: l } }", 3);
    most("{ a { x: l } b: a { y: l } }", 1);
    most("{ b: a { x: l } b: a { y: l } }", 2);
    most("{ a { x: l } ...F } fragment F on T { a { y: l } }", 2);
    most(
        "{ ...F ...G } fragment F on T { a { b { x: l } } } fragment G on T { a { ... { b { y: l } } } }",
        2,
    );
    most("{ a { ...F } a { b { y: l } } } fragment F on T { b { ...G } } fragment G on T { x: l }", 2);
    most("{ a { b { x: l } } b { a { y: l } } }", 1);
    most("{ a { x: l } } query Q { a { y: l } }", 1);
    most("{ a { x: l } ...F } fragment F on T { b { y: l } c { x: l } }", 1);
}

#[test]
fn aliases_inside_a_fragment_are_found_below_its_root() {
    check(
        "{ ...F } fragment F on T { a { b: x c: x ...G } } fragment G on T { d: x e: x }",
        Measures {
            fragments: 2,
            fields: 5,
            root_fields: 1,
            depth: 2,
            aliases: 4,
            aliases_per_field: 4,
            ..ONE
        },
    );
}

#[test]
fn introspection_is_a_field_and_nothing_else() {
    let is = |document: &str| result(document).unwrap().introspection;
    assert!(is("{ __schema { a } }"));
    assert!(is("{ __type(name: \"T\") { a } }"));
    assert!(is("{ a: __schema { b } }"));
    assert!(is("{ a } fragment F on T { b { __type } }"));
    assert!(!is("{ __typename __types schema _schema a__type }"));
    assert!(!is(
        "query __schema { __type: a ...__type } fragment __type on __schema { b(__schema: __type) @__type }"
    ));
}

#[test]
fn counts_saturate() {
    let mut text = "{ ...F0 }".to_owned();
    for level in 0..30 {
        text.push_str(&format!("fragment F{level} on T {{ ...F{0} ...F{0} ...F{0} ...F{0} }}", level + 1));
    }
    text.push_str("fragment F30 on T { a: x @d }");
    let most = u32::MAX;
    check(
        &text,
        Measures {
            fragments: 31,
            fields: most,
            root_fields: most,
            aliases: most,
            aliases_per_field: 1,
            directives: most,
            ..ONE
        },
    );
}

#[test]
fn cycles_are_found() {
    fail("{ ...A } fragment A on Q { ...B } fragment B on Q { ...A }", MeasureError::Cycle { at: 55 });
    fail("{ ...A } fragment A on Q { x { ... on Q { ...A } } }", MeasureError::Cycle { at: 45 });
    fail("{ a } fragment A on Q { ...A }", MeasureError::Cycle { at: 27 });
}

#[test]
fn names_are_unique() {
    fail(
        "{ a } fragment F on T { a } fragment G on T { a } fragment F on T { b }",
        MeasureError::DuplicateFragment { at: 59 },
    );
    fail("query A { a } query B { a } mutation A { a }", MeasureError::DuplicateOperation { at: 37 });
    check(
        "query A { a } query B { a } fragment A on T { a }",
        Measures { operations: 2, fragments: 1, ..ONE },
    );
    check("{ a } { b }", Measures { operations: 2, ..ONE });
}

#[test]
fn an_unused_fragment_counts_against_a_limit_as_it_does_exactly() {
    let aliases: String = (0..11).map(|number| format!("a{number}: x ")).collect();
    let text = format!("{{ a: y b: z }} fragment F on T {{ {aliases} }}");
    let mut tape = Tape::default();
    let document = parse(&text, WIDE, &mut tape).unwrap();
    let against = |per_field| {
        let limits = AliasLimits { all: 60, per_field };
        measure_against(document, limits, &mut Scratch::default()).unwrap().aliases_per_field
    };
    assert_eq!(result(&text).unwrap().aliases_per_field, 11);
    assert_eq!((against(10), against(11)), (11, 11));
}
