//! Arguments and directives: the children of a node that come before its selections.

use crate::document::Document;
use crate::tape::{Kind, Node};
use crate::value::Value;

/// A node with its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<'a> {
    pub(crate) document: Document<'a>,
    pub(crate) index: u32,
    pub(crate) node: Node,
}

impl<'a> At<'a> {
    #[inline]
    pub(crate) fn of(document: Document<'a>, index: u32) -> Self {
        At { document, index, node: document.node(index) }
    }
}

/// The direct children of one kind, skipping those of the kinds that come before it.
#[derive(Clone, Copy, Debug)]
struct Children<'a> {
    document: Document<'a>,
    next: u32,
    end: u32,
}

impl<'a> Children<'a> {
    #[inline]
    fn of(parent: &At<'a>) -> Self {
        Children { document: parent.document, next: parent.index.saturating_add(1), end: parent.node.end }
    }

    #[inline]
    fn next(&mut self, wanted: Kind) -> Option<At<'a>> {
        while self.next < self.end {
            let index = self.next;
            let node = self.document.tape().nodes.get(index as usize)?;
            if node.kind == wanted {
                self.next = node.end;
                return Some(At { document: self.document, index, node: *node });
            }
            // What is wanted comes before the selections, and arguments before directives.
            if matches!(node.kind, Kind::Field | Kind::Spread | Kind::InlineFragment)
                || (wanted == Kind::Argument && node.kind == Kind::Directive)
            {
                return None;
            }
            self.next = node.end;
        }
        None
    }
}

/// The arguments of a field or a directive.
#[derive(Clone, Copy, Debug)]
pub struct Arguments<'a>(Children<'a>);

impl<'a> Arguments<'a> {
    #[inline]
    pub(crate) fn of(parent: &At<'a>) -> Self {
        Arguments(Children::of(parent))
    }

    /// The directives behind them; cheaper than to look for them from the beginning.
    #[must_use]
    #[inline]
    pub fn directives(self) -> Directives<'a> {
        Directives(self.0)
    }
}

impl<'a> Iterator for Arguments<'a> {
    type Item = Argument<'a>;

    #[inline]
    fn next(&mut self) -> Option<Argument<'a>> {
        self.0.next(Kind::Argument).map(Argument)
    }
}

/// One argument.
#[derive(Clone, Copy, Debug)]
pub struct Argument<'a>(At<'a>);

impl<'a> Argument<'a> {
    /// Its name.
    #[must_use]
    #[inline]
    pub fn name(&self) -> &'a str {
        self.0.document.text(&self.0.node)
    }

    /// The bytes of its name; cheaper than the text.
    #[must_use]
    #[inline]
    pub fn name_bytes(&self) -> &'a [u8] {
        self.0.node.word(self.0.document.source())
    }

    /// Its value.
    #[must_use]
    #[inline]
    pub fn value(&self) -> Value<'a> {
        Value::at(self.0.document, self.0.index.saturating_add(1)).unwrap_or(Value::Null)
    }
}

/// The directives of a definition or a selection, in the order of the text.
#[derive(Clone, Copy, Debug)]
pub struct Directives<'a>(Children<'a>);

impl<'a> Directives<'a> {
    #[inline]
    pub(crate) fn of(parent: &At<'a>) -> Self {
        Directives(Children::of(parent))
    }
}

impl<'a> Iterator for Directives<'a> {
    type Item = Directive<'a>;

    #[inline]
    fn next(&mut self) -> Option<Directive<'a>> {
        self.0.next(Kind::Directive).map(Directive)
    }
}

/// One directive.
#[derive(Clone, Copy, Debug)]
pub struct Directive<'a>(At<'a>);

impl<'a> Directive<'a> {
    /// Its name, without `@`.
    #[must_use]
    #[inline]
    pub fn name(&self) -> &'a str {
        self.0.document.text(&self.0.node)
    }

    /// The bytes of its name; cheaper than the text.
    #[must_use]
    #[inline]
    pub fn name_bytes(&self) -> &'a [u8] {
        self.0.node.word(self.0.document.source())
    }

    /// Its arguments.
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
}
