//! What is known of a socket from its handshake.

use crate::case::Case;
use crate::correlation::CorrelationId;
use crate::handshake::{Deflate, Terms};
use crate::throttle::Throttled;
use portcullis_framing::websocket::Compression;
use portcullis_framing::{Accepts, Streams};
use portcullis_policy::{Client, ProfileId, Sight, Under};
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
    /// The profile by which its operations are judged.
    pub profile: Option<ProfileId>,
    /// The name of its class.
    pub class: Arc<str>,
    /// What it is told.
    pub sight: Sight,
    /// By what it is read.
    pub terms: Terms,
}

impl Opened {
    /// A socket that was asked for by this request.
    pub(crate) fn of(case: &Case, terms: Terms) -> Self {
        Self {
            correlation: case.correlation.clone(),
            address: case.address,
            client: case.client,
            profile: case.profile,
            class: Arc::clone(&case.class),
            sight: case.sight,
            terms,
        }
    }

    /// By which policy it is judged.
    pub(super) fn under(&self) -> Under {
        Under { profile: self.profile, class: self.client.class }
    }

    pub(super) fn compression(&self) -> Compression {
        match self.terms.deflate {
            Deflate::Offered => Compression::Deflate,
            Deflate::Withheld => Compression::Off,
        }
    }

    /// What is known of the socket as such.
    pub(super) fn case(&self) -> Case {
        Case {
            correlation: self.correlation.clone(),
            address: self.address,
            client: self.client,
            profile: self.profile,
            ruling: None,
            class: Arc::clone(&self.class),
            sight: self.sight,
            throttled: Throttled::default(),
            transport: Transport::Websocket,
            streams: Streams::None,
            candidate: None,
            accepts: Accepts::Json,
            body_bytes: 0,
        }
    }
}
