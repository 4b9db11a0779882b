//! Ties a document together by name, once: which fragment a spread means, and in which order fragments need each other.
//!
//! Linear but for one sort of names that were made to be slow, so neither many fragments nor many spreads are worth an attack. Refuses to judge: an
//! unknown fragment is a spread without a target, and cycles and duplicates are noted for whoever measures.

mod names;

use crate::tape::{FragmentIndex, Range, Tape};
use names::Names;

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
    names: Names,
    states: Vec<State>,
    path: Vec<Step>,
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
            self.links.duplicate_operation = names.read(source.as_bytes(), &self.nodes, &self.operations);
        }
        if !self.fragments.is_empty() {
            let names = &mut self.links.names;
            self.links.duplicate_fragment = names.read(source.as_bytes(), &self.nodes, &self.fragments);
            self.resolve(source);
            self.sort_fragments();
        }
    }

    /// Writes the number of the fragment meant into each target: the first of its name.
    fn resolve(&mut self, source: &str) {
        for target in &self.spreads {
            let spread = self.node(target.wrapping_sub(1));
            let meant = self.links.names.find(source.as_bytes(), &spread);
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
            let is_unseen = self.links.states.get(root as usize) == Some(&State::Unseen);
            if is_unseen && self.follow(root).is_none() {
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
