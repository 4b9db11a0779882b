//! What a client says.

use super::Subprotocol;
use crate::envelope::{Sense, request, syntax};
use crate::json::{Fault, Json, Nesting, Reader};
use crate::names::{IdKeys, folds_to};
use crate::{EnvelopeError, Request};
use std::borrow::Cow;

/// Bytes of the longest id of an operation.
pub const LONGEST_ID: usize = 128;

/// A message of a client.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientMessage<'m> {
    /// `connection_init`.
    Init {
        /// Bytes of its payload.
        payload_bytes: usize,
    },
    /// `subscribe` or `start`: runs an operation.
    Start {
        /// By what the operation is called until it has ended.
        id: Cow<'m, str>,
        /// The operation, or why it is none; the message is sound either way.
        request: Result<Request<'m>, EnvelopeError>,
    },
    /// `complete` or `stop`: the operation need not go on.
    Stop {
        /// Which one.
        id: Cow<'m, str>,
    },
    /// `ping`, which the older protocol does not have.
    Ping,
    /// `pong`, which the older protocol does not have.
    Pong,
    /// `connection_terminate`, which only the older protocol has.
    Terminate,
}

/// Why a text is no message of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// It is no JSON that can be read in one way only.
    #[error(transparent)]
    Json(EnvelopeError),
    /// It is not an object.
    #[error("it is not an object")]
    NotAnObject,
    /// A key is one of the protocol for decoders that fold case.
    #[error("a key differs from one of the protocol in case only")]
    CaseVariantKey,
    /// Its `type` is missing, no text, or none that a client sends.
    #[error("its type is none that a client sends")]
    UnknownType,
    /// Its `id` is missing, empty or no text.
    #[error("it has no id")]
    NoId,
    /// Its `id` is too long.
    #[error("its id is longer than {limit} bytes")]
    IdTooLong {
        /// How many are allowed.
        limit: usize,
    },
    /// Its `payload` is no object where one must be.
    #[error("its payload is not an object")]
    Payload,
}

/// Reads a message. `nesting` is that of a request, to which the message adds one level.
///
/// # Errors
/// [`MessageError`]: no server takes it, or two could take it in two ways.
pub fn read_client<'m>(
    text: &'m [u8],
    protocol: Subprotocol,
    nesting: Nesting,
    ids: IdKeys<'_>,
) -> Result<ClientMessage<'m>, MessageError> {
    let nesting = Nesting(nesting.0.saturating_add(1));
    let text = std::str::from_utf8(text)
        .map_err(|error| MessageError::Json(EnvelopeError::NotUtf8 { at: error.valid_up_to() }))?;
    let mut reader = Reader::new(text, nesting);
    let fields = fields(&mut reader, ids).and_then(|fields| reader.end().map(|()| fields));
    fields.map_err(|fault| MessageError::Json(syntax(fault, text, nesting)))??.message(protocol)
}

/// The keys of a message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Type,
    Id,
    Payload,
}

impl Field {
    const ALL: [Self; 3] = [Self::Type, Self::Id, Self::Payload];

    fn name(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Id => "id",
            Self::Payload => "payload",
        }
    }
}

/// The values of a message.
#[derive(Default)]
struct Fields<'m> {
    kind: Option<Json<'m>>,
    id: Option<Json<'m>>,
    payload: Option<Payload<'m>>,
}

struct Payload<'m> {
    value: PayloadValue<'m>,
    bytes: usize,
}

enum PayloadValue<'m> {
    Null,
    /// An object, as the request that it may be.
    Object(Sense<Request<'m>>),
    Other,
}

fn fields<'m>(reader: &mut Reader<'m>, ids: IdKeys<'_>) -> Result<Result<Fields<'m>, MessageError>, Fault> {
    if reader.peek() != Some(b'{') {
        return reader.value().map(|_| Err(MessageError::NotAnObject));
    }
    let mut found = Fields::default();
    let mut others = Vec::new();
    let (mut twice, mut variant) = (false, false);
    reader.object(|reader, key| {
        match Field::ALL.into_iter().find(|field| field.name() == key) {
            Some(Field::Type) => twice |= found.kind.replace(reader.value()?).is_some(),
            Some(Field::Id) => twice |= found.id.replace(reader.value()?).is_some(),
            Some(Field::Payload) => twice |= found.payload.replace(payload(reader, ids)?).is_some(),
            None => {
                reader.value()?;
                variant |= Field::ALL.into_iter().any(|field| folds_to(&key, field.name()));
                others.push(key);
            }
        }
        Ok(())
    })?;
    others.sort_unstable();
    if twice || !others.is_sorted_by(|one, other| one < other) {
        return Err(Fault::DuplicateKey);
    }
    Ok(if variant { Err(MessageError::CaseVariantKey) } else { Ok(found) })
}

fn payload<'m>(reader: &mut Reader<'m>, ids: IdKeys<'_>) -> Result<Payload<'m>, Fault> {
    let next = reader.peek();
    let start = reader.at();
    let value = match next {
        Some(b'{') => PayloadValue::Object(request(reader, ids)?),
        Some(_) | None => match reader.value()? {
            Json::Null => PayloadValue::Null,
            Json::Bool(_) | Json::Int(_) | Json::Float | Json::Text(_) | Json::List(_) | Json::Object(_) => {
                PayloadValue::Other
            }
        },
    };
    Ok(Payload { value, bytes: reader.at().saturating_sub(start) })
}

impl<'m> Fields<'m> {
    fn message(self, protocol: Subprotocol) -> Result<ClientMessage<'m>, MessageError> {
        let Some(Json::Text(kind)) = &self.kind else { return Err(MessageError::UnknownType) };
        match (protocol, kind.as_ref()) {
            (_, "connection_init") => {
                let payload_bytes = self.optional_payload()?;
                Ok(ClientMessage::Init { payload_bytes })
            }
            (Subprotocol::TransportWs, "subscribe") | (Subprotocol::Legacy, "start") => {
                let id = id(self.id)?;
                match self.payload.map(|payload| payload.value) {
                    Some(PayloadValue::Object(request)) => Ok(ClientMessage::Start { id, request }),
                    Some(PayloadValue::Null | PayloadValue::Other) | None => Err(MessageError::Payload),
                }
            }
            (Subprotocol::TransportWs, "complete") | (Subprotocol::Legacy, "stop") => {
                Ok(ClientMessage::Stop { id: id(self.id)? })
            }
            (Subprotocol::TransportWs, "ping") => self.optional_payload().map(|_| ClientMessage::Ping),
            (Subprotocol::TransportWs, "pong") => self.optional_payload().map(|_| ClientMessage::Pong),
            (Subprotocol::Legacy, "connection_terminate") => Ok(ClientMessage::Terminate),
            (Subprotocol::TransportWs | Subprotocol::Legacy, _) => Err(MessageError::UnknownType),
        }
    }

    /// Bytes of a payload that may be missing but is nothing else than an object.
    fn optional_payload(&self) -> Result<usize, MessageError> {
        match &self.payload {
            None => Ok(0),
            Some(Payload { value: PayloadValue::Null | PayloadValue::Object(_), bytes }) => Ok(*bytes),
            Some(Payload { value: PayloadValue::Other, .. }) => Err(MessageError::Payload),
        }
    }
}

fn id(value: Option<Json<'_>>) -> Result<Cow<'_, str>, MessageError> {
    match value {
        Some(Json::Text(id)) if id.is_empty() => Err(MessageError::NoId),
        Some(Json::Text(id)) if id.len() > LONGEST_ID => Err(MessageError::IdTooLong { limit: LONGEST_ID }),
        Some(Json::Text(id)) => Ok(id),
        Some(Json::Null | Json::Bool(_) | Json::Int(_) | Json::Float | Json::List(_) | Json::Object(_))
        | None => Err(MessageError::NoId),
    }
}
