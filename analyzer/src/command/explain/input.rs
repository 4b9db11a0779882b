//! What `portcullis explain` reads: the policy, the schema, and what is to be judged.

use super::DOCUMENT_BYTES;
use crate::command::{CommandError, policy, schema};
use portcullis_policy::Policy;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// What an input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// A GraphQL document.
    Document,
    /// The body of a `POST`.
    Body,
}

impl Input {
    /// By its first characters, blanks aside: `[`, and `{` with `"` or `}` after it, begin no GraphQL document.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let bytes = bytes.trim_ascii_start();
        let inside = bytes.strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
        match (bytes.first(), inside.and_then(<[u8]>::first)) {
            (Some(b'['), _) | (_, Some(b'"' | b'}')) => Self::Body,
            (_, _) => Self::Document,
        }
    }
}

/// The policy, costing by a schema if one is given.
pub(super) fn policy(file: Option<&Path>, schema: Option<&Path>) -> Result<Policy, CommandError> {
    let text = file.map(read_text).transpose()?.unwrap_or_default();
    let compiled = schema.map(schema::read).transpose()?;
    let table = compiled.as_ref().map(|compiled| &compiled.table);
    policy::parse(&text, file, table).map_err(CommandError::Policy)
}

pub(in crate::command) fn open(file: &Path) -> Result<Box<dyn Read>, CommandError> {
    if file == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let opened = File::open(file).map_err(|error| unreadable(file, error))?;
    Ok(Box::new(opened))
}

pub(in crate::command) fn read_text(file: &Path) -> Result<String, CommandError> {
    let mut text = String::new();
    let read = open(file)?.take(DOCUMENT_BYTES).read_to_string(&mut text);
    read.map(|_| text).map_err(|error| unreadable(file, error))
}

pub(in crate::command) fn unreadable(path: &Path, source: io::Error) -> CommandError {
    CommandError::Input { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Input) {
        assert_eq!(Input::of(text.as_bytes()), expected, "{text}");
    }

    #[test]
    fn a_body_is_told_from_a_document() {
        for text in ["{\"query\":\"{a}\"}", " \n{ \"query\": 1", "[", "\t[{\"query\":\"{a}\"}]", "{}", "{ }"]
        {
            check(text, Input::Body);
        }
        for text in [
            "{a}",
            "{ a }",
            "query { a }",
            "",
            "# {\"\n{a}",
            "{ # \"\n a }",
            "fragment F on T { a }",
            "nonsense",
        ] {
            check(text, Input::Document);
        }
    }
}
