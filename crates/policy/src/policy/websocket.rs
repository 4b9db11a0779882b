//! What a WebSocket may be: who may open one, how fast, and what it may carry.

mod origins;

pub use origins::{Asked, Cookies, Origins};
pub(crate) use origins::{Origin, Port};

use super::{RoutePath, StreamLimit, Switch, Throttle, Throttles};

/// What sockets may be.
#[derive(Clone, Debug, PartialEq)]
pub struct WebSockets {
    /// Whether GraphQL sockets are taken on the GraphQL routes.
    pub graphql: Switch,
    /// Paths of sockets that carry no GraphQL; their frames are checked, their messages counted.
    pub routes: Vec<RoutePath>,
    /// From which pages sockets may be opened.
    pub origins: Origins,
    /// The subprotocols that are taken on GraphQL routes.
    pub subprotocols: Vec<Subprotocol>,
    /// What is done with offers to compress.
    pub compression: Compression,
    /// What one socket may carry.
    pub limits: SocketLimits,
    /// Attempts over time (its rules), and sockets that are open at once (its streams).
    pub handshakes: Throttles,
    /// Messages over time, of all sockets of a client or a class.
    pub messages: Throttles,
}

impl WebSockets {
    /// Whether sockets are taken anywhere.
    pub fn are_taken(&self) -> bool {
        self.graphql == Switch::On || !self.routes.is_empty()
    }

    /// What limits attempts, in the order of the policy.
    pub fn attempts(&self) -> &[Throttle] {
        self.handshakes.rules()
    }

    /// How many sockets may be open at once, in the order of the policy.
    pub fn sockets(&self) -> &[StreamLimit] {
        self.handshakes.streams()
    }

    /// The names of its throttles: those of attempts, of sockets, of messages.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.handshakes.names().chain(self.messages.names())
    }
}

/// A subprotocol of GraphQL over WebSockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subprotocol {
    /// `graphql-transport-ws`, of the npm package graphql-ws.
    GraphqlTransportWs,
    /// `graphql-ws`, of the older npm package subscriptions-transport-ws.
    GraphqlWs,
}

impl Subprotocol {
    /// Both.
    pub const ALL: [Self; 2] = [Self::GraphqlTransportWs, Self::GraphqlWs];

    /// Its name in `Sec-WebSocket-Protocol`.
    pub fn name(self) -> &'static str {
        match self {
            Self::GraphqlTransportWs => "graphql-transport-ws",
            Self::GraphqlWs => "graphql-ws",
        }
    }

    /// The one of that name.
    pub fn named(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name().as_bytes() == name)
    }
}

/// What is done with offers to compress messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// They are taken out of the handshake, so that nothing is compressed.
    Off,
    /// `permessage-deflate` without context takeover stays, and messages are inflated to be judged.
    Inflate,
}

/// What one socket may carry; all limits inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketLimits {
    /// Bytes of a message of the client, inflated.
    pub message_bytes: usize,
    /// Frames of one message of the client.
    pub frames_per_message: u32,
    /// Operations that run at once.
    pub open_operations: u32,
    /// Messages of the client in a second.
    pub messages_per_second: u32,
    /// Messages that may come at once after a pause.
    pub burst: u32,
    /// Control frames of the client in a second.
    pub control_frames_per_second: u32,
    /// Milliseconds until `connection_init` has to be there.
    pub init_timeout_ms: u64,
    /// Bytes of the message with `connection_init`.
    pub init_payload_bytes: usize,
    /// Milliseconds without anything whole from either side.
    pub idle_ms: u64,
    /// Milliseconds that a socket may live.
    pub lifetime_ms: u64,
    /// Bytes that a worker keeps for all its sockets together.
    pub socket_bytes: usize,
}
