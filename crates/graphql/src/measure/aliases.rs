//! Finds the most aliases that one field has in one place of the response, however the document spells the place.
//!
//! A place is reached by the response names of the fields above it: `a { x } a { y }` and two fragments that both bring an `a`
//! fill one place. Aliases are counted by name: the same field under the same alias is one entry of the response and is executed
//! once. A fragment's aliases are complete before anyone spreads it, and a spread adds them to the definition it stands in; that
//! adding is the only work that is not linear by nature, and it has a budget.
//!
//! Where no name is that of more aliased fields than anybody asks about, which is the rule, there is nothing to count.

use super::names::Names;
use super::table::{Keyed, Steps, Table};
use crate::document::Document;
use crate::hash::Hash;
use crate::tape::{Definition, FragmentIndex, Kind, Node};

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
    open: Vec<(u32, Way)>,
    names: Names,
    /// The counter that was used last.
    last: u32,
    /// Selections looked at.
    walked: u64,
    steps: Steps,
    /// Names that come no more often are of no interest.
    asked: u32,
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
    both: u64,
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
    name: u64,
    definition: u32,
    way: Way,
    count: u32,
}

impl Keyed for Alias {
    #[inline(always)]
    fn key(&self) -> u64 {
        self.both ^ self.way.hash ^ u64::from(self.definition)
    }
}

impl Keyed for Counter {
    #[inline(always)]
    fn key(&self) -> u64 {
        self.name ^ self.way.hash ^ u64::from(self.definition)
    }
}

impl Counter {
    fn is_of(&self, alias: &Alias) -> bool {
        self.name == alias.name && self.way == alias.way && self.definition == alias.definition
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
    /// budget. Where it is not above `asked`, a number between it and `asked`. `expanded` is how many aliases the definitions have,
    /// fragments expanded, all of them together.
    pub(super) fn most(
        &mut self,
        document: Document<'_>,
        order: &[FragmentIndex],
        expanded: u64,
        asked: u32,
    ) -> (u32, u64) {
        let tape = document.tape();
        let budget = u64::from(document.tokens()).saturating_mul(2).max(8_192);
        self.asked = asked.max(1);
        let mut steps: u64 = 0;
        // What is beyond the budget by number alone is left to the exact count, which gives up.
        if expanded <= budget {
            let (most, taken) = self.names.read(document);
            if most <= self.asked {
                return (most, taken);
            }
            let (different, counting) = self.names.count_aliases(document, self.asked);
            steps = taken.saturating_add(counting);
            if different <= self.asked {
                return (self.asked.min(most), steps);
            }
        } else {
            self.names.forget();
        }
        let expected = u32::try_from(expanded).unwrap_or(u32::MAX).min(document.tokens());
        self.aliases.clear(expected);
        self.counters.clear(0);
        self.last = NONE;
        self.own.clear();
        self.own.resize(tape.fragments.len(), NONE);
        self.steps = Steps::of(budget.saturating_sub(steps));
        self.walked = steps;
        self.most = self.asked;
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
        if !self.concerns(document, definition) {
            return Some(());
        }
        let walked = Walked { node: definition.node, fragment };
        let end = document.node(definition.node).end;
        let (mut index, mut way, mut closing) = (definition.node.saturating_add(1), Way::NOWHERE, u32::MAX);
        self.open.clear();
        while index < end {
            while closing <= index {
                (closing, way) = self.open.pop().unwrap_or((u32::MAX, Way::NOWHERE));
            }
            let node = document.tape().nodes.get(index as usize)?;
            let inside = index.saturating_add(1);
            self.walked = self.walked.saturating_add(1);
            if node.kind == Kind::Field {
                let response_name = if node.has(Node::ALIASED) {
                    if self.names.is_frequent(document, node, self.asked) {
                        self.add(document, walked, Alias::of(document, index, node, way))?;
                    }
                    inside
                } else {
                    index
                };
                if node.has(Node::HAS_SET) {
                    let name = hashed(Hash::SEED, document, &document.node(response_name)).finish();
                    self.open.push((closing, way));
                    (closing, way) = (node.end, way.then(Way::into(name)));
                }
                index = inside;
            } else if node.kind == Kind::Spread {
                self.merge(document, walked, way, document.node(inside).start)?;
                index = node.end;
            } else if node.kind == Kind::InlineFragment {
                index = inside;
            } else {
                // A detail of one of them, or of the definition.
                self.walked = self.walked.saturating_sub(1);
                index = node.end;
            }
        }
        Some(())
    }

    /// Whether a definition has an alias of a frequent name, itself or through what it spreads.
    fn concerns(&self, document: Document<'_>, definition: &Definition) -> bool {
        let tape = document.tape();
        let frequent = |field: &u32| self.names.is_frequent(document, &document.node(*field), self.asked);
        let brings = |target: &u32| {
            self.own.get(document.node(*target).start as usize).is_some_and(|last| *last != NONE)
        };
        definition.aliased.of(&tape.aliased).iter().any(frequent)
            || definition.spreads.of(&tape.spreads).iter().any(brings)
    }

    /// Adds what the fragment `callee` has, from the place on in which it is spread.
    fn merge(&mut self, document: Document<'_>, walked: Walked, way: Way, callee: u32) -> Option<()> {
        let mut next = self.own.get(callee as usize).copied().unwrap_or(NONE);
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
        let entry = Alias { definition, before, ..alias };
        let same = |known: &Alias| {
            known.way == alias.way && known.definition == definition && known.is_of(document, &alias)
        };
        let (index, is_new) = self.aliases.find_or_insert(entry, same, &mut self.steps)?;
        if !is_new {
            return Some(());
        }
        if let Some(own) = own {
            *own = index;
        }
        let index = match self.counters.get(self.last) {
            Some(counter) if counter.is_of(&entry) => self.last,
            _ => {
                let counter = Counter { name: entry.name, definition, way: entry.way, count: 0 };
                self.counters.find_or_insert(counter, |known| known.is_of(&entry), &mut self.steps)?.0
            }
        };
        self.last = index;
        let counter = self.counters.get_mut(index)?;
        counter.count = counter.count.saturating_add(1);
        self.most = self.most.max(counter.count);
        Some(())
    }
}

impl Alias {
    /// The alias of a field.
    fn of(document: Document<'_>, field: u32, node: &Node, way: Way) -> Alias {
        let name = hashed(Hash::SEED, document, node);
        let both = hashed(name, document, &document.node(field.saturating_add(1)));
        Alias { both: both.finish(), name: name.finish(), definition: NONE, way, field, before: NONE }
    }

    /// Whether another alias of the same hashes is of the same name and alias.
    fn is_of(&self, document: Document<'_>, other: &Alias) -> bool {
        let same = |left: u32, right: u32| {
            let (left, right) = (document.node(left), document.node(right));
            // Words of one length up to eight bytes have one hash only if they are equal.
            let equal = || left.len <= 8 || left.word(document.source()) == right.word(document.source());
            left.len == right.len && equal()
        };
        let (left, right) = (self.field, other.field);
        left == right
            || self.name == other.name
                && same(left, right)
                && same(left.saturating_add(1), right.saturating_add(1))
    }
}

fn hashed(hash: Hash, document: Document<'_>, node: &Node) -> Hash {
    hash.text(u64::from(node.len), document.source().as_bytes(), node.start, node.len)
}
