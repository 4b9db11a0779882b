//! Costs a corpus as often as asked, for a profiler: `cargo bench -p portcullis-cost --bench estimate -- <work> <table> <texts> <rounds>`.
//!
//! `work`: `load`, or `parse`, `schemaless`, `schema` (the last two include the first). `table` is what `portcullis compile` made;
//! `texts` has a JSON object with a `query` a line, of which those are taken that parse. Under `valgrind --tool=callgrind`,
//! instructions a byte are the difference between two numbers of rounds divided by the bytes printed.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench is a shell"
)]

use portcullis_cost::{Model, Question, Scratch, Sizes, Table, Variables};
use portcullis_graphql::{Budget, Tape, parse};
use std::hint::black_box;
use std::time::Instant;

const BUDGET: Budget = Budget { tokens: 1_000_000, nesting: 10_000 };

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [work, table, texts, rounds] = arguments.as_slice() else {
        println!("say <load|parse|schemaless|schema> <table> <texts> <rounds>");
        return;
    };
    let (table, rounds) = (std::fs::read(table).unwrap(), rounds.parse::<u32>().unwrap());
    let started = Instant::now();
    let bytes = if work == "load" { load(&table, rounds) } else { estimate(work, &table, texts, rounds) };
    let seconds = started.elapsed().as_secs_f64();
    let micros = seconds * 1e6 / f64::from(rounds.max(1));
    println!("{work}: {bytes} bytes a round, {micros:.0} us a round");
}

fn load(table: &[u8], rounds: u32) -> usize {
    for _ in 0..rounds {
        black_box(Table::load(black_box(table)).unwrap());
    }
    table.len()
}

fn estimate(work: &str, table: &[u8], texts: &str, rounds: u32) -> usize {
    let table = Table::load(table).unwrap();
    let mut tape = Tape::default();
    let documents: Vec<String> = std::fs::read_to_string(texts)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|line| line.get("query").unwrap().as_str().unwrap().to_owned())
        .filter(|query| parse(query, BUDGET, &mut Tape::default()).is_ok_and(|it| it.operations().len() == 1))
        .collect();
    let model = if work == "schema" { Model::Schema(&table) } else { Model::Schemaless };
    let mut steps = 0;
    let (mut scratch, variables) = (Scratch::default(), Variables::default());
    for _ in 0..rounds {
        for text in &documents {
            let document = parse(black_box(text), BUDGET, &mut tape).unwrap();
            if work != "parse" {
                let operation = document.operations().next().unwrap();
                let sizes = Sizes::default();
                let question = Question { document, operation, variables: &variables, sizes, watched: &[] };
                steps += model.estimate(black_box(&question), &mut scratch).steps;
            }
        }
    }
    println!("{} steps a round", steps / u64::from(rounds.max(1)));
    documents.iter().map(String::len).sum()
}
