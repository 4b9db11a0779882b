//! The part `map` of an upload: which file stands where in the variables.

use crate::envelope::{Envelope, Request};
use crate::json::{Json, Nesting, Reader};
use std::borrow::Cow;

/// How much a map may hold; all limits are inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadLimits {
    /// Files.
    pub files: usize,
    /// Places where one file stands.
    pub paths_per_file: usize,
    /// Places of all files.
    pub paths: usize,
}

/// A map that was read: each path leads to a `null` in the variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadMap {
    /// How many files are to come.
    pub files: usize,
    /// At how many places they stand.
    pub paths: usize,
}

/// What is wrong with a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UploadMapError {
    /// Not a JSON object of lists of texts, or a key is there twice.
    #[error("`map` is not an object of lists of paths")]
    Malformed,
    /// A file is called `operations` or `map`.
    #[error("a file has the name of another part")]
    ReservedName,
    /// A file stands nowhere.
    #[error("a file has no path")]
    NoPath,
    /// More files than allowed.
    #[error("{actual} files, {limit} are allowed")]
    TooManyFiles {
        /// How many are allowed.
        limit: usize,
        /// How many there are.
        actual: usize,
    },
    /// A file stands at more places than allowed.
    #[error("a file has {actual} paths, {limit} are allowed")]
    TooManyPathsPerFile {
        /// How many are allowed.
        limit: usize,
        /// How many there are.
        actual: usize,
    },
    /// All files together stand at more places than allowed.
    #[error("{actual} paths, {limit} are allowed")]
    TooManyPaths {
        /// How many are allowed.
        limit: usize,
        /// How many there are.
        actual: usize,
    },
    /// A path does not lead from `variables` (in a batch from `0.variables`) to a `null`.
    #[error("a path does not lead to a `null` in the variables")]
    Path,
    /// A path goes through a name that is special in JavaScript.
    #[error("a path has a segment that is special in JavaScript")]
    SpecialSegment,
    /// Two paths are equal.
    #[error("two paths are equal")]
    DuplicatePath,
}

impl UploadMap {
    /// Reads a map against the envelope that `operations` holds.
    ///
    /// # Errors
    /// [`UploadMapError`]
    pub fn read(map: &[u8], operations: &Envelope<'_>, limits: UploadLimits) -> Result<Self, UploadMapError> {
        let text = std::str::from_utf8(map).map_err(|_| UploadMapError::Malformed)?;
        let mut reader = Reader::new(text, Nesting(2));
        let value = reader.value().and_then(|value| reader.end().map(|()| value));
        let Ok(Json::Object(map)) = value else { return Err(UploadMapError::Malformed) };
        let mut paths: Vec<&Cow<'_, str>> = Vec::new();
        let mut files: usize = 0;
        for (name, value) in map.entries() {
            files = files.saturating_add(1);
            if matches!(name, "operations" | "map") {
                return Err(UploadMapError::ReservedName);
            }
            let Json::List(of_file) = value else { return Err(UploadMapError::Malformed) };
            if of_file.is_empty() {
                return Err(UploadMapError::NoPath);
            }
            if of_file.len() > limits.paths_per_file {
                let (limit, actual) = (limits.paths_per_file, of_file.len());
                return Err(UploadMapError::TooManyPathsPerFile { limit, actual });
            }
            for path in of_file {
                let Json::Text(path) = path else { return Err(UploadMapError::Malformed) };
                paths.push(path);
            }
        }
        if files > limits.files {
            return Err(UploadMapError::TooManyFiles { limit: limits.files, actual: files });
        }
        if paths.len() > limits.paths {
            return Err(UploadMapError::TooManyPaths { limit: limits.paths, actual: paths.len() });
        }
        paths.iter().try_for_each(|path| leads_to_null(path, operations))?;
        paths.sort_unstable();
        if !paths.is_sorted_by(|one, other| one < other) {
            return Err(UploadMapError::DuplicatePath);
        }
        Ok(Self { files, paths: paths.len() })
    }
}

fn leads_to_null(path: &str, operations: &Envelope<'_>) -> Result<(), UploadMapError> {
    if path.split('.').any(|segment| matches!(segment, "__proto__" | "constructor" | "prototype")) {
        return Err(UploadMapError::SpecialSegment);
    }
    let mut segments = path.split('.');
    let request = match operations {
        Envelope::Single(request) => Some(request),
        Envelope::Batch(requests) => segments.next().and_then(|first| requests.get(index(first)?)),
    };
    match request.and_then(|request| value_at(request, segments)) {
        Some(Json::Null) => Ok(()),
        Some(_) | None => Err(UploadMapError::Path),
    }
}

fn value_at<'r, 'p>(
    request: &'r Request<'r>,
    mut segments: impl Iterator<Item = &'p str>,
) -> Option<&'r Json<'r>> {
    if segments.next()? != "variables" {
        return None;
    }
    let mut value = request.variables.as_ref()?.get(segments.next()?)?;
    for segment in segments {
        value = match value {
            Json::Object(object) => object.get(segment)?,
            Json::List(items) => items.get(index(segment)?)?,
            Json::Null | Json::Bool(_) | Json::Int(_) | Json::Float | Json::Text(_) => return None,
        };
    }
    Some(value)
}

/// An index in the one way it is written: no sign, no zero before it.
fn index(segment: &str) -> Option<usize> {
    let is_canonical = segment == "0" || !segment.starts_with(['0', '+']);
    segment.parse().ok().filter(|_| is_canonical)
}
