//! Knows which names the aliased fields of a document have more than once, wherever they stand.
//!
//! A name that only one field of the text has under an alias has one alias in each place, however often that field is spread.

use super::table::spread;
use crate::document::Document;
use crate::hash;
use crate::tape::Node;

/// No key: the keys of names are odd.
const NONE: u64 = 0;
/// Marks the key of a name that came again; no part of any key.
const AGAIN: u64 = 2;

/// Working storage, reused between documents.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Open addressing: a power of two of keys, at most half in use. Empty where every name counts as repeated.
    slots: Vec<u64>,
}

impl Names {
    /// Makes every name count as repeated.
    pub(super) fn assume_repeated(&mut self) {
        self.slots.clear();
    }

    /// Reads the names of all aliased fields: whether any is repeated, and how many steps that took, at most two for each of them
    /// and one more. Names of one key count as equal; with more steps, all do.
    pub(super) fn read(&mut self, document: Document<'_>) -> (bool, u64) {
        let aliased = &document.tape().aliased;
        let limit = aliased.len().saturating_mul(2);
        self.slots.clear();
        self.slots.resize(limit.saturating_add(2).next_power_of_two(), NONE);
        let mut steps: usize = 0;
        let mut any = false;
        for field in aliased {
            let key = key(document, &document.node(*field));
            let mut at = self.home(key);
            loop {
                steps = steps.saturating_add(1);
                match self.slots.get_mut(at) {
                    Some(free) if *free == NONE => {
                        *free = key;
                        break;
                    }
                    Some(known) if *known & !AGAIN == key => {
                        *known = key | AGAIN;
                        any = true;
                        break;
                    }
                    Some(_) if steps <= limit => at = self.after(at),
                    Some(_) | None => {
                        self.assume_repeated();
                        return (true, steps as u64);
                    }
                }
            }
        }
        (any, steps as u64)
    }

    /// Whether the name of this aliased field is repeated.
    pub(super) fn is_repeated(&self, document: Document<'_>, field: &Node) -> bool {
        let key = key(document, field);
        let mut at = self.home(key);
        while let Some(known) = self.slots.get(at) {
            if *known == NONE || *known & !AGAIN == key {
                return *known & AGAIN != 0;
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
    hash::key(document.source().as_bytes(), name.start, name.len) & !3 | 1
}
