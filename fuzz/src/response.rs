//! Responses that pass: the same bytes and events for every way of cutting, and never more bytes than came, but for a member that is added.

use crate::choices::{Choices, chunks};
use portcullis_framing::{Addition, Event, Events, Jobs, Scanner, StreamForm, StreamScanner, Suggestions};
use serde_json::Value;

#[derive(Debug, PartialEq)]
struct Scanned {
    output: Vec<u8>,
    events: Vec<String>,
    lost: bool,
}

/// Choices: depth, a way of cutting. The rest is the response.
pub(crate) fn check(input: &[u8]) {
    let mut choices = Choices::of(input);
    let depth = choices.one_of(&[64, 1, 3]);
    let seed = choices.byte();
    let body = choices.rest();
    for form in [StreamForm::Events, StreamForm::Parts] {
        let whole = streamed(&[body], form, Suggestions::Strip, depth);
        assert_eq!(
            streamed(&chunks(body, seed), form, Suggestions::Strip, depth),
            whole,
            "cut by seed {seed}"
        );
        assert_eq!(streamed(&chunks(body, 0), form, Suggestions::Strip, depth), whole, "byte by byte");
        assert!(whole.0.len() <= body.len(), "bytes were added to a stream");
        let kept = streamed(&chunks(body, seed), form, Suggestions::Keep, depth);
        assert_eq!((kept.0.as_slice(), kept.1), (body, whole.1), "bytes of a stream were lost");
    }
    let whole = scan(&[body], Suggestions::Strip, depth);
    assert_eq!(scan(&chunks(body, seed), Suggestions::Strip, depth), whole, "cut by seed {seed}");
    assert_eq!(scan(&chunks(body, 0), Suggestions::Strip, depth), whole, "byte by byte");
    let kept = scan(&chunks(body, seed), Suggestions::Keep, depth);
    assert_eq!(kept.output, body, "bytes were lost");
    assert!(whole.output.len() <= body.len(), "bytes were added");
    assert_eq!((&kept.events, kept.lost), (&whole.events, whole.lost), "the jobs disturb each other");
    let (before, after) =
        (serde_json::from_slice::<Value>(body), serde_json::from_slice::<Value>(&whole.output));
    let told = added(&[body], depth);
    assert_eq!(added(&chunks(body, seed), depth), told, "added by seed {seed}");
    assert_eq!(added(&chunks(body, 0), depth), told, "added byte by byte");
    if let Ok(before) = before {
        let told = serde_json::from_slice::<Value>(&told);
        let told = told.unwrap_or_else(|error| panic!("no longer JSON: {error}"));
        for key in ["data", "errors"] {
            assert_eq!(told.get(key), before.get(key), "{key} was touched");
        }
        let after = after.unwrap_or_else(|error| panic!("no longer JSON: {error}"));
        assert_eq!(after.get("data"), before.get("data"), "data was touched");
    }
}

fn scan(chunks: &[&[u8]], suggestions: Suggestions, depth: usize) -> Scanned {
    let mut scanner = Scanner::new(Jobs { suggestions, events: Events::On }, depth);
    let (mut output, mut events) = (Vec::new(), Vec::new());
    for chunk in chunks {
        output.extend_from_slice(
            &scanner.feed(chunk, &mut |event: Event<'_>| events.push(format!("{event:?}"))),
        );
    }
    output.extend_from_slice(&scanner.finish());
    let starts = |name: &str| events.iter().filter(|event| *event == name).count();
    if !scanner.is_lost() {
        assert!(starts("ObjectEnd") <= starts("ObjectStart") && starts("ListEnd") <= starts("ListStart"));
    }
    Scanned { output, events, lost: scanner.is_lost() }
}

/// What leaves of a stream, and its events.
fn streamed(
    chunks: &[&[u8]],
    form: StreamForm,
    suggestions: Suggestions,
    depth: usize,
) -> (Vec<u8>, Vec<String>) {
    let mut scanner = StreamScanner::new(form, Jobs { suggestions, events: Events::On }, depth);
    let (mut output, mut events) = (Vec::new(), Vec::new());
    for chunk in chunks {
        output.extend_from_slice(
            &scanner.feed(chunk, &mut |event: Event<'_>| events.push(format!("{event:?}"))),
        );
    }
    output.extend_from_slice(&scanner.finish());
    (output, events)
}

/// What leaves with a member added.
fn added(chunks: &[&[u8]], depth: usize) -> Vec<u8> {
    let jobs = Jobs { suggestions: Suggestions::Keep, events: Events::Off };
    let mut scanner = Scanner::new(jobs, depth).adding(Some(Addition::new("cost", "1".to_owned())));
    let mut output = Vec::new();
    for chunk in chunks {
        output.extend_from_slice(&scanner.feed(chunk, &mut |_| ()));
    }
    output.extend_from_slice(&scanner.finish());
    output
}
