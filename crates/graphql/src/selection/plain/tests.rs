use super::*;
use crate::{Budget, Document, Selection, Tape, parse};

fn told(plain: Plain<'_>) -> String {
    let name = |bare: Bare<'_>| String::from_utf8_lossy(bare.name()).into_owned();
    match plain {
        Plain::Leaf(bare) => name(bare),
        Plain::Object(bare) => format!("{}{{", name(bare)),
        Plain::Fragment(bare) => format!("...{}{{", name(bare)),
        Plain::Spread(bare, index) => format!("...{}:{}", name(bare), index.map_or(99, FragmentIndex::get)),
    }
}

/// What is passed of the first operation, where it stops at a name, and the selection it stands before.
#[track_caller]
fn check(document: &str, stops_at: &str, expected: &str, then: Option<&str>) {
    let mut tape = Tape::default();
    let document: Document<'_> = parse(document, Budget::default(), &mut tape).unwrap();
    let mut selections = document.operations().next().unwrap().selections();
    let mut passed = Vec::new();
    // Details do not matter if their names say so.
    let matters = |detail: Detail<'_>| match detail {
        Detail::Argument(name) => name != b"unimportant",
        Detail::Directive(name) => name != b"idle",
    };
    selections.pass_plain(selections.end(), matters, |plain| {
        let told = told(plain);
        let goes_on = told != stops_at;
        passed.extend(goes_on.then_some(told));
        goes_on
    });
    assert_eq!(passed.join(" "), expected);
    let name = selections.next().map(|selection| match selection {
        Selection::Field(field) => field.name(),
        Selection::Spread(spread) => spread.name(),
        Selection::InlineFragment(inline) => inline.type_condition().unwrap_or(""),
    });
    assert_eq!(name, then);
}

#[test]
fn what_has_neither_arguments_nor_directives_is_passed() {
    check("{ a b { c ... on T { d } ... { e } } f }", "", "a b{ c ...T{ d ...{ e f", None);
    check("query Q($a: [Int!] = 1 @b) @c(d: [1]) { a }", "", "a", None);
    check("{ x: a y: b { z: c } }", "", "a b{ c", None);
    check("{ ...F ...G a } fragment G on T { b }", "", "...F:99 ...G:0 a", None);
}

#[test]
fn it_stops_before_everything_else() {
    check("{ a b(c: 1) d }", "", "a", Some("b"));
    check("{ a b(c: 1) { d } }", "", "a", Some("b"));
    check("{ a x: b @c d }", "", "a", Some("b"));
    check("{ a x: b(c: {d: [1]}) }", "", "a", Some("b"));
    check("{ a ... on T @b { c } }", "", "a", Some("T"));
    check("{ a ...F @b c }", "", "a", Some("F"));
}

#[test]
fn it_passes_details_that_do_not_matter() {
    check("{ a(unimportant: {b: [1]}) c }", "", "a c", None);
    check("{ x: a(unimportant: 1) @idle(if: $a) @idle { b } c }", "", "a{ b c", None);
    check("{ ...F @idle ... @idle { a } ... on T @idle { b } }", "", "...F:99 ...{ a ...T{ b", None);
    check("{ a b(unimportant: 1, c: 1) { d } }", "", "a", Some("b"));
    check("{ a b(unimportant: 1) @idle @if { d } }", "", "a", Some("b"));
    check("{ a ...F @idle @if b }", "", "a", Some("F"));
    check("{ a ... @idle @if { b } }", "", "a", Some(""));
}

#[test]
fn it_stops_where_it_is_told() {
    check("{ a b { c } }", "b{", "a", Some("b"));
    check("{ a b { c } }", "c", "a b{", Some("c"));
    check("{ a x: b c }", "b", "a", Some("b"));
    check("{ a ...F }", "...F:99", "a", Some("F"));
}

/// The end bounds the walk wherever it is, and every other selection is found after it as by the plain iterator.
#[test]
fn it_passes_nothing_at_or_behind_the_end() {
    let text = "{ a b(c: 1) { d { e } f(g: 2) } h ...F @i { j } k } fragment F on T { l }";
    let text = text.replace("@i { j }", "@i");
    let mut tape = Tape::default();
    let document = parse(&text, Budget::default(), &mut tape).unwrap();
    let all = document.operations().next().unwrap().selections();
    for end in (0..all.end().0).map(NodeIndex) {
        let mut selections = all;
        selections.pass_plain(end, |detail| matches!(detail, Detail::Directive(_)), |_| true);
        assert!(selections.position() <= end.max(all.position()));
        let rest: Vec<NodeIndex> = selections.map(|selection| selection.index()).collect();
        let expected = all.map(|selection| selection.index()).filter(|index| *index >= selections.position());
        assert_eq!(rest, expected.collect::<Vec<_>>());
    }
}
