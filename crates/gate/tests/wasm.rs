//! Verdicts and an open socket in wasm, where the filter runs them.
#![cfg(target_family = "wasm")]
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks for one effect among many")]

use portcullis_gate::{
    Carries, Chunk, CorrelationId, Deflate, Desk, Effect, Held, Opened, Socket, SocketInput, Terms,
    Timestamp, World, judge_body,
};
use portcullis_policy::throttles::{Live, Places, Shelf};
use portcullis_policy::{Evidence, Policy, Subprotocol, Verdict};
use portcullis_report::Reason;
use wasm_bindgen_test::wasm_bindgen_test;

fn reason(body: &str) -> Option<Reason> {
    let policy = Policy::parse("").unwrap();
    match judge_body(&policy, body.as_bytes(), &mut Desk::default()).verdict {
        Verdict::Allow => None,
        Verdict::Deny(refusal) => Some(refusal.reason),
    }
}

#[wasm_bindgen_test]
fn verdicts_are_those_of_the_native_build() {
    assert_eq!(reason(r#"{"query":"query Me { me { id } }"}"#), None);
    assert_eq!(reason(r#"{"query":"{ __schema { types { name } } }"}"#), Some(Reason::Introspection));
    assert_eq!(reason(r#"{"query":"{ users(first: 100000) { id } }"}"#), Some(Reason::Cost));
    assert_eq!(reason(r#"{"query":"{ a"}"#), Some(Reason::Syntax));
}

#[wasm_bindgen_test]
fn a_socket_lives_on_after_a_refusal() {
    let policy = Policy::parse("").unwrap();
    let client = policy.clients.identify(&Evidence { header: &|_| None, properties: &[], address: None });
    let class = policy.clients.class(client.class).unwrap();
    let carries = Carries::Graphql(Subprotocol::GraphqlTransportWs);
    let opened = Opened {
        correlation: CorrelationId::parse(b"socket").unwrap(),
        address: None,
        client,
        profile: None,
        class: class.name.clone(),
        sight: class.sight,
        terms: Terms { carries, deflate: Deflate::Withheld },
    };
    let mut socket = Socket::new(opened, &policy, Timestamp::default());
    let (mut desk, mut held) = (Desk::default(), Held::default());
    let (mut live, mut shelf) = (Live::default(), Shelf::default());
    let mut on = |input: SocketInput<'_>| -> Vec<u8> {
        let mut world = World {
            now: Timestamp::default(),
            policy: &policy,
            entropy: [7; 10],
            desk: &mut desk,
            held: &mut held,
            places: &Places::default(),
            live: &mut live,
            buckets: &mut shelf,
            decisions: &Default::default(),
        };
        let list = socket.on(input, &mut world).list;
        let replaced = list.into_iter().find_map(|effect| match effect {
            Effect::ReplaceRequestChunk(bytes) | Effect::ReplaceResponseChunk(bytes) => Some(bytes),
            _ => None,
        });
        replaced.unwrap_or_default()
    };
    let masked = |text: &[u8]| {
        [&[0x81, 0xfe][..], &u16::try_from(text.len()).unwrap().to_be_bytes(), &[0; 4], text].concat()
    };
    on(SocketInput::Client(Chunk::Bytes(b"\x81\x9a\0\0\0\0{\"type\":\"connection_init\"}")));
    on(SocketInput::Server(Chunk::Bytes(b"\x81\x19{\"type\":\"connection_ack\"}")));
    let evil = br#"{"id":"1","type":"subscribe","payload":{"query":"{ users(first: 100000) { id } }","variables":{},"x":"0123456789"}}"#;
    let long = [&evil[..], &b" ".repeat(126_usize.saturating_sub(evil.len()))[..]].concat();
    assert!(on(SocketInput::Client(Chunk::Bytes(&masked(&long)))).starts_with(b"\x89\x8c"));
    let said = on(SocketInput::Server(Chunk::Bytes(b"\x89\x00")));
    assert!(said.starts_with(b"\x81") && said.ends_with(b"\x89\x00"));
}
