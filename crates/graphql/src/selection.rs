//! Selections, arguments and directives, for walkers: a flat walk with a stack of one's own instead of recursion.
//!
//! ```
//! # use portcullis_graphql::{Budget, Selection, Tape, parse};
//! let mut tape = Tape::default();
//! let document = parse("{ a { b ... { c } } d }", Budget::default(), &mut tape)?;
//! let operation = document.select(None)?;
//! let mut open = Vec::new();
//! for selection in operation.selections() {
//!     while open.last().is_some_and(|end| *end <= selection.index()) {
//!         open.pop(); // left the selection set of an enclosing selection
//!     }
//!     if let Selection::Field(field) = selection {
//!         println!("{}{}", "  ".repeat(open.len()), field.name());
//!     }
//!     open.push(selection.end());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod key;
mod plain;

use crate::arguments::{Arguments, At, Directives};
use crate::document::Document;
use crate::tape::{FragmentIndex, Kind, Node, NodeIndex};
use crate::value::Value;
pub use key::NameKey;
pub use plain::{Bare, Detail, Plain, Step};

/// All selections beneath a definition or a selection, in the order of the text, whatever their depth.
#[derive(Clone, Copy, Debug)]
pub struct Selections<'a> {
    document: Document<'a>,
    next: u32,
    end: u32,
}

impl<'a> Selections<'a> {
    #[inline]
    pub(crate) fn of(document: Document<'a>, node: u32) -> Self {
        Selections { document, next: node.saturating_add(1), end: document.node(node).end }
    }

    #[inline]
    pub(crate) fn between(document: Document<'a>, position: NodeIndex, end: NodeIndex) -> Self {
        Selections { document, next: position.0, end: end.0 }
    }
}

impl<'a> Iterator for Selections<'a> {
    type Item = Selection<'a>;

    #[inline]
    fn next(&mut self) -> Option<Selection<'a>> {
        let document = self.document;
        while self.next < self.end {
            let index = self.next;
            let node = document.tape().nodes.get(index as usize)?;
            self.next = index.saturating_add(1);
            let at = At { document, index, node: *node };
            if node.kind == Kind::Field {
                return Some(Selection::Field(Field(at)));
            } else if node.kind == Kind::Spread {
                return Some(Selection::Spread(Spread(at)));
            } else if node.kind == Kind::InlineFragment {
                return Some(Selection::InlineFragment(InlineFragment(at)));
            }
            // An argument, a directive, a variable definition, or a detail of one node.
            self.next = node.end;
        }
        None
    }
}

/// One selection.
#[derive(Clone, Copy, Debug)]
pub enum Selection<'a> {
    /// A field, with or without a selection set.
    Field(Field<'a>),
    /// `...Name`.
    Spread(Spread<'a>),
    /// `... on Type { }` or `... { }`.
    InlineFragment(InlineFragment<'a>),
}

impl<'a> Selection<'a> {
    #[inline]
    fn at(&self) -> &At<'a> {
        match self {
            Selection::Field(Field(at))
            | Selection::Spread(Spread(at))
            | Selection::InlineFragment(InlineFragment(at)) => at,
        }
    }

    /// Its node.
    #[must_use]
    #[inline]
    pub fn index(&self) -> NodeIndex {
        NodeIndex(self.at().index)
    }

    /// The first node that is not beneath it: every selection with a smaller index and a larger one than its own is inside.
    #[must_use]
    #[inline]
    pub fn end(&self) -> NodeIndex {
        NodeIndex(self.at().node.end)
    }

    /// 1 in the selection set of a definition, one more inside each field; inline fragments add nothing.
    #[must_use]
    #[inline]
    pub fn depth(&self) -> u32 {
        u32::from(self.at().node.depth)
    }

    /// Its directives.
    #[must_use]
    #[inline]
    pub fn directives(&self) -> Directives<'a> {
        Directives::of(self.at())
    }

    /// Whether it has neither arguments nor directives; cheaper than to look for them.
    #[must_use]
    #[inline]
    pub fn is_bare(&self) -> bool {
        let at = self.at();
        let own = match self {
            // Its alias.
            Selection::Field(_) => u32::from(at.node.has(Node::ALIASED)),
            // The fragment it means.
            Selection::Spread(_) => 1,
            Selection::InlineFragment(_) => 0,
        };
        let first = at.index.saturating_add(1).saturating_add(own);
        first >= at.node.end || !matches!(at.document.node(first).kind, Kind::Argument | Kind::Directive)
    }

    /// Everything beneath it.
    #[must_use]
    #[inline]
    pub fn selections(&self) -> Selections<'a> {
        Selections::of(self.at().document, self.at().index)
    }
}

/// A field.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a>(At<'a>);

impl<'a> Field<'a> {
    /// The field's name in the schema.
    #[must_use]
    #[inline]
    pub fn name(&self) -> &'a str {
        self.0.document.text(&self.0.node)
    }

    /// The key of its name.
    #[must_use]
    #[inline]
    pub fn key(&self) -> NameKey {
        NameKey::at(self.0.document.source().as_bytes(), self.0.node.start, self.0.node.len)
    }

    /// The alias it was given, where one was.
    #[must_use]
    #[inline]
    pub fn alias(&self) -> Option<&'a str> {
        let aliased = self.0.node.has(Node::ALIASED);
        aliased.then(|| self.0.document.text(&self.0.document.node(self.0.index.saturating_add(1))))
    }

    /// Its arguments, in the order of the text.
    #[must_use]
    #[inline]
    pub fn arguments(&self) -> Arguments<'a> {
        Arguments::of(&self.0)
    }

    /// The value of the first argument called `name`.
    #[must_use]
    #[inline]
    pub fn argument(&self, name: &str) -> Option<Value<'a>> {
        self.arguments().find(|argument| argument.name() == name).map(|argument| argument.value())
    }

    /// Its directives.
    #[must_use]
    #[inline]
    pub fn directives(&self) -> Directives<'a> {
        Directives::of(&self.0)
    }

    /// Whether it has a selection set.
    #[must_use]
    #[inline]
    pub fn has_selections(&self) -> bool {
        self.0.node.has(Node::HAS_SET)
    }

    /// Byte offset of its name in the text.
    #[must_use]
    #[inline]
    pub fn offset(&self) -> u32 {
        self.0.node.start
    }
}

/// A spread of a named fragment.
#[derive(Clone, Copy, Debug)]
pub struct Spread<'a>(At<'a>);

impl<'a> Spread<'a> {
    /// The fragment's name.
    #[must_use]
    #[inline]
    pub fn name(&self) -> &'a str {
        self.0.document.text(&self.0.node)
    }

    /// The fragment meant, the first of that name; nothing when the document defines none.
    #[must_use]
    #[inline]
    pub fn fragment(&self) -> Option<FragmentIndex> {
        let target = self.0.document.node(self.0.index.saturating_add(1)).start;
        (target != u32::MAX).then_some(FragmentIndex(target))
    }
}

/// An inline fragment.
#[derive(Clone, Copy, Debug)]
pub struct InlineFragment<'a>(At<'a>);

impl<'a> InlineFragment<'a> {
    /// The type it applies to, nothing when it applies to the enclosing type.
    #[must_use]
    #[inline]
    pub fn type_condition(&self) -> Option<&'a str> {
        self.0.document.name_of(self.0.index)
    }
}
