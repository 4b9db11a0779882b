//! Documents, mutated, against another implementation's verdict; and what must hold for every document.
#![cfg(not(target_family = "wasm"))]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test reads its corpus and fails loudly"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use bluejay_parser::ast::Parse as _;
use bluejay_parser::ast::executable::ExecutableDocument;
use portcullis_graphql::{
    AliasLimits, Budget, Document, Fragment, MeasureError, Measures, Operation, Scratch, Selection, Tape,
    measure, measure_against, normalise, parse, shape,
};
use proptest::prelude::*;
use proptest::sample::Index;

const WIDE: Budget = Budget { tokens: 1_000_000, nesting: 1_500 };

/// The crate's own documents and, where it is at hand, a part of the shared corpus.
static DOCUMENTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents = Vec::new();
    for folder in ["testdata/ok", "testdata/err"] {
        let files = std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> =
            files.filter(|path| path.extension().is_some_and(|end| end == "graphql")).collect();
        files.sort();
        documents.extend(files.iter().map(|path| std::fs::read_to_string(path).unwrap()));
    }
    for file in ["operations.jsonl", "syntax_valid.jsonl", "syntax_invalid.jsonl"] {
        let Ok(text) = std::fs::read_to_string(root.join("../../../shared/corpus").join(file)) else {
            continue;
        };
        let query = |line: &str| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            value.get("query").unwrap().as_str().unwrap().to_owned()
        };
        documents.extend(text.lines().map(query).filter(|query| query.len() < 1_500));
    }
    documents
});

/// What to put into a document: every kind of token, whole and broken.
const PIECES: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ":",
    "=",
    "!",
    "@",
    "$",
    "|",
    "&",
    "...",
    "..",
    ".",
    ",",
    " ",
    "\n",
    "\r",
    "#",
    "\u{FEFF}",
    "a",
    "on",
    "fragment",
    "query",
    "mutation",
    "subscription",
    "true",
    "false",
    "null",
    "_",
    "type",
    "__typename",
    "$v",
    "@d",
    "0",
    "1",
    "-",
    "-0",
    "01",
    "1.5",
    "1.",
    "1e5",
    "1e",
    "+1",
    "9999999999999999999999",
    "\"\"",
    "\"a\"",
    "\"",
    "\"\"\"",
    "\"\"\"b\"\"\"",
    "\\",
    "\\u",
    "\\u0041",
    "\\u{1F600}",
    "\\u{110000}",
    "\\uD83D\\uDE00",
    "\\uD83D",
    "\\\"\"\"",
    "\\n",
    "é",
    "😀",
    "\0",
    "\u{A0}",
    "~",
    "(a: 1)",
    "[1]",
    "{b}",
    "{c: 2}",
    "...F",
    "... on T",
    "x: y",
    "($v: Int = 1)",
    "@include(if: $v)",
    "fragment F on T { a }",
];

#[derive(Clone, Debug)]
enum Mutation {
    Insert(Index, usize),
    Delete(Index),
    Duplicate(Index),
    Swap(Index, Index),
    Replace(Index, usize),
    DeleteCharacter(Index),
    Cut(Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let piece = 0..PIECES.len();
    prop_oneof![
        4 => (any::<Index>(), piece.clone()).prop_map(|(at, piece)| Mutation::Insert(at, piece)),
        3 => any::<Index>().prop_map(Mutation::Delete),
        2 => any::<Index>().prop_map(Mutation::Duplicate),
        2 => (any::<Index>(), any::<Index>()).prop_map(|(left, right)| Mutation::Swap(left, right)),
        3 => (any::<Index>(), piece).prop_map(|(at, piece)| Mutation::Replace(at, piece)),
        1 => any::<Index>().prop_map(Mutation::DeleteCharacter),
        1 => any::<Index>().prop_map(Mutation::Cut),
    ]
}

fn document() -> impl Strategy<Value = String> {
    any::<Index>().prop_map(|index| index.get(&DOCUMENTS).clone())
}

fn mutated() -> impl Strategy<Value = String> {
    (document(), prop::collection::vec(mutation(), 0..6)).prop_map(|(document, mutations)| {
        mutations.into_iter().fold(document, |document, mutation| mutate(&document, mutation))
    })
}

/// Cuts a text into words, runs of blanks and single characters, which is close enough to tokens.
fn pieces(text: &str) -> Vec<&str> {
    let kind = |character: char| match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => 1,
        ' ' | '\n' | '\t' | '\r' => 2,
        '.' => 3,
        '"' => 4,
        _ => 0,
    };
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let same = |character| kind(first) != 0 && kind(character) == kind(first);
        let end = rest
            .char_indices()
            .skip(1)
            .find(|(_, character)| !same(*character))
            .map_or(rest.len(), |(at, _)| at);
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

fn mutate(document: &str, mutation: Mutation) -> String {
    let mut pieces = pieces(document);
    if pieces.is_empty() {
        return PIECES.concat();
    }
    let place = |index: &Index| index.index(pieces.len());
    match mutation {
        Mutation::Insert(at, piece) => pieces.insert(place(&at), PIECES[piece]),
        Mutation::Delete(at) => drop(pieces.remove(place(&at))),
        Mutation::Duplicate(at) => pieces.insert(place(&at), pieces[place(&at)]),
        Mutation::Swap(left, right) => {
            let (left, right) = (place(&left), place(&right));
            pieces.swap(left, right);
        }
        Mutation::Replace(at, piece) => {
            let at = place(&at);
            pieces[at] = PIECES[piece];
        }
        Mutation::DeleteCharacter(at) => {
            let mut characters: Vec<char> = document.chars().collect();
            characters.remove(at.index(characters.len()));
            return characters.into_iter().collect();
        }
        Mutation::Cut(at) => pieces.truncate(place(&at)),
    }
    pieces.concat()
}

fn ours(text: &str) -> bool {
    parse(text, WIDE, &mut Tape::default()).is_ok()
}

fn oracle(text: &str) -> bool {
    ExecutableDocument::parse(text).result.is_ok()
}

/// Rewrites what the oracle is known to refuse although the grammar allows it, into what means the same:
///
/// - `$` and the name after it are two tokens (§2.1.9, §2.10), so anything ignored may stand between them; the oracle reads one;
/// - a surrogate pair directly after another escape: the oracle takes the escape and the first half for a pair.
fn without_known_deviations(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (_, after) = rest.split_at(first.len_utf8());
        out.push(first);
        rest = after;
        if first == '$' {
            rest = skip_ignored(rest);
        } else if first == '\\' && rest.starts_with(['\\', '"']) {
            let (escaped, after) = rest.split_at(1);
            out.push_str(escaped);
            rest = after;
        } else if first == '\\' && is_pair(rest) {
            out.push_str("u{1F600}");
            rest = rest.split_at(11).1;
        }
    }
    out
}

fn skip_ignored(mut text: &str) -> &str {
    loop {
        let next = text.trim_start_matches([' ', '\t', '\n', '\r', ',', '\u{FEFF}']);
        let next = if next.starts_with('#') {
            next.trim_start_matches(|character| !matches!(character, '\n' | '\r'))
        } else {
            next
        };
        if next.len() == text.len() {
            return text;
        }
        text = next;
    }
}

/// Whether a text goes on with `uD83D\uDE00`, or any other pair.
fn is_pair(text: &str) -> bool {
    let escape = |from: usize| {
        text.get(from..from + 5)
            .filter(|escape| escape.starts_with('u'))
            .and_then(|escape| u32::from_str_radix(escape.get(1..)?, 16).ok())
    };
    matches!(escape(0), Some(0xD800..=0xDBFF))
        && text.get(5..6) == Some("\\")
        && matches!(escape(6), Some(0xDC00..=0xDFFF))
}

#[track_caller]
fn compare(text: &str) {
    let (ours_says, oracle_says) = (ours(text), oracle(text));
    if ours_says && !oracle_says {
        let rewritten = without_known_deviations(text);
        assert!(
            rewritten != text && ours(&rewritten) && oracle(&rewritten),
            "we accept, the oracle does not: {text:?}"
        );
    } else {
        assert_eq!(ours_says, oracle_says, "{text:?}");
    }
}

#[test]
fn the_known_deviations_of_the_oracle_are_there() {
    for text in ["{ a(b: $ c) }", "{ a(b: $,#x\n\u{FEFF}c) }", r#"{ a(b: "\u0041\uD83D\uDE00") }"#] {
        assert!(ours(text) && !oracle(text), "{text}");
        compare(text);
    }
}

#[test]
fn unchanged_documents_get_the_verdict_of_the_oracle() {
    DOCUMENTS.iter().filter(|text| text.len() < 8_000).for_each(|text| compare(text));
}

/// What can be said of a text, if it is a document at all.
fn measures(text: &str) -> Option<Result<Measures, MeasureError>> {
    let mut tape = Tape::default();
    Some(measure(parse(text, WIDE, &mut tape).ok()?, &mut Scratch::default()))
}

/// Every number of the measures, to compare one by one.
fn numbers(measures: &Measures) -> [u32; 10] {
    [
        measures.tokens,
        measures.operations,
        measures.fragments,
        measures.depth,
        measures.fields,
        measures.root_fields,
        measures.aliases,
        measures.aliases_per_field,
        measures.directives,
        u32::from(measures.introspection),
    ]
}

/// The tokens of a text where it is a document, with their places, found by the simplest means.
fn braces(text: &str) -> Vec<usize> {
    text.match_indices('{').map(|(at, _)| at).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_documents_get_the_verdict_of_the_oracle(text in mutated()) {
        compare(&text);
    }

    #[test]
    fn any_text_gets_a_verdict(text in any::<Vec<u8>>(), limit in 0_usize..200) {
        let text = String::from_utf8_lossy(&text);
        let mut tape = Tape::default();
        match parse(&text, Budget::default(), &mut tape) {
            Ok(document) => {
                measure(document, &mut Scratch::default()).ok();
                prop_assert_eq!(shape(document), shape(document));
                normalise(document, &mut String::new(), limit);
            }
            Err(error) => {
                let explained = error.explain(&text).to_string();
                prop_assert!(explained.len() < 160 && !explained.contains(char::is_control), "{}", explained);
                prop_assert!(error.at() as usize <= text.len());
            }
        }
    }

    #[test]
    fn an_error_lies_inside_the_text(text in mutated()) {
        if let Err(error) = parse(&text, Budget::default(), &mut Tape::default()) {
            prop_assert!(error.at() as usize <= text.len());
            prop_assert!(text.is_char_boundary(error.at() as usize), "{error:?}");
            let explained = error.explain(&text).to_string();
            prop_assert!(explained.len() < 160 && !explained.contains(char::is_control), "{}", explained);
        }
    }

    #[test]
    fn budgets_only_refuse(text in mutated(), tokens in 0_u32..60, nesting in 0_u32..6) {
        let budget = Budget { tokens, nesting };
        if let Ok(document) = parse(&text, budget, &mut Tape::default()) {
            prop_assert!(document.tokens() <= tokens);
            prop_assert!(ours(&text));
        }
    }

    #[test]
    fn a_used_tape_changes_nothing(first in mutated(), second in mutated()) {
        let (mut used, mut scratch) = (Tape::default(), Scratch::default());
        if let Ok(document) = parse(&first, WIDE, &mut used) {
            measure(document, &mut scratch).ok();
        }
        let seen = parse(&second, WIDE, &mut used).map(|document| (measure(document, &mut scratch), shape(document)));
        let mut fresh = Tape::default();
        let expected = parse(&second, WIDE, &mut fresh).map(|document| (measure(document, &mut Scratch::default()), shape(document)));
        prop_assert_eq!(seen, expected);
    }

    #[test]
    fn normalising_twice_changes_nothing(text in mutated(), max_bytes in 0_usize..100) {
        let mut tape = Tape::default();
        if let Ok(document) = parse(&text, WIDE, &mut tape) {
            let (mut once, mut twice, mut cut) = (String::new(), String::new(), String::new());
            normalise(document, &mut once, usize::MAX);
            normalise(document, &mut cut, max_bytes);
            prop_assert!(cut.len() <= max_bytes);
            prop_assert!(once.starts_with(cut.trim_end_matches('…')));
            let hash = shape(document);
            let readable = once.replace('?', "0");
            let mut tape = Tape::default();
            let again = parse(&readable, WIDE, &mut tape).unwrap();
            normalise(again, &mut twice, usize::MAX);
            prop_assert_eq!(once, twice);
            prop_assert_eq!(hash, shape(again));
        }
    }

    #[test]
    fn shapes_are_equal_when_texts_are(left in document(), right in mutated()) {
        let text = |source: &str| {
            let mut tape = Tape::default();
            let document = parse(source, WIDE, &mut tape).ok()?;
            let mut out = String::new();
            normalise(document, &mut out, usize::MAX);
            Some((out, shape(document)))
        };
        if let (Some(left), Some(right)) = (text(&left), text(&right)) {
            prop_assert_eq!(left.0 == right.0, left.1 == right.1);
        }
    }

    #[test]
    fn adding_a_field_never_lowers_a_measure(text in document(), at in any::<Index>(), alias in any::<bool>()) {
        let braces = braces(&text);
        if braces.is_empty() {
            return Ok(());
        }
        let (head, tail) = text.split_at(braces[at.index(braces.len())] + 1);
        let changed = format!("{head} {}__added {tail}", if alias { "x:" } else { "" });
        if let (Some(Ok(before)), Some(Ok(after))) = (measures(&text), measures(&changed)) {
            for (before, after) in numbers(&before).into_iter().zip(numbers(&after)) {
                prop_assert!(before <= after, "{}", changed);
            }
        }
    }

    #[test]
    fn limits_decide_as_exact_numbers_do(text in document(), all in 0_u32..40, per_field in 0_u32..12) {
        let mut tape = Tape::default();
        let Ok(document) = parse(&text, WIDE, &mut tape) else { return Ok(()) };
        let limits = AliasLimits { all, per_field };
        let (exact, against) =
            (measure(document, &mut Scratch::default()), measure_against(document, limits, &mut Scratch::default()));
        let (Ok(exact), Ok(against)) = (exact, against) else { return Ok(()) };
        let is_beyond = |found: &Measures| found.aliases_per_field > per_field;
        if exact.aliases > all {
            prop_assert_eq!(against.aliases_per_field, exact.aliases);
        } else {
            prop_assert_eq!(is_beyond(&against), is_beyond(&exact), "{:?} {}", limits, text);
        }
        prop_assert_eq!(Measures { aliases_per_field: 0, ..against }, Measures { aliases_per_field: 0, ..exact });
    }

    #[test]
    fn names_of_ones_own_choice_do_not_matter(text in document(), name in "[_a-zA-Z][_0-9a-zA-Z]{2,12}") {
        let mut tape = Tape::default();
        let Ok(document) = parse(&text, WIDE, &mut tape) else { return Ok(()) };
        let renamed = rename(&text, document, &name);
        let kind = |error| std::mem::discriminant(&error);
        let before = measure(document, &mut Scratch::default()).map_err(kind);
        prop_assert_eq!(before, measures(&renamed).unwrap().map_err(kind), "{}", renamed);
    }
}

/// Renames every operation, fragment and alias, by prefixing.
fn rename(text: &str, document: Document<'_>, prefix: &str) -> String {
    let walks = document
        .operations()
        .map(Operation::selections)
        .chain(document.fragments().map(Fragment::selections));
    let chosen = walks.flatten().filter_map(|selection| match selection {
        Selection::Field(field) => field.alias(),
        Selection::Spread(spread) => Some(spread.name()),
        Selection::InlineFragment(_) => None,
    });
    let operations = document.operations().filter_map(Operation::name);
    let names = chosen.chain(operations).chain(document.fragments().map(Fragment::name));
    let places: BTreeSet<usize> = names.map(|name| name.as_ptr().addr() - text.as_ptr().addr()).collect();
    let mut out = String::new();
    for (at, character) in text.char_indices() {
        if places.contains(&at) {
            out.push_str(prefix);
        }
        out.push(character);
    }
    out
}
