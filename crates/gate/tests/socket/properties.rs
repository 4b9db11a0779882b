//! Whatever both sides send, and however it is cut.

use crate::wire::{Ear, close, deflated, masked, plain};
use crate::{Line, NEW, OLD, Outcome};
use portcullis_gate::{Carries, Chunk, Deflate, Effect, Held, SocketInput, Terms};
use proptest::prelude::*;

/// A policy whose limits are near.
const NEAR: &str = "websocket: {limits: {message_bytes: 300, frames_per_message: 6, open_operations: 3, burst: 20, \
    control_frames_per_second: 8, init_payload_bytes: 125}}";

fn bytes_of(outcome: &Outcome, chunk: &[u8]) -> Vec<u8> {
    let replaced = outcome.list.iter().find_map(|effect| match effect {
        Effect::ReplaceRequestChunk(bytes) | Effect::ReplaceResponseChunk(bytes) => Some(bytes.clone()),
        _ => None,
    });
    replaced.unwrap_or_else(|| chunk.to_vec())
}

/// Messages of clients, most of them sound.
fn text() -> impl Strategy<Value = String> {
    let id = prop::sample::select(vec!["1", "2", "3", "4"]);
    let query = prop::sample::select(vec![
        "{ me { id } }",
        "subscription { ticks }",
        "mutation M { a }",
        "{ users(first: 100000) { id } }",
        "{ a",
    ]);
    prop_oneof![
        4 => (id.clone(), query, any::<bool>()).prop_map(|(id, query, old)| {
            let kind = if old { "start" } else { "subscribe" };
            format!(r#"{{"id":"{id}","type":"{kind}","payload":{{"query":"{query}"}}}}"#)
        }),
        2 => (id, prop::sample::select(vec!["complete", "stop"])).prop_map(|(id, kind)| format!(r#"{{"id":"{id}","type":"{kind}"}}"#)),
        2 => Just(r#"{"type":"connection_init"}"#.to_owned()),
        1 => Just(r#"{"type":"ping"}"#.to_owned()),
        1 => "[a-z{}\"é€]{0,12}",
    ]
}

/// What a client sends in one go.
fn client() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => text().prop_map(|text| masked(0x81, text.as_bytes())),
        2 => (text(), any::<prop::sample::Index>(), any::<bool>()).prop_map(|(text, at, ping)| {
            let (one, other) = text.as_bytes().split_at(at.index(text.len() + 1));
            let between = if ping { masked(0x89, b"p") } else { Vec::new() };
            [masked(1, one), between, masked(0x80, other)].concat()
        }),
        1 => text().prop_map(|text| masked(0xc1, &deflated(text.as_bytes()))),
        1 => Just(masked(0x89, b"ping")),
        1 => Just(masked(0x8a, b"pong")),
        1 => Just(masked(0x82, b"bytes")),
        1 => Just(masked(0x88, &close("1000 bye"))),
        1 => prop::collection::vec(any::<u8>(), 0..12),
    ]
}

/// What a server sends in one go.
fn server() -> impl Strategy<Value = Vec<u8>> {
    let texts = prop::sample::select(vec![
        r#"{"type":"connection_ack"}"#,
        r#"{"id":"1","type":"complete"}"#,
        r#"{"id":"2","type":"next","payload":{"data":{"é":"€"}}}"#,
        r#"{"id":"2","type":"error","payload":[]}"#,
    ]);
    prop_oneof![
        6 => texts.clone().prop_map(|text| plain(0x81, text.as_bytes())),
        2 => (texts, 0..8_usize).prop_map(|(text, at)| {
            let (one, other) = text.as_bytes().split_at(at);
            [plain(1, one), plain(0x89, b"between"), plain(0x80, other)].concat()
        }),
        1 => Just(plain(0x8a, b"ping")),
        1 => Just(plain(0x82, b"\xff\0")),
        1 => Just(plain(0x88, &close("1000 bye"))),
    ]
}

fn terms() -> impl Strategy<Value = Terms> {
    let carries = prop::sample::select(vec![NEW, NEW, OLD, Carries::Anything]);
    let deflate = prop::sample::select(vec![Deflate::Offered, Deflate::Withheld]);
    (carries, deflate).prop_map(|(carries, deflate)| Terms { carries, deflate })
}

fn cut(bytes: &[u8], cuts: &[prop::sample::Index]) -> Vec<Vec<u8>> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.sort_unstable();
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain(std::iter::once(bytes.len()));
    starts.zip(ends).map(|(start, end)| bytes[start..end].to_vec()).collect()
}

/// Begins, and says what the client's chunks become and what is told of them.
fn played(terms: Terms, ready: bool, chunks: &[Vec<u8>]) -> (Vec<u8>, Vec<String>) {
    let mut line = Line::open_as(NEAR, terms);
    if ready {
        line.text(r#"{"type":"connection_init"}"#);
        line.server_text(r#"{"type":"connection_ack"}"#);
    }
    let (mut out, mut told) = (Vec::new(), Vec::new());
    for chunk in chunks {
        // The same ping, however the bytes are cut.
        line.turns = 0;
        let outcome = line.say(chunk);
        out.extend(bytes_of(&outcome, chunk));
        told.extend(
            outcome
                .events()
                .map(|event| format!("{:?} {} {}", event.refusal, event.operation, event.correlation)),
        );
    }
    (out, told)
}

#[derive(Clone, Debug)]
enum Step {
    Client(Vec<u8>),
    Server(Vec<u8>),
    Pong,
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => client().prop_map(Step::Client),
        4 => server().prop_map(Step::Server),
        2 => Just(Step::Pong),
        1 => prop::sample::select(vec![0_u64, 100, 1_000, 5_000, 400_000]).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 0..24)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_client_is_read_the_same_in_any_chunks(
        terms in terms(),
        ready: bool,
        parts in prop::collection::vec(client(), 0..10),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..16),
    ) {
        let bytes = parts.concat();
        prop_assert_eq!(played(terms, ready, &cut(&bytes, &cuts)), played(terms, ready, &[bytes]));
    }

    #[test]
    fn what_is_allowed_leaves_as_it_came(
        parts in prop::collection::vec(client(), 0..10),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..16),
    ) {
        let terms = Terms { carries: Carries::Anything, deflate: Deflate::Offered };
        let bytes = parts.concat();
        let (out, told) = played(terms, false, &cut(&bytes, &cuts));
        if told.is_empty() {
            // Control frames overtake the messages that they come into; of an unfinished one nothing leaves.
            prop_assert_eq!(Ear::of_server().hear(&out), Ear::of_server().hear(&bytes));
            let (mut sorted_out, mut sorted) = (out.clone(), bytes.clone());
            sorted_out.sort_unstable();
            sorted.sort_unstable();
            prop_assert!(out.len() < bytes.len() || sorted_out == sorted);
        }
    }

    #[test]
    fn a_server_passes_as_it_is_in_any_chunks(
        terms in terms(),
        parts in prop::collection::vec(server(), 0..10),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..16),
    ) {
        let bytes = parts.concat();
        let mut line = Line::open_as("", terms);
        let mut out = Vec::new();
        for chunk in cut(&bytes, &cuts) {
            let outcome = line.answer(&chunk);
            prop_assert_eq!(outcome.refused(), None);
            out.extend(bytes_of(&outcome, &chunk));
        }
        let end = parts.iter().position(|part| part[0] == 0x88).map_or(parts.len(), |at| at + 1);
        prop_assert_eq!(out, parts[..end].concat());
    }

    #[test]
    fn both_ends_always_hear_frames(terms in terms(), steps in steps(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..3)) {
        let mut line = Line::open_as(NEAR, terms);
        let mut closes = 0;
        for step in steps {
            let outcomes: Vec<Outcome> = match step {
                Step::Client(bytes) => cut(&bytes, &cuts).iter().map(|chunk| line.say(chunk)).collect(),
                Step::Server(bytes) => cut(&bytes, &cuts).iter().map(|chunk| line.answer(chunk)).collect(),
                Step::Pong if line.server.ping.is_some() => vec![line.pong()],
                Step::Pong => Vec::new(),
                Step::Wait(millis) => vec![line.wait(millis)],
            };
            for outcome in outcomes {
                for heard in &outcome.server {
                    prop_assert!(!heard.starts_with("what cannot be read"), "server: {}", heard);
                }
                for heard in &outcome.client {
                    prop_assert!(!heard.starts_with("what cannot be read"), "client: {}", heard);
                    let is_own = heard == "ping of the gate" || heard.starts_with("pong \u{fffd}");
                    prop_assert!(!is_own, "the client has no part in it");
                    closes += usize::from(heard.starts_with("close"));
                }
            }
            prop_assert!(closes <= 1, "the client hears one close");
            // Beside the unfinished message.
            prop_assert!(line.held.socket_bytes() <= 2 * (300 + 6 * 14) + (64 << 10), "{:?}", line.held);
        }
        line.on(SocketInput::Ended);
        prop_assert_eq!(&line.held, &Held::default());
    }

    #[test]
    fn nothing_panics_in_any_order(
        terms in terms(),
        policy in prop::sample::select(vec!["", "mode: shadow", NEAR]),
        steps in prop::collection::vec((0..7_u8, prop::collection::vec(any::<u8>(), 0..20)), 0..20),
    ) {
        let mut line = Line::open_as(policy, terms);
        for (kind, bytes) in steps {
            line.now = line.now.later(u64::from(kind) * 700);
            line.on(match kind {
                0 | 1 => SocketInput::Client(Chunk::Bytes(&bytes)),
                2 | 3 => SocketInput::Server(Chunk::Bytes(&bytes)),
                4 => SocketInput::Client(Chunk::Unreadable),
                5 => SocketInput::Tick,
                _ => SocketInput::Ended,
            });
        }
    }
}
