//! Trusted documents: those that the operator's own clients send, by id.
//!
//! A manifest is what build tools write: Apollo's (`format`, `version`, `operations`) or an object of ids and texts,
//! as Relay and the GraphQL code generator do.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The prefix that ids may carry on the wire, in the manifest, or in neither.
const ALGORITHM: &str = "sha256:";

/// What becomes of documents that are not trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrustedMode {
    /// Nothing is asked; ids are not known.
    #[default]
    Off,
    /// They pass like others, and are counted.
    Log,
    /// They are refused.
    Require,
}

/// The documents that the operator knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedDocuments {
    mode: TrustedMode,
    /// Each class with limits of its own has a policy, and all of them the same documents.
    known: Arc<Known>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Known {
    by_id: BTreeMap<String, String>,
    texts: BTreeSet<String>,
}

/// Why a manifest is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It is neither of the known forms.
    #[error("must be an Apollo manifest or a JSON object of ids and documents: {0}")]
    Form(String),
    /// An id stands for two documents.
    #[error("the id `{0}` stands for two different documents")]
    TwoDocuments(String),
}

#[derive(Deserialize)]
struct ApolloManifest {
    format: String,
    version: u32,
    operations: Vec<ApolloOperation>,
}

#[derive(Deserialize)]
struct ApolloOperation {
    id: String,
    body: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Manifest {
    Apollo(ApolloManifest),
    Plain(BTreeMap<String, String>),
}

/// Ids and documents of a manifest's text.
pub(crate) fn manifest(text: &str) -> Result<Vec<(String, String)>, ManifestError> {
    let read: Manifest =
        serde_json::from_str(text).map_err(|error| ManifestError::Form(error.to_string()))?;
    match read {
        Manifest::Plain(documents) => Ok(documents.into_iter().collect()),
        Manifest::Apollo(ApolloManifest { format, version, operations }) => {
            if format != "apollo-persisted-query-manifest" || version != 1 {
                return Err(ManifestError::Form(format!("format `{format}`, version {version}")));
            }
            Ok(operations.into_iter().map(|operation| (operation.id, operation.body)).collect())
        }
    }
}

impl TrustedDocuments {
    pub(crate) fn new(
        mode: TrustedMode,
        documents: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ManifestError> {
        let mut found = Known::default();
        for (id, text) in documents {
            let id = bare(&id).to_owned();
            found.texts.insert(text.clone());
            let before = found.by_id.insert(id.clone(), text.clone());
            if before.is_some_and(|before| before != text) {
                return Err(ManifestError::TwoDocuments(id));
            }
        }
        Ok(Self { mode, known: Arc::new(found) })
    }

    /// What becomes of documents that are not trusted.
    pub fn mode(&self) -> TrustedMode {
        self.mode
    }

    /// The document of an id, with or without `sha256:` before it; nothing while the mode is off.
    pub fn document(&self, id: &str) -> Option<&str> {
        match self.mode {
            TrustedMode::Off => None,
            TrustedMode::Log | TrustedMode::Require => self.known.by_id.get(bare(id)).map(String::as_str),
        }
    }

    /// Whether a document is one of them, byte for byte.
    pub fn has(&self, document: &str) -> bool {
        self.known.texts.contains(document)
    }

    /// How many ids there are.
    pub fn len(&self) -> usize {
        self.known.by_id.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.known.by_id.is_empty()
    }
}

fn bare(id: &str) -> &str {
    id.strip_prefix(ALGORITHM).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let found = manifest(text).unwrap();
        let found: Vec<_> = found.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn manifests_of_both_forms_are_read() {
        check(r#"{"sha256:ab": "{me{id}}", "cd": "{x}"}"#, &[("cd", "{x}"), ("sha256:ab", "{me{id}}")]);
        check("{}", &[]);
        let apollo = r#"{"format":"apollo-persisted-query-manifest","version":1,
            "operations":[{"id":"ab","name":"Me","type":"query","body":"{me{id}}"}]}"#;
        check(apollo, &[("ab", "{me{id}}")]);
    }

    #[test]
    fn what_is_no_manifest_is_an_error() {
        for text in ["", "[]", r#"{"a":1}"#, r#"{"format":"other","version":1,"operations":[]}"#] {
            assert!(matches!(manifest(text), Err(ManifestError::Form(_))), "{text}");
        }
    }

    #[test]
    fn an_id_is_found_with_and_without_its_algorithm() {
        let documents = [("sha256:ab".to_owned(), "{a}".to_owned()), ("cd".to_owned(), "{c}".to_owned())];
        let trusted = TrustedDocuments::new(TrustedMode::Require, documents.clone()).unwrap();
        for (id, text) in [("ab", "{a}"), ("sha256:ab", "{a}"), ("cd", "{c}"), ("sha256:cd", "{c}")] {
            assert_eq!(trusted.document(id), Some(text), "{id}");
        }
        assert_eq!(trusted.document("sha256:AB"), None);
        assert!(trusted.has("{a}") && !trusted.has("{ a }"));
        let off = TrustedDocuments::new(TrustedMode::Off, documents).unwrap();
        assert_eq!(off.document("ab"), None);
    }

    #[test]
    fn an_id_stands_for_one_document() {
        let twice = |text: &str| {
            let documents = [("a".to_owned(), "{x}".to_owned()), ("sha256:a".to_owned(), text.to_owned())];
            TrustedDocuments::new(TrustedMode::Log, documents)
        };
        assert!(twice("{x}").is_ok());
        assert_eq!(twice("{y}"), Err(ManifestError::TwoDocuments("a".to_owned())));
    }
}
