//! What `portcullis explain` reads: the policy, the schema, and what is to be judged.

use super::DOCUMENT_BYTES;
use crate::command::CommandError;
use crate::compile::{Assumptions, Source, compile};
use portcullis_policy::{CostTable, Mistake, Mistakes, Policy};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Most bytes of a schema that are read.
const SCHEMA_BYTES: u64 = 256 * 1024 * 1024;

/// What a compiled table begins with.
const TABLE: &[u8] = b"PCLT";

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
    let text = file.map(read_text).transpose()?;
    let table = schema.map(table).transpose()?;
    let is_given = table.is_some();
    let parsed = match table {
        Some(table) => Policy::parse_with(text.as_deref().unwrap_or_default(), table),
        None => Policy::parse(text.as_deref().unwrap_or_default()),
    };
    parsed.map_err(|mistakes| CommandError::Policy(told(&mistakes, file, is_given)))
}

/// The mistakes a line each, and how to go on when a schema is all that is missing.
fn told(mistakes: &Mistakes, file: Option<&Path>, is_given: bool) -> String {
    let place = file.map(|file| format!("{}: ", file.display())).unwrap_or_default();
    let mut lines: Vec<String> = mistakes.iter().map(|mistake| format!("{place}{mistake}")).collect();
    let lacks = |mistake: &Mistake| mistake.path.starts_with("graphql.sensitive_fields");
    if !is_given && mistakes.iter().any(lacks) {
        lines.push("give the schema with --schema FILE, its text or its table".to_owned());
    }
    lines.join("\n")
}

/// A table as it is, or the one that `portcullis compile` would make of a schema's text.
fn table(file: &Path) -> Result<CostTable, CommandError> {
    let mut bytes = Vec::new();
    open(file)?.take(SCHEMA_BYTES).read_to_end(&mut bytes).map_err(|error| unreadable(file, error))?;
    let name = file.display();
    let bytes = if bytes.starts_with(TABLE) {
        bytes
    } else {
        let unfit = |_| {
            CommandError::Usage(format!(
                "--schema: {name} is neither the text of a schema nor a compiled table"
            ))
        };
        let text = String::from_utf8(bytes).map_err(unfit)?;
        compile(&[Source { name: name.to_string(), text }], Assumptions::Conventions)?.table
    };
    CostTable::load(bytes).map_err(|error| {
        CommandError::Usage(format!("--schema: {name}: {error}; make it again with `portcullis compile`"))
    })
}

pub(super) fn open(file: &Path) -> Result<Box<dyn Read>, CommandError> {
    if file == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let opened = File::open(file).map_err(|error| unreadable(file, error))?;
    Ok(Box::new(opened))
}

pub(super) fn read_text(file: &Path) -> Result<String, CommandError> {
    let mut text = String::new();
    let read = open(file)?.take(DOCUMENT_BYTES).read_to_string(&mut text);
    read.map(|_| text).map_err(|error| unreadable(file, error))
}

pub(super) fn unreadable(path: &Path, source: io::Error) -> CommandError {
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
