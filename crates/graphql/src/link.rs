//! Ties a document together by name, once: which fragment a spread means, and in which order fragments need each other.
//!
//! Linear but for one sort of the names, so neither many fragments nor many spreads are worth an attack. Refuses to judge: an
//! unknown fragment is a spread without a target, and cycles and duplicates are noted for whoever measures.

use crate::hash::Hash;
use crate::tape::{Definition, FragmentIndex, Node, Placed, Tape};

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

/// The name of the definition with this number, by its hash.
#[derive(Clone, Copy, Debug)]
struct Name {
    hash: u64,
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

    /// Writes the number of the fragment meant into each target.
    fn resolve(&mut self, source: &str) {
        for Placed { node: target, .. } in &self.spreads {
            let spread = self.node(target.wrapping_sub(1));
            let name = spread.text(source);
            let hash = hash_of(source, &spread);
            let first = self.links.names.partition_point(|name| name.hash < hash);
            let same_hash = self.links.names.iter().skip(first).take_while(|name| name.hash == hash);
            let meant = same_hash.map(|name| name.number).find(|number| {
                let fragment = self.fragments.get(*number as usize);
                fragment.is_some_and(|fragment| self.node(fragment.node).text(source) == name)
            });
            if let (Some(fragment), Some(node)) = (meant, self.nodes.get_mut(*target as usize)) {
                node.start = fragment;
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
            let target = self.spreads.get(next as usize)?.node;
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
        if let (Some(definition), Some(state)) = (definition, self.links.states.get_mut(fragment as usize)) {
            *state = State::OnPath;
            self.links.path.push(Step { fragment, next: definition.spreads.first, end: definition.spreads.end });
        }
    }
}

fn hash_of(source: &str, node: &Node) -> u64 {
    Hash::SEED.text(u64::from(node.len), source.as_bytes(), node.start, node.len).finish()
}

/// Sorts the names of `definitions` by hash, equal hashes by name, equal names by position; the offset of the first duplicate.
///
/// The hash makes the comparisons cheap; ties are settled by the names themselves, so crafted collisions gain nothing but the
/// logarithm of a sort.
fn sort_names(source: &str, nodes: &[Node], definitions: &[Definition], names: &mut Vec<Name>) -> Option<u32> {
    let node = |number: u32| {
        let definition = definitions.get(number as usize);
        definition.and_then(|definition| nodes.get(definition.node as usize)).copied().unwrap_or(Node::MISSING)
    };
    names.clear();
    for number in (0..).take(definitions.len()) {
        names.push(Name { hash: hash_of(source, &node(number)), number });
    }
    names.sort_unstable_by(|left, right| {
        let text = |name: &Name| node(name.number).text(source);
        let by_text = || text(left).cmp(text(right)).then(left.number.cmp(&right.number));
        left.hash.cmp(&right.hash).then_with(by_text)
    });
    let repeats = names.windows(2).filter_map(|pair| match pair {
        [left, right] if left.hash == right.hash => Some((node(left.number), node(right.number))),
        _ => None,
    });
    repeats
        .filter(|(left, right)| right.len > 0 && left.text(source) == right.text(source))
        .map(|(_, right)| right.start)
        .min()
}
