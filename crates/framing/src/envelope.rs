//! The body of a GraphQL `POST`: one JSON object with `query`, `operationName`, `variables`, `extensions`.
//!
//! GraphQL over HTTP says that unknown properties are ignored and `null` means absent. Beyond that nothing is
//! forgiven: a key that another decoder could read differently makes the request ambiguous.

mod request;

use crate::json::{Fault, Nesting, Reader};
use crate::names::{IdKeys, Parameter, Spelling, spelling};
use std::borrow::Cow;

pub use request::Request;

/// What a body holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Envelope<'a> {
    /// One request.
    Single(Request<'a>),
    /// A JSON array of at least one request.
    Batch(Vec<Request<'a>>),
}

/// How many requests a batch may hold; 0 allows no batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLength(pub usize);

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
        /// Column in bytes, from 1.
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
    /// The id of a document beside `query`: servers disagree on which of the two is run.
    #[error("the id of a document stands beside `query`")]
    TwoDocuments,
    /// `extensions.persistedQuery` is not version 1 with one SHA-256 in lowercase.
    #[error("`extensions.persistedQuery` is not version 1 with a SHA-256 in lowercase")]
    PersistedQueryUnclear,
    /// A part of the query string is not URL-encoded in the one way that all servers decode alike.
    #[error("the query string is not soundly encoded at byte {at}")]
    NotUrlEncoded {
        /// Offset in the query string.
        at: usize,
    },
    /// A parameter stands in the query string twice.
    #[error("`{name}` stands in the query string twice")]
    DuplicateParameter {
        /// Which parameter.
        name: &'static str,
    },
    /// A name in the query string is a parameter of GraphQL for some servers only.
    #[error("a name in the query string is a parameter of GraphQL for some servers only")]
    VariantParameter,
    /// A `;` in the query string, at which some servers split it.
    #[error("some servers split the query string at the semicolon at byte {at}")]
    Semicolon {
        /// Offset in the query string.
        at: usize,
    },
    /// More pairs in a query string than every server reads.
    #[error("more than {limit} pairs in the query string")]
    TooManyPairs {
        /// How many are read.
        limit: usize,
    },
    /// A batch without a request.
    #[error("the batch is empty")]
    EmptyBatch,
    /// More requests in a batch than allowed.
    #[error("{actual} requests in a batch, {limit} are allowed")]
    BatchTooLong {
        /// How many are allowed.
        limit: usize,
        /// How many there are.
        actual: usize,
    },
    /// An element of a batch is no object.
    #[error("element {index} of the batch is not an object")]
    NotARequest {
        /// Which element, from 0.
        index: usize,
    },
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
/// Its syntax is read to the end before its sense is judged. The array of a batch counts as one level of nesting;
/// elements beyond `batch` are read and thrown away.
///
/// # Errors
/// [`EnvelopeError`] says what another server could read differently, or what is missing; the faults of one request
/// are those of its batch.
pub fn read(body: &[u8], nesting: Nesting, batch: BatchLength) -> Result<Envelope<'_>, EnvelopeError> {
    read_by(body, nesting, batch, IdKeys::Standard)
}

/// Reads a body in which ids of documents have these keys.
///
/// # Errors
/// Those of [`read`].
pub fn read_by<'b>(
    body: &'b [u8],
    nesting: Nesting,
    batch: BatchLength,
    ids: IdKeys<'_>,
) -> Result<Envelope<'b>, EnvelopeError> {
    let text =
        std::str::from_utf8(body).map_err(|error| EnvelopeError::NotUtf8 { at: error.valid_up_to() })?;
    let mut reader = Reader::new(text, nesting);
    let sense = top(&mut reader, batch, ids).and_then(|sense| reader.end().map(|()| sense));
    sense.map_err(|fault| syntax(fault, text, nesting))?
}

pub(crate) fn syntax(fault: Fault, text: &str, nesting: Nesting) -> EnvelopeError {
    match fault {
        Fault::TooDeep => EnvelopeError::TooDeep { limit: nesting.0 },
        Fault::DuplicateKey => EnvelopeError::DuplicateKey,
        Fault::Syntax { at } => {
            let before = text.as_bytes().get(..at).unwrap_or_default();
            let line = before.iter().filter(|byte| **byte == b'\n').count().saturating_add(1);
            let column = before.rsplit(|byte| *byte == b'\n').next().map_or(0, <[u8]>::len);
            EnvelopeError::NotJson { line, column: column.saturating_add(1) }
        }
    }
}

/// What was read, when its syntax is sound to the end.
pub(crate) type Sense<T> = Result<T, EnvelopeError>;

fn top<'a>(
    reader: &mut Reader<'a>,
    batch: BatchLength,
    ids: IdKeys<'_>,
) -> Result<Sense<Envelope<'a>>, Fault> {
    match reader.peek() {
        Some(b'{') => Ok(request(reader, ids)?.map(Envelope::Single)),
        Some(b'[') => requests(reader, batch, ids),
        Some(_) | None => reader.value().map(|_| Err(EnvelopeError::NotAnObject)),
    }
}

fn requests<'a>(
    reader: &mut Reader<'a>,
    batch: BatchLength,
    ids: IdKeys<'_>,
) -> Result<Sense<Envelope<'a>>, Fault> {
    let mut kept = Ok(Vec::new());
    let mut actual: usize = 0;
    reader.list(|reader| {
        let index = actual;
        actual = actual.saturating_add(1);
        if index >= batch.0 {
            return reader.value().map(drop);
        }
        let request = match reader.peek() {
            Some(b'{') => request(reader, ids)?,
            Some(_) | None => reader.value().map(|_| Err(EnvelopeError::NotARequest { index }))?,
        };
        match (&mut kept, request) {
            (Ok(kept), Ok(request)) => kept.push(request),
            (Ok(_), Err(error)) => kept = Err(error),
            (Err(_), _) => (),
        }
        Ok(())
    })?;
    Ok(if actual == 0 {
        Err(EnvelopeError::EmptyBatch)
    } else if actual > batch.0 {
        Err(EnvelopeError::BatchTooLong { limit: batch.0, actual })
    } else {
        kept.map(Envelope::Batch)
    })
}

/// Reads the object of one request.
pub(crate) fn request<'a>(reader: &mut Reader<'a>, ids: IdKeys<'_>) -> Result<Sense<Request<'a>>, Fault> {
    let mut sense = Ok(Request::default());
    let mut seen = Seen::default();
    let mut variant = false;
    reader.object(|reader, key| {
        let value = reader.value()?;
        match (spelling(&key, ids), &mut sense) {
            (Spelling::Exact(parameter), sense) => {
                seen.note(parameter);
                if let Ok(request) = sense
                    && let Err(error) = request.set(parameter, value)
                {
                    *sense = Err(error);
                }
            }
            (Spelling::Variant, _) => variant = true,
            (Spelling::Unrelated, _) => seen.others.push(key),
        }
        Ok(())
    })?;
    if variant {
        return Ok(Err(EnvelopeError::CaseVariantKey));
    }
    if seen.has_duplicates() {
        return Err(Fault::DuplicateKey);
    }
    Ok(sense.and_then(Request::whole))
}

/// The keys of a request so far.
#[derive(Default)]
struct Seen<'a> {
    /// How often each parameter was there.
    parameters: [u8; Parameter::ALL.len()],
    others: Vec<Cow<'a, str>>,
}

impl Seen<'_> {
    fn note(&mut self, parameter: Parameter) {
        let counts = self.parameters.iter_mut().zip(Parameter::ALL);
        counts.filter(|(_, it)| *it == parameter).for_each(|(count, _)| *count = count.saturating_add(1));
    }

    fn has_duplicates(&mut self) -> bool {
        self.others.sort_unstable();
        self.parameters.iter().any(|count| *count > 1) || !self.others.is_sorted_by(|one, other| one < other)
    }
}

#[cfg(test)]
mod tests;
