//! Passing over what says nothing but its name, which is most of a document, in a few instructions each.

use super::{NameKey, Selections};
use crate::tape::{FragmentIndex, Kind, Node, NodeIndex};

/// A selection that has neither arguments nor directives. Aliases do not matter.
#[derive(Clone, Copy, Debug)]
pub enum Plain<'a> {
    /// A field without selections.
    Leaf(Bare<'a>),
    /// A field with selections.
    Object(Bare<'a>),
    /// An inline fragment; its name is that of its type, empty without one.
    Fragment(Bare<'a>),
    /// A spread of a named fragment, and which one that is; nothing when the document defines none of that name.
    Spread(Bare<'a>, Option<FragmentIndex>),
}

/// What a walk stands before.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// A field that has neither arguments nor directives nor selections.
    Leaf(Bare<'a>),
    /// A field with selections and nothing else.
    Object(Bare<'a>),
    /// Any other selection, as the iterator gives it.
    Other,
    /// What ends here, or where it was to look no further.
    End,
}

/// What there is to know of a plain selection.
#[derive(Clone, Copy, Debug)]
pub struct Bare<'a> {
    source: &'a str,
    node: &'a Node,
}

impl<'a> Bare<'a> {
    /// The name of the field, never the alias, or of the fragment.
    #[must_use]
    #[inline(always)]
    pub fn name(&self) -> &'a [u8] {
        self.node.word(self.source)
    }

    /// The key of its name.
    #[must_use]
    #[inline(always)]
    pub fn key(&self) -> NameKey {
        NameKey::at(self.source.as_bytes(), self.node.start, self.node.len)
    }

    /// As [`Selection::depth`](crate::Selection::depth).
    #[must_use]
    #[inline(always)]
    pub fn depth(&self) -> u32 {
        u32::from(self.node.depth)
    }

    /// Bytes of its name.
    #[must_use]
    #[inline(always)]
    pub fn name_len(&self) -> u32 {
        self.node.len
    }

    /// As [`Selection::end`](crate::Selection::end).
    #[must_use]
    #[inline(always)]
    pub fn end(&self) -> NodeIndex {
        NodeIndex(self.node.end)
    }
}

impl<'a> Selections<'a> {
    /// Hands plain selections before `end` to `passes`, in the order of the text, and goes on as long as that says so; into selection
    /// sets as well. Stands before a selection afterwards, or at `end`.
    #[inline(always)]
    pub fn pass_plain(&mut self, end: NodeIndex, mut passes: impl FnMut(Plain<'a>) -> bool) {
        let source = self.document.source();
        let nodes = self.document.tape().nodes.get(..end.0.min(self.end) as usize).unwrap_or_default();
        let mut index = self.next;
        'places: loop {
            let mut rest = nodes.get(index as usize..).unwrap_or_default().iter();
            for node in rest.by_ref() {
                let bare = Bare { source, node };
                let first = index.wrapping_add(1);
                if node.kind == Kind::Field && node.end == first {
                    if !passes(Plain::Leaf(bare)) {
                        break 'places;
                    }
                    index = first;
                    continue;
                }
                match self.enter(bare, first, nodes, &mut passes) {
                    Some(next) if next == first => index = first,
                    Some(next) => {
                        index = next;
                        continue 'places;
                    }
                    None => break 'places,
                }
            }
            break;
        }
        self.next = index;
    }

    /// Where to go on after a node that is no leaf; nothing when it is not to be passed.
    #[inline(always)]
    fn enter(
        &self,
        bare: Bare<'a>,
        first: u32,
        nodes: &[Node],
        passes: &mut impl FnMut(Plain<'a>) -> bool,
    ) -> Option<u32> {
        let node = bare.node;
        let (first, plain) = if node.kind == Kind::Field {
            let first = first.wrapping_add(u32::from(node.has(Node::ALIASED)));
            (first, if node.end == first { Plain::Leaf(bare) } else { Plain::Object(bare) })
        } else if node.kind == Kind::InlineFragment {
            (first, Plain::Fragment(bare))
        } else if node.kind == Kind::Spread {
            // Beneath it is the fragment it means, and perhaps directives.
            let end = first.wrapping_add(1);
            let target = nodes.get(first as usize).map_or(u32::MAX, |target| target.start);
            let fragment = (target != u32::MAX).then_some(FragmentIndex(target));
            return (node.end == end && passes(Plain::Spread(bare, fragment))).then_some(end);
        } else {
            return Some(node.end);
        };
        let is_plain = matches!(plain, Plain::Leaf(_)) || begins_set(nodes.get(first as usize));
        (is_plain && passes(plain)).then_some(first)
    }

    /// What it stands before, when that is before `end`. Does not move, but over what is no selection.
    #[inline(always)]
    pub fn look(&mut self, end: NodeIndex) -> Step<'a> {
        let document = self.document;
        let source = document.source();
        loop {
            let index = self.next;
            if index >= end.0 {
                return Step::End;
            }
            let nodes = &document.tape().nodes;
            let Some(node) = nodes.get(index as usize) else { return Step::End };
            if node.kind == Kind::Field {
                let first = index.wrapping_add(1).wrapping_add(u32::from(node.has(Node::ALIASED)));
                let bare = Bare { source, node };
                return if node.end == first {
                    Step::Leaf(bare)
                } else if begins_set(nodes.get(first as usize)) {
                    Step::Object(bare)
                } else {
                    Step::Other
                };
            } else if node.kind == Kind::Spread || node.kind == Kind::InlineFragment {
                return Step::Other;
            }
            self.next = node.end;
        }
    }

    /// Goes on behind the first node of the selection it stands before: to what is in it, or to what follows it.
    #[inline(always)]
    pub fn step(&mut self) {
        self.next = self.next.wrapping_add(1);
    }

    /// Where it stands: the first node that was not looked at.
    #[must_use]
    #[inline]
    pub fn position(&self) -> NodeIndex {
        NodeIndex(self.next)
    }

    /// Where it ends.
    #[must_use]
    #[inline]
    pub fn end(&self) -> NodeIndex {
        NodeIndex(self.end)
    }

    /// Leaves out what comes before a node.
    #[inline]
    pub fn skip_to(&mut self, node: NodeIndex) {
        self.next = self.next.max(node.0);
    }
}

/// Whether the first node beneath a selection is one of its set, for it has neither arguments nor directives.
#[inline(always)]
fn begins_set(first: Option<&Node>) -> bool {
    first.is_some_and(|first| !matches!(first.kind, Kind::Argument | Kind::Directive))
}

#[cfg(test)]
mod tests;
