//! The gate in the real Envoy, from outside: what the client gets, what the upstream sees, what is counted and reported.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod access_log;
mod bans;
mod batches;
mod bodies;
mod by_hash;
mod by_url;
mod candidate;
mod certificates;
mod compression;
mod corpus;
mod costs;
mod decisions;
mod encodings;
mod families;
mod faults;
mod fleet;
mod floods;
mod frames;
mod framing;
mod headers;
mod limits;
mod messages;
mod metrics;
mod passing;
mod phases;
mod policies;
mod profiles;
mod ratelimit;
mod refusals;
mod reload;
mod reports;
mod responses;
mod secured;
mod shadow;
mod sockets;
mod streams;
mod throttles;
mod trailers;
mod uploads;

use bytes::Bytes;
use e2e::{Site, Wanted};
use portcullis_demo::client::{Payload, Request};
use portcullis_demo::stack::Stack;
use std::sync::Arc;

const TETHER: &str = env!("CARGO_BIN_EXE_tether");

/// An operation that every policy here allows.
const HONEST: &str = r#"{"query":"query Me { me { id name } }","operationName":"Me"}"#;

/// One that none allows.
const EVIL: &str = r#"{"query":"{ __schema { types { name } } }"}"#;

fn shared() -> Site<Arc<Stack>> {
    Site::shared(TETHER)
}

fn own(wanted: &Wanted) -> Site<Box<Stack>> {
    Site::own(TETHER, wanted)
}

fn post(body: impl Into<Bytes>) -> Request {
    Request::json("/graphql", body)
}

/// The bytes cut into pieces of that size.
fn pieces(body: &str, size: usize) -> Vec<Bytes> {
    body.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect()
}

/// Without a content-length, in pieces.
fn in_pieces(body: &str, size: usize) -> Request {
    post("").body(Payload::Pieces(pieces(body, size), Vec::new()))
}

/// A test id of one's own.
fn id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// In pieces, with trailers after them.
fn with_trailers(body: &str, size: usize) -> Request {
    let trailers = vec![("x-checksum".to_owned(), b"abc".to_vec()), ("x-second".to_owned(), b"def".to_vec())];
    post("").body(Payload::Pieces(pieces(body, size), trailers))
}
