//! Knows how often each name stands among the aliased fields of a document, wherever they stand.
//!
//! In one place a field has no more aliases than the text has aliased fields of its name, however often those are spread.

use super::table::spread;
use crate::document::Document;
use crate::hash;
use crate::tape::Node;

/// A name and how often it came; nothing where the count is 0.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    key: u64,
    count: u32,
}

/// Working storage, reused between documents.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Open addressing: a power of two of slots, at most half in use. Empty where nothing is known.
    slots: Vec<Slot>,
}

impl Names {
    /// Forgets everything, so that every name counts as frequent.
    pub(super) fn forget(&mut self) {
        self.slots.clear();
    }

    /// Reads the names of all aliased fields: how often the most frequent came, and how many steps that took, at most two for each
    /// field and one more. Names of one key count as one; with more steps, nothing is known and the most is [`u32::MAX`].
    pub(super) fn read(&mut self, document: Document<'_>) -> (u32, u64) {
        let aliased = &document.tape().aliased;
        let limit = aliased.len().saturating_mul(2);
        self.slots.clear();
        self.slots.resize(limit.saturating_add(2).next_power_of_two(), Slot::default());
        let mut steps: usize = 0;
        let mut most: u32 = 0;
        for field in aliased {
            let key = key(document, &document.node(*field));
            let mut at = self.home(key);
            loop {
                steps = steps.saturating_add(1);
                match self.slots.get_mut(at) {
                    Some(slot) if slot.count == 0 || slot.key == key => {
                        *slot = Slot { key, count: slot.count.saturating_add(1) };
                        most = most.max(slot.count);
                        break;
                    }
                    Some(_) if steps <= limit => at = self.after(at),
                    Some(_) | None => {
                        self.forget();
                        return (u32::MAX, steps as u64);
                    }
                }
            }
        }
        (most, steps as u64)
    }

    /// Whether the name of this aliased field came more often than `times`.
    pub(super) fn is_frequent(&self, document: Document<'_>, field: &Node, times: u32) -> bool {
        let key = key(document, field);
        let mut at = self.home(key);
        while let Some(slot) = self.slots.get(at) {
            if slot.count == 0 || slot.key == key {
                return slot.count > times;
            }
            at = self.after(at);
        }
        true
    }

    fn home(&self, key: u64) -> usize {
        spread(key) as usize & self.slots.len().saturating_sub(1)
    }

    fn after(&self, slot: usize) -> usize {
        slot.wrapping_add(1) & self.slots.len().saturating_sub(1)
    }
}

fn key(document: Document<'_>, name: &Node) -> u64 {
    hash::key(document.source().as_bytes(), name.start, name.len)
}
