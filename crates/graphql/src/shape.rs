//! What a document looks like once everything a client varies between requests is gone: one stream of events, and its hash.
//!
//! The stream leaves out literals, aliases, operation names, descriptions, comments and layout; [`normalise`](crate::normalise)
//! prints the same stream, so two documents have the same shape exactly when they have the same normalised text. The order of
//! selections and definitions is part of the shape.

use std::fmt;

use crate::document::Document;
use crate::hash::Hash;
use crate::tape::{Kind, Node};

/// A document's shape in 64 bits, printed as 16 hexadecimal digits.
///
/// For grouping and look-up, not for trust: someone can construct two documents of one shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShapeHash(pub u64);

impl fmt::Display for ShapeHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

/// The shape of a document. Stable across versions of this crate as long as [`normalise`](crate::normalise) is.
#[must_use]
pub fn shape(document: Document<'_>) -> ShapeHash {
    let mut sink = Hasher { bytes: document.source().as_bytes(), hash: Hash::SEED };
    stream(document, &mut sink);
    ShapeHash(sink.hash.finish())
}

/// What a node contributes to the shape. Those whose text is part of it come last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Event {
    /// Nothing.
    Silent,
    Query,
    Mutation,
    Subscription,
    /// Any scalar or enum literal.
    Literal,
    /// Any list, whatever is in it.
    List,
    Object,
    /// The end of a selection set, an object or a variable definition.
    Close,
    /// The lists around a type.
    TypeLists,
    Fragment,
    TypeCondition,
    VariableDefinition,
    TypeName,
    Directive,
    Argument,
    Field,
    Spread,
    InlineFragment,
    Variable,
    ObjectField,
}

impl Event {
    #[inline]
    fn of(kind: Kind) -> Event {
        match kind {
            Kind::Query => Event::Query,
            Kind::Mutation => Event::Mutation,
            Kind::Subscription => Event::Subscription,
            Kind::Fragment => Event::Fragment,
            Kind::TypeCondition => Event::TypeCondition,
            Kind::VariableDefinition => Event::VariableDefinition,
            Kind::TypeName => Event::TypeName,
            Kind::TypeLists => Event::TypeLists,
            Kind::Directive => Event::Directive,
            Kind::Argument => Event::Argument,
            Kind::Field => Event::Field,
            Kind::Spread => Event::Spread,
            Kind::InlineFragment => Event::InlineFragment,
            Kind::Int | Kind::Float | Kind::String | Kind::Boolean | Kind::Null | Kind::Enum => {
                Event::Literal
            }
            Kind::List => Event::List,
            Kind::Variable => Event::Variable,
            Kind::Object => Event::Object,
            Kind::ObjectField => Event::ObjectField,
            Kind::Alias | Kind::Target => Event::Silent,
        }
    }

    /// Whether the node's text is part of the shape.
    #[inline]
    fn has_text(self) -> bool {
        self >= Event::Fragment
    }
}

/// Receives the events of a document in order.
pub(crate) trait Sink {
    fn event(&mut self, event: Event, node: &Node);

    /// Whether the rest of the stream may be left out.
    fn is_full(&self) -> bool;
}

/// Sends `document` to `sink`, with an explicit stack of what is open.
#[inline]
pub(crate) fn stream(document: Document<'_>, sink: &mut impl Sink) {
    let all = document.tape().nodes();
    let mut nodes = all.iter();
    let mut open = Vec::with_capacity(16);
    let mut innermost = u32::MAX;
    let mut index: u32 = 0;
    loop {
        while innermost == index {
            sink.event(Event::Close, &Node::MISSING);
            innermost = open.pop().unwrap_or(u32::MAX);
        }
        let Some(node) = nodes.next() else { return };
        index = index.wrapping_add(1);
        // Most nodes are fields, and with the event known its handling is much shorter.
        if node.kind == Kind::Field {
            sink.event(Event::Field, node);
            if node.has(Node::CLOSES) {
                open.push(innermost);
                innermost = node.end;
            }
            if sink.is_full() {
                return;
            }
            continue;
        }
        let event = Event::of(node.kind);
        if event == Event::Silent {
            continue;
        }
        sink.event(event, node);
        if sink.is_full() {
            return;
        }
        if event == Event::List {
            index = node.end;
            nodes = all.get(index as usize..).unwrap_or(&[]).iter();
        } else if node.has(Node::CLOSES) {
            open.push(innermost);
            innermost = node.end;
        }
    }
}

struct Hasher<'a> {
    bytes: &'a [u8],
    hash: Hash,
}

impl Sink for Hasher<'_> {
    /// One word for what the node is, combined with the first word of its text: a node with text of eight bytes or less is one step.
    #[inline(always)]
    fn event(&mut self, event: Event, node: &Node) {
        let len = if event.has_text() { node.len } else { 0 };
        let head = (event as u64) | u64::from(node.flags) << 8 | u64::from(len) << 16;
        self.hash = self.hash.text(head, self.bytes, node.start, len);
        if event == Event::TypeLists {
            self.hash = self.hash.word(u64::from(node.len) << 32 | u64::from(node.start));
        }
    }

    fn is_full(&self) -> bool {
        false
    }
}
