//! Finds the most aliases that one field has in one place of the response, however the document spells the place.
//!
//! A place is reached by the response names of the fields above it: `a { x } a { y }` and two fragments that both bring an `a`
//! fill one place. Aliases are counted by name: the same field under the same alias is one entry of the response and is executed
//! once. A fragment's aliases are complete before anyone spreads it, and a spread adds them to the definition it stands in; that
//! adding is the only work that is not linear by nature, and it has a budget.

use super::table::{Keyed, Steps, Table};
use crate::document::Document;
use crate::hash::Hash;
use crate::selection::{Selection, Selections};
use crate::tape::{Definition, FragmentIndex, Node, NodeIndex};

/// No entry.
const NONE: u32 = u32::MAX;

/// Working storage, reused between documents.
#[derive(Debug, Default)]
pub(super) struct Aliases {
    aliases: Table<Alias>,
    counters: Table<Counter>,
    /// By fragment: the last of its aliases, the others follow by `Alias::before`.
    own: Vec<u32>,
    /// While walking: the fields whose selection sets are open, by where they end.
    open: Vec<(NodeIndex, Way)>,
    /// Selections looked at.
    walked: u64,
    steps: Steps,
    most: u32,
}

/// The way from a definition down to one of its places: the response names of the fields between, hashed so that ways can be
/// put one after the other. Two ways with one hash make one place, and a count too high, for the client who made them.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Way {
    hash: u64,
    /// The base to the power of the way's length.
    power: u64,
}

impl Way {
    /// The definition's own selection set.
    const NOWHERE: Way = Way { hash: 0, power: 1 };
    const BASE: u64 = 0x9E37_79B9_7F4A_7C15;

    /// The way into a field.
    fn into(response_name: u64) -> Way {
        Way { hash: response_name | 1, power: Way::BASE }
    }

    fn then(self, next: Way) -> Way {
        Way {
            hash: self.hash.wrapping_mul(next.power).wrapping_add(next.hash),
            power: self.power.wrapping_mul(next.power),
        }
    }
}

/// One alias of one field in one place.
#[derive(Clone, Copy, Debug)]
struct Alias {
    /// Hash of the field's name and the alias.
    key: u64,
    /// Hash of the field's name alone.
    name: u64,
    /// The node of the definition.
    definition: u32,
    /// The place in the definition.
    way: Way,
    /// The first field that has it.
    field: u32,
    /// The alias found before this one in the same fragment.
    before: u32,
}

/// How many aliases the fields of one name have in one place.
#[derive(Clone, Copy, Debug)]
struct Counter {
    /// Hash of the field's name. A collision can only make a count too high, for the client who made it.
    key: u64,
    definition: u32,
    way: Way,
    count: u32,
}

impl Keyed for Alias {
    fn key(&self) -> (u64, u32) {
        (self.key ^ self.way.hash, self.definition)
    }
}

impl Keyed for Counter {
    fn key(&self) -> (u64, u32) {
        (self.key ^ self.way.hash, self.definition)
    }
}

/// The definition that is being walked, and its number when it is a fragment.
#[derive(Clone, Copy)]
struct Walked {
    node: u32,
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
        self.steps = Steps::of(u64::from(document.tokens()).saturating_mul(2).max(8_192));
        self.walked = 0;
        self.most = 0;
        let fragments =
            order.iter().filter_map(|index| Some((tape.fragments.get(index.get())?, Some(*index))));
        let operations = tape.operations.iter().map(|operation| (operation, None));
        for (definition, fragment) in fragments.chain(operations) {
            if self.definition(document, definition, fragment).is_none() {
                return (u32::MAX, self.steps.taken().saturating_add(self.walked));
            }
        }
        (self.most, self.steps.taken().saturating_add(self.walked))
    }

    /// Counts in one definition; nothing when the budget is exceeded.
    fn definition(
        &mut self,
        document: Document<'_>,
        definition: &Definition,
        fragment: Option<FragmentIndex>,
    ) -> Option<()> {
        if definition.counts.aliases == 0 && definition.spreads.is_empty() {
            return Some(());
        }
        let walked = Walked { node: definition.node, fragment };
        self.open.clear();
        for selection in Selections::of(document, definition.node) {
            self.walked = self.walked.saturating_add(1);
            while self.open.pop_if(|(end, _)| *end <= selection.index()).is_some() {}
            let way = self.open.last().map_or(Way::NOWHERE, |(_, way)| *way);
            match selection {
                Selection::Field(field) => {
                    let NodeIndex(node) = selection.index();
                    let response_name = if field.alias().is_some() {
                        self.add(document, walked, Alias { way, ..Alias::of(document, node) })?;
                        node.saturating_add(1)
                    } else {
                        node
                    };
                    if field.has_selections() {
                        let name = hashed(Hash::SEED, document, &document.node(response_name)).finish();
                        self.open.push((selection.end(), way.then(Way::into(name))));
                    }
                }
                Selection::Spread(spread) => self.merge(document, walked, way, spread.fragment())?,
                Selection::InlineFragment(_) => {}
            }
        }
        Some(())
    }

    /// Adds what the fragment `callee` has, from the place on in which it is spread.
    fn merge(
        &mut self,
        document: Document<'_>,
        walked: Walked,
        way: Way,
        callee: Option<FragmentIndex>,
    ) -> Option<()> {
        let last = callee.and_then(|callee| self.own.get(callee.get()));
        let mut next = last.copied().unwrap_or(NONE);
        while let Some(alias) = self.aliases.get(next) {
            next = alias.before;
            self.add(document, walked, Alias { way: way.then(alias.way), ..alias })?;
        }
        Some(())
    }

    /// Counts an alias in its place, unless the place has it.
    fn add(&mut self, document: Document<'_>, walked: Walked, alias: Alias) -> Option<()> {
        let own = walked.fragment.and_then(|fragment| self.own.get_mut(fragment.get()));
        let before = own.as_deref().copied().unwrap_or(NONE);
        let definition = walked.node;
        let same = |known: &Alias| known.way == alias.way && known.is_of(document, alias.field);
        let entry = Alias { definition, before, ..alias };
        let (index, is_new) = self.aliases.find_or_insert(entry, same, &mut self.steps)?;
        if !is_new {
            return Some(());
        }
        if let Some(own) = own {
            *own = index;
        }
        let counter = Counter { key: alias.name, definition, way: alias.way, count: 0 };
        let same = |known: &Counter| known.way == alias.way;
        let (index, _) = self.counters.find_or_insert(counter, same, &mut self.steps)?;
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
        Alias {
            key: key.finish(),
            name: name.finish(),
            definition: NONE,
            way: Way::NOWHERE,
            field,
            before: NONE,
        }
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
