//! What the host tells the gate of one exchange.

use crate::headers::Headers;

/// What the host tells of one exchange, in its order.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// The request's headers.
    RequestHeaders {
        /// All of them; nothing when the host did not give them.
        headers: Option<Headers<'a>>,
        /// What the host knows of the client.
        peer: Peer<'a>,
        /// Whether a body or trailers follow.
        more: More,
    },
    /// More of the request's body.
    RequestBody {
        /// What is new.
        chunk: Chunk<'a>,
        /// Whether more follows.
        more: More,
    },
    /// The request's trailers: the body has ended.
    RequestTrailers,
    /// The response's headers, whoever answers.
    ResponseHeaders {
        /// All of them; nothing when the host did not give them, or when nobody asked for them.
        headers: Option<Headers<'a>>,
        /// Whether a body or trailers follow.
        more: More,
    },
    /// More of the response's body.
    ResponseBody {
        /// What is new.
        chunk: Chunk<'a>,
        /// Whether more follows.
        more: More,
    },
    /// The response's trailers: its body has ended.
    ResponseTrailers,
    /// Time has passed.
    Tick,
    /// The stream is over, whatever became of it.
    StreamEnded,
}

/// What the host knows of a request's sender.
#[derive(Clone, Copy, Debug, Default)]
pub struct Peer<'a> {
    /// The address, `ip:port`.
    pub address: Option<&'a [u8]>,
    /// The version of HTTP, `HTTP/1.1`; asked for where a socket is to be opened.
    pub protocol: Option<&'a [u8]>,
    /// What it said to each property that the policy asks for, in their order.
    pub properties: &'a [Option<Vec<u8>>],
}

/// Whether more of a request follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum More {
    /// More follows.
    Follows,
    /// This was the last of it.
    Ended,
}

/// A piece of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunk<'a> {
    /// The bytes.
    Bytes(&'a [u8]),
    /// The host did not give them.
    Unreadable,
}
