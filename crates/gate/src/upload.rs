//! An upload: its operations and its map are judged before any file passes, its files are watched and not kept.

use crate::input::More;
use crate::judge::{Judgement, envelope, judge_envelope};
use crate::number::count;
use crate::world::World;
use portcullis_framing::{
    Boundary, Multipart, MultipartError, MultipartLimits, UploadLimits, UploadMap, UploadMapError,
};
use portcullis_policy::{Policy, Refusal};
use portcullis_report::Reason;

/// Headers of one part; form data has two or three.
const PART_HEADERS: usize = 8;

/// The parts of an upload as they come.
#[derive(Debug)]
pub(crate) struct Upload(Multipart);

/// How far an upload can be judged.
pub(crate) enum Progress {
    /// Its operations or its map are not complete.
    Unclear,
    /// It is judged; what follows are files.
    Judged(Judgement),
}

impl Upload {
    pub(crate) fn new(boundary: &Boundary, policy: &Policy) -> Self {
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
        Self(Multipart::new(boundary, limits))
    }

    /// Bytes of the body that it holds.
    pub(crate) fn held(&self) -> usize {
        self.0.held_bytes()
    }

    /// Operations and map are judged; only files are still to come.
    pub(crate) fn release(&mut self) {
        self.0.release();
    }

    /// Takes more of the body.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.0.feed(bytes).map_err(refusal)
    }

    /// The body has ended.
    pub(crate) fn end(&mut self) -> Result<(), Refusal> {
        self.0.end().map_err(refusal)
    }

    /// Judges operations and map as soon as both are there.
    pub(crate) fn progress(&mut self, more: More, world: &mut World<'_>) -> Progress {
        if more == More::Ended
            && let Err(refusal) = self.end()
        {
            return Progress::Judged(Judgement::unparsed(refusal));
        }
        match (self.0.operations(), self.0.map()) {
            (Some(operations), Some(map)) => {
                let judged = judge(operations, map, world);
                Progress::Judged(judged.unwrap_or_else(Judgement::unparsed))
            }
            (Some(_) | None, _) => Progress::Unclear,
        }
    }
}

fn judge(operations: &[u8], map: &[u8], world: &mut World<'_>) -> Result<Judgement, Refusal> {
    let envelope = envelope(operations, world.policy)?;
    let uploads = &world.policy.uploads;
    let limits =
        UploadLimits { files: uploads.files, paths_per_file: uploads.paths_per_file, paths: uploads.paths };
    UploadMap::read(map, &envelope, limits).map_err(map_refusal)?;
    Ok(judge_envelope(world.policy, &envelope, world.desk))
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
