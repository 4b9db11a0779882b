//! Reads the corpus with this parser and with others, in turns: `cargo bench -p portcullis-graphql --bench rivals [-- <rounds>]`.
//!
//! Prints CPU time as a multiple of this crate's parse and measure. The others build syntax trees; none of them measures.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench is a shell")]

#[path = "shared/race.rs"]
mod race;
#[path = "shared/texts.rs"]
mod texts;

use std::hint::black_box;

use bluejay_parser::ast::Parse as _;
use bluejay_parser::ast::executable::ExecutableDocument;
use graphql_query::ast::ParseNode as _;
use portcullis_graphql::{AliasLimits, Budget, Scratch, Tape, measure_against, parse};
use race::{Contender, race};

/// What the default policy asks about aliases.
const ALIASES: AliasLimits = AliasLimits { all: 60, per_field: 10 };

fn main() {
    let rounds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(21);
    for text in texts::HONEST {
        compare(text, rounds);
    }
}

fn compare(text: &str, rounds: u32) {
    let all = texts::documents(text);
    let accepted: Vec<&str> =
        all.iter().map(String::as_str).filter(|query| everybody_accepts(query)).collect();
    let bytes: usize = accepted.iter().map(|query| query.len()).sum();
    println!(
        "{text}: {} of {} documents, those that all parsers accept; {bytes} bytes",
        accepted.len(),
        all.len()
    );
    let (mut tape, mut scratch) = (Tape::default(), Scratch::default());
    let each = |work: fn(&str)| {
        let accepted = &accepted;
        Box::new(move || accepted.iter().for_each(|query| work(black_box(query))))
    };
    let ours = || {
        for query in &accepted {
            let document = parse(black_box(query), Budget::default(), &mut tape).unwrap();
            black_box(measure_against(document, ALIASES, &mut scratch)).ok();
        }
    };
    let mut contenders = [
        Contender { name: "portcullis-graphql: parse + measure", turn: Box::new(ours) },
        Contender { name: "graphql-query 1.0.1: parse", turn: each(|query| assert!(graphql_query(query))) },
        Contender { name: "bluejay-parser 0.5: parse", turn: each(|query| assert!(bluejay(query))) },
        Contender { name: "graphql-parser 0.4.1: parse", turn: each(|query| assert!(graphql_parser(query))) },
    ];
    for ratio in race(&mut contenders, rounds) {
        let (low, high) = ratio.quartiles;
        let speed = bytes as f64 * 1e3 / ratio.nanoseconds;
        println!("  {:<38}{:>6.2}x  ({low:.2} to {high:.2})  {speed:>6.0} MB/s", ratio.name, ratio.median);
    }
}

fn everybody_accepts(query: &str) -> bool {
    parse(query, Budget::default(), &mut Tape::default()).is_ok()
        && graphql_query(query)
        && bluejay(query)
        && graphql_parser(query)
}

fn graphql_query(query: &str) -> bool {
    let arena = graphql_query::ast::ASTContext::new();
    black_box(graphql_query::ast::Document::parse(&arena, query)).is_ok()
}

fn bluejay(query: &str) -> bool {
    black_box(ExecutableDocument::parse(query).result).is_ok()
}

fn graphql_parser(query: &str) -> bool {
    black_box(graphql_parser::query::parse_query::<&str>(query)).is_ok()
}
