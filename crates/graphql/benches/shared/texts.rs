//! What the benches read: the corpus as written and densely printed, and documents made to be expensive.
#![allow(dead_code, clippy::panic, reason = "each bench uses a part of it, and fails loudly")]

use portcullis_graphql::{Budget, Document, SyntaxError, Tape, parse_executable};

/// Texts of real clients, by name.
pub(crate) const HONEST: [&str; 2] = ["source", "dense"];

/// Shapes that cost more a byte than others, by name; each about 32 KiB.
pub(crate) const HOSTILE: [&str; 36] = [
    "fields",
    "long",
    "underscores",
    "aliases",
    "same_alias",
    "mixed_aliases",
    "deep_aliases",
    "nested",
    "nested_twins",
    "inline",
    "arguments",
    "ints",
    "floats",
    "enums",
    "variables",
    "lists",
    "empty_lists",
    "objects",
    "empty_objects",
    "strings",
    "escapes",
    "blocks",
    "directives",
    "field_directives",
    "types",
    "deep_types",
    "descriptions",
    "blanks",
    "comments",
    "marks",
    "spreads",
    "unused",
    "chain",
    "exponential",
    "operations",
    "named_operations",
];

/// In front of `<size>/<shape>`: that shape under the limits of the default policy. The size is a number of KiB, at most the 64 that a
/// client may send, or [`FIT`].
pub(crate) const LIMITED: &str = "limited/";
/// As much of a shape as just passes those limits on reading.
const FIT: &str = "fit";
/// How much of a shape is read without limits, and the most that is with them.
const FREE: usize = 32 << 10;
const MOST: usize = 64 << 10;

/// What may be read of a text, by its name.
pub(crate) fn budget(text: &str) -> Budget {
    if text.starts_with(LIMITED) { Budget::default() } else { Budget { tokens: 1_000_000, nesting: 20_000 } }
}

/// Reads a document as the gate does; nothing where it is refused for what the benches know to refuse.
pub(crate) fn read<'a>(document: &'a str, budget: Budget, tape: &'a mut Tape) -> Option<Document<'a>> {
    match parse_executable(document, budget, tape) {
        Ok(document) => Some(document),
        Err(SyntaxError::AnonymousNotAlone { .. }) => None,
        Err(SyntaxError::TooManyTokens { .. } | SyntaxError::TooDeep { .. })
            if budget == Budget::default() =>
        {
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// The documents of a text by its name; none for a name that is none.
pub(crate) fn documents(text: &str) -> Vec<String> {
    match (text, text.strip_prefix(LIMITED).and_then(|text| text.split_once('/'))) {
        ("source", _) => corpus(),
        ("dense", _) => corpus().iter().map(|query| dense(query)).collect(),
        (_, Some((FIT, text))) => shape(text, fitting(text)).into_iter().collect(),
        (_, Some((kib, text))) => shape(text, kib.parse::<usize>().unwrap() << 10).into_iter().collect(),
        (text, None) => shape(text, FREE).into_iter().collect(),
    }
}

/// So many bytes of a shape, or a few less.
fn shape(name: &str, bytes: usize) -> Option<String> {
    let many = |unit: &str| unit.repeat(bytes.saturating_sub(32) / unit.len());
    let pairs = |open: &str, inside: &str, close: &str| {
        let count = bytes.saturating_sub(32) / (open.len() + close.len());
        format!("{}{inside}{}", open.repeat(count), close.repeat(count))
    };
    Some(match name {
        "fields" => format!("{{{}}}", many("a ")),
        "long" => format!("{{{}}}", many("aFieldWithQuiteALongName ")),
        "underscores" => format!("{{{}}}", many("__type ")),
        "aliases" => format!("{{{}}}", numbered("a#:b ", bytes)),
        "same_alias" => format!("{{{}}}", many("a:b ")),
        "mixed_aliases" => format!("{{{}}}", numbered("a#:b a#:c ", bytes)),
        "deep_aliases" => {
            let count = fitting_units(&["a#:b{", "}"], bytes);
            format!("{{{}x{}}}", repeated("a#:b{", count), repeated("}", count))
        }
        "nested" => format!("{{a{}}}", pairs("{a", "", "}")),
        "nested_twins" => format!("{{{}}}", many("a{b}")),
        "inline" => format!("{{{}}}", many("...{a}")),
        "arguments" => format!("{{{}}}", many("a(b:c)")),
        "ints" => format!("{{a(b:[{}])}}", many("1,")),
        "floats" => format!("{{a(b:[{}])}}", many("1.0e1,")),
        "enums" => format!("{{a(b:[{}])}}", many("E ")),
        "variables" => format!("{{a(b:[{}])}}", many("$a")),
        "lists" => format!("{{a(b:{})}}", pairs("[", "", "]")),
        "empty_lists" => format!("{{a(b:[{}])}}", many("[]")),
        "objects" => format!("{{a(b:{})}}", pairs("{a:", "1", "}")),
        "empty_objects" => format!("{{a(b:[{}])}}", many("{}")),
        "strings" => format!("{{a(b:[{}])}}", many("\"\" ")),
        "escapes" => format!("{{a(b:\"{}\")}}", many("\\n")),
        "blocks" => format!("{{a(b:[{}])}}", many("\"\"\"\\\"\"\"\"\"\"\"\\u0041\"")),
        "directives" => format!("{{a{}}}", many("@a")),
        "field_directives" => format!("{{{}}}", many("a@b ")),
        "types" => format!("query({}){{a}}", many("$a:[a!]!")),
        "deep_types" => format!("query($a:{}){{a}}", pairs("[", "a", "]")),
        "descriptions" => format!("query({}){{a}}", many("\"\"$a:a")),
        "blanks" => format!("{{a{}}}", many(" ,\n")),
        "comments" => format!("{{a{}}}", many("#\n")),
        "marks" => format!("{{a{}}}", many("\u{FEFF}")),
        "spreads" => {
            let count = fitting_units(&["...F# ", "fragment F# on T{a}"], bytes);
            format!("{{{}}}{}", repeated("...F# ", count), repeated("fragment F# on T{a}", count))
        }
        "unused" => format!("{{a}}{}", numbered("fragment F# on T{a}", bytes)),
        "chain" => {
            format!("{{...F0}}{}", linked("fragment F# on T{x:a ...F@}", "fragment F# on T{a}", bytes))
        }
        "exponential" => {
            format!("{{...F0}}{}", linked("fragment F# on T{...F@ ...F@}", "fragment F# on T{x:a}", bytes))
        }
        "operations" => many("{a}"),
        "named_operations" => numbered("query Q#{a}", bytes),
        _ => return None,
    })
}

/// The most bytes of a shape that pass the default limits on reading.
fn fitting(name: &str) -> usize {
    let mut tape = Tape::default();
    let mut passes = |bytes| {
        shape(name, bytes).is_some_and(|document| read(&document, Budget::default(), &mut tape).is_some())
    };
    let (mut within, mut beyond) = (64, MOST + 1);
    while beyond - within > 1 {
        let middle = usize::midpoint(within, beyond);
        *(if passes(middle) { &mut within } else { &mut beyond }) = middle;
    }
    within
}

/// So many units, `#` in them replaced by a number.
fn repeated(unit: &str, count: usize) -> String {
    (0..count).map(|number| unit.replace('#', &number.to_string())).collect()
}

/// How many units of several kinds are so many bytes, and a few less for what is around them.
fn fitting_units(units: &[&str], bytes: usize) -> usize {
    let mut left = bytes.saturating_sub(64);
    let takes = |number: usize| {
        let digits = number.to_string().len();
        let placed = |unit: &&str| unit.len() + unit.matches(['#', '@']).count() * (digits - 1);
        units.iter().map(placed).sum::<usize>()
    };
    (0..).find(|number| left.checked_sub(takes(*number)).map(|rest| left = rest).is_none()).unwrap_or(0)
}

fn numbered(unit: &str, bytes: usize) -> String {
    repeated(unit, fitting_units(&[unit], bytes))
}

/// Units each of which names the next, and the last one.
fn linked(unit: &str, last: &str, bytes: usize) -> String {
    // The next number may be a digit longer.
    let count = fitting_units(&[unit], bytes.saturating_sub(64));
    let next = |number: usize| (number + 1).to_string();
    let units = (0..count).map(|number| unit.replace('#', &number.to_string()).replace('@', &next(number)));
    units.chain([last.replace('#', &count.to_string())]).collect()
}

/// The operations of the corpus, as their authors wrote them; none where the corpus is absent.
pub(crate) fn corpus() -> Vec<String> {
    let query = |line: serde_json::Value| line.get("query").unwrap().as_str().unwrap().to_owned();
    lines().into_iter().map(query).collect()
}

/// The corpus with what is known of each operation.
#[expect(clippy::disallowed_methods, reason = "a bench is a shell")]
pub(crate) fn lines() -> Vec<serde_json::Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus/operations.jsonl");
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("{path} is absent");
        return Vec::new();
    };
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The document without a byte that could be left out between tokens.
pub(crate) fn dense(query: &str) -> String {
    let mut out = String::new();
    let mut rest = query;
    while let Some(first) = rest.chars().next() {
        let is_word =
            |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.' | '"');
        let len = match first {
            ' ' | '\t' | '\n' | '\r' | ',' | '\u{FEFF}' => 0,
            '#' => 0,
            '"' => string_len(rest),
            _ if is_word(first) => rest.find(|character| !is_word(character)).unwrap_or(rest.len()),
            _ => 1,
        };
        let (token, skip) = match first {
            '#' => ("", rest.find(['\n', '\r']).unwrap_or(rest.len())),
            _ if len == 0 => ("", first.len_utf8()),
            _ => (rest.get(..len).unwrap(), len),
        };
        let joins = |character: char| character.is_ascii_alphanumeric() || character == '_';
        if token.starts_with(joins) && out.ends_with(joins) {
            out.push(' ');
        }
        out.push_str(token);
        rest = rest.get(skip..).unwrap();
    }
    out
}

fn string_len(text: &str) -> usize {
    let body = if text.starts_with("\"\"\"") { "\"\"\"" } else { "\"" };
    let mut at = body.len();
    while !text.get(at..).unwrap().starts_with(body) {
        let escaped = text.get(at..).unwrap().starts_with('\\');
        let step = text.get(at..).unwrap().chars().next().unwrap().len_utf8();
        at += if escaped && body.len() == 3 && text.get(at + 1..).unwrap().starts_with(body) {
            4
        } else if escaped && body.len() == 1 {
            2
        } else {
            step
        };
    }
    at + body.len()
}
