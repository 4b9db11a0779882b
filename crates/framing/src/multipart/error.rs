//! Why an upload must not go on.

/// What is wrong with a multipart body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MultipartError {
    /// Something stands before the first boundary.
    #[error("something stands before the first boundary")]
    Preamble,
    /// A boundary is not on a line of its own, with CR LF before and after it.
    #[error("a boundary is not on a line of its own")]
    Delimiter,
    /// Something follows the last boundary.
    #[error("something follows the last boundary")]
    Epilogue,
    /// The body ended before its last boundary.
    #[error("the body ended before its last boundary")]
    Truncated,
    /// A header of a part is not `name: value` on a line that ends in CR LF, or stands there twice.
    #[error("a part has a malformed or repeated header")]
    Header,
    /// A part has more headers than allowed.
    #[error("a part has more than {limit} headers")]
    TooManyHeaders {
        /// How many are allowed.
        limit: usize,
    },
    /// The headers of a part are longer than allowed.
    #[error("the headers of a part are longer than {limit} bytes")]
    HeadersTooLong {
        /// How many bytes are allowed.
        limit: usize,
    },
    /// `content-disposition` is missing, malformed, or not that of this part: only files have a file name.
    #[error("the content-disposition of a part is unclear")]
    Disposition,
    /// A part has a `content-transfer-encoding`, which some servers undo.
    #[error("a part has a content-transfer-encoding")]
    TransferEncoding,
    /// `operations` or `map` is of a type other than text or JSON in UTF-8.
    #[error("`operations` or `map` is not text in UTF-8")]
    ContentType,
    /// A part is not as long as its `content-length` says.
    #[error("a part is not as long as it says")]
    ContentLength,
    /// `map` came before `operations`, or a file before `map`.
    #[error("parts are not in the order `operations`, `map`, files")]
    OutOfOrder,
    /// A part is there twice.
    #[error("a part is there twice")]
    DuplicatePart,
    /// A part is not in the map.
    #[error("a part is not in the map")]
    UnknownPart,
    /// `operations` or `map` is missing.
    #[error("`operations` or `map` is missing")]
    MissingPart,
    /// A file of the map is missing.
    #[error("a file of the map is missing")]
    MissingFile,
    /// `map` is no JSON object of lists.
    #[error("`map` is not an object of lists")]
    Map,
    /// `operations` is longer than allowed.
    #[error("`operations` is longer than {limit} bytes")]
    OperationsTooLong {
        /// How many bytes are allowed.
        limit: usize,
    },
    /// `map` is longer than allowed.
    #[error("`map` is longer than {limit} bytes")]
    MapTooLong {
        /// How many bytes are allowed.
        limit: usize,
    },
    /// More files than allowed.
    #[error("more than {limit} files")]
    TooManyFiles {
        /// How many are allowed.
        limit: usize,
    },
    /// A file is longer than allowed.
    #[error("a file is longer than {limit} bytes")]
    FileTooLong {
        /// How many bytes are allowed.
        limit: u64,
    },
    /// All files together are longer than allowed.
    #[error("all files together are longer than {limit} bytes")]
    FilesTooLong {
        /// How many bytes are allowed.
        limit: u64,
    },
}
