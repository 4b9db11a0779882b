//! Hostile requests, read from a corpus of JSON lines, with what a gate must answer.

use crate::client::{Payload, Request};
use anyhow::Context as _;
use bytes::Bytes;
use portcullis_report::Reason;
use serde::Deserialize;
use serde_json::json;

/// One attack: a request and the refusal that it must meet.
///
/// Exactly one of `query`, `body`, `body_hex` says what is sent; none sends no body. In `query` and `body` a part `[text, n]`
/// stands for n times that text, with `%d` counting from 0.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attack {
    /// What it is called.
    pub name: String,
    /// Its number in the list of attack families.
    pub family: u32,
    /// The method; POST by default.
    #[serde(default)]
    method: Option<String>,
    /// Path and query; `/graphql` by default.
    #[serde(default)]
    path: Option<String>,
    /// The headers; `content-type: application/json` by default.
    #[serde(default)]
    headers: Option<Vec<(String, String)>>,
    /// A GraphQL document, to be wrapped in JSON.
    #[serde(default)]
    query: Option<Text>,
    /// The variables beside it.
    #[serde(default)]
    variables: Option<serde_json::Value>,
    /// The body as it is.
    #[serde(default)]
    body: Option<Text>,
    /// The body as it is, in hexadecimal.
    #[serde(default)]
    body_hex: Option<String>,
    /// The status of the refusal.
    pub status: u16,
    /// `errors[0].extensions.code` of the refusal; absent where the answer has no body.
    #[serde(default)]
    pub code: Option<String>,
    /// The reason under which it is counted.
    pub reason: Reason,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Text {
    Plain(String),
    Parts(Vec<Part>),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Part {
    Once(String),
    Often(String, usize),
}

impl Text {
    fn expand(&self) -> String {
        match self {
            Self::Plain(text) => text.clone(),
            Self::Parts(parts) => parts.iter().map(Part::expand).collect(),
        }
    }
}

impl Part {
    fn expand(&self) -> String {
        match self {
            Self::Once(text) => text.clone(),
            Self::Often(text, count) => {
                (0..*count).map(|number| text.replace("%d", &number.to_string())).collect()
            }
        }
    }
}

impl Attack {
    /// The request to send.
    ///
    /// # Errors
    /// When `body_hex` is no hexadecimal.
    pub fn request(&self) -> anyhow::Result<Request> {
        let json_type = || vec![("content-type".to_owned(), "application/json".to_owned())];
        let headers = self.headers.clone().unwrap_or_else(json_type);
        Ok(Request {
            method: self.method.clone().unwrap_or_else(|| "POST".to_owned()),
            path: self.path.clone().unwrap_or_else(|| "/graphql".to_owned()),
            headers: headers.into_iter().map(|(name, value)| (name, value.into_bytes())).collect(),
            body: self.payload()?,
        })
    }

    fn payload(&self) -> anyhow::Result<Payload> {
        if let Some(query) = &self.query {
            let mut body = json!({"query": query.expand()});
            if let (Some(variables), Some(body)) = (&self.variables, body.as_object_mut()) {
                body.insert("variables".to_owned(), variables.clone());
            }
            return Ok(Payload::Whole(Bytes::from(body.to_string())));
        }
        if let Some(body) = &self.body {
            return Ok(Payload::Whole(Bytes::from(body.expand())));
        }
        let Some(hex) = &self.body_hex else { return Ok(Payload::Absent) };
        let digits: Vec<_> = hex.chars().filter(char::is_ascii_hexdigit).collect();
        let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16);
        let bytes: Result<Vec<_>, _> = digits.chunks(2).map(byte).collect();
        Ok(Payload::Whole(Bytes::from(bytes.with_context(|| format!("{}: body_hex", self.name))?)))
    }
}

/// The project's own corpus of attacks.
///
/// # Errors
/// The first line that does not read.
pub fn all() -> anyhow::Result<Vec<Attack>> {
    let lines = include_str!("../../tests/corpus/attacks.jsonl").lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty());
    let parse =
        |(number, line)| serde_json::from_str(line).with_context(|| format!("attack in line {}", number + 1));
    lines.map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attack_reads_and_agrees_with_the_catalogue_of_reasons() {
        for attack in all().unwrap() {
            attack.request().unwrap();
            assert_eq!(attack.status, attack.reason.status(), "{}", attack.name);
            assert_eq!(attack.code.as_deref(), Some(attack.reason.code()), "{}", attack.name);
        }
    }

    #[test]
    fn a_part_is_repeated_and_counted() {
        let text: Text = serde_json::from_str(r#"["{", ["a%d:x ", 3], "}"]"#).unwrap();
        assert_eq!(text.expand(), "{a0:x a1:x a2:x }");
    }
}
