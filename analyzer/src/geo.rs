//! Which country an address is in, by a file in MaxMind's format; where there is none, nobody knows.
//!
//! The file is read and verified as a whole at the start: what it says later is looked up in memory.

use maxminddb::{MaxMindDbError, PathElement, Reader};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The largest file.
const LARGEST_BYTES: u64 = 1024 * 1024 * 1024;

/// Under which of these a country stands: where the address is, or who has it.
const PLACES: [&str; 2] = ["country", "registered_country"];

/// A file of countries; clones share it.
#[derive(Clone)]
pub struct Geo {
    path: PathBuf,
    digest: [u8; 32],
    reader: Arc<Reader<Vec<u8>>>,
}

/// Two letters of ISO 3166-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Country([u8; 2]);

/// Why a file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum GeoError {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// It is larger than any such file.
    #[error("must have at most {LARGEST_BYTES} bytes, got {actual}")]
    TooLarge {
        /// Its length.
        actual: u64,
    },
    /// It is no such file, or not whole.
    #[error("is no MaxMind DB file: {0}")]
    Malformed(#[from] MaxMindDbError),
    /// It says nothing of countries.
    #[error("must have countries in it, such as GeoLite2-Country; this is {kind:?}")]
    NoCountries {
        /// What it says that it is.
        kind: String,
    },
}

impl Geo {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, is none, or has no countries.
    pub fn read(path: &Path) -> Result<Self, GeoError> {
        let actual = std::fs::metadata(path)?.len();
        if actual > LARGEST_BYTES {
            return Err(GeoError::TooLarge { actual });
        }
        let content = std::fs::read(path)?;
        let digest = Sha256::digest(&content).into();
        let reader = Reader::from_source(content)?;
        reader.verify()?;
        let kind = &reader.metadata().database_type;
        let known = ["country", "city", "enterprise", "location"];
        if !known.iter().any(|known| kind.to_ascii_lowercase().contains(known)) {
            return Err(GeoError::NoCountries { kind: kind.chars().take(64).collect() });
        }
        Ok(Self { path: path.to_owned(), digest, reader: Arc::new(reader) })
    }

    /// The country of an address, where the file has one.
    pub fn country(&self, address: IpAddr) -> Option<Country> {
        let found = self.reader.lookup(address.to_canonical()).ok()?;
        let code = |place: &&str| {
            let path = [PathElement::Key(place), PathElement::Key("iso_code")];
            found.decode_path::<&str>(&path).ok().flatten().and_then(Country::parse)
        };
        PLACES.iter().find_map(code)
    }
}

impl Country {
    fn parse(text: &str) -> Option<Self> {
        let code: [u8; 2] = text.as_bytes().try_into().ok()?;
        code.iter().all(u8::is_ascii_uppercase).then_some(Self(code))
    }
}

impl fmt::Display for Country {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| write!(formatter, "{}", char::from(*letter)))
    }
}

/// Equal where they say the same.
impl PartialEq for Geo {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl fmt::Debug for Geo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Geo").field(&self.path).finish()
    }
}
