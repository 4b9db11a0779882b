//! One GraphQL request and its parameters, whichever way they came.

use super::EnvelopeError;
use crate::json::{Json, Object};
use crate::names::{Parameter, folds_to};
use crate::sha256::Sha256Hash;
use std::borrow::Cow;

/// The parameters of one GraphQL request; `null` and absent are the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request<'a> {
    /// The document.
    pub query: Option<Cow<'a, str>>,
    /// The id of a document that the server knows; never beside `query`.
    pub document_id: Option<Cow<'a, str>>,
    /// Which operation of the document to run.
    pub operation_name: Option<Cow<'a, str>>,
    /// Values of the operation's variables.
    pub variables: Option<Object<'a>>,
    /// Whatever client and server agreed on, such as `persistedQuery`.
    pub extensions: Option<Object<'a>>,
}

impl<'a> Request<'a> {
    /// The hash in `extensions.persistedQuery`; `None` when there is no such extension.
    ///
    /// # Errors
    /// [`EnvelopeError::PersistedQueryUnclear`] for anything but version 1 with the 64 lowercase hexadecimal digits
    /// of a SHA-256, and when another hash stands beside it: servers differ in what they take from those.
    pub fn persisted(&self) -> Result<Option<Sha256Hash>, EnvelopeError> {
        let Some(extensions) = &self.extensions else { return Ok(None) };
        let name = "persistedQuery";
        if extensions.entries().any(|(key, _)| key != name && folds_to(key, name)) {
            return Err(EnvelopeError::PersistedQueryUnclear);
        }
        match extensions.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::Object(extension)) => {
                hash(extension).map(Some).ok_or(EnvelopeError::PersistedQueryUnclear)
            }
            Some(Json::Bool(_) | Json::Int(_) | Json::Float | Json::Text(_) | Json::List(_)) => {
                Err(EnvelopeError::PersistedQueryUnclear)
            }
        }
    }

    /// Puts a parameter in its place.
    pub(crate) fn set(&mut self, parameter: Parameter, value: Json<'a>) -> Result<(), EnvelopeError> {
        let name = parameter.name();
        match parameter {
            Parameter::Query => self.query = text(name, value)?,
            Parameter::DocumentId => self.document_id = text(name, value)?,
            Parameter::OperationName => self.operation_name = text(name, value)?,
            Parameter::Variables => self.variables = object(name, value)?,
            Parameter::Extensions => self.extensions = object(name, value)?,
        }
        Ok(())
    }

    /// The request, once all parameters are in place.
    pub(crate) fn whole(self) -> Result<Self, EnvelopeError> {
        if self.document_id.is_some() && self.query.is_some() {
            return Err(EnvelopeError::TwoDocuments);
        }
        Ok(self)
    }
}

/// Version 1 and the hash; what else is there must not be another hash, nor one of the two in another case.
fn hash(extension: &Object<'_>) -> Option<Sha256Hash> {
    let (version, digest) = ("version", "sha256Hash");
    let is_unclear = |key: &str| {
        key != version && key != digest && (folds_to(key, version) || key.to_lowercase().ends_with("hash"))
    };
    if extension.get(version) != Some(&Json::Int(1)) || extension.entries().any(|(key, _)| is_unclear(key)) {
        return None;
    }
    match extension.get(digest)? {
        Json::Text(text) => Sha256Hash::parse(text),
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Float | Json::List(_) | Json::Object(_) => None,
    }
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

fn object<'a>(name: &'static str, value: Json<'a>) -> Result<Option<Object<'a>>, EnvelopeError> {
    match value {
        Json::Null => Ok(None),
        Json::Object(object) => Ok(Some(object)),
        Json::Bool(_) | Json::Int(_) | Json::Float | Json::Text(_) | Json::List(_) => {
            Err(EnvelopeError::WrongType { name, expected: "an object" })
        }
    }
}
