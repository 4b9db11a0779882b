//! Ties a document together by name, once: which fragment a spread means, and in which order fragments need each other.
//!
//! Linear but for one sort of the names, so neither many fragments nor many spreads are worth an attack. Refuses to judge: an
//! unknown fragment is a spread without a target, and cycles and duplicates are noted for whoever measures.

use crate::hash;
use crate::tape::{Definition, FragmentIndex, Node, Range, Tape};

/// Fragments that spread each other in a circle, or one that spreads itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("fragments form a cycle")]
pub struct FragmentCycle {
    /// Byte offset of the name in a spread that closes the circle.
    pub at: u32,
}

/// What linking found out; storage is reused between documents.
#[derive(Debug, Default)]
pub(crate) struct Links {
    /// Fragments, each after all those it spreads.
    pub(crate) order: Vec<FragmentIndex>,
    pub(crate) cycle: Option<FragmentCycle>,
    /// Offset of the first name that is a fragment's for the second time.
    pub(crate) duplicate_fragment: Option<u32>,
    /// The same for operations.
    pub(crate) duplicate_operation: Option<u32>,
    names: Vec<Name>,
    states: Vec<State>,
    path: Vec<Step>,
}

/// The name of the definition with this number, by its [`hash::key`].
#[derive(Clone, Copy, Debug)]
struct Name {
    key: u64,
    number: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unseen,
    OnPath,
    Done,
}

/// A fragment that is being followed, and the next of its spreads.
#[derive(Clone, Copy, Debug)]
struct Step {
    fragment: u32,
    next: u32,
    end: u32,
}

impl Links {
    pub(crate) fn clear(&mut self) {
        self.order.clear();
        self.cycle = None;
        self.duplicate_fragment = None;
        self.duplicate_operation = None;
    }

    /// The number of the first definition that is called like `name`.
    fn find(&self, source: &str, nodes: &[Node], definitions: &[Definition], name: &Node) -> Option<u32> {
        let key = key_of(source, name);
        let text = name.word(source);
        let word = |name: &Name| word_of(source, nodes, definitions, name.number);
        let first = match self.guess(key) {
            Some(first) => first,
            None => self.names.partition_point(|name| name.key < key),
        };
        let found = self.names.get(first).filter(|name| name.key == key)?;
        if word(found) == text {
            return Some(found.number);
        }
        // Another name of the same key: crafted, or the one chance in 2^64.
        let exact =
            self.names.partition_point(|name| name.key < key || (name.key == key && word(name) < text));
        self.names.get(exact).filter(|name| name.key == key && word(name) == text).map(|name| name.number)
    }

    /// Where the first name with a key of at least `key` is, unless that is far from where evenly spread keys would have it.
    #[inline]
    fn guess(&self, key: u64) -> Option<usize> {
        let share = (key >> 32).wrapping_mul(self.names.len() as u64) >> 32;
        let mut at = usize::try_from(share).ok()?;
        for _ in 0..8 {
            if at > 0 && self.names.get(at.wrapping_sub(1)).is_some_and(|name| name.key >= key) {
                at = at.wrapping_sub(1);
            } else if self.names.get(at).is_some_and(|name| name.key < key) {
                at = at.wrapping_add(1);
            } else {
                return Some(at);
            }
        }
        None
    }
}

impl Tape {
    pub(crate) fn link(&mut self, source: &str) {
        if self.operations.len() > 1 {
            let names = &mut self.links.names;
            self.links.duplicate_operation = sort_names(source, &self.nodes, &self.operations, names);
        }
        if !self.fragments.is_empty() {
            let names = &mut self.links.names;
            self.links.duplicate_fragment = sort_names(source, &self.nodes, &self.fragments, names);
            self.resolve(source);
            self.sort_fragments();
        }
    }

    /// Writes the number of the fragment meant into each target: the first of its name.
    fn resolve(&mut self, source: &str) {
        for target in &self.spreads {
            let spread = self.node(target.wrapping_sub(1));
            let meant = self.links.find(source, &self.nodes, &self.fragments, &spread);
            if let (Some(number), Some(node)) = (meant, self.nodes.get_mut(*target as usize)) {
                node.start = number;
            }
        }
    }

    /// Orders fragments callees first, depth first with an explicit path.
    fn sort_fragments(&mut self) {
        self.links.states.clear();
        self.links.states.resize(self.fragments.len(), State::Unseen);
        for root in (0_u32..).take(self.fragments.len()) {
            if self.links.states.get(root as usize) == Some(&State::Unseen) && self.follow(root).is_none() {
                return;
            }
        }
    }

    /// Follows everything that `root` spreads; nothing when that leads back to a fragment on the path.
    fn follow(&mut self, root: u32) -> Option<()> {
        self.enter(root);
        while let Some(step) = self.links.path.last_mut() {
            let Step { fragment, next, end } = *step;
            if next >= end {
                self.links.path.pop();
                self.links.order.push(FragmentIndex(fragment));
                *self.links.states.get_mut(fragment as usize)? = State::Done;
                continue;
            }
            step.next = next.wrapping_add(1);
            let target = *self.spreads.get(next as usize)?;
            let callee = self.node(target).start;
            match self.links.states.get(callee as usize) {
                Some(State::Unseen) => self.enter(callee),
                Some(State::Done) | None => {}
                Some(State::OnPath) => {
                    self.links.path.clear();
                    self.links.order.clear();
                    self.links.cycle = Some(FragmentCycle { at: self.node(target.wrapping_sub(1)).start });
                    return None;
                }
            }
        }
        Some(())
    }

    fn enter(&mut self, fragment: u32) {
        let definition = self.fragments.get(fragment as usize);
        let (Some(definition), Some(state)) = (definition, self.links.states.get_mut(fragment as usize))
        else {
            return;
        };
        let Range { first, end } = definition.spreads;
        if first == end {
            *state = State::Done;
            self.links.order.push(FragmentIndex(fragment));
        } else {
            *state = State::OnPath;
            self.links.path.push(Step { fragment, next: first, end });
        }
    }
}

#[inline]
fn key_of(source: &str, node: &Node) -> u64 {
    hash::key(source.as_bytes(), node.start, node.len)
}

#[inline]
fn word_of<'a>(source: &'a str, nodes: &[Node], definitions: &[Definition], number: u32) -> &'a [u8] {
    let definition = definitions.get(number as usize);
    definition
        .and_then(|definition| nodes.get(definition.node as usize))
        .map_or(&[], |node| node.word(source))
}

/// Sorts the names that `definitions` have by key, equal keys by name, equal names by position; the offset of the first duplicate.
///
/// The key makes the comparisons cheap; ties are settled by the names themselves, so crafted collisions gain nothing but the
/// logarithm of a sort.
fn sort_names(
    source: &str,
    nodes: &[Node],
    definitions: &[Definition],
    names: &mut Vec<Name>,
) -> Option<u32> {
    let node = |name: &Name| {
        let definition = definitions.get(name.number as usize);
        definition
            .and_then(|definition| nodes.get(definition.node as usize))
            .copied()
            .unwrap_or(Node::MISSING)
    };
    let word = |name: &Name| node(name).word(source);
    names.clear();
    for (number, definition) in (0..).zip(definitions) {
        let node = nodes.get(definition.node as usize).unwrap_or(&Node::MISSING);
        if node.len > 0 {
            names.push(Name { key: key_of(source, node), number });
        }
    }
    names.sort_unstable_by(|left, right| {
        let by_word = || word(left).cmp(word(right)).then(left.number.cmp(&right.number));
        left.key.cmp(&right.key).then_with(by_word)
    });
    let repeats = names.windows(2).filter_map(|pair| match pair {
        [left, right] if left.key == right.key && word(left) == word(right) => Some(node(right)),
        _ => None,
    });
    repeats.map(|node| node.start).min()
}
