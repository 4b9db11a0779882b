//! Shared state that is not shared: for tests, and for whoever judges alone.

use super::ledger::{Buckets, Conflict, Version};
use std::collections::BTreeMap;

/// Bytes and versions under keys, as a host keeps them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shelf {
    /// Everything there is.
    pub entries: BTreeMap<String, (Vec<u8>, Version)>,
}

impl Buckets for Shelf {
    fn load(&mut self, key: &str) -> (Vec<u8>, Option<Version>) {
        let entry = self.entries.get(key);
        entry.map_or((Vec::new(), None), |(bytes, version)| (bytes.clone(), Some(*version)))
    }

    fn store(&mut self, key: &str, bytes: &[u8], version: Option<Version>) -> Result<(), Conflict> {
        let known = self.entries.get(key).map(|(_, version)| *version);
        // Without a version, and where nothing is, a host stores whatever comes.
        if version.is_some() && known.is_some() && version != known {
            return Err(Conflict);
        }
        let next = Version(known.map_or(1, |Version(number)| number.wrapping_add(1)));
        self.entries.insert(key.to_owned(), (bytes.to_vec(), next));
        Ok(())
    }
}
