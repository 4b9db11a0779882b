//! Reads a text as often as asked, for a profiler: `cargo bench -p portcullis-graphql --bench parse -- <work> <text> <rounds>`.
//!
//! `work`: `none`, `parse`, `measure`, `shape` (each includes those before it). `text`: `source`, `dense` or the name of a hostile
//! shape. Without arguments it lists the texts. Under `valgrind --tool=callgrind`, instructions a byte are the difference between
//! two numbers of rounds divided by the bytes printed; `cargo xtask bench graphql` does that for all of them.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench is a shell")]

#[path = "shared/texts.rs"]
mod texts;

use std::hint::black_box;

use portcullis_graphql::{AliasLimits, Budget, Scratch, Tape, measure_against, parse, shape};

const BUDGET: Budget = Budget { tokens: 1_000_000, nesting: 10_000 };
/// What the default policy asks about aliases.
const ALIASES: AliasLimits = AliasLimits { all: 60, per_field: 10 };

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.as_slice() {
        [work, text, rounds] => run(work, text, rounds.parse().unwrap()),
        _ => texts::HONEST.iter().chain(&texts::HOSTILE).for_each(|text| println!("{text}")),
    }
}

fn run(work: &str, text: &str, rounds: u32) {
    let documents = texts::documents(text);
    let bytes: usize = documents.iter().map(String::len).sum();
    let (mut tape, mut scratch) = (Tape::default(), Scratch::default());
    for _ in 0..rounds {
        for document in &documents {
            if work != "none" {
                once(work, document, &mut tape, &mut scratch);
            }
        }
    }
    println!("{work} {text}: {bytes} bytes a round");
}

fn once(work: &str, document: &str, tape: &mut Tape, scratch: &mut Scratch) {
    let document = parse(black_box(document), BUDGET, tape).unwrap();
    if work != "parse" {
        black_box(measure_against(document, ALIASES, scratch)).ok();
    }
    if work == "shape" {
        black_box(shape(document));
    }
}
