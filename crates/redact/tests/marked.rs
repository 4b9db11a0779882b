//! How much of what is marked in corpora is found, by kind, and how many clean lines are touched.
//!
//! The figures of `docs/redaction.md`: `cargo test -p portcullis-redact --test marked -- --nocapture`.
#![cfg(not(target_family = "wasm"))]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test reads its corpus and fails loudly"
)]

use portcullis_redact::{Span, mark};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// One kind: how many are marked, found exactly, covered to the last letter, found under their name; how many were found, and of those inside of what is marked.
#[derive(Default)]
struct Row {
    marked: usize,
    exact: usize,
    covered: usize,
    named: usize,
    found: usize,
    right: usize,
}

#[derive(Default)]
struct Score {
    rows: BTreeMap<String, Row>,
    clean: usize,
    touched: Vec<String>,
}

fn score(text: &str) -> Score {
    let mut score = Score::default();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = line["text"].as_str().unwrap();
        let spans = mark(text).spans;
        if line["clean"].as_bool().unwrap_or(false) {
            score.clean += 1;
            if !spans.is_empty() {
                score.touched.push(format!("{text} {spans:?}"));
            }
        }
        line_of(&mut score, text, line["spans"].as_array().unwrap(), &spans);
    }
    score
}

fn line_of(score: &mut Score, text: &str, marked: &[Value], spans: &[Span]) {
    let place = |value: &Value, key: &str| usize::try_from(value[key].as_u64().unwrap()).unwrap();
    let gold: Vec<(usize, usize, &str)> = marked
        .iter()
        .map(|it| (place(it, "bstart"), place(it, "bend"), it["label"].as_str().unwrap()))
        .collect();
    let common =
        |span: &Span, start: usize, end: usize| span.end.min(end).saturating_sub(span.start.max(start));
    for (start, end, label) in &gold {
        let row = score.rows.entry((*label).to_owned()).or_default();
        row.marked += 1;
        row.exact += usize::from(spans.iter().any(|span| (span.start, span.end) == (*start, *end)));
        let inside = |at: usize| spans.iter().any(|span| (span.start..span.end).contains(&at));
        let letters =
            text.char_indices().filter(|(at, it)| (*start..*end).contains(at) && it.is_alphanumeric());
        row.covered += usize::from(letters.map(|(at, _)| at).all(inside));
        let is_named =
            |span: &Span| span.kind.label() == *label && common(span, *start, *end) * 2 >= end - start;
        row.named += usize::from(spans.iter().any(is_named));
    }
    for span in spans {
        let row = score.rows.entry(span.kind.label().to_owned()).or_default();
        row.found += 1;
        let inside: usize = gold.iter().map(|(start, end, _)| common(span, *start, *end)).sum();
        row.right += usize::from(inside * 2 >= span.end - span.start);
    }
}

fn print(name: &str, score: &Score) {
    let percent = |part: usize, whole: usize| {
        100.0 * f64::from(u32::try_from(part).unwrap()) / f64::from(u32::try_from(whole.max(1)).unwrap())
    };
    println!("{name}: {} clean lines, {} touched", score.clean, score.touched.len());
    println!(
        "{:<12} {:>7} {:>7} {:>8} {:>6} {:>7} {:>10}",
        "kind", "marked", "exact", "covered", "named", "found", "precision"
    );
    for (kind, row) in &score.rows {
        let Row { marked, exact, covered, named, found, right } = row;
        println!(
            "{kind:<12} {marked:>7} {:>6.1}% {:>7.1}% {:>5.1}% {found:>7} {:>9.1}%",
            percent(*exact, *marked),
            percent(*covered, *marked),
            percent(*named, *marked),
            percent(*right, *found),
        );
    }
}

#[test]
fn everything_in_our_own_corpus_is_found_and_nothing_else() {
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/marked.jsonl")).unwrap();
    let score = score(&text);
    print("testdata/marked.jsonl", &score);
    assert!(score.touched.is_empty(), "{:#?}", score.touched);
    for (kind, row) in &score.rows {
        assert_eq!((row.covered, row.named), (row.marked, row.marked), "{kind}");
        assert_eq!(row.right, row.found, "{kind}");
    }
}

/// The bar for structured data: of a thousand at least 970 covered, of a thousand clean lines at most 10 touched.
#[test]
fn the_shared_corpus_is_found_as_far_as_the_bar_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/bench/pii_dev.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("{} is absent: only our own corpus is judged", path.display());
        return;
    };
    let score = score(&text);
    print("pii_dev.jsonl", &score);
    let by_sight = ["PERSON", "ADDRESS", "DOB"];
    let structured = || score.rows.iter().filter(|(kind, _)| !by_sight.contains(&kind.as_str()));
    let covered: usize = structured().map(|(_, row)| row.covered).sum();
    let marked: usize = structured().map(|(_, row)| row.marked).sum();
    assert!(covered * 1000 >= marked * 970, "{covered} of {marked}");
    assert!(score.touched.len() * 100 <= score.clean, "{:#?}", score.touched);
}
