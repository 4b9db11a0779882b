//! The body of a GraphQL `POST`: one JSON object with `query`, `operationName`, `variables`, `extensions`.
//!
//! GraphQL over HTTP says that unknown properties are ignored and `null` means absent. Beyond that nothing is
//! forgiven: a key that another decoder could read differently makes the request ambiguous.

use crate::json::{Fault, Json, Key, Nesting, Object, Reader, object};
use crate::names::{Spelling, spelling};
use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

/// What a body holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Envelope<'a> {
    /// One request.
    Single(Request<'a>),
    /// A JSON array, whatever is in it.
    Batch,
}

/// The parameters of one GraphQL request; `null` and absent are the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request<'a> {
    /// The document.
    pub query: Option<Cow<'a, str>>,
    /// Which operation of the document to run.
    pub operation_name: Option<Cow<'a, str>>,
    /// Values of the operation's variables.
    pub variables: Option<Object<'a>>,
    /// Whatever client and server agreed on, such as `persistedQuery`.
    pub extensions: Option<Object<'a>>,
}

/// Why a body is not a GraphQL request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// The body is not UTF-8.
    #[error("the body is not UTF-8 at byte {at}")]
    NotUtf8 {
        /// Offset of the first bad byte.
        at: usize,
    },
    /// The body is not one JSON value, or something follows it.
    #[error("the body is not JSON at line {line}, column {column}")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1; 0 before the first byte of a line.
        column: usize,
    },
    /// More arrays and objects inside each other than allowed.
    #[error("more than {limit} JSON arrays and objects inside each other")]
    TooDeep {
        /// How many are allowed.
        limit: u8,
    },
    /// An object has the same key twice.
    #[error("an object has the same key twice")]
    DuplicateKey,
    /// A key is a parameter for decoders that fold case.
    #[error("a key differs from a parameter of GraphQL in case only")]
    CaseVariantKey,
    /// `documentId` beside `query`: servers disagree on which of the two is run.
    #[error("`documentId` stands beside `query`")]
    TwoDocuments,
    /// The body is JSON but neither an object nor an array.
    #[error("the body is neither an object nor an array")]
    NotAnObject,
    /// A parameter has the wrong JSON type.
    #[error("`{name}` must be {expected}")]
    WrongType {
        /// Which parameter.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
}

/// Reads a body.
///
/// # Errors
/// [`EnvelopeError`] says what another server could read differently, or what is missing.
pub fn read(body: &[u8], nesting: Nesting) -> Result<Envelope<'_>, EnvelopeError> {
    let text =
        std::str::from_utf8(body).map_err(|error| EnvelopeError::NotUtf8 { at: error.valid_up_to() })?;
    let fault = Cell::new(None);
    let reader = Reader { open: 0, nesting, fault: &fault };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let outcome = Top(reader).deserialize(&mut deserializer).and_then(|top| {
        deserializer.end()?;
        Ok(top)
    });
    match (outcome, fault.get()) {
        (_, Some(Fault::TooDeep)) => Err(EnvelopeError::TooDeep { limit: nesting.0 }),
        (_, Some(Fault::DuplicateKey)) => Err(EnvelopeError::DuplicateKey),
        (Err(error), None) => Err(EnvelopeError::NotJson { line: error.line(), column: error.column() }),
        (Ok(top), None) => top,
    }
}

/// The outermost value: its syntax is read to the end before its sense is judged.
struct Top<'f>(Reader<'f>);

type Sense<'a> = Result<Envelope<'a>, EnvelopeError>;

impl<'de> DeserializeSeed<'de> for Top<'_> {
    type Value = Sense<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Sense<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = Sense<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a GraphQL request")
    }

    fn visit_unit<E>(self) -> Result<Sense<'de>, E> {
        Ok(Err(EnvelopeError::NotAnObject))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Sense<'de>, E> {
        Ok(Err(EnvelopeError::NotAnObject))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Sense<'de>, E> {
        Ok(Err(EnvelopeError::NotAnObject))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Sense<'de>, E> {
        Ok(Err(EnvelopeError::NotAnObject))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Sense<'de>, E> {
        Ok(Err(EnvelopeError::NotAnObject))
    }

    fn visit_str<E>(self, _: &str) -> Result<Sense<'de>, E> {
        Ok(Err(EnvelopeError::NotAnObject))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Sense<'de>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Ok(Envelope::Batch))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Sense<'de>, A::Error> {
        let inside = self.0.inside()?;
        let mut entries = Vec::with_capacity(4);
        let mut variant = false;
        while let Some(key) = map.next_key_seed(Key)? {
            variant |= spelling(&key) == Spelling::Variant;
            entries.push((key, map.next_value_seed(inside)?));
        }
        if variant {
            return Ok(Err(EnvelopeError::CaseVariantKey));
        }
        let top = object(entries).ok_or_else(|| self.0.fail(Fault::DuplicateKey))?;
        Ok(request(top).map(Envelope::Single))
    }
}

fn request(top: Object<'_>) -> Result<Request<'_>, EnvelopeError> {
    let mut request = Request::default();
    let mut by_id = false;
    for (key, value) in top.into_entries() {
        match key.as_ref() {
            "query" => request.query = text("query", value)?,
            "operationName" => request.operation_name = text("operationName", value)?,
            "variables" => request.variables = map("variables", value)?,
            "extensions" => request.extensions = map("extensions", value)?,
            "documentId" => by_id = value != Json::Null,
            _ => (),
        }
    }
    if by_id && request.query.is_some() {
        return Err(EnvelopeError::TwoDocuments);
    }
    Ok(request)
}

fn text<'a>(name: &'static str, value: Json<'a>) -> Result<Option<Cow<'a, str>>, EnvelopeError> {
    match value {
        Json::Null => Ok(None),
        Json::Text(text) => Ok(Some(text)),
        Json::Bool(_) | Json::Int(_) | Json::Float | Json::List(_) | Json::Object(_) => {
            Err(EnvelopeError::WrongType { name, expected: "a string" })
        }
    }
}

fn map<'a>(name: &'static str, value: Json<'a>) -> Result<Option<Object<'a>>, EnvelopeError> {
    match value {
        Json::Null => Ok(None),
        Json::Object(object) => Ok(Some(object)),
        Json::Bool(_) | Json::Int(_) | Json::Float | Json::Text(_) | Json::List(_) => {
            Err(EnvelopeError::WrongType { name, expected: "an object" })
        }
    }
}

#[cfg(test)]
mod tests;
