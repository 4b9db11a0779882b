//! What is wrong with a scenario file, said so that it can be mended; and the strict reading of its form.

use serde::de::DeserializeOwned;
use std::fmt;

/// One mistake and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Path of the value, `filter[0].reason`; empty for the whole file.
    pub path: String,
    /// What is wrong with it.
    pub problem: String,
}

/// Everything that is wrong with a scenario file; at least one mistake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Mistakes(Vec<Mistake>);

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => formatter.write_str(&self.problem),
            path => write!(formatter, "{path}: {}", self.problem),
        }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(Mistake::to_string).collect();
        formatter.write_str(&all.join("; "))
    }
}

impl Mistakes {
    /// Each mistake, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.0.iter()
    }
}

/// Collects what makes no sense, so that all of it is said at once.
#[derive(Debug, Default)]
pub(crate) struct Found(Vec<Mistake>);

impl Found {
    pub(crate) fn say(&mut self, path: impl Into<String>, problem: impl Into<String>) {
        self.0.push(Mistake { path: path.into(), problem: problem.into() });
    }

    pub(crate) fn within(&mut self, path: &str, value: u64, low: u64, high: u64) {
        if !(low..=high).contains(&value) {
            self.say(path, format!("must be from {low} to {high}, got {value}"));
        }
    }

    /// The value, when nothing was found.
    pub(crate) fn none<T>(self, value: T) -> Result<T, Mistakes> {
        if self.0.is_empty() { Ok(value) } else { Err(Mistakes(self.0)) }
    }
}

/// Reads YAML (so also JSON); of mistakes in syntax, type or name only the first can be found.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Mistakes> {
    let mut path = String::new();
    let outcome = serde_saphyr::with_deserializer_from_str(text, |deserializer| {
        serde_path_to_error::deserialize(deserializer).map_err(|error| {
            path = error.path().to_string().trim_end_matches(['.', '?']).to_owned();
            error.into_inner()
        })
    });
    outcome.map_err(|error: serde_saphyr::Error| {
        let options = serde_saphyr::render_options! {
            formatter: &serde_saphyr::UserMessageFormatter,
            snippets: serde_saphyr::SnippetMode::Off
        };
        let rendered = error.render_with_options(options);
        let line = error.location().map(|location| location.line()).filter(|line| *line > 0);
        let problem = rendered.rsplit_once(" at line ").map_or(rendered.as_str(), |(problem, _)| problem);
        let place = line.map(|line| format!(" (line {line})")).unwrap_or_default();
        Mistakes(vec![Mistake { path, problem: format!("{problem}{place}") }])
    })
}
