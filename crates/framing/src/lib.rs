//! Bytes on the wire become GraphQL requests: envelopes, media types, URL parameters, WebSocket frames.
//!
//! Reads strictly and in one way only: what two servers could read differently is an error here.
//! Knows byte limits; knows no GraphQL grammar, no policy and no Envoy.

mod accept;
mod encoding;
mod envelope;
mod inflate;
mod json;
mod media_type;
mod multipart;
mod names;
mod parameters;
mod percent;
mod query_string;
mod response;
mod sha256;
pub mod subprotocol;
pub mod websocket;

pub use accept::{Accepts, Streams, accepts, streams};
pub use encoding::{Coding, ContentEncoding, content_encoding};
pub use envelope::{BatchLength, Envelope, EnvelopeError, Request, read, read_by};
pub use inflate::{InflateError, Inflation, MessageInflater, inflate, inflate_message};
pub use json::{Json, Nesting, Object};
pub use media_type::{Boundary, ContentType, content_type};
pub use multipart::{Multipart, MultipartError, MultipartLimits, UploadLimits, UploadMap, UploadMapError};
pub use names::IdKeys;
pub use parameters::Parameters;
pub use percent::percent_decoded;
pub use query_string::{QueryString, query_string, query_string_by};
pub use response::{Addition, Event, Events, Jobs, Scanner, StreamForm, StreamScanner, Suggestions};
pub use sha256::Sha256Hash;
