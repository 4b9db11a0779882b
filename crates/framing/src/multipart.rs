//! Uploads: the GraphQL multipart request specification over `multipart/form-data` (RFC 7578, RFC 2046 §5.1).
//!
//! The body is read as it passes. `operations` and `map` are kept, so that they can be judged before any file is let
//! through; bytes of files are counted and forgotten. Between parts nothing is forgiven: where a part ends is what
//! parsers differ in most.

mod delimiter;
mod error;
mod part;
mod upload_map;

use crate::json::{Nesting, Reader};
use crate::media_type::Boundary;
use delimiter::{Delimiter, Found, Progress};
use part::{Headers, Kind};

pub use error::MultipartError;
pub use upload_map::{UploadLimits, UploadMap, UploadMapError};

/// What an upload may hold; all limits are inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MultipartLimits {
    /// Headers of one part.
    pub headers: usize,
    /// Bytes of one part's headers, line ends included.
    pub header_bytes: usize,
    /// Bytes of `operations`.
    pub operations_bytes: usize,
    /// Bytes of `map`.
    pub map_bytes: usize,
    /// Files.
    pub files: usize,
    /// Bytes of one file.
    pub file_bytes: u64,
    /// Bytes of all files together.
    pub total_bytes: u64,
}

/// A body that is being read; whatever its chunks are, the outcome is the same.
#[derive(Debug)]
pub struct Multipart {
    delimiter: Delimiter,
    limits: MultipartLimits,
    state: State,
    operations: Option<Vec<u8>>,
    map: Option<Vec<u8>>,
    /// The file parts that `map` names, and which of them came.
    files: Vec<File>,
    total_bytes: u64,
}

#[derive(Debug)]
struct File {
    name: String,
    came: bool,
}

#[derive(Debug)]
enum State {
    /// Before the first delimiter, or inside a part.
    Content(Content),
    /// After a delimiter, with the first byte that follows.
    Delimited(Option<u8>),
    Headers(Headers),
    /// After the last delimiter, with the bytes that followed.
    Closed(u8),
    Failed(MultipartError),
}

#[derive(Debug)]
struct Content {
    part: Part,
    progress: Progress,
    /// Bytes so far, those of a delimiter that has begun included.
    read: u64,
    /// What the part's `content-length` says.
    declared: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// What stands before the first delimiter.
    Preamble,
    Operations,
    Map,
    File,
}

impl Multipart {
    /// Starts with the boundary that the `content-type` gives.
    pub fn new(boundary: &Boundary, limits: MultipartLimits) -> Self {
        let progress = Progress::after_line();
        let preamble = Content { part: Part::Preamble, progress, read: 0, declared: None };
        Self {
            delimiter: Delimiter::new(boundary),
            limits,
            state: State::Content(preamble),
            operations: None,
            map: None,
            files: Vec::new(),
            total_bytes: 0,
        }
    }

    /// Reads the next bytes of the body.
    ///
    /// # Errors
    /// [`MultipartError`]: the body must not go on. Every further call fails with the same error.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), MultipartError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.step(rest) {
                Ok(after) => rest = after,
                Err(error) => {
                    self.state = State::Failed(error);
                    (self.operations, self.map) = (None, None);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// The body has ended.
    ///
    /// # Errors
    /// The error that `feed` had, or that the body is not complete.
    pub fn end(&mut self) -> Result<(), MultipartError> {
        match self.state {
            State::Failed(error) => Err(error),
            State::Closed(0 | 2) => Ok(()),
            State::Content(_) | State::Delimited(_) | State::Headers(_) | State::Closed(_) => {
                Err(MultipartError::Truncated)
            }
        }
    }

    /// The part `operations`, once it has ended: the envelope, to be read as the body of a `POST`.
    pub fn operations(&self) -> Option<&[u8]> {
        self.operations.as_deref().filter(|_| !self.is_inside(Part::Operations))
    }

    /// The part `map`, once it has ended.
    pub fn map(&self) -> Option<&[u8]> {
        self.map.as_deref().filter(|_| !self.is_inside(Part::Map))
    }

    /// Whether both parts that are to be judged have ended; bytes of files came only after that.
    pub fn is_past_map(&self) -> bool {
        self.map().is_some()
    }

    /// Forgets what `operations` and `map` hold; what follows is read on all the same.
    pub fn release(&mut self) {
        for part in [&mut self.operations, &mut self.map].into_iter().flatten() {
            *part = Vec::new();
        }
    }

    /// Bytes that it keeps.
    pub fn held_bytes(&self) -> usize {
        let kept = |part: &Option<Vec<u8>>| part.as_ref().map_or(0, Vec::len);
        kept(&self.operations).saturating_add(kept(&self.map))
    }

    fn is_inside(&self, part: Part) -> bool {
        match &self.state {
            State::Content(content) => content.part == part,
            State::Delimited(_) | State::Headers(_) | State::Closed(_) | State::Failed(_) => false,
        }
    }

    /// Reads on as far as the state stays the same; what is left to read.
    fn step<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], MultipartError> {
        match &mut self.state {
            State::Failed(error) => Err(*error),
            State::Content(_) => self.content(bytes),
            State::Delimited(first) => {
                let Some((byte, rest)) = bytes.split_first() else { return Ok(bytes) };
                match (*first, byte) {
                    (None, b'\r' | b'-') => *first = Some(*byte),
                    (Some(b'\r'), b'\n') => self.state = State::Headers(Headers::default()),
                    (Some(b'-'), b'-') => self.close()?,
                    (None | Some(_), _) => return Err(MultipartError::Delimiter),
                }
                Ok(rest)
            }
            State::Headers(headers) => {
                let (part, rest) = headers.read(bytes, self.limits)?;
                if let Some(part) = part {
                    self.begin(part)?;
                }
                Ok(rest)
            }
            State::Closed(after) => {
                let Some((byte, rest)) = bytes.split_first() else { return Ok(bytes) };
                *after = match (*after, byte) {
                    (0, b'\r') => 1,
                    (1, b'\n') => 2,
                    (_, _) => return Err(MultipartError::Epilogue),
                };
                Ok(rest)
            }
        }
    }

    fn content<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], MultipartError> {
        let State::Content(content) = &mut self.state else { return Ok(bytes) };
        let (found, taken) = self.delimiter.find(&mut content.progress, bytes);
        let (inside, rest) = bytes.split_at_checked(taken).unwrap_or((bytes, &[]));
        content.read = content.read.saturating_add(length(inside));
        // As many bytes may be those of a delimiter that has begun.
        let certain = content.read.saturating_sub(self.delimiter.length());
        let (part, declared) = (content.part, content.declared);
        self.within_limits(part, certain)?;
        match part {
            Part::Preamble | Part::File => (),
            Part::Operations => self.operations.get_or_insert_default().extend_from_slice(inside),
            Part::Map => self.map.get_or_insert_default().extend_from_slice(inside),
        }
        match found {
            Found::Nothing => Ok(rest),
            Found::AfterLine => {
                self.finish(part, certain, declared)?;
                self.state = State::Delimited(None);
                Ok(rest)
            }
            Found::Elsewhere => Err(MultipartError::Delimiter),
        }
    }

    /// Checks a part that has at least so many bytes.
    fn within_limits(&self, part: Part, bytes: u64) -> Result<(), MultipartError> {
        let limits = &self.limits;
        let total = self.total_bytes.saturating_add(bytes);
        match part {
            Part::Preamble if bytes > 0 => Err(MultipartError::Preamble),
            Part::Operations if bytes > wide(limits.operations_bytes) => {
                Err(MultipartError::OperationsTooLong { limit: limits.operations_bytes })
            }
            Part::Map if bytes > wide(limits.map_bytes) => {
                Err(MultipartError::MapTooLong { limit: limits.map_bytes })
            }
            Part::File if bytes > limits.file_bytes => {
                Err(MultipartError::FileTooLong { limit: limits.file_bytes })
            }
            Part::File if total > limits.total_bytes => {
                Err(MultipartError::FilesTooLong { limit: limits.total_bytes })
            }
            Part::Preamble | Part::Operations | Part::Map | Part::File => Ok(()),
        }
    }

    /// A part ended with so many bytes.
    fn finish(&mut self, part: Part, bytes: u64, declared: Option<u64>) -> Result<(), MultipartError> {
        if declared.is_some_and(|declared| declared != bytes) {
            return Err(MultipartError::ContentLength);
        }
        let size = usize::try_from(bytes).unwrap_or(usize::MAX);
        match part {
            Part::Preamble => (),
            Part::Operations => self.operations.get_or_insert_default().truncate(size),
            Part::Map => {
                let map = self.map.get_or_insert_default();
                map.truncate(size);
                self.files = files(map, self.limits.files)?;
            }
            Part::File => self.total_bytes = self.total_bytes.saturating_add(bytes),
        }
        Ok(())
    }

    /// The headers of a part have ended.
    fn begin(&mut self, headers: part::Described) -> Result<(), MultipartError> {
        let part = match (headers.name.as_str(), headers.kind) {
            ("operations", Kind::Field) if self.operations.is_none() => {
                self.operations = Some(Vec::new());
                Part::Operations
            }
            ("map", Kind::Field) if self.operations.is_none() => return Err(MultipartError::OutOfOrder),
            ("map", Kind::Field) if self.map.is_none() => {
                self.map = Some(Vec::new());
                Part::Map
            }
            ("operations" | "map", Kind::Field) => return Err(MultipartError::DuplicatePart),
            ("operations" | "map", Kind::File) => return Err(MultipartError::Disposition),
            (_, _) if self.map.is_none() => return Err(MultipartError::OutOfOrder),
            (name, kind) => {
                let file = self.files.iter_mut().find(|file| file.name == name);
                let file = file.ok_or(MultipartError::UnknownPart)?;
                if file.came {
                    return Err(MultipartError::DuplicatePart);
                }
                if kind == Kind::Field {
                    return Err(MultipartError::Disposition);
                }
                file.came = true;
                Part::File
            }
        };
        let progress = Progress::default();
        self.state = State::Content(Content { part, progress, read: 0, declared: headers.length });
        Ok(())
    }

    fn close(&mut self) -> Result<(), MultipartError> {
        if self.map.is_none() {
            return Err(MultipartError::MissingPart);
        }
        if self.files.iter().any(|file| !file.came) {
            return Err(MultipartError::MissingFile);
        }
        self.state = State::Closed(0);
        Ok(())
    }
}

/// The keys of `map`, which name the file parts; what they map to is for [`UploadMap::read`].
fn files(map: &[u8], limit: usize) -> Result<Vec<File>, MultipartError> {
    let text = std::str::from_utf8(map).map_err(|_| MultipartError::Map)?;
    let mut reader = Reader::new(text, Nesting(2));
    let mut files = Vec::new();
    let read = reader.object(|reader, name| {
        files.push(File { name: name.into_owned(), came: false });
        reader.value().map(drop)
    });
    read.and_then(|()| reader.end()).map_err(|_| MultipartError::Map)?;
    if files.len() > limit {
        return Err(MultipartError::TooManyFiles { limit });
    }
    Ok(files)
}

fn length(bytes: &[u8]) -> u64 {
    wide(bytes.len())
}

fn wide(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
