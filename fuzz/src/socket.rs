//! Open sockets: whatever both sides send, both hear frames of RFC 6455, nothing of the gate's own reaches the wrong side, and nothing stays
//! held.

use crate::choices::{Choices, chunks};
use portcullis_framing::websocket::{Compression, ControlKind, FrameLimits, FrameReader, Part, Sender};
use portcullis_gate::{
    Carries, Chunk, CorrelationId, Deflate, Desk, Effect, Held, Opened, Socket, SocketInput, Terms,
    Timestamp, World,
};
use portcullis_policy::throttles::{Live, Places, Seed, Shelf};
use portcullis_policy::{Evidence, Policy, Subprotocol};
use portcullis_report::Reason;
use std::sync::LazyLock;

const ANY: FrameLimits = FrameLimits { message_bytes: u64::MAX, frames_per_message: u32::MAX };

static POLICIES: LazyLock<Vec<Policy>> = LazyLock::new(|| {
    let near = "websocket: {limits: {message_bytes: 160, frames_per_message: 4, open_operations: 2, messages_per_second: 2, burst: 6, control_frames_per_second: 3, init_payload_bytes: 125, init_timeout_ms: 1000, idle_ms: 20000, lifetime_ms: 60000}}";
    let throttles = "throttles: {tracked_clients: 8, tracked_streams: 8, rules: [{name: a, per: client, unit: requests, capacity: 2, refill: 1, window_ms: 1000}], streams: [{name: b, per: client, max: 1}]}\nwebsocket: {tracked_clients: 8, messages: [{name: c, per: client, capacity: 9, refill: 1, window_ms: 1000}]}";
    let texts = [
        "",
        near,
        throttles,
        "mode: shadow\nresponses: {count_errors: true}",
        "responses: {count_errors: true}\nshadow_reasons: [socket_messages, socket_idle, cost]",
    ];
    texts.iter().map(|text| Policy::parse(text).unwrap()).collect()
});

/// Choices: policy, what the socket carries, compression. The rest are steps: what it is, its length, its bytes.
pub(crate) fn check(input: &[u8]) {
    let mut choices = Choices::of(input);
    let policy = &POLICIES[choices.below(POLICIES.len())];
    let carries = choices.one_of(&[
        Carries::Graphql(Subprotocol::GraphqlTransportWs),
        Carries::Graphql(Subprotocol::GraphqlWs),
        Carries::Anything,
    ]);
    let deflate = choices.one_of(&[Deflate::Withheld, Deflate::Offered]);
    let terms = Terms { carries, deflate };
    let steps = steps(choices.rest());
    let mut whole = Line::open(policy, terms);
    let mut pieces = Line::open(policy, terms);
    for (kind, bytes) in steps {
        whole.step(kind, bytes, &[bytes]);
        // A chunk without bytes is an occasion like any other.
        let cut = if bytes.is_empty() { vec![bytes] } else { chunks(bytes, 3) };
        pieces.step(kind, bytes, &cut);
    }
    assert_eq!(whole.told, pieces.told, "another verdict in pieces");
    whole.end();
    pieces.end();
}

fn steps(mut rest: &[u8]) -> Vec<(u8, &[u8])> {
    let mut steps = Vec::new();
    while let [kind, length, after @ ..] = rest {
        let (bytes, next) = after.split_at(usize::from(*length).min(after.len()));
        steps.push((*kind, bytes));
        rest = next;
    }
    steps
}

struct Line<'p> {
    policy: &'p Policy,
    desk: Desk,
    held: Held,
    places: Places,
    shelf: Shelf,
    live: Live,
    now: Timestamp,
    socket: Socket,
    server: FrameReader,
    client: FrameReader,
    /// The payload of the last ping of the gate.
    ping: Option<Vec<u8>>,
    /// Whether something passed that only counts.
    lax: bool,
    told: Vec<(Option<Reason>, Option<Reason>, String)>,
}

/// What no client sends here; the payloads of the gate's pings begin so.
const ENTROPY: [u8; 10] = [0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xf8, 0xf7, 1, 2];

impl<'p> Line<'p> {
    fn open(policy: &'p Policy, terms: Terms) -> Self {
        let mut shelf = Shelf::default();
        let places = Places::prepare(policy, Seed([7; 32]), &mut shelf);
        let client = policy.clients.identify(&Evidence { header: &|_| None, properties: &[], address: None });
        let class = policy.clients.class(client.class).unwrap();
        let opened = Opened {
            correlation: CorrelationId::parse(b"socket").unwrap(),
            address: None,
            client,
            profile: None,
            class: class.name.clone(),
            sight: class.sight,
            terms,
        };
        let now = Timestamp::from_millis(1_000);
        Self {
            policy,
            desk: Desk::default(),
            held: Held::default(),
            places,
            shelf,
            live: Live::new(1),
            now,
            socket: Socket::new(opened, policy, now),
            server: FrameReader::new(Sender::Client, Compression::Deflate, ANY),
            client: FrameReader::new(Sender::Server, Compression::Deflate, ANY),
            ping: None,
            lax: false,
            told: Vec::new(),
        }
    }

    fn step(&mut self, kind: u8, bytes: &[u8], pieces: &[&[u8]]) {
        match kind % 4 {
            0 => pieces.iter().for_each(|piece| self.client_sends(piece)),
            1 => pieces.iter().for_each(|piece| self.server_sends(piece)),
            2 => {
                if let Some(payload) = self.ping.take() {
                    let length = u8::try_from(payload.len()).unwrap();
                    self.server_sends(&[&[0x8a, length], payload.as_slice()].concat());
                }
            }
            _ => {
                let millis = bytes.first().map_or(0, |byte| u64::from(*byte) * 100);
                self.now = self.now.later(millis);
                self.on(SocketInput::Tick);
            }
        }
    }

    fn on(&mut self, input: SocketInput<'_>) -> Vec<Effect> {
        let mut world = World {
            now: self.now,
            policy: self.policy,
            entropy: ENTROPY,
            desk: &mut self.desk,
            held: &mut self.held,
            places: &self.places,
            live: &mut self.live,
            buckets: &mut self.shelf,
            decisions: &Default::default(),
        };
        let list = self.socket.on(input, &mut world).list;
        for effect in &list {
            if let Effect::Emit(event) = effect {
                let reason =
                    |refusal: Option<portcullis_policy::Refusal>| refusal.map(|refusal| refusal.reason);
                self.lax |= event.shadowed.is_some();
                let told = (reason(event.refusal), reason(event.shadowed), event.correlation.to_string());
                self.told.push(told);
            }
        }
        list
    }

    fn client_sends(&mut self, bytes: &[u8]) {
        let list = self.on(SocketInput::Client(Chunk::Bytes(bytes)));
        let replaced = list.iter().find_map(|effect| match effect {
            Effect::ReplaceRequestChunk(bytes) => Some(bytes.as_slice()),
            _ => None,
        });
        let mut rest = replaced.unwrap_or(bytes);
        loop {
            match self.server.next(&mut rest) {
                Ok(None) => return,
                Ok(Some(Part::Control(control))) if control.kind == ControlKind::Ping => {
                    let is_own = control.payload().starts_with(&ENTROPY[..8]);
                    self.ping = is_own.then(|| control.payload()).or(self.ping.take());
                }
                Ok(Some(_)) => (),
                Err(error) => {
                    assert!(self.lax, "the server hears no frames: {error}");
                    return;
                }
            }
        }
    }

    fn server_sends(&mut self, bytes: &[u8]) {
        let list = self.on(SocketInput::Server(Chunk::Bytes(bytes)));
        let replaced = list.iter().find_map(|effect| match effect {
            Effect::ReplaceResponseChunk(bytes) => Some(bytes.as_slice()),
            _ => None,
        });
        let mut rest = replaced.unwrap_or(bytes);
        loop {
            match self.client.next(&mut rest) {
                Ok(None) => return,
                Ok(Some(_)) => (),
                // It is reset then.
                Err(error) => {
                    let is_reset = list.contains(&Effect::Reset)
                        || self.told.iter().any(|told| told.0 == Some(Reason::SocketUpstream));
                    assert!(self.lax || is_reset, "the client hears no frames: {error}");
                    return;
                }
            }
        }
    }

    fn end(&mut self) {
        let bytes = self.held.socket_bytes();
        let message = self.policy.websocket.limits.message_bytes + 14 * 1_024;
        assert!(bytes <= (64 << 10) + 2 * message, "{:?}", self.held);
        self.on(SocketInput::Ended);
        assert_eq!(self.held, Held::default(), "something stays held");
    }
}
