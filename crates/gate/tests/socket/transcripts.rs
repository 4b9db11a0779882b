//! Every file of `testdata/sockets` is a transcript: what both sides send, and beneath each line what it leads to.
//!
//! `UPDATE_GOLDEN=1` rewrites what is indented; the diff is reviewed like code.
#![expect(clippy::disallowed_methods, reason = "a test reads and writes its golden files")]

use crate::wire::{close, deflated, masked, plain};
use crate::{Line, NEW, OLD, Outcome};
use portcullis_gate::{Carries, Deflate, Effect, Terms};
use portcullis_report::{Metric, SocketMetric};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

#[test]
fn transcripts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/sockets");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    assert!(files.len() >= 20, "only {} transcripts", files.len());
    for path in files {
        let read = || std::fs::read_to_string(&path).unwrap();
        let played = play(&read());
        if std::env::var("UPDATE_GOLDEN").is_ok() {
            std::fs::write(&path, &played).unwrap();
        }
        assert_eq!(played, read(), "{}", path.display());
    }
}

/// Plays what is not indented, and writes beneath it what it leads to.
fn play(text: &str) -> String {
    let (mut out, mut policy, mut line) = (String::new(), String::new(), None);
    for input in text.lines().filter(|line| !line.starts_with(' ')) {
        writeln!(out, "{input}").unwrap();
        let (verb, rest) = input.split_once(' ').unwrap_or((input, ""));
        match (verb, &mut line) {
            ("#" | "", _) => (),
            ("policy", _) => writeln!(policy, "{rest}").unwrap(),
            ("open", line) => *line = Some(open(&policy, rest)),
            (_, None) => panic!("`open` comes first: {input}"),
            (_, Some(line)) => tell(&act(line, verb, rest), &mut out),
        }
    }
    out
}

fn open(policy: &str, how: &str) -> Line {
    let (carries, deflate) = match how.strip_suffix(" deflate") {
        Some(carries) => (carries, Deflate::Offered),
        None => (how, Deflate::Withheld),
    };
    let carries = match carries {
        "graphql-transport-ws" => NEW,
        "graphql-ws" => OLD,
        "anything" => Carries::Anything,
        other => panic!("{other}"),
    };
    Line::open_as(policy, Terms { carries, deflate })
}

fn act(line: &mut Line, verb: &str, rest: &str) -> Outcome {
    let (what, text) = rest.split_once(' ').unwrap_or((rest, ""));
    let long = text.strip_prefix("x").and_then(|count| count.parse().ok()).map(|count| "x".repeat(count));
    let bytes = long.as_deref().unwrap_or(text).as_bytes();
    match (verb, what) {
        ("wait", millis) => line.wait(millis.parse().unwrap()),
        ("C", "text") => line.say(&masked(0x81, bytes)),
        ("C", "begin") => line.say(&masked(1, bytes)),
        ("C", "more") => line.say(&masked(0, bytes)),
        ("C", "end") => line.say(&masked(0x80, bytes)),
        ("C", "binary") => line.say(&masked(0x82, bytes)),
        ("C", "deflated") => line.say(&masked(0xc1, &deflated(bytes))),
        ("C", "ping") => line.say(&masked(0x89, bytes)),
        ("C", "pong") => line.say(&masked(0x8a, bytes)),
        ("C", "close") => line.say(&masked(0x88, &close(text))),
        ("C", "hex") => line.say(&hex(text)),
        ("S", "text") => line.answer(&plain(0x81, bytes)),
        ("S", "begin") => line.answer(&plain(1, bytes)),
        ("S", "end") => line.answer(&plain(0x80, bytes)),
        ("S", "ping") => line.answer(&plain(0x89, bytes)),
        ("S", "pong") => line.pong(),
        ("S", "close") => line.answer(&plain(0x88, &close(text))),
        ("S", "hex") => line.answer(&hex(text)),
        other => panic!("{other:?}"),
    }
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(|letter| *letter != ' ').collect();
    digits.chunks(2).map(|two| u8::from_str_radix(&two.iter().collect::<String>(), 16).unwrap()).collect()
}

fn tell(outcome: &Outcome, out: &mut String) {
    for event in outcome.events() {
        let id = &event.correlation;
        match (event.refusal, event.shadowed) {
            (Some(refusal), _) => writeln!(out, "  refused: {} {id}", refusal.reason.label()).unwrap(),
            (None, Some(refusal)) => writeln!(out, "  noted: {} {id}", refusal.reason.label()).unwrap(),
            (None, None) => writeln!(out, "  allowed: {} {id}", event.operation).unwrap(),
        }
    }
    for heard in &outcome.server {
        writeln!(out, "  server hears: {heard}").unwrap();
    }
    for heard in &outcome.client {
        writeln!(out, "  client hears: {heard}").unwrap();
    }
    for effect in &outcome.list {
        match effect {
            Effect::Count(Metric::Socket(SocketMetric::Closes(code, by)), _) => {
                writeln!(out, "  closed: {} by {}", code.label(), by.label()).unwrap();
            }
            Effect::Reset => writeln!(out, "  reset").unwrap(),
            _ => (),
        }
    }
}
