//! Honest operations against the shop, read from a corpus of JSON lines.

use anyhow::Context as _;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value};

/// One operation as a client sends it.
#[derive(Clone, Debug, Deserialize)]
pub struct Operation {
    /// Where it comes from.
    #[serde(default)]
    pub source: String,
    /// Whether a client application ships it.
    #[serde(default)]
    pub client: bool,
    /// The document.
    pub query: String,
    /// Which operation of the document.
    #[serde(default, rename = "operationName")]
    pub operation_name: Option<String>,
    /// Its variables.
    #[serde(default)]
    pub variables: Option<Value>,
}

impl Operation {
    /// The body of a POST.
    #[must_use]
    pub fn body(&self) -> Bytes {
        let mut body = Map::new();
        body.insert("query".to_owned(), Value::from(self.query.clone()));
        if let Some(name) = &self.operation_name {
            body.insert("operationName".to_owned(), Value::from(name.clone()));
        }
        if let Some(variables) = &self.variables {
            body.insert("variables".to_owned(), variables.clone());
        }
        Bytes::from(Value::Object(body).to_string())
    }
}

/// The project's own corpus: operations against the shop.
///
/// # Errors
/// When a line does not read.
pub fn shop() -> anyhow::Result<Vec<Operation>> {
    read(include_str!("../../tests/corpus/operations.jsonl"))
}

/// Reads a corpus.
///
/// # Errors
/// The first line that does not read.
pub fn read(text: &str) -> anyhow::Result<Vec<Operation>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let parse = |(number, line)| {
        serde_json::from_str(line).with_context(|| format!("operation in line {}", number + 1))
    };
    lines.map(parse).collect()
}
