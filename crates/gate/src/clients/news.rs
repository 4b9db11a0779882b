//! Something that a client did, or that came of it, beside what the gate said to it.

use crate::correlation::CorrelationId;
use crate::time::Timestamp;
use portcullis_graphql::ShapeHash;
use portcullis_policy::{Client, ClientKey, SourceKind};
use portcullis_report::{Identity, OperationKind, StatusClass};
use std::net::IpAddr;
use std::sync::Arc;

/// Something that a client did, or that came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientEvent {
    /// When it was asked.
    pub at: Timestamp,
    /// Whose request it was.
    pub who: Who,
    /// What.
    pub news: ClientNews,
}

/// Whose request it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// The request's correlation id.
    pub correlation: CorrelationId,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// Its pseudonym.
    pub key: ClientKey,
    /// How far that says who it is.
    pub identity: Identity,
    /// Its class.
    pub class: Arc<str>,
}

/// What a client did, or what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientNews {
    /// The request ended before all of it came.
    Unfinished,
    /// The upstream answered with errors.
    Answered(Outcome),
}

/// What the upstream said against a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// By its status.
    pub status: Option<StatusClass>,
    /// Responses out of which suggestions were cut.
    pub suggestions: u64,
    /// By errors in its response, as far as they were told apart.
    pub failures: Vec<Found>,
    /// The errors that were not.
    pub merged: u64,
}

/// Errors of one code in the response to one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The code as it is reported.
    pub code: String,
    /// Type of the operation.
    pub kind: OperationKind,
    /// The operation.
    pub operation: String,
    /// Hash of its normalised document.
    pub shape: Option<ShapeHash>,
    /// How often sensitive fields stood in it.
    pub sensitive: u64,
    /// How many.
    pub count: u64,
}

/// How far the key of a client says who it is: a header is the client's own word.
pub(crate) fn identity(client: &Client) -> Identity {
    match client.source {
        SourceKind::Jwt | SourceKind::Certificate => Identity::Authenticated,
        SourceKind::Header | SourceKind::Address => Identity::Anyone,
    }
}
