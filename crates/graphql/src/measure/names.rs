//! Says whether any two aliased fields of a document have one name, wherever they stand.

use super::table::spread;
use crate::document::Document;
use crate::hash;

/// No key: the keys of names are odd.
const NONE: u64 = 0;

/// Working storage, reused between documents.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Open addressing: a power of two of keys, at most half in use.
    slots: Vec<u64>,
}

impl Names {
    /// Whether the names of all aliased fields certainly differ, and how many steps that took: at most two for each of them. Names
    /// of one key count as equal.
    pub(super) fn differ(&mut self, document: Document<'_>) -> (bool, u64) {
        let aliased = &document.tape().aliased;
        let limit = aliased.len().saturating_mul(2);
        self.slots.clear();
        self.slots.resize(limit.saturating_add(2).next_power_of_two(), NONE);
        let last = self.slots.len().saturating_sub(1);
        let bytes = document.source().as_bytes();
        let mut steps: usize = 0;
        for field in aliased {
            let name = document.node(*field);
            let key = hash::key(bytes, name.start, name.len) | 1;
            let mut at = spread(key) as usize & last;
            loop {
                steps = steps.saturating_add(1);
                match self.slots.get_mut(at) {
                    Some(free) if *free == NONE => {
                        *free = key;
                        break;
                    }
                    Some(known) if *known != key && steps < limit => at = at.wrapping_add(1) & last,
                    Some(_) | None => return (false, steps as u64),
                }
            }
        }
        (true, steps as u64)
    }
}
