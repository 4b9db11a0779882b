//! Finds the most aliased fields of one name in one selection set, with fragments merged into the sets that spread them.
//!
//! Every (place, field name) has a counter in one hash table. A fragment's own counters are complete before anyone spreads it, and
//! a spread adds them to the place it stands in; that adding is the only work that is not linear by nature, and it has a budget.

use crate::document::Document;
use crate::hash::Hash;
use crate::tape::{Definition, FragmentIndex};

/// No entry, no place.
const NONE: u32 = u32::MAX;

/// Working storage, reused between documents.
#[derive(Debug, Default)]
pub(super) struct Aliases {
    counters: Vec<Counter>,
    /// Open addressing over `counters`: a power of two of them, at most half in use.
    slots: Vec<u32>,
    /// By fragment: the last counter of its own selection set, the others follow by `Counter::before`.
    own: Vec<u32>,
    steps: u64,
    /// The most steps that may be taken.
    budget: u64,
    most: u32,
}

/// How often fields of one name are aliased in one place.
#[derive(Clone, Copy, Debug)]
struct Counter {
    /// Hash of the name. A collision can only make a count too high, for the client who made it.
    name: u64,
    /// The node that owns the selection set: a definition or a field.
    owner: u32,
    count: u32,
    /// The counter created before this one in the same fragment's own selection set.
    before: u32,
}

/// Where to count: the owner of the selection set, and the fragment when the set is its own.
#[derive(Clone, Copy)]
struct Place {
    owner: u32,
    fragment: Option<FragmentIndex>,
}

impl Aliases {
    pub(super) fn steps(&self) -> u64 {
        self.steps
    }

    /// The largest counter of `document`, whose fragments are given callees first.
    pub(super) fn most(&mut self, document: Document<'_>, order: &[FragmentIndex]) -> u32 {
        let tape = document.tape();
        self.clear(tape.fragments.len());
        self.budget = u64::from(document.tokens().max(4096));
        let fragments =
            order.iter().filter_map(|index| Some((tape.fragments.get(index.get())?, Some(*index))));
        let operations = tape.operations.iter().map(|operation| (operation, None));
        for (definition, fragment) in fragments.chain(operations) {
            if self.definition(document, definition, fragment).is_none() {
                return u32::MAX;
            }
        }
        self.most
    }

    fn clear(&mut self, fragments: usize) {
        self.counters.clear();
        self.slots.clear();
        self.slots.resize(64, NONE);
        self.own.clear();
        self.own.resize(fragments, NONE);
        self.steps = 0;
        self.most = 0;
    }

    /// Counts in one definition; nothing when the budget is exceeded.
    fn definition(
        &mut self,
        document: Document<'_>,
        definition: &Definition,
        fragment: Option<FragmentIndex>,
    ) -> Option<()> {
        let tape = document.tape();
        let bytes = document.source().as_bytes();
        let place = |owner: u32| Place { owner, fragment: fragment.filter(|_| owner == definition.node) };
        for field in definition.aliased.of(&tape.aliased) {
            let node = tape.node(field.node);
            let name = Hash::SEED.text(u64::from(node.len), bytes, node.start, node.len).finish();
            self.add(place(field.owner), name, 1)?;
        }
        for spread in definition.spreads.of(&tape.spreads) {
            self.merge(place(spread.owner), tape.node(spread.node).start)?;
        }
        Some(())
    }

    /// Adds what the fragment `callee` has in its own selection set to `place`.
    fn merge(&mut self, place: Place, callee: u32) -> Option<()> {
        let mut next = self.own.get(callee as usize).copied().unwrap_or(NONE);
        while let Some(counter) = self.counters.get(next as usize).copied() {
            self.add(place, counter.name, counter.count)?;
            next = counter.before;
        }
        Some(())
    }

    fn add(&mut self, place: Place, name: u64, count: u32) -> Option<()> {
        if self.counters.len().saturating_mul(2) >= self.slots.len() {
            self.grow();
        }
        let mut slot = self.home(place.owner, name);
        loop {
            self.steps = self.steps.saturating_add(1);
            if self.steps > self.budget {
                return None;
            }
            let found = self.slots.get(slot).copied()?;
            match self.counters.get_mut(found as usize) {
                None => return self.create(place, name, count, slot),
                Some(counter) if counter.name == name && counter.owner == place.owner => {
                    counter.count = counter.count.saturating_add(count);
                    self.most = self.most.max(counter.count);
                    return Some(());
                }
                Some(_) => slot = self.after(slot),
            }
        }
    }

    fn create(&mut self, place: Place, name: u64, count: u32, slot: usize) -> Option<()> {
        let index = u32::try_from(self.counters.len()).ok()?;
        let mut before = NONE;
        if let Some(own) = place.fragment.and_then(|fragment| self.own.get_mut(fragment.get())) {
            before = std::mem::replace(own, index);
        }
        self.counters.push(Counter { name, owner: place.owner, count, before });
        *self.slots.get_mut(slot)? = index;
        self.most = self.most.max(count);
        Some(())
    }

    fn grow(&mut self) {
        let size = self.slots.len().saturating_mul(2);
        self.slots.clear();
        self.slots.resize(size, NONE);
        for index in 0..self.counters.len() {
            let Some(counter) = self.counters.get(index).copied() else { return };
            let mut slot = self.home(counter.owner, counter.name);
            while self.slots.get(slot).is_some_and(|taken| *taken != NONE) {
                slot = self.after(slot);
            }
            if let (Some(free), Ok(index)) = (self.slots.get_mut(slot), u32::try_from(index)) {
                *free = index;
            }
        }
    }

    fn home(&self, owner: u32, name: u64) -> usize {
        let mixed = (name ^ u64::from(owner)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        (mixed as usize) & self.slots.len().saturating_sub(1)
    }

    fn after(&self, slot: usize) -> usize {
        slot.wrapping_add(1) & self.slots.len().saturating_sub(1)
    }
}
