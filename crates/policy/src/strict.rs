//! Reads a YAML (so also JSON) configuration strictly, and says where the first mistake of form is.
//!
//! serde-saphyr is the parser: pure Rust, runs in wasm, refuses duplicate keys, knows lines; its errors do not
//! know the path, which serde_path_to_error adds.

use serde::de::DeserializeOwned;

/// The first thing that is wrong with the form of a configuration: its syntax, a type, a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct Malformed {
    /// Path of the value, `graphql.limits.depth`; empty for the whole text.
    pub path: String,
    /// Line of the text, from 1; nothing when there is no one place.
    pub line: Option<u64>,
    /// What is wrong.
    pub problem: String,
}

/// Reads `text` as `T`; a text of nothing but comments, which to YAML is `null`, changes nothing of the defaults.
///
/// # Errors
/// The first mistake in syntax, type or name.
pub fn read<T: DeserializeOwned + Default>(text: &str) -> Result<T, Malformed> {
    let mut path = String::new();
    let outcome = serde_saphyr::with_deserializer_from_str(text, |deserializer| {
        serde_path_to_error::deserialize::<_, Option<T>>(deserializer).map_err(|error| {
            path = error.path().to_string().trim_end_matches(['.', '?']).to_owned();
            error.into_inner()
        })
    });
    outcome.map(Option::unwrap_or_default).map_err(|error| malformed(path, &error))
}

fn malformed(path: String, error: &serde_saphyr::Error) -> Malformed {
    let line = error.location().map(|location| location.line()).filter(|line| *line > 0);
    let formatter = serde_saphyr::UserMessageFormatter;
    let options =
        serde_saphyr::render_options! { formatter: &formatter, snippets: serde_saphyr::SnippetMode::Off };
    let rendered = error.render_with_options(options);
    // The place is told once, by whoever shows the mistake.
    let message = rendered.rsplit_once(" at line ").map_or(rendered.as_str(), |(message, _)| message);
    let problem = match message {
        "invalid u32" | "invalid u64" => "must be a whole number",
        other => other,
    };
    Malformed { path, line, problem: problem.to_owned() }
}
