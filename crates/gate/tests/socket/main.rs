//! One open socket as a list of inputs and what they lead to; no host, an invented clock.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks for one effect among many")]
#![cfg(not(target_family = "wasm"))]

mod candidate;
mod ends;
mod errors;
mod families;
mod limits;
mod memory;
mod properties;
mod shadow;
mod transcripts;
mod wire;

use portcullis_gate::{
    Carries, Chunk, CorrelationId, Deflate, Desk, Effect, Effects, Event, Held, Opened, Socket, SocketInput,
    Terms, Timestamp, World,
};
use portcullis_policy::throttles::{Live, Places, Seed, Shelf};
use portcullis_policy::{Evidence, Policy, Subprotocol};
use portcullis_report::Reason;
use wire::Ear;

const NEW: Carries = Carries::Graphql(Subprotocol::GraphqlTransportWs);
const OLD: Carries = Carries::Graphql(Subprotocol::GraphqlWs);

/// A socket with what both ends hear of it.
struct Line {
    policy: Policy,
    desk: Desk,
    held: Held,
    places: Places,
    shelf: Shelf,
    live: Live,
    now: Timestamp,
    turns: u8,
    socket: Socket,
    server: Ear,
    client: Ear,
}

/// What one input led to.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    /// What the server hears.
    server: Vec<String>,
    /// What the client hears.
    client: Vec<String>,
    list: Vec<Effect>,
}

impl Line {
    fn open(policy: &str, carries: Carries) -> Self {
        Self::open_as(policy, Terms { carries, deflate: Deflate::Withheld })
    }

    fn open_as(policy: &str, terms: Terms) -> Self {
        let policy = Policy::parse(policy).unwrap();
        let mut shelf = Shelf::default();
        let places = Places::prepare(&policy, Seed([7; 32]), &mut shelf);
        let now = Timestamp::from_millis(1_000);
        let socket = Socket::new(opened(&policy, terms), &policy, now);
        Self {
            policy,
            desk: Desk::default(),
            held: Held::default(),
            places,
            shelf,
            live: Live::new(1),
            now,
            turns: 0,
            socket,
            server: Ear::of_server(),
            client: Ear::of_client(),
        }
    }

    fn on(&mut self, input: SocketInput<'_>) -> Effects {
        self.turns = self.turns.wrapping_add(1);
        let mut world = World {
            now: self.now,
            policy: &self.policy,
            entropy: [self.turns | 0x80; 10],
            desk: &mut self.desk,
            held: &mut self.held,
            places: &self.places,
            live: &mut self.live,
            buckets: &mut self.shelf,
            decisions: &Default::default(),
        };
        self.socket.on(input, &mut world)
    }

    /// The client sends bytes.
    fn say(&mut self, bytes: &[u8]) -> Outcome {
        let effects = self.on(SocketInput::Client(Chunk::Bytes(bytes)));
        let replaced = effects.list.iter().find_map(|effect| match effect {
            Effect::ReplaceRequestChunk(bytes) => Some(bytes.clone()),
            _ => None,
        });
        let server = self.server.hear(replaced.as_deref().unwrap_or(bytes));
        Outcome { server, client: Vec::new(), list: effects.list }
    }

    /// The server sends bytes.
    fn answer(&mut self, bytes: &[u8]) -> Outcome {
        let effects = self.on(SocketInput::Server(Chunk::Bytes(bytes)));
        let replaced = effects.list.iter().find_map(|effect| match effect {
            Effect::ReplaceResponseChunk(bytes) => Some(bytes.clone()),
            _ => None,
        });
        let client = self.client.hear(replaced.as_deref().unwrap_or(bytes));
        Outcome { server: Vec::new(), client, list: effects.list }
    }

    /// The server answers the last ping that it heard.
    fn pong(&mut self) -> Outcome {
        let payload = self.server.ping.take().unwrap();
        self.answer(&wire::plain(0x8a, &payload))
    }

    fn wait(&mut self, millis: u64) -> Outcome {
        self.now = self.now.later(millis);
        let effects = self.on(SocketInput::Tick);
        Outcome { list: effects.list, ..Outcome::default() }
    }

    /// The client sends a whole text.
    fn text(&mut self, text: &str) -> Outcome {
        self.say(&wire::masked(0x81, text.as_bytes()))
    }

    /// The server sends a whole text.
    fn server_text(&mut self, text: &str) -> Outcome {
        self.answer(&wire::plain(0x81, text.as_bytes()))
    }

    /// A connection that is acknowledged.
    fn ready(policy: &str, carries: Carries) -> Self {
        let mut line = Self::open(policy, carries);
        line.text(r#"{"type":"connection_init"}"#);
        line.server_text(r#"{"type":"connection_ack"}"#);
        line
    }
}

fn opened(policy: &Policy, terms: Terms) -> Opened {
    let evidence = Evidence { header: &|_| None, properties: &[], address: "192.0.2.7".parse().ok() };
    let client = policy.clients.identify(&evidence);
    let class = policy.clients.class(client.class).unwrap();
    Opened {
        correlation: CorrelationId::parse(b"socket").unwrap(),
        address: "192.0.2.7".parse().ok(),
        client,
        profile: None,
        class: class.name.clone(),
        sight: class.sight,
        terms,
    }
}

impl Outcome {
    fn events(&self) -> impl Iterator<Item = &Event> {
        self.list.iter().filter_map(|effect| match effect {
            Effect::Emit(event) => Some(&**event),
            _ => None,
        })
    }

    fn refused(&self) -> Option<Reason> {
        self.events().find_map(|event| event.refusal).map(|refusal| refusal.reason)
    }
}

/// The message that runs an operation.
fn start(carries: Carries, id: &str, query: &str) -> String {
    let kind = if carries == NEW { "subscribe" } else { "start" };
    serde_json::json!({ "id": id, "type": kind, "payload": { "query": query } }).to_string()
}
