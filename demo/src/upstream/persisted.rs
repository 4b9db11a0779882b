//! Documents that clients name: those they registered by hash, and those the shop knows from its own applications.

use crate::operation;
use async_graphql::Request;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// So many registered documents are kept; then the book is begun anew.
const REGISTERED: usize = 10_000;

/// Why a document that was named is not to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nobody registered this hash.
    NotFound,
    /// The hash is not that of the text beside it.
    Mismatch,
    /// The id is none of the shop's.
    NotInList,
}

impl Refusal {
    /// Status, message and code, as Apollo's servers have them.
    pub(super) fn answer(self) -> (http::StatusCode, &'static str, &'static str) {
        match self {
            Self::NotFound => (http::StatusCode::OK, "PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND"),
            Self::Mismatch => (
                http::StatusCode::BAD_REQUEST,
                "provided sha does not match query",
                "PERSISTED_QUERY_HASH_MISMATCH",
            ),
            Self::NotInList => {
                (http::StatusCode::NOT_FOUND, "this id is not known", "PERSISTED_QUERY_NOT_IN_LIST")
            }
        }
    }
}

/// Both kinds of documents.
pub(super) struct Persisted {
    registered: Mutex<BTreeMap<String, String>>,
    known: BTreeMap<String, String>,
}

/// SHA-256 in lower-case hexadecimal, as clients name documents.
#[must_use]
pub fn hash(document: &str) -> String {
    Sha256::digest(document.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Persisted {
    /// With the operations of the shop's own applications.
    pub(super) fn new() -> Self {
        let operations = operation::shop().unwrap_or_default().into_iter();
        let known =
            operations.map(|operation| (format!("sha256:{}", hash(&operation.query)), operation.query));
        Self { registered: Mutex::default(), known: known.collect() }
    }

    /// Puts the document of a `documentId` in its place.
    pub(super) fn look_up(&self, fields: &mut Map<String, Value>) -> Result<(), Refusal> {
        let Some(id) = fields.remove("documentId") else { return Ok(()) };
        let document = id.as_str().and_then(|id| self.known.get(id)).ok_or(Refusal::NotInList)?;
        fields.insert("query".to_owned(), Value::from(document.clone()));
        Ok(())
    }

    /// Registers a document that comes with its hash, and puts one in place that comes without.
    pub(super) fn resolve(&self, request: &mut Request) -> Result<(), Refusal> {
        let Some(async_graphql::Value::Object(fields)) = request.extensions.get("persistedQuery") else {
            return Ok(());
        };
        let Some(async_graphql::Value::String(promised)) = fields.get("sha256Hash") else {
            return Err(Refusal::NotFound);
        };
        let mut registered = self.registered.lock().unwrap_or_else(PoisonError::into_inner);
        if request.query.is_empty() {
            request.query = registered.get(promised).cloned().ok_or(Refusal::NotFound)?;
            return Ok(());
        }
        if hash(&request.query) != *promised {
            return Err(Refusal::Mismatch);
        }
        if registered.len() >= REGISTERED {
            registered.clear();
        }
        registered.insert(promised.clone(), request.query.clone());
        Ok(())
    }
}
