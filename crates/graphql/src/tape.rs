//! The flat form of a document: nodes in the order of the text, each knowing where its subtree ends.
//!
//! A tape can be walked, skipped and measured with an index and at most a small stack, never by recursion, and is reused from one
//! document to the next, so parsing allocates only while the largest document so far grows. Knows nothing about meaning.

use crate::link::Links;

/// The position of a node on its tape; nodes are numbered in document order, so an ancestor has a smaller index than what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIndex(pub(crate) u32);

/// The number of a fragment definition in its document, in the order of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FragmentIndex(pub(crate) u32);

impl FragmentIndex {
    /// The number as an index into a table with one entry per fragment definition.
    #[must_use]
    #[inline]
    pub fn get(self) -> usize {
        self.0 as usize
    }
}

/// Reusable storage for one parsed document at a time. Memory is proportional to what the largest document so far could hold: a
/// node of 16 bytes for each byte of it, or each token of the budget if those are fewer, and a few words a definition and spread.
#[derive(Debug, Default)]
pub struct Tape {
    /// Those from `used` on are left from documents before.
    pub(crate) nodes: Vec<Node>,
    pub(crate) used: u32,
    pub(crate) operations: Vec<Definition>,
    pub(crate) fragments: Vec<Definition>,
    /// One for each fragment spread; the node is its [`Kind::Target`].
    pub(crate) spreads: Vec<u32>,
    /// The fields with an alias.
    pub(crate) aliased: Vec<u32>,
    pub(crate) links: Links,
    /// What [`lanes::mark`](crate::lanes::mark) wrote.
    pub(crate) name_ends: Vec<u64>,
    pub(crate) tokens: u32,
    /// A field called `__schema` or `__type` stands somewhere.
    pub(crate) introspection: bool,
}

impl Tape {
    pub(crate) fn clear(&mut self) {
        self.used = 0;
        self.operations.clear();
        self.fragments.clear();
        self.spreads.clear();
        self.aliased.clear();
        self.links.clear();
        self.tokens = 0;
        self.introspection = false;
    }

    /// The document's nodes.
    pub(crate) fn nodes(&self) -> &[Node] {
        self.nodes.get(..self.used as usize).unwrap_or(&self.nodes)
    }

    #[inline]
    pub(crate) fn node(&self, index: u32) -> Node {
        self.nodes.get(index as usize).copied().unwrap_or(Node::MISSING)
    }
}

/// An operation or a fragment: its node, what it contains itself, and its share of the tape's lists.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Definition {
    pub(crate) node: u32,
    pub(crate) counts: Counts,
    pub(crate) spreads: Range,
    pub(crate) aliased: Range,
}

/// What a definition contains; without the fragments it spreads on the tape, with them once measured.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) depth: u32,
    pub(crate) fields: u32,
    pub(crate) root_fields: u32,
    pub(crate) aliases: u32,
    pub(crate) directives: u32,
}

/// A part of a list: the first index, and one past the last.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Range {
    pub(crate) first: u32,
    pub(crate) end: u32,
}

impl Range {
    #[inline]
    pub(crate) fn of<T>(self, list: &[T]) -> &[T] {
        list.get(self.first as usize..self.end as usize).unwrap_or(&[])
    }
}

/// One node: what it is, its text, and where the nodes beneath it end.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Node {
    /// For selections: 1 in the selection set of a definition, one more inside each field. For types: the lists around.
    pub(crate) depth: u16,
    /// [`Node::HAS_SET`], [`Node::ALIASED`], [`Node::CLOSES`] and [`Node::NON_NULL`]; part of the shape.
    pub(crate) flags: u8,
    pub(crate) kind: Kind,
    /// Byte offset of the node's text, see [`Kind`] for which text that is.
    pub(crate) start: u32,
    /// Bytes of the node's text.
    pub(crate) len: u32,
    /// Index one past the last node of this node's subtree. While its bracket or brace is open: the node that encloses it.
    pub(crate) end: u32,
}

impl Node {
    /// The node opens a selection set.
    pub(crate) const HAS_SET: u8 = 1;
    /// The node is followed by a [`Kind::Alias`].
    pub(crate) const ALIASED: u8 = 2;
    /// The node has an end that a walker must notice: what has a set, objects, variable definitions.
    pub(crate) const CLOSES: u8 = 4;
    /// A type's name has a `!` after it.
    pub(crate) const NON_NULL: u8 = 8;
    /// What reading past the tape yields: no text, and an end that stops every walk.
    pub(crate) const MISSING: Node =
        Node { kind: Kind::Null, flags: 0, depth: 0, start: 0, len: 0, end: u32::MAX };

    #[inline]
    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    #[inline]
    pub(crate) fn text<'a>(&self, source: &'a str) -> &'a str {
        let (start, len) = (self.start as usize, self.len as usize);
        source.get(start..start.saturating_add(len)).unwrap_or("")
    }

    /// The same as bytes.
    #[inline]
    pub(crate) fn word<'a>(&self, source: &'a str) -> &'a [u8] {
        let (start, len) = (self.start as usize, self.len as usize);
        source.as_bytes().get(start..start.saturating_add(len)).unwrap_or(&[])
    }
}

/// What a node is. Children come in this order: alias, variable definitions, arguments, directives, selections. Those whose text is
/// all there is to them come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Kind {
    /// Text: the field's name, never the alias.
    Field,
    /// Text: the fragment's name. The first child is its [`Kind::Target`].
    Spread,
    /// Text: the name. One child, the value.
    Argument,
    /// Text: the name without `@`.
    Directive,
    /// Text: the name without `$`.
    Variable,
    /// Text: the key. One child, the value; `end` is not kept, the subtree ends where the value's does.
    ObjectField,
    /// Text: the name. The first child is the [`Kind::TypeCondition`].
    Fragment,
    TypeCondition,
    TypeName,
    /// Text: the name without `$`. Children: the type's name and lists, the default value, directives.
    VariableDefinition,
    /// Text: the type condition, empty without one.
    InlineFragment,
    /// Text: the name, empty when anonymous.
    Query,
    Mutation,
    Subscription,
    /// Up to 32 of the lists around a type's name, from the inside out. `len`: how many. `start`: one bit for each, the lowest
    /// first, set where the list has a `!` after it.
    TypeLists,
    Int,
    Float,
    /// Text: the literal with its quotes.
    String,
    Boolean,
    Null,
    Enum,
    List,
    Object,
    /// Text: the alias of the field before it.
    Alias,
    /// `start`: the number of the fragment the spread before it means, [`u32::MAX`] when the document has none of that name.
    Target,
}
