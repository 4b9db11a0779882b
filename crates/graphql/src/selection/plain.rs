//! Passing over what says nothing but its name, which is most of a document, in a few instructions each.

use super::{NameKey, Selections};
use crate::tape::{FragmentIndex, Kind, Node, NodeIndex};

/// A selection without arguments and directives, or with such that do not matter to who asks. Aliases do not either.
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

/// An argument or a directive of a selection, by its name.
#[derive(Clone, Copy, Debug)]
pub enum Detail<'a> {
    /// `name: …`
    Argument(&'a [u8]),
    /// `@name`
    Directive(&'a [u8]),
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
    /// sets as well. Stands before a selection afterwards, or at `end`. A selection is plain if none of its details `matters`.
    #[inline(always)]
    pub fn pass_plain(
        &mut self,
        end: NodeIndex,
        matters: impl Fn(Detail<'a>) -> bool,
        mut passes: impl FnMut(Plain<'a>) -> bool,
    ) {
        let source = self.document.source();
        let nodes = self.document.tape().nodes.get(..end.0.min(self.end) as usize).unwrap_or_default();
        let mut index = self.next;
        'places: loop {
            let mut rest = nodes.get(index as usize..).unwrap_or_default().iter();
            while let Some(node) = rest.next() {
                let bare = Bare { source, node };
                let first = index.wrapping_add(1);
                if node.kind == Kind::Field && node.end == first {
                    if !passes(Plain::Leaf(bare)) {
                        break 'places;
                    }
                    index = first;
                    continue;
                }
                // Most fields that hold something have no details, and what they hold is a field.
                let holds_field = rest.as_slice().first().is_some_and(|next| next.kind == Kind::Field);
                if node.kind == Kind::Field && holds_field {
                    if !passes(Plain::Object(bare)) {
                        break 'places;
                    }
                    index = first;
                    continue;
                }
                match enter(bare, first, nodes, &matters, &mut passes) {
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

/// Where to go on after a node that is no leaf; nothing when it is not to be passed.
#[inline(always)]
fn enter<'a>(
    bare: Bare<'a>,
    first: u32,
    nodes: &[Node],
    matters: &impl Fn(Detail<'a>) -> bool,
    passes: &mut impl FnMut(Plain<'a>) -> bool,
) -> Option<u32> {
    let Bare { source, node } = bare;
    // What comes before its details: its alias, or the fragment it means.
    let own = if node.kind == Kind::Field {
        u32::from(node.has(Node::ALIASED))
    } else if node.kind == Kind::InlineFragment {
        0
    } else if node.kind == Kind::Spread {
        1
    } else {
        return Some(node.end);
    };
    let next = past_details(source, node, first.wrapping_add(own), nodes, matters)?;
    let plain = if node.kind == Kind::Spread {
        let target = nodes.get(first as usize).map_or(u32::MAX, |target| target.start);
        Plain::Spread(bare, (target != u32::MAX).then_some(FragmentIndex(target)))
    } else if node.kind == Kind::InlineFragment {
        Plain::Fragment(bare)
    } else if node.end == next {
        Plain::Leaf(bare)
    } else {
        Plain::Object(bare)
    };
    passes(plain).then_some(next)
}

/// The first node behind the arguments and directives of a selection, of which `first` is the first if there are any; nothing when one
/// of them matters.
#[inline(always)]
fn past_details<'a>(
    source: &'a str,
    node: &Node,
    mut first: u32,
    nodes: &[Node],
    matters: &impl Fn(Detail<'a>) -> bool,
) -> Option<u32> {
    while first < node.end {
        let detail = nodes.get(first as usize)?;
        if !is_detail(detail) {
            break;
        }
        let name = detail.word(source);
        let named =
            if detail.kind == Kind::Argument { Detail::Argument(name) } else { Detail::Directive(name) };
        // It may go on behind the end of the walk.
        if matters(named) || detail.end as usize > nodes.len() {
            return None;
        }
        first = detail.end;
    }
    Some(first)
}

/// Whether the first node beneath a selection is one of its set, for it has neither arguments nor directives.
#[inline(always)]
fn begins_set(first: Option<&Node>) -> bool {
    first.is_some_and(|first| !is_detail(first))
}

#[inline(always)]
fn is_detail(node: &Node) -> bool {
    matches!(node.kind, Kind::Argument | Kind::Directive)
}

#[cfg(test)]
mod tests;
