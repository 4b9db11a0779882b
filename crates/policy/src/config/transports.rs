//! `graphql.transports`, `content_encodings`, `uploads`, `persisted_queries`: how operations may come.

use super::partial::section;
use super::{Found, KIB, MIB, switch};
use crate::policy::{Encoding, PersistedQueries, RequestHeader, Transports, Uploads};
use serde::Deserialize;

/// Headers that browsers send only after they have asked.
const PREFLIGHT: [&str; 5] = [
    "apollo-require-preflight",
    "x-apollo-operation-name",
    "graphql-preflight",
    "graphql-require-preflight",
    "x-requested-with",
];

section!(
    TransportsSection,
    TransportsPart {
        /// Take queries by `GET`, in the URL.
        get: bool = true,
        /// Take a JSON array of requests; `limits.batch` says how many.
        batch: bool = true,
        /// Take uploads as `multipart/form-data`.
        multipart: bool = true,
        /// Take a bare document as `application/graphql`.
        application_graphql: bool = false,
    }
);

impl TransportsSection {
    pub(super) fn read(&self) -> Transports {
        Transports {
            get: switch(self.get),
            batch: switch(self.batch),
            multipart: switch(self.multipart),
            application_graphql: switch(self.application_graphql),
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum EncodingChoice {
    Gzip,
    Deflate,
    Br,
    Zstd,
}

impl EncodingChoice {
    pub(super) const ALL: [Self; 4] = [Self::Gzip, Self::Deflate, Self::Br, Self::Zstd];

    pub(super) fn read(self) -> Encoding {
        match self {
            Self::Gzip => Encoding::Gzip,
            Self::Deflate => Encoding::Deflate,
            Self::Br => Encoding::Brotli,
            Self::Zstd => Encoding::Zstd,
        }
    }
}

section!(UploadsSection, UploadsPart {
    /// Files of one request; beyond this and the next five 413.
    files: u32 = 10,
    /// Paths to which one file goes.
    paths_per_file: u32 = 5,
    /// Paths of all files.
    paths: u32 = 20,
    /// Bytes of the `map` part.
    map_bytes: u64 = 16 * KIB,
    /// Bytes of one file.
    file_bytes: u64 = 32 * MIB,
    /// Bytes of all files.
    total_bytes: u64 = 64 * MIB,
    /// Bytes of the headers of one part; beyond it 400.
    part_header_bytes: u64 = 4 * KIB,
    /// Headers of which one must be there, so that a browser has asked before it sends; an empty list asks for none.
    preflight_headers: Vec<String> = PREFLIGHT.map(str::to_owned).to_vec(),
});

section!(
    PersistedQueriesSection,
    PersistedQueriesPart {
        /// Judge hashes by the documents that came with them before.
        enabled: bool = true,
        /// Bytes of documents that one worker remembers; where profiles differ, the most that one of them has used.
        cache_bytes: u64 = 4 * MIB,
    }
);

impl Found {
    pub(super) fn uploads(&mut self, section: &UploadsSection) -> Uploads {
        let path = |name: &str| format!("graphql.uploads.{name}");
        let mut number = |name: &str, value: u32| {
            usize::try_from(self.within(&path(name), value, 1, 10_000)).unwrap_or(usize::MAX)
        };
        let files = number("files", section.files);
        let paths_per_file = number("paths_per_file", section.paths_per_file);
        let paths = number("paths", section.paths);
        Uploads {
            files,
            paths_per_file,
            paths,
            map_bytes: self.bytes(&path("map_bytes"), section.map_bytes, 1, MIB),
            part_header_bytes: self.bytes(
                &path("part_header_bytes"),
                section.part_header_bytes,
                64,
                64 * KIB,
            ),
            file_bytes: self.within(&path("file_bytes"), section.file_bytes, 1, u64::MAX),
            total_bytes: self.within(&path("total_bytes"), section.total_bytes, 1, u64::MAX),
            preflight_headers: self.headers(&section.preflight_headers),
        }
    }

    fn headers(&mut self, names: &[String]) -> Vec<RequestHeader> {
        let read = |(index, name): (usize, &String)| {
            self.header(&format!("graphql.uploads.preflight_headers[{index}]"), name)
        };
        names.iter().enumerate().map(read).collect()
    }

    pub(super) fn header(&mut self, path: &str, name: &str) -> RequestHeader {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if name.is_empty() || !name.bytes().all(is_name) {
            self.say(path, format!("must be the name of a header, got `{}`", name.escape_debug()));
        }
        RequestHeader(name.to_ascii_lowercase())
    }

    pub(super) fn persisted(&mut self, section: &PersistedQueriesSection) -> PersistedQueries {
        let path = "graphql.persisted_queries.cache_bytes";
        let bytes = self.bytes(path, section.cache_bytes, KIB, 256 * MIB);
        if section.enabled { PersistedQueries::Remember { bytes } } else { PersistedQueries::Off }
    }
}
