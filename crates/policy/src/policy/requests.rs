//! What a request may be: sizes, transports, encodings, uploads, hashes, fields with limits of their own.

use portcullis_graphql::Budget;

/// The highest allowed value of each measure; all inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the request's body.
    pub body_bytes: usize,
    /// Bytes of all bodies that one worker holds at once.
    pub held_bytes: usize,
    /// Bytes of the document.
    pub document_bytes: usize,
    /// Tokens of the document, and brackets open at once in it.
    pub budget: Budget,
    /// Depth; a root field has depth 1, fragments add none.
    pub depth: u32,
    /// Fields, fragments expanded.
    pub fields: u32,
    /// Root fields, fragments expanded.
    pub root_fields: u32,
    /// Aliased fields, fragments expanded.
    pub aliases: u32,
    /// Aliases of one field in one place.
    pub aliases_per_field: u32,
    /// Directives, every occurrence.
    pub directives: u32,
    /// Lists of fields or types inside each other beneath `__schema` and `__type`.
    pub introspection_depth: u32,
    /// Requests in one JSON array.
    pub batch: usize,
    /// Bytes of the request target.
    pub url_bytes: usize,
    /// JSON arrays and objects inside each other.
    pub json_nesting: u8,
}

/// Whether something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// It is.
    On,
    /// It is not.
    Off,
}

/// How operations may come beside a `POST` of one JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transports {
    /// `GET` with the request in the URL; never for mutations.
    pub get: Switch,
    /// A JSON array of requests.
    pub batch: Switch,
    /// `multipart/form-data` by the GraphQL multipart request specification.
    pub multipart: Switch,
    /// A bare document as `application/graphql`.
    pub application_graphql: Switch,
}

/// A content encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `gzip`.
    Gzip,
    /// `deflate`, which is zlib.
    Deflate,
    /// `br`.
    Brotli,
    /// `zstd`.
    Zstd,
}

/// What an upload may be; all limits inclusive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uploads {
    /// Files.
    pub files: usize,
    /// Paths to which one file goes.
    pub paths_per_file: usize,
    /// Paths of all files.
    pub paths: usize,
    /// Bytes of the `map` part.
    pub map_bytes: usize,
    /// Bytes of the headers of one part.
    pub part_header_bytes: usize,
    /// Bytes of one file.
    pub file_bytes: u64,
    /// Bytes of all files.
    pub total_bytes: u64,
    /// Headers of which one must be there, so that a browser has asked before; none asks for none.
    pub preflight_headers: Vec<RequestHeader>,
}

/// A header's name in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHeader(pub(crate) String);

impl RequestHeader {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is done with hashes that come in place of documents (automatic persisted queries).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersistedQueries {
    /// Clients are told that there is no such thing.
    Off,
    /// Documents that came with their hash and were allowed are remembered by each worker.
    Remember {
        /// Bytes of all remembered documents; the least recently used go first.
        bytes: usize,
    },
}

/// What becomes of fields that the compiled schema does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownFields {
    /// They are counted.
    Count,
    /// The request is refused.
    Refuse,
}
