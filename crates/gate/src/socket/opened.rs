//! What is known of a socket from its handshake.

use crate::case::Case;
use crate::correlation::CorrelationId;
use crate::throttle::Throttled;
use portcullis_framing::Accepts;
use portcullis_framing::subprotocol::Subprotocol;
use portcullis_framing::websocket::Compression;
use portcullis_policy::{Client, Sight};
use portcullis_report::Transport;
use std::net::IpAddr;
use std::sync::Arc;

/// What the handshake found out.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The socket's correlation id.
    pub correlation: CorrelationId,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// Who the client is.
    pub client: Client,
    /// The name of its class.
    pub class: Arc<str>,
    /// What it is told.
    pub sight: Sight,
    /// What the socket is for.
    pub purpose: SocketUse,
    /// Whether messages may be compressed.
    pub compression: Compression,
}

/// What a socket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketUse {
    /// Operations of GraphQL, by this subprotocol.
    Graphql(Subprotocol),
    /// Messages that mean nothing here.
    Anything,
}

impl Opened {
    /// What is known of the socket as such.
    pub(super) fn case(&self) -> Case {
        Case {
            correlation: self.correlation.clone(),
            address: self.address,
            client: self.client,
            class: Arc::clone(&self.class),
            sight: self.sight,
            throttled: Throttled::default(),
            transport: Transport::Websocket,
            accepts: Accepts::Json,
            body_bytes: 0,
        }
    }
}
