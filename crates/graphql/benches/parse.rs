//! Reads a text as often as asked, for a profiler: `cargo bench -p portcullis-graphql --bench parse -- <work> <text> <rounds>`.
//!
//! `work`: `none`, `parse`, `measure`, `shape` (each includes those before it). `text`: `source`, `dense` or the name of a hostile
//! shape, `limited/<KiB>/` or `limited/fit/` before that name for so much of it, or as much as just passes, under the default limits. Without arguments it lists the texts. Under `valgrind --tool=callgrind`, instructions a byte are the difference between
//! two numbers of rounds divided by the bytes printed; `cargo xtask bench graphql` does that for all of them.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench is a shell")]

#[path = "shared/texts.rs"]
mod texts;

use std::hint::black_box;

use portcullis_graphql::{AliasLimits, Budget, Scratch, Tape, measure_against, shape};

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
    let budget = texts::budget(text);
    let (mut tape, mut scratch) = (Tape::default(), Scratch::default());
    for _ in 0..rounds {
        for document in &documents {
            if work != "none" {
                once(work, document, budget, &mut tape, &mut scratch);
            }
        }
    }
    println!("{work} {text}: {bytes} bytes a round");
}

fn once(work: &str, document: &str, budget: Budget, tape: &mut Tape, scratch: &mut Scratch) {
    let Some(document) = texts::read(black_box(document), budget, tape) else { return };
    if work != "parse" {
        black_box(measure_against(document, ALIASES, scratch)).ok();
    }
    if work == "shape" {
        black_box(shape(document));
    }
}
