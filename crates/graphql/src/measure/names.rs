//! Knows how often each name stands among the aliased fields of a document, and under how many aliases, wherever they stand.
//!
//! In one place a field has no more aliases than the text has for its name, however often its fields are spread.

use super::table::spread;
use crate::document::Document;
use crate::hash;
use crate::tape::Node;

/// A name, how often it came, and how many aliases it has once they are counted; nothing where the count is 0.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    key: u64,
    count: u32,
    aliases: u32,
}

/// An alias of a name, by a hash of both, and the node of the alias; nothing where that is 0.
#[derive(Clone, Copy, Debug, Default)]
struct Pair {
    key: u64,
    alias: u32,
}

/// Working storage, reused between documents.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Open addressing: a power of two of slots, at most half in use. Empty where nothing is known.
    slots: Vec<Slot>,
    /// The same way.
    pairs: Vec<Pair>,
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
            let mut at = home(key, self.slots.len());
            loop {
                steps = steps.saturating_add(1);
                match self.slots.get_mut(at) {
                    Some(slot) if slot.count == 0 || slot.key == key => {
                        *slot = Slot { key, count: slot.count.saturating_add(1), aliases: 0 };
                        most = most.max(slot.count);
                        break;
                    }
                    Some(_) if steps <= limit => at = after(at, self.slots.len()),
                    Some(_) | None => {
                        self.forget();
                        return (u32::MAX, steps as u64);
                    }
                }
            }
        }
        (most, steps as u64)
    }

    /// Counts the aliases of the names that came more than `times`: the most that one has, and the steps, at most four for each field
    /// and one more. With more steps, nothing is known and the most is [`u32::MAX`].
    pub(super) fn count_aliases(&mut self, document: Document<'_>, times: u32) -> (u32, u64) {
        let aliased = &document.tape().aliased;
        let limit = aliased.len().saturating_mul(4);
        self.pairs.clear();
        self.pairs
            .resize(aliased.len().saturating_mul(2).saturating_add(2).next_power_of_two(), Pair::default());
        let mut steps: usize = 0;
        let mut most: u32 = 0;
        for field in aliased {
            let name = key(document, &document.node(*field));
            let mut at = home(name, self.slots.len());
            while self.slots.get(at).is_some_and(|slot| slot.count > 0 && slot.key != name) && steps <= limit
            {
                steps = steps.saturating_add(1);
                at = after(at, self.slots.len());
            }
            let Some(slot) = self.slots.get_mut(at).filter(|slot| slot.count > times) else { continue };
            let node = field.saturating_add(1);
            let alias = document.node(node);
            let pair = Pair { key: name.rotate_left(32) ^ key(document, &alias), alias: node };
            let mut at = home(pair.key, self.pairs.len());
            loop {
                steps = steps.saturating_add(1);
                match self.pairs.get_mut(at) {
                    Some(free) if free.alias == 0 => {
                        *free = pair;
                        slot.aliases = slot.aliases.saturating_add(1);
                        most = most.max(slot.aliases);
                        break;
                    }
                    Some(known) if known.key == pair.key && is_same(document, known.alias, &alias) => break,
                    Some(_) if steps <= limit => at = after(at, self.pairs.len()),
                    Some(_) | None => {
                        self.forget();
                        return (u32::MAX, steps as u64);
                    }
                }
            }
        }
        (most, steps as u64)
    }

    /// Whether the name of this aliased field has more aliases than `times`.
    pub(super) fn is_frequent(&self, document: Document<'_>, field: &Node, times: u32) -> bool {
        let key = key(document, field);
        let mut at = home(key, self.slots.len());
        while let Some(slot) = self.slots.get(at) {
            if slot.count == 0 || slot.key == key {
                return slot.aliases > times;
            }
            at = after(at, self.slots.len());
        }
        true
    }
}

fn home(key: u64, slots: usize) -> usize {
    spread(key) as usize & slots.saturating_sub(1)
}

fn after(slot: usize, slots: usize) -> usize {
    slot.wrapping_add(1) & slots.saturating_sub(1)
}

/// Whether an alias that is known is the same text as another.
fn is_same(document: Document<'_>, known: u32, alias: &Node) -> bool {
    document.node(known).word(document.source()) == alias.word(document.source())
}

fn key(document: Document<'_>, name: &Node) -> u64 {
    hash::key(document.source().as_bytes(), name.start, name.len)
}
