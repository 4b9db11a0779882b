//! The subprotocols of GraphQL over WebSockets: what their messages say, and in which order they make sense.
//!
//! `graphql-transport-ws` is that of the npm package graphql-ws, `graphql-ws` that of the older subscriptions-transport-ws. What a client
//! sends is read as strictly as a body: the payload of an operation becomes the same [`Request`](crate::Request). What a server sends is
//! skimmed as it passes and never kept. Knows no frames, no time, and nothing of what an operation asks for.

mod client;
mod running;
mod server;
mod session;

pub use client::{ClientMessage, LONGEST_ID, MessageError, read_client};
pub use running::Mark;
pub use server::{ServerMessage, Skim};
pub use session::{Session, Violation};

/// A subprotocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subprotocol {
    /// `graphql-transport-ws`.
    TransportWs,
    /// `graphql-ws`.
    Legacy,
}

#[cfg(test)]
mod tests;
