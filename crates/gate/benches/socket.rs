//! What it takes to pass a message over an open socket: `cargo bench -p portcullis-gate --bench socket`.
//!
//! An operation of a client beside its judgement alone, and results of a server, by their size.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench is a shell")]

#[path = "../../graphql/benches/shared/race.rs"]
mod race;

use std::hint::black_box;

use portcullis_gate::{
    Carries, Chunk, CorrelationId, Deflate, Desk, Held, Opened, Socket, SocketInput, Terms, Timestamp, World,
    judge_body,
};
use portcullis_policy::throttles::{Live, Places, Shelf};
use portcullis_policy::{Evidence, Policy, Subprotocol};
use race::{Contender, race};

const QUERY: &str =
    "query Levels { products(first: 20) { nodes { id name price related(first: 3) { id name } } } }";
const TURNS: u32 = 2_000;

/// A socket and what surrounds it.
struct Line<'p> {
    policy: &'p Policy,
    desk: Desk,
    held: Held,
    places: Places,
    live: Live,
    shelf: Shelf,
    now: Timestamp,
    socket: Socket,
}

impl<'p> Line<'p> {
    fn open(policy: &'p Policy) -> Self {
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
        let mut line = Self {
            policy,
            desk: Desk::default(),
            held: Held::default(),
            places: Places::default(),
            live: Live::default(),
            shelf: Shelf::default(),
            now: Timestamp::default(),
            socket: Socket::new(opened, policy, Timestamp::default()),
        };
        line.on(SocketInput::Client(Chunk::Bytes(&masked(br#"{"type":"connection_init"}"#))));
        line.on(SocketInput::Server(Chunk::Bytes(&plain(br#"{"type":"connection_ack"}"#))));
        line
    }

    fn on(&mut self, input: SocketInput<'_>) {
        // As fast as the policy allows.
        self.now = self.now.later(20);
        let mut world = World {
            now: self.now,
            policy: self.policy,
            entropy: [7; 10],
            desk: &mut self.desk,
            held: &mut self.held,
            places: &self.places,
            live: &mut self.live,
            buckets: &mut self.shelf,
            decisions: &Default::default(),
        };
        black_box(self.socket.on(input, &mut world));
    }
}

fn masked(text: &[u8]) -> Vec<u8> {
    let key = [0x81, 0x2d, 0xbe, 0xf6];
    let mut frame = head(text.len(), 0x80);
    frame.extend(key);
    frame.extend(text.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

fn plain(text: &[u8]) -> Vec<u8> {
    [head(text.len(), 0).as_slice(), text].concat()
}

fn head(length: usize, bit: u8) -> Vec<u8> {
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..=125), _) => vec![0x81, bit | short],
        (_, Ok(medium)) => [&[0x81, bit | 126], &medium.to_be_bytes()[..]].concat(),
        _ => [&[0x81, bit | 127], &u64::try_from(length).unwrap().to_be_bytes()[..]].concat(),
    }
}

fn main() {
    let policy = Policy::parse("websocket: {limits: {lifetime_ms: 2592000000}}").unwrap();
    let payload = serde_json::json!({ "query": QUERY, "variables": {} });
    let body = payload.to_string();
    let start = masked(
        serde_json::json!({ "id": "1", "type": "subscribe", "payload": payload }).to_string().as_bytes(),
    );
    let stop = masked(br#"{"id":"1","type":"complete"}"#);
    let result = |bytes: usize| {
        let nodes: Vec<_> = (0..bytes / 40)
            .map(|n| serde_json::json!({ "id": n.to_string(), "name": "Ünïcode", "price": 7 }))
            .collect();
        plain(
            serde_json::json!({ "id": "1", "type": "next", "payload": { "data": { "nodes": nodes } } })
                .to_string()
                .as_bytes(),
        )
    };
    let (small, large) = (result(400), result(60_000));
    println!("an operation of {} bytes, results of {} and {} bytes", body.len(), small.len(), large.len());
    let (mut desk, mut client, mut server) = (Desk::default(), Line::open(&policy), Line::open(&policy));
    let mut bulk = Line::open(&policy);
    let mut contenders = [
        Contender {
            name: "the judgement alone",
            turn: Box::new(|| {
                (0..TURNS)
                    .for_each(|_| drop(black_box(judge_body(&policy, black_box(body.as_bytes()), &mut desk))))
            }),
        },
        Contender {
            name: "an operation, and its end",
            turn: Box::new(|| {
                for _ in 0..TURNS {
                    client.on(SocketInput::Client(Chunk::Bytes(black_box(&start))));
                    client.on(SocketInput::Client(Chunk::Bytes(black_box(&stop))));
                }
            }),
        },
        Contender {
            name: "a small result",
            turn: Box::new(|| {
                (0..TURNS).for_each(|_| server.on(SocketInput::Server(Chunk::Bytes(black_box(&small)))))
            }),
        },
        Contender {
            name: "a large result",
            turn: Box::new(|| {
                (0..TURNS).for_each(|_| bulk.on(SocketInput::Server(Chunk::Bytes(black_box(&large)))))
            }),
        },
    ];
    for ratio in race(&mut contenders, 11) {
        let (low, high) = ratio.quartiles;
        let each = ratio.nanoseconds / f64::from(TURNS);
        println!("  {:<28}{:>6.2}x  ({low:.2} to {high:.2})  {each:>7.0} ns", ratio.name, ratio.median);
    }
}
