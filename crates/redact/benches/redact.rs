//! Marks the texts of a file as often as asked: `cargo bench -p portcullis-redact --bench redact -- <file> <rounds>`.
//!
//! A `.jsonl` file has a JSON object with a `text` a line. Says megabytes a second, and what a plain search for `@` does on the same
//! bytes. Under `valgrind --tool=callgrind`, instructions a byte are the difference between two numbers of rounds divided by the bytes.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench is a shell"
)]

use portcullis_redact::mark;
use std::hint::black_box;
use std::time::Instant;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [file, rounds] = arguments.as_slice() else {
        println!("say <file> <rounds>");
        return;
    };
    let text = std::fs::read_to_string(file).unwrap();
    let object = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
    let is_clean = |line: &serde_json::Value| line["clean"].as_bool().unwrap_or(false);
    let text_of = |line: &serde_json::Value| line["text"].as_str().unwrap().to_owned();
    let rounds = rounds.parse().unwrap();
    if file.ends_with(".jsonl") {
        let lines: Vec<serde_json::Value> = text.lines().map(object).collect();
        let (clean, marked): (Vec<_>, Vec<_>) = lines.iter().partition(|line| is_clean(line));
        measure("clean lines", &clean.into_iter().map(text_of).collect::<Vec<_>>(), rounds);
        measure("marked lines", &marked.into_iter().map(text_of).collect::<Vec<_>>(), rounds);
        measure("all in one line", &[lines.iter().map(text_of).collect::<Vec<_>>().join(" ")], rounds);
    } else {
        measure("lines", &text.lines().map(str::to_owned).collect::<Vec<_>>(), rounds);
    }
}

fn measure(name: &str, texts: &[String], rounds: u32) {
    let bytes: usize = texts.iter().map(String::len).sum();
    let megabytes = f64::from(u32::try_from(bytes).unwrap()) * f64::from(rounds) / 1e6;
    let timed = |work: fn(&str) -> usize| {
        let started = Instant::now();
        let sum: usize = (0..rounds).flat_map(|_| texts).map(|text| work(black_box(text))).sum();
        black_box(sum);
        megabytes / started.elapsed().as_secs_f64()
    };
    let marked = timed(|text| mark(text).spans.len());
    let searched = timed(|text| text.bytes().filter(|byte| *byte == b'@').count());
    println!(
        "{name}: {bytes} bytes, {marked:.1} MB/s; counting one byte: {searched:.0} MB/s, {:.0} times",
        searched / marked
    );
}
