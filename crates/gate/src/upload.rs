//! An upload: its operations and its map are judged before any file passes, its files are watched and not kept.

use crate::input::More;
use crate::judge::{Judgement, Method, envelope, judge_as_read};
use crate::number::count;
use crate::world::World;
use portcullis_framing::{
    Boundary, Multipart, MultipartError, MultipartLimits, UploadLimits, UploadMap, UploadMapError,
};
use portcullis_policy::{Policy, Refusal, Uploads};
use portcullis_report::Reason;

/// Headers of one part; form data has two or three.
const PART_HEADERS: usize = 8;

/// The parts of an upload as they come.
#[derive(Debug)]
pub(crate) struct Upload {
    parts: Multipart,
    /// Bytes of the body that its headers announce. An upstream that has them has all of it, before anybody says that
    /// it has ended.
    announced: Option<u64>,
    came: u64,
}

/// How far an upload can be judged.
pub(crate) enum Progress {
    /// Its operations or its map are not complete.
    Unclear,
    /// It is judged; what follows are files.
    Judged(Judgement),
    /// It is none, or none that the policy takes.
    Refused(Refusal),
}

impl Upload {
    pub(crate) fn new(boundary: &Boundary, announced: Option<u64>, policy: &Policy) -> Self {
        let uploads = &policy.uploads;
        let limits = MultipartLimits {
            headers: PART_HEADERS,
            header_bytes: uploads.part_header_bytes,
            operations_bytes: policy.limits.body_bytes,
            map_bytes: uploads.map_bytes,
            files: uploads.files,
            file_bytes: uploads.file_bytes,
            total_bytes: uploads.total_bytes,
        };
        Self { parts: Multipart::new(boundary, limits), announced, came: 0 }
    }

    /// Bytes of the body that it holds.
    pub(crate) fn held(&self) -> usize {
        self.parts.held_bytes()
    }

    /// Operations and map are judged; only files are still to come.
    pub(crate) fn release(&mut self) {
        self.parts.release();
    }

    /// Takes more of the body.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.came = self.came.saturating_add(count(bytes.len()));
        if self.announced.is_some_and(|announced| self.came > announced) {
            return Err(Refusal::because(Reason::Ambiguous));
        }
        self.parts.feed(bytes).map_err(refusal)
    }

    /// Judges the end of the body as soon as what came is all that an upstream waits for.
    pub(crate) fn end(&mut self, more: More) -> Result<(), Refusal> {
        match (more, self.announced) {
            (More::Follows, announced) if announced != Some(self.came) => Ok(()),
            (More::Ended, Some(announced)) if announced != self.came => {
                Err(Refusal::because(Reason::Ambiguous))
            }
            (More::Follows | More::Ended, _) => self.parts.end().map_err(refusal),
        }
    }

    /// Judges operations and map as soon as both are there.
    pub(crate) fn progress(&mut self, more: More, world: &mut World<'_>) -> Progress {
        if let Err(refusal) = self.end(more) {
            return Progress::Refused(refusal);
        }
        match (self.parts.operations(), self.parts.map()) {
            (Some(operations), Some(map)) => {
                judge(operations, map, world).map_or_else(Progress::Refused, Progress::Judged)
            }
            (Some(_) | None, _) => Progress::Unclear,
        }
    }
}

fn judge(operations: &[u8], map: &[u8], world: &mut World<'_>) -> Result<Judgement, Refusal> {
    let read = |policy: &Policy| {
        let envelope = envelope(operations, policy)?;
        let Uploads { files, paths_per_file, paths, .. } = policy.uploads;
        UploadMap::read(map, &envelope, UploadLimits { files, paths_per_file, paths })
            .map_err(map_refusal)?;
        Ok(envelope)
    };
    let (policy, size) = (world.policy, (operations.len(), Reason::BodySize));
    let envelope = read(policy)?;
    Ok(judge_as_read(policy, (Method::Post, size), Ok(envelope), read, world.desk))
}

fn refusal(error: MultipartError) -> Refusal {
    let beyond = |limit| Refusal { limit: Some(limit), ..Refusal::because(Reason::UploadLimit) };
    match error {
        MultipartError::OperationsTooLong { limit } => {
            Refusal { limit: Some(count(limit)), ..Refusal::because(Reason::BodySize) }
        }
        MultipartError::MapTooLong { limit } | MultipartError::TooManyFiles { limit } => beyond(count(limit)),
        MultipartError::FileTooLong { limit } | MultipartError::FilesTooLong { limit } => beyond(limit),
        MultipartError::Map | MultipartError::UnknownPart | MultipartError::MissingFile => {
            Refusal::because(Reason::UploadMap)
        }
        MultipartError::Preamble
        | MultipartError::Delimiter
        | MultipartError::Epilogue
        | MultipartError::Truncated
        | MultipartError::Header
        | MultipartError::TooManyHeaders { .. }
        | MultipartError::HeadersTooLong { .. }
        | MultipartError::Disposition
        | MultipartError::TransferEncoding
        | MultipartError::ContentType
        | MultipartError::ContentLength
        | MultipartError::OutOfOrder
        | MultipartError::DuplicatePart
        | MultipartError::MissingPart => Refusal::because(Reason::Multipart),
    }
}

fn map_refusal(error: UploadMapError) -> Refusal {
    let beyond = |limit, actual| Refusal::beyond(Reason::UploadLimit, count(limit), count(actual));
    match error {
        UploadMapError::TooManyFiles { limit, actual }
        | UploadMapError::TooManyPathsPerFile { limit, actual }
        | UploadMapError::TooManyPaths { limit, actual } => beyond(limit, actual),
        UploadMapError::Malformed
        | UploadMapError::ReservedName
        | UploadMapError::NoPath
        | UploadMapError::Path
        | UploadMapError::SpecialSegment
        | UploadMapError::DuplicatePath => Refusal::because(Reason::UploadMap),
    }
}
