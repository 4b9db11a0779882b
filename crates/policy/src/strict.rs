//! Reads a YAML (so also JSON) configuration strictly, and says where the first mistake of form is.
//!
//! serde-saphyr is the parser: pure Rust, runs in wasm, refuses duplicate keys, knows lines; its errors do not
//! know the path, which serde_path_to_error adds.

use crate::{Mistake, Mistakes};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Reads `text` as `T`; an empty text is the default.
///
/// # Errors
/// The first mistake in syntax, type or name, with its path, line and column.
pub fn read<T: DeserializeOwned + Default>(text: &str) -> Result<T, Mistakes> {
    if is_empty(text) {
        return Ok(T::default());
    }
    let mut path = String::new();
    let outcome = serde_saphyr::with_deserializer_from_str(text, |deserializer| {
        serde_path_to_error::deserialize::<_, Present<T>>(deserializer).map_err(|error| {
            path = error.path().to_string();
            error.into_inner()
        })
    });
    outcome.map(|present| present.0).map_err(|error| Mistakes::from(mistake(&path, &error)))
}

/// A value that is there: keeps `T`'s own `deserialize` in charge of what `null` means.
#[derive(Deserialize)]
#[serde(transparent)]
struct Present<T>(T);

fn is_empty(text: &str) -> bool {
    text.lines().all(|line| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#') || line == "---"
    })
}

fn mistake(path: &str, error: &serde_saphyr::Error) -> Mistake {
    let rendered = error.to_string();
    let first = rendered.lines().next().unwrap_or_default();
    let first = first.strip_prefix("error: ").unwrap_or(first);
    let problem = match error.location() {
        Some(place) => {
            let (line, column) = (place.line(), place.column());
            let prose = first.strip_prefix(&format!("line {line} column {column}: ")).unwrap_or(first);
            format!("{prose} (line {line}, column {column})")
        }
        None => first.to_owned(),
    };
    Mistake { path: if path == "." { String::new() } else { path.to_owned() }, problem }
}
