//! Finds the most aliases that one field has in one selection set, with fragments merged into the sets that spread them.
//!
//! Aliases are counted by name: a field that comes back under the same alias, as it does when several fragments of a page
//! bring it, is one entry of the response and is executed once. A fragment's own aliases are complete before anyone spreads
//! it, and a spread adds them to the place it stands in; that adding is the only work that is not linear by nature, and it
//! has a budget.

use super::table::{Keyed, Steps, Table};
use crate::document::Document;
use crate::hash::Hash;
use crate::tape::{Definition, FragmentIndex, Node};

/// No entry.
const NONE: u32 = u32::MAX;

/// Working storage, reused between documents.
#[derive(Debug, Default)]
pub(super) struct Aliases {
    aliases: Table<Alias>,
    counters: Table<Counter>,
    /// By fragment: the last alias of its own selection set, the others follow by `Alias::before`.
    own: Vec<u32>,
    steps: Steps,
    most: u32,
}

/// One alias of one field in one place.
#[derive(Clone, Copy, Debug)]
struct Alias {
    /// Hash of the field's name and the alias.
    key: u64,
    /// Hash of the field's name alone.
    name: u64,
    /// The node that owns the selection set: a definition or a field.
    owner: u32,
    /// The first field that has it.
    field: u32,
    /// The alias found before this one in the same fragment's own selection set.
    before: u32,
}

/// How many aliases the fields of one name have in one place.
#[derive(Clone, Copy, Debug)]
struct Counter {
    /// Hash of the field's name. A collision can only make a count too high, for the client who made it.
    key: u64,
    owner: u32,
    count: u32,
}

impl Keyed for Alias {
    fn key(&self) -> (u64, u32) {
        (self.key, self.owner)
    }
}

impl Keyed for Counter {
    fn key(&self) -> (u64, u32) {
        (self.key, self.owner)
    }
}

/// Where to count: the owner of the selection set, and the fragment when the set is its own.
#[derive(Clone, Copy)]
struct Place {
    owner: u32,
    fragment: Option<FragmentIndex>,
}

impl Aliases {
    /// The largest count in `document`, whose fragments are given callees first, and the steps it took; [`u32::MAX`] beyond the
    /// budget.
    pub(super) fn most(&mut self, document: Document<'_>, order: &[FragmentIndex]) -> (u32, u64) {
        let tape = document.tape();
        self.aliases.clear();
        self.counters.clear();
        self.own.clear();
        self.own.resize(tape.fragments.len(), NONE);
        self.steps = Steps::of(u64::from(document.tokens()).saturating_mul(2).max(8192));
        self.most = 0;
        let fragments =
            order.iter().filter_map(|index| Some((tape.fragments.get(index.get())?, Some(*index))));
        let operations = tape.operations.iter().map(|operation| (operation, None));
        for (definition, fragment) in fragments.chain(operations) {
            if self.definition(document, definition, fragment).is_none() {
                return (u32::MAX, self.steps.taken());
            }
        }
        (self.most, self.steps.taken())
    }

    /// Counts in one definition; nothing when the budget is exceeded.
    fn definition(
        &mut self,
        document: Document<'_>,
        definition: &Definition,
        fragment: Option<FragmentIndex>,
    ) -> Option<()> {
        let tape = document.tape();
        let place = |owner: u32| Place { owner, fragment: fragment.filter(|_| owner == definition.node) };
        for field in definition.aliased.of(&tape.aliased) {
            self.add(document, place(field.owner), Alias::of(document, field.node))?;
        }
        for spread in definition.spreads.of(&tape.spreads) {
            self.merge(document, place(spread.owner), tape.node(spread.node).start)?;
        }
        Some(())
    }

    /// Adds what the fragment `callee` has in its own selection set to `place`.
    fn merge(&mut self, document: Document<'_>, place: Place, callee: u32) -> Option<()> {
        let mut next = self.own.get(callee as usize).copied().unwrap_or(NONE);
        while let Some(alias) = self.aliases.get(next) {
            next = alias.before;
            self.add(document, place, alias)?;
        }
        Some(())
    }

    /// Counts an alias in a place, unless the place has it.
    fn add(&mut self, document: Document<'_>, place: Place, alias: Alias) -> Option<()> {
        let own = place.fragment.and_then(|fragment| self.own.get_mut(fragment.get()));
        let before = own.as_deref().copied().unwrap_or(NONE);
        let entry = Alias { owner: place.owner, before, ..alias };
        let same = |known: &Alias| known.is_of(document, alias.field);
        let (index, is_new) = self.aliases.find_or_insert(entry, same, &mut self.steps)?;
        if !is_new {
            return Some(());
        }
        if let Some(own) = own {
            *own = index;
        }
        let counter = Counter { key: alias.name, owner: place.owner, count: 0 };
        let (index, _) = self.counters.find_or_insert(counter, |_| true, &mut self.steps)?;
        let counter = self.counters.get_mut(index)?;
        counter.count = counter.count.saturating_add(1);
        self.most = self.most.max(counter.count);
        Some(())
    }
}

impl Alias {
    /// The alias of a field, in no place yet.
    fn of(document: Document<'_>, field: u32) -> Alias {
        let name = hashed(Hash::SEED, document, &document.node(field));
        let key = hashed(name, document, &document.node(field.saturating_add(1)));
        Alias { key: key.finish(), name: name.finish(), owner: NONE, field, before: NONE }
    }

    /// Whether another field has the same name and alias.
    fn is_of(&self, document: Document<'_>, field: u32) -> bool {
        let text = |field: u32| document.text(&document.node(field));
        let alias = |field: u32| text(field.saturating_add(1));
        self.field == field || (text(self.field) == text(field) && alias(self.field) == alias(field))
    }
}

fn hashed(hash: Hash, document: Document<'_>, node: &Node) -> Hash {
    hash.text(u64::from(node.len), document.source().as_bytes(), node.start, node.len)
}
