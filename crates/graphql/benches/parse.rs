//! Reads a corpus as often as asked, for a profiler: `cargo bench -p portcullis-graphql --bench parse -- <work> <text> <rounds>`.
//!
//! `work`: `none`, `parse`, `measure`, `shape` (each includes those before it). `text`: `source`, `dense` or the name of a hostile
//! shape. Without arguments it times each pair once. Under `valgrind --tool=callgrind`, instructions a byte are the difference
//! between two numbers of rounds divided by the bytes printed.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench is a shell"
)]

use std::hint::black_box;
use std::time::Instant;

use portcullis_graphql::{Budget, Scratch, Tape, measure, parse, shape};

const BUDGET: Budget = Budget { tokens: 1_000_000, nesting: 10_000 };
const WORKS: [&str; 4] = ["none", "parse", "measure", "shape"];
const TEXTS: [&str; 16] = [
    "source",
    "dense",
    "fields",
    "long",
    "aliases",
    "nested",
    "spreads",
    "unused",
    "chain",
    "exponential",
    "lists",
    "objects",
    "directives",
    "blanks",
    "strings",
    "types",
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.as_slice() {
        [work, text, rounds] => run(work, text, rounds.parse().unwrap()),
        _ => {
            for text in TEXTS {
                for work in WORKS {
                    run(work, text, 20);
                }
            }
        }
    }
}

fn run(work: &str, text: &str, rounds: u32) {
    let documents = documents(text);
    let bytes: usize = documents.iter().map(String::len).sum();
    let (mut tape, mut scratch) = (Tape::default(), Scratch::default());
    let started = Instant::now();
    for _ in 0..rounds {
        for document in &documents {
            if work != "none" {
                once(work, document, &mut tape, &mut scratch);
            }
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let megabytes = bytes as f64 * f64::from(rounds) / 1e6;
    println!("{work} {text}: {bytes} bytes a round, {:.0} MB/s", megabytes / seconds.max(1e-9));
}

fn once(work: &str, document: &str, tape: &mut Tape, scratch: &mut Scratch) {
    let document = parse(black_box(document), BUDGET, tape).unwrap();
    if work != "parse" {
        black_box(measure(document, scratch)).ok();
    }
    if work == "shape" {
        black_box(shape(document));
    }
}

fn documents(text: &str) -> Vec<String> {
    let many = |unit: &str| unit.repeat(32_768 / unit.len());
    let numbered =
        |unit: &str, count: u32| (0..count).map(|n| unit.replace('#', &n.to_string())).collect::<String>();
    match text {
        "source" => corpus(),
        "dense" => corpus().iter().map(|query| dense(query)).collect(),
        "fields" => vec![format!("{{{}}}", many("a "))],
        "long" => vec![format!("{{{}}}", many("aFieldWithQuiteALongName "))],
        "aliases" => vec![format!("{{{}}}", numbered("a#:b ", 4_000))],
        "nested" => vec![format!("{{a{}{}}}", "{a".repeat(9_000), "}".repeat(9_000))],
        "spreads" => {
            vec![format!("{{{}}}{}", numbered("...F# ", 2_000), numbered("fragment F# on T{a}", 2_000))]
        }
        "unused" => vec![format!("{{a}}{}", numbered("fragment F# on T{a}", 2_000))],
        "chain" => vec![format!(
            "{{...F0}}{}fragment F1000 on T{{a}}",
            (0..1000).map(|n| format!("fragment F{n} on T{{x:a ...F{}}}", n + 1)).collect::<String>()
        )],
        "exponential" => vec![format!(
            "{{...F0}}{}fragment F1000 on T{{x:a}}",
            (0..1000).map(|n| format!("fragment F{n} on T{{...F{0} ...F{0}}}", n + 1)).collect::<String>()
        )],
        "lists" => vec![format!("{{a(b:{}{})}}", "[".repeat(9_000), "]".repeat(9_000))],
        "objects" => vec![format!("{{a(b:{}1{})}}", "{a:".repeat(9_000), "}".repeat(9_000))],
        "directives" => vec![format!("{{a{}}}", many("@a"))],
        "blanks" => vec![format!("{{a{}}}", many(" ,\n#\n"))],
        "strings" => vec![format!("{{a(b:[{}])}}", many("\"\"\"\\\"\"\"\"\"\"\"\\u0041\""))],
        "types" => vec![format!("query({}){{a}}", many("$a:[a!]!"))],
        _ => Vec::new(),
    }
}

fn corpus() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus/operations.jsonl");
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("{path} is absent");
        return Vec::new();
    };
    let query = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        value.get("query").unwrap().as_str().unwrap().to_owned()
    };
    text.lines().map(query).collect()
}

/// The document without a byte that could be left out between tokens.
fn dense(query: &str) -> String {
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
