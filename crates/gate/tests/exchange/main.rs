//! One exchange as a list of inputs and the effects they lead to; no host, an invented clock.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks for one effect among many")]
#![cfg(not(target_family = "wasm"))]

mod batches;
mod candidate;
mod clients;
mod costs;
mod decisions;
mod persisted;
mod profiles;
mod requests;
mod responses;
mod settled;
mod shadow;
mod shadow_throttles;
mod sockets;
mod streams;
mod throttles;
mod transports;
mod uploads;

use portcullis_gate::{
    Answer, Chunk, Desk, Effect, Effects, Event, Exchange, Flow, Headers, Held, Input, More, Peer, Timestamp,
    World,
};
use portcullis_policy::Policy;
use portcullis_policy::decisions::DecisionSet;
use portcullis_policy::throttles::{Live, Places, Seed, Shelf};
use portcullis_report::Reason;

const HONEST: &str = r#"{"query":"query Me { me { id } }"}"#;
const EVIL: &str = r#"{"query":"{ __schema { types { name } } }"}"#;
const JSON: (&str, &str) = ("content-type", "application/json");

struct Stream {
    policy: Policy,
    decisions: DecisionSet,
    desk: Desk,
    exchange: Exchange,
    held: Held,
    places: Places,
    shelf: Shelf,
    live: Live,
    now: Timestamp,
    address: &'static str,
    properties: Vec<Option<Vec<u8>>>,
    protocol: &'static str,
}

impl Stream {
    fn under(policy: &str) -> Self {
        let policy = Policy::parse(policy).unwrap();
        let mut shelf = Shelf::default();
        let places = Places::prepare(&policy, Seed([7; 32]), &mut shelf);
        Self {
            policy,
            decisions: DecisionSet::default(),
            desk: Desk::default(),
            exchange: Exchange::default(),
            held: Held::default(),
            places,
            shelf,
            live: Live::new(1),
            now: Timestamp::from_millis(1_000),
            address: "192.0.2.7:5000",
            properties: Vec::new(),
            protocol: "HTTP/1.1",
        }
    }

    fn new() -> Self {
        Self::under("")
    }

    fn on(&mut self, input: Input<'_>) -> Effects {
        let mut world = World {
            now: self.now,
            policy: &self.policy,
            decisions: &self.decisions,
            entropy: [7; 10],
            desk: &mut self.desk,
            held: &mut self.held,
            places: &self.places,
            live: &mut self.live,
            buckets: &mut self.shelf,
        };
        self.exchange.on(input, &mut world)
    }

    fn headers(&mut self, method: &str, path: &str, more: More, extra: &[(&str, &str)]) -> Effects {
        let pseudo = [(":method", method), (":path", path), (":authority", "shop")];
        let pairs: Vec<(String, Vec<u8>)> = pseudo
            .iter()
            .chain(extra)
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
            .collect();
        let headers = Some(Headers::new(&pairs));
        let properties = self.properties.clone();
        let protocol = Some(self.protocol.as_bytes());
        let peer = Peer { address: Some(self.address.as_bytes()), properties: &properties, protocol };
        self.on(Input::RequestHeaders { headers, peer, more })
    }

    fn post(&mut self) -> Effects {
        self.headers("POST", "/graphql", More::Follows, &[JSON])
    }

    /// The headers of a response, with 200 unless they say otherwise.
    fn response(&mut self, headers: &[(&str, &str)], more: More) -> Effects {
        let is_said = headers.iter().any(|(name, _)| *name == ":status");
        let status = (!is_said).then_some(&(":status", "200"));
        let pairs: Vec<(String, Vec<u8>)> = status
            .into_iter()
            .chain(headers)
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
            .collect();
        self.on(Input::ResponseHeaders { headers: Some(Headers::new(&pairs)), more })
    }

    fn body(&mut self, bytes: &[u8], more: More) -> Effects {
        self.on(Input::RequestBody { chunk: Chunk::Bytes(bytes), more })
    }

    fn response_body(&mut self, bytes: &[u8], more: More) -> Effects {
        self.on(Input::ResponseBody { chunk: Chunk::Bytes(bytes), more })
    }
}

fn reply(effects: &Effects) -> Option<&Answer> {
    effects.list.iter().find_map(|effect| match effect {
        Effect::Reply(answer) => Some(answer),
        _ => None,
    })
}

fn event(effects: &Effects) -> &Event {
    events(&effects.list).next().unwrap()
}

fn events(list: &[Effect]) -> impl Iterator<Item = &Event> {
    list.iter().filter_map(|effect| match effect {
        Effect::Emit(event) => Some(&**event),
        _ => None,
    })
}

fn reason(effects: &Effects) -> Option<Reason> {
    event(effects).refusal.map(|refusal| refusal.reason)
}

#[track_caller]
fn refused_at_once(effects: &Effects, expected: Reason) {
    assert_eq!(effects.flow, Flow::Hold);
    assert_eq!(reply(effects).unwrap().status, expected.status());
    assert_eq!(reason(effects), Some(expected));
}

/// Sends a whole `POST` of JSON.
fn post(stream: &mut Stream, body: &str) -> Effects {
    stream.exchange = Exchange::default();
    stream.post();
    stream.body(body.as_bytes(), More::Ended)
}

/// Sends a whole `GET`.
fn get(stream: &mut Stream, path: &str) -> Effects {
    stream.exchange = Exchange::default();
    stream.headers("GET", path, More::Ended, &[])
}

fn header<'e>(effects: &'e Effects, name: &str) -> Option<&'e str> {
    effects.list.iter().find_map(|effect| match effect {
        Effect::SetRequestHeader(known, value) if *known == name => Some(value.as_str()),
        _ => None,
    })
}
