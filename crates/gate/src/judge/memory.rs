//! The documents that came with their hash and were allowed, for the hashes that come without one.
//!
//! The texts themselves are kept: a hash is then judged exactly as its document would be, with its own variables. The
//! memory is bounded in bytes; what was used least recently is forgotten first, so a flood of registrations costs
//! honest clients one more round trip each and nothing else.

use portcullis_framing::Sha256Hash;
use std::collections::BTreeMap;

/// Bytes that an entry takes beside its text.
const ENTRY_BYTES: usize = 160;

/// Documents by hash.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    entries: BTreeMap<Sha256Hash, Entry>,
    by_age: BTreeMap<u64, Sha256Hash>,
    clock: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    text: Box<str>,
    used: u64,
}

impl Memory {
    /// The document of a hash.
    pub(crate) fn look_up(&self, hash: Sha256Hash) -> Option<&str> {
        self.entries.get(&hash).map(|entry| &*entry.text)
    }

    /// Makes the document of a hash, if there is one, the most recently used.
    pub(crate) fn touch(&mut self, hash: Sha256Hash) {
        let now = self.tick();
        if let Some(entry) = self.entries.get_mut(&hash) {
            self.by_age.remove(&entry.used);
            self.by_age.insert(now, hash);
            entry.used = now;
        }
    }

    /// Keeps a document within `limit` bytes of all; says how many others were forgotten for it, and nothing when the
    /// document is known or has no room at all.
    pub(crate) fn keep(&mut self, hash: Sha256Hash, text: &str, limit: usize) -> Option<u64> {
        let size = text.len().saturating_add(ENTRY_BYTES);
        self.touch(hash);
        if self.entries.contains_key(&hash) || size > limit {
            return None;
        }
        let mut forgotten: u64 = 0;
        while self.bytes.saturating_add(size) > limit {
            self.forget_oldest();
            forgotten = forgotten.saturating_add(1);
        }
        let now = self.tick();
        self.entries.insert(hash, Entry { text: text.into(), used: now });
        self.by_age.insert(now, hash);
        self.bytes = self.bytes.saturating_add(size);
        Some(forgotten)
    }

    fn forget_oldest(&mut self) {
        let Some((_, hash)) = self.by_age.pop_first() else {
            self.bytes = 0;
            return;
        };
        if let Some(entry) = self.entries.remove(&hash) {
            self.bytes = self.bytes.saturating_sub(entry.text.len().saturating_add(ENTRY_BYTES));
        }
    }

    fn tick(&mut self) -> u64 {
        self.clock = self.clock.saturating_add(1);
        self.clock
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(memory: &mut Memory, text: &str, limit: usize) -> Option<u64> {
        memory.keep(Sha256Hash::of(text), text, limit)
    }

    #[test]
    fn the_least_recently_used_is_forgotten_first() {
        let mut memory = Memory::default();
        let limit = 3 * (ENTRY_BYTES + 3);
        for text in ["{a}", "{b}", "{c}"] {
            assert_eq!(keep(&mut memory, text, limit), Some(0), "{text}");
        }
        memory.touch(Sha256Hash::of("{a}"));
        assert_eq!(keep(&mut memory, "{d}", limit), Some(1));
        assert_eq!(memory.look_up(Sha256Hash::of("{b}")), None);
        assert_eq!(memory.look_up(Sha256Hash::of("{a}")), Some("{a}"));
    }

    #[test]
    fn a_known_document_is_not_kept_twice() {
        let mut memory = Memory::default();
        assert_eq!(keep(&mut memory, "{a}", 1_000), Some(0));
        assert_eq!(keep(&mut memory, "{a}", 1_000), None);
        assert_eq!(memory.bytes, ENTRY_BYTES + 3);
    }

    #[test]
    fn what_has_no_room_at_all_is_not_kept() {
        let mut memory = Memory::default();
        assert_eq!(keep(&mut memory, "{a}", ENTRY_BYTES + 2), None);
        assert_eq!(keep(&mut memory, "{a}", ENTRY_BYTES + 3), Some(0));
    }

    #[test]
    fn a_flood_stays_within_its_bytes() {
        let mut memory = Memory::default();
        for number in 0..10_000 {
            keep(&mut memory, &format!("{{a{number}}}"), 100_000);
        }
        assert!(memory.bytes <= 100_000 && memory.entries.len() == memory.by_age.len());
        assert!(memory.entries.len() > 500);
    }
}
