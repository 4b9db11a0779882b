//! The ways in which an operation travels.

use crate::coding::Coding;
use serde::Deserialize;

/// How a case is put on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// As its line says, byte for byte.
    Written,
    /// POST with a JSON body.
    Post,
    /// The same in small pieces, without a content-length.
    Pieces,
    /// GET with the parameters in the URL.
    Get,
    /// GET that asks for `text/event-stream`, as browsers' `EventSource` does.
    GetSse,
    /// One item of a JSON array, between honest ones.
    Batch,
    /// `operations` of a multipart request with one file.
    Multipart,
    /// POST that asks for `text/event-stream`.
    Sse,
    /// POST that asks for `multipart/mixed; subscriptionSpec="1.0"`.
    Mixed,
    /// POST with the hash beside the text, as clients register.
    Register,
    /// The hash alone, after the document was registered with harmless variables.
    Call,
    /// The same by GET.
    GetCall,
    /// POST packed with gzip.
    Gzip,
    /// POST packed with deflate.
    Deflate,
    /// POST packed with brotli.
    Br,
    /// POST packed with zstd.
    Zstd,
    /// The bare document as `application/graphql`.
    Bare,
}

impl Transport {
    /// Those for an operation: a document with variables.
    pub(super) const OPERATION: &[Self] = &[
        Self::Post,
        Self::Pieces,
        Self::Get,
        Self::GetSse,
        Self::Batch,
        Self::Multipart,
        Self::Sse,
        Self::Mixed,
        Self::Register,
        Self::Gzip,
        Self::Deflate,
        Self::Br,
        Self::Zstd,
    ];

    /// Those for a JSON body whose very bytes matter.
    pub(super) const ENVELOPE: &[Self] = &[
        Self::Post,
        Self::Pieces,
        Self::Batch,
        Self::Multipart,
        Self::Sse,
        Self::Mixed,
        Self::Gzip,
        Self::Deflate,
        Self::Br,
        Self::Zstd,
    ];

    /// Whether it is a GET, whose URL has a limit of its own.
    pub(super) fn is_get(self) -> bool {
        matches!(self, Self::Get | Self::GetSse | Self::GetCall)
    }

    /// What people call it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Written => "as written",
            Self::Post => "POST",
            Self::Pieces => "POST in pieces",
            Self::Get => "GET",
            Self::GetSse => "SSE by GET",
            Self::Batch => "batch",
            Self::Multipart => "multipart",
            Self::Sse => "SSE",
            Self::Mixed => "multipart/mixed",
            Self::Register => "APQ registration",
            Self::Call => "APQ call",
            Self::GetCall => "APQ call by GET",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Br => "br",
            Self::Zstd => "zstd",
            Self::Bare => "application/graphql",
        }
    }

    /// How the body is packed.
    pub(super) fn coding(self) -> Option<Coding> {
        match self {
            Self::Gzip => Some(Coding::Gzip),
            Self::Deflate => Some(Coding::Deflate),
            Self::Br => Some(Coding::Brotli),
            Self::Zstd => Some(Coding::Zstd),
            Self::Written
            | Self::Post
            | Self::Pieces
            | Self::Get
            | Self::GetSse
            | Self::Batch
            | Self::Multipart
            | Self::Sse
            | Self::Mixed
            | Self::Register
            | Self::Call
            | Self::GetCall
            | Self::Bare => None,
        }
    }
}
