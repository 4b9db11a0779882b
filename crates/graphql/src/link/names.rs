//! Finds definitions by name.
//!
//! A table of hashes with open addressing, for the hashes of honest names. Where some lie too far from where they belong, which takes
//! names made for that purpose, the names are sorted: equal hashes then gain nothing but the logarithm of a sort.

use crate::hash;
use crate::tape::{Definition, Node};

/// The furthest a name may lie from its place.
const REACH: usize = 32;

/// Storage, reused between documents.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// One for each definition that has a name, in the order of the text or else sorted.
    names: Vec<Name>,
    /// A power of two of indices into `names`, less than half in use; empty where they are sorted.
    slots: Vec<u32>,
    /// The furthest a name lies from its place.
    reach: usize,
}

/// No name.
const NONE: u32 = u32::MAX;

/// The name of the definition with this number: its [`hash::key`], and where it stands.
#[derive(Clone, Copy, Debug)]
struct Name {
    key: u64,
    start: u32,
    len: u32,
    number: u32,
}

impl Name {
    #[inline]
    fn of(source: &[u8], node: &Node, number: u32) -> Self {
        let (start, len) = (node.start, node.len);
        Name { key: hash::key(source, start, len), start, len, number }
    }

    #[inline]
    fn word<'a>(&self, source: &'a [u8]) -> &'a [u8] {
        source.get(self.start as usize..self.start.wrapping_add(self.len) as usize).unwrap_or(&[])
    }

    #[inline]
    fn is(&self, other: &Name, source: &[u8]) -> bool {
        // The key of a name of up to eight bytes is no other's of that length.
        self.key == other.key
            && self.len == other.len
            && (self.len <= 8 || self.word(source) == other.word(source))
    }
}

impl Names {
    /// Reads the names of all definitions in place of those before; the offset of the first that is there for the second time.
    pub(super) fn read(&mut self, source: &[u8], nodes: &[Node], definitions: &[Definition]) -> Option<u32> {
        self.names.clear();
        self.slots.clear();
        self.reach = 0;
        self.slots.resize(definitions.len().saturating_mul(3).next_power_of_two(), NONE);
        let mut repeated: Option<u32> = None;
        for (number, definition) in (0..).zip(definitions) {
            let node = nodes.get(definition.node as usize).unwrap_or(&Node::MISSING);
            if node.len == 0 {
                continue;
            }
            let name = Name::of(source, node, number);
            let index = (self.names.len() & u32::MAX as usize) as u32;
            self.names.push(name);
            if self.slots.is_empty() {
                continue;
            }
            match self.place(source, &name) {
                Place::Free(slot) => {
                    if let Some(slot) = self.slots.get_mut(slot) {
                        *slot = index;
                    }
                }
                Place::Taken => repeated = repeated.or(Some(node.start)),
                Place::TooFar => self.slots.clear(),
            }
        }
        if self.slots.is_empty() { self.sort(source) } else { repeated }
    }

    /// The number of the first definition that is called like `name`.
    #[inline]
    pub(super) fn find(&self, source: &[u8], name: &Node) -> Option<u32> {
        let name = Name::of(source, name, 0);
        if self.slots.is_empty() {
            return self.find_sorted(source, &name);
        }
        let mut slot = self.home(name.key);
        for _ in 0..=self.reach {
            let known = self.names.get(*self.slots.get(slot)? as usize)?;
            if known.is(&name, source) {
                return Some(known.number);
            }
            slot = self.after(slot);
        }
        None
    }

    /// Where a name may lie.
    fn place(&mut self, source: &[u8], name: &Name) -> Place {
        let mut slot = self.home(name.key);
        for distance in 0..REACH {
            let known = self.slots.get(slot).and_then(|index| self.names.get(*index as usize));
            match known {
                None => {
                    self.reach = self.reach.max(distance);
                    return Place::Free(slot);
                }
                Some(known) if known.is(name, source) => return Place::Taken,
                Some(_) => slot = self.after(slot),
            }
        }
        Place::TooFar
    }

    #[inline]
    fn home(&self, key: u64) -> usize {
        (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize & self.slots.len().wrapping_sub(1)
    }

    #[inline]
    fn after(&self, slot: usize) -> usize {
        slot.wrapping_add(1) & self.slots.len().wrapping_sub(1)
    }

    /// By key, equal keys by name, equal names by position; the offset of the first duplicate.
    #[cold]
    fn sort(&mut self, source: &[u8]) -> Option<u32> {
        self.names.sort_unstable_by(|left, right| {
            let by_word = || left.word(source).cmp(right.word(source)).then(left.number.cmp(&right.number));
            left.key.cmp(&right.key).then_with(by_word)
        });
        let repeats = self.names.windows(2).filter_map(|pair| match pair {
            [left, right] if left.key == right.key && left.word(source) == right.word(source) => {
                Some(right.start)
            }
            _ => None,
        });
        repeats.min()
    }

    #[cold]
    fn find_sorted(&self, source: &[u8], name: &Name) -> Option<u32> {
        let text = name.word(source);
        let is_before = |known: &Name| (known.key, known.word(source)) < (name.key, text);
        let found = self.names.get(self.names.partition_point(is_before));
        found.filter(|known| known.is(name, source)).map(|known| known.number)
    }
}

enum Place {
    /// In this slot.
    Free(usize),
    /// Nowhere, since it is there.
    Taken,
    /// Nowhere near.
    TooFar,
}
