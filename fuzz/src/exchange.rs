//! Exchanges: one verdict for every way in which the bytes can come, nothing passes after an answer, and nothing stays held.

mod player;
mod request;

use crate::choices::{Choices, chunks};
use crate::schema::COMPILED;
use base64::Engine as _;
use player::{Ending, Outcome, Player};
use portcullis_gate::{Chunk, Event, Headers, Input, More, Peer};
use portcullis_policy::Policy;
use portcullis_report::{Reason, Transport};
use request::Request;
use std::sync::LazyLock;

static POLICIES: LazyLock<Vec<Policy>> = LazyLock::new(|| {
    let schema = base64::engine::general_purpose::STANDARD.encode(COMPILED.as_slice());
    let texts = [
        "",
        &format!(
            "graphql: {{limits: {{body_bytes: 64, url_bytes: 64, tokens: 12}}}}\nclients: {{identity: [{{header: accept}}], classes: [{{name: a, when: [{{identity: [header]}}], limits: {{depth: 2}}, sees: {{cost: true}}}}]}}\n{THROTTLES}"
        ),
        "graphql: {introspection: allow, transports: {application_graphql: true}}",
        &format!(
            "graphql: {{cost: {{schema: \"{schema}\"}}, unknown_fields: refuse}}\nresponses: {{strip_suggestions: true, count_errors: true, actual_cost: true}}\n{THROTTLES}"
        ),
        "graphql: {transports: {get: false, batch: false, multipart: false}, content_encodings: [], persisted_queries: {enabled: false}}",
        "graphql: {trusted_documents: {mode: require, documents: {a: '{ a }'}}, uploads: {preflight_headers: [], files: 1, file_bytes: 8, total_bytes: 8}}",
    ];
    texts.iter().map(|text| Policy::parse(text).unwrap()).collect()
});

/// Each request of a player finds full buckets; some are too large for them.
const THROTTLES: &str = "throttles: {tracked_clients: 8, tracked_operations: 8, rules: [{name: a, per: client, unit: cost, capacity: 3, window_ms: 9}, {name: b, per: class, unit: requests, capacity: 4, window_ms: 9}, {name: c, per: operation, unit: requests, capacity: 2, window_ms: 9}], tracked_streams: 8, streams: [{name: d, per: client, max: 1}, {name: e, per: class, max: 2}]}";

/// Bytes of a body that may come one by one; longer ones would slow everything down.
const SINGLY: usize = 256;

/// Choices: policy, method, path, headers, a way of cutting, how it ends, the order of what else may come. The rest is the body;
/// of a `GET` the query string.
pub(crate) fn check(input: &[u8]) {
    let mut choices = Choices::of(input);
    let policy = &POLICIES[choices.below(POLICIES.len())];
    let (request, choices) = Request::of(choices);
    let (seed, ending, order) = choices;
    let body = request.body;
    let whole = play(policy, &request, &[body], Ending::LastChunk);
    for (chunks, ending) in [
        (chunks(body, seed), ending),
        (chunks(body, if body.len() > SINGLY { !seed } else { 0 }), Ending::LastChunk),
        (vec![body], Ending::Trailers),
        (vec![body], Ending::EmptyChunk),
    ] {
        let other = play(policy, &request, &chunks, ending);
        assert_alike(&whole, &other);
    }
    assert!(whole.passed_untouched || whole.answer.is_some() || !whole.events.is_empty(), "no verdict");
    if request.is_post() && body.is_empty() && !whole.passed_untouched {
        assert!(whole.answer.is_some(), "a request without a body was allowed");
    }
    disorder(policy, &request, order);
}

/// One request from its headers to the end of its response.
fn play(policy: &Policy, request: &Request<'_>, chunks: &[&[u8]], ending: Ending) -> Outcome {
    let mut player = Player::new(policy);
    let more = if request.has_body { More::Follows } else { More::Ended };
    let headers = Some(Headers::new(&request.headers));
    player.request(Input::RequestHeaders {
        headers,
        peer: Peer { address: Some(b"192.0.2.7:5000"), ..Peer::default() },
        more,
    });
    if more == More::Follows {
        for (index, chunk) in chunks.iter().enumerate() {
            let is_last = index + 1 == chunks.len() && ending == Ending::LastChunk;
            let more = if is_last { More::Ended } else { More::Follows };
            player.request(Input::RequestBody { chunk: Chunk::Bytes(chunk), more });
        }
        match ending {
            Ending::LastChunk if !chunks.is_empty() => (),
            Ending::LastChunk | Ending::EmptyChunk => {
                player.request(Input::RequestBody { chunk: Chunk::Bytes(b""), more: More::Ended });
            }
            Ending::Trailers => player.request(Input::RequestTrailers),
        }
    }
    player.respond(request, ending);
    player.outcome()
}

fn assert_alike(one: &Outcome, other: &Outcome) {
    assert_eq!(one.answer.is_some(), other.answer.is_some(), "{one:?}\nbut {other:?}");
    assert_eq!(one.passed_untouched, other.passed_untouched);
    let refused = one.events.iter().chain(&other.events).any(|event| event.refusal.is_some());
    let is_upload = one.events.iter().any(|event| event.transport == Transport::Upload);
    if refused && is_upload {
        // Of several faults the one that comes first in time is told: the whole body shows a late one at once.
        return;
    }
    let reasons = |outcome: &Outcome| -> Vec<Option<Reason>> {
        outcome.events.iter().map(|event| event.refusal.map(|refusal| refusal.reason)).collect()
    };
    assert_eq!(reasons(one), reasons(other));
    // How far beyond a limit the bytes are, and how many of them came, depends on the chunk that passes it.
    let is_size = |reason: &Option<Reason>| {
        matches!(reason, Some(Reason::BodySize | Reason::Overloaded | Reason::Ambiguous))
    };
    if !reasons(one).iter().any(is_size) {
        assert_eq!(
            one.events.iter().map(told).collect::<Vec<_>>(),
            other.events.iter().map(told).collect::<Vec<_>>()
        );
        assert_eq!(one.answer, other.answer);
    }
}

/// What is told of a request; bytes that come after the verdict are not counted by everyone.
fn told(event: &Event) -> Event {
    let body_bytes = if event.refusal.is_some() { 0 } else { event.body_bytes };
    Event { body_bytes, ..event.clone() }
}

/// Inputs in an order that no host has: whatever it is, nothing panics, and nothing stays held.
fn disorder(policy: &Policy, request: &Request<'_>, order: &[u8]) {
    let mut player = Player::new(policy);
    let mut rest = request.body;
    for step in order {
        let more = if step & 0x80 == 0 { More::Follows } else { More::Ended };
        let (bytes, after) = rest.split_at(usize::from(step >> 3 & 7).min(rest.len()));
        let chunk = if step & 0x40 == 0 { Chunk::Bytes(bytes) } else { Chunk::Unreadable };
        let headers = (step & 0x40 == 0).then(|| Headers::new(&request.headers));
        player.any(match step & 7 {
            0 => Input::RequestHeaders { headers, peer: Peer::default(), more },
            1..=3 => Input::RequestBody { chunk, more },
            4 if more == More::Ended => Input::ResponseTrailers,
            4 => Input::RequestTrailers,
            5 => Input::ResponseHeaders { headers: headers.map(|_| Headers::new(&request.response)), more },
            6 => Input::ResponseBody { chunk, more },
            _ => Input::StreamEnded,
        });
        rest = after;
    }
    player.end();
}
