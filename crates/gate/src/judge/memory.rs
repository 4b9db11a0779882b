//! The documents that came with their hash and were allowed, for the hashes that come without one.
//!
//! The texts themselves are kept: a hash is then judged exactly as its document would be, with its own variables. The
//! memory is bounded in bytes; what was used least recently is forgotten first, so a flood of registrations costs
//! honest clients one more round trip each and nothing else. Whoever is refused, by limits or by throttles, changes nothing.

use super::{Desk, Judgement};
use portcullis_framing::Sha256Hash;
use portcullis_policy::{PersistedQueries, Policy, Verdict};
use portcullis_report::Persisted;
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
    /// The largest limit so far: profiles share the memory, and one with little room does not take that of others.
    room: usize,
}

/// What a request asks of the memory, once it is let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pending {
    /// The document of this hash was used.
    Touch(Sha256Hash),
    /// The document of one of its operations came with its hash.
    Keep { hash: Sha256Hash, text: Box<str>, operation: usize },
}

impl Judgement {
    /// The same judgement, now that throttles have had their say as well: what is allowed is remembered.
    pub(crate) fn remembered(mut self, policy: &Policy, desk: &mut Desk) -> Self {
        let pending = std::mem::take(&mut self.pending);
        let (Verdict::Allow, PersistedQueries::Remember { bytes }) = (self.verdict, policy.persisted) else {
            return self;
        };
        for pending in pending {
            match pending {
                Pending::Touch(hash) => desk.memory.touch(hash),
                Pending::Keep { hash, text, operation } => {
                    let Some(forgotten) = desk.memory.keep(hash, text, bytes) else { continue };
                    self.forgotten = self.forgotten.saturating_add(forgotten);
                    if let Some(judged) = self.operations.get_mut(operation) {
                        judged.persisted = Some(Persisted::Registered);
                    }
                }
            }
        }
        self
    }
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
    fn touch(&mut self, hash: Sha256Hash) {
        let now = self.tick();
        if let Some(entry) = self.entries.get_mut(&hash) {
            self.by_age.remove(&entry.used);
            self.by_age.insert(now, hash);
            entry.used = now;
        }
    }

    /// Keeps a document within `limit` bytes of all, or as many as another profile allowed; says how many others were forgotten
    /// for it, and nothing when the document is known or has no room at all.
    fn keep(&mut self, hash: Sha256Hash, text: Box<str>, limit: usize) -> Option<u64> {
        let size = text.len().saturating_add(ENTRY_BYTES);
        self.room = self.room.max(limit);
        self.touch(hash);
        if self.entries.contains_key(&hash) || size > limit {
            return None;
        }
        let mut forgotten: u64 = 0;
        while self.bytes.saturating_add(size) > self.room {
            self.forget_oldest();
            forgotten = forgotten.saturating_add(1);
        }
        let now = self.tick();
        self.entries.insert(hash, Entry { text, used: now });
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
        memory.keep(Sha256Hash::of(text), text.into(), limit)
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
    fn a_profile_with_little_room_takes_none_of_others() {
        let mut memory = Memory::default();
        let (much, little) = (3 * (ENTRY_BYTES + 3), ENTRY_BYTES + 3);
        for text in ["{a}", "{b}"] {
            assert_eq!(keep(&mut memory, text, much), Some(0), "{text}");
        }
        assert_eq!(keep(&mut memory, "{c}", little), Some(0));
        assert_eq!(keep(&mut memory, "{de}", little), None, "more than its profile keeps");
        assert_eq!(keep(&mut memory, "{d}", little), Some(1), "now the memory is full");
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
