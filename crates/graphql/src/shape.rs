//! What a document looks like once everything a client varies between requests is gone: one stream of events, hashed.
//!
//! The stream leaves out literals, aliases, operation names, descriptions, comments and layout; [`normalise`](crate::normalise)
//! prints the same stream, so two documents have the same shape exactly when they have the same normalised text. The order of
//! selections and definitions is part of the shape.

use std::fmt;

use crate::document::Document;
use crate::hash::Hash;
use crate::scan::position;
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
    let bytes = document.source().as_bytes();
    let nodes = document.tape().nodes();
    let mut hash = Hash::SEED;
    let mut open = Open::default();
    let mut index: u32 = 0;
    loop {
        while open.innermost == index {
            hash = hash.word(Event::Close as u64);
            open.close();
        }
        // The depth of fields says where the sets between here and there end.
        let end = open.innermost.min(position(nodes.len()));
        let mut inside = nodes.get(index as usize..end as usize).unwrap_or_default().iter();
        let mut turn = None;
        for node in inside.by_ref() {
            if node.kind <= Kind::TypeName {
                hash = hash.text(head(node), bytes, node.start, node.len);
            } else if node.kind >= Kind::Int && node.kind <= Kind::Enum {
                hash = hash.word(Event::Literal as u64);
            } else if node.kind < Kind::Alias {
                turn = Some(node);
                break;
            }
        }
        index = end.wrapping_sub(position(inside.len()));
        match turn {
            Some(node) if node.kind == Kind::Object => {
                open.push(node.end);
                hash = hash.empty(head(node));
            }
            Some(node) if node.kind == Kind::VariableDefinition || node.kind == Kind::InlineFragment => {
                open.push(node.end);
                hash = hash.text(head(node), bytes, node.start, node.len);
            }
            Some(node) => hash = other(hash, bytes, node, &mut index, &mut open),
            None if open.innermost == index => {}
            None => return ShapeHash(hash.finish()),
        }
    }
}

/// Takes in a node that is most likely more than its text, or less.
#[inline(never)]
fn other(hash: Hash, bytes: &[u8], node: &Node, index: &mut u32, open: &mut Open) -> Hash {
    let event = Event::of(node.kind);
    match event {
        Event::Silent => hash,
        Event::Literal | Event::Query | Event::Mutation | Event::Subscription => hash.word(event as u64),
        Event::List => {
            *index = node.end;
            hash.word(event as u64)
        }
        Event::TypeLists => hash.word(head(node)).word(u64::from(node.start)),
        Event::Object | Event::VariableDefinition | Event::InlineFragment => {
            open.push(node.end);
            hash.text(head(node), bytes, node.start, node.len)
        }
        Event::Close
        | Event::Fragment
        | Event::TypeCondition
        | Event::TypeName
        | Event::Directive
        | Event::Argument
        | Event::Field
        | Event::Spread
        | Event::Variable
        | Event::ObjectField => hash.text(head(node), bytes, node.start, node.len),
    }
}

/// What a node is, its flags, its depth and the length of its text.
#[inline(always)]
fn head(node: &Node) -> u64 {
    let what = u32::from(node.depth) | u32::from(node.flags) << 16 | u32::from(node.kind as u8) << 24;
    u64::from(what) | u64::from(node.len) << 32
}

/// Where the subtrees end that are being walked, innermost last.
struct Open {
    around: Vec<u32>,
    innermost: u32,
}

impl Default for Open {
    fn default() -> Self {
        Open { around: Vec::new(), innermost: u32::MAX }
    }
}

impl Open {
    #[inline]
    fn push(&mut self, end: u32) {
        self.around.push(self.innermost);
        self.innermost = end;
    }

    fn close(&mut self) {
        self.innermost = self.around.pop().unwrap_or(u32::MAX);
    }
}

/// What a node contributes to the shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Event {
    /// Nothing.
    Silent,
    /// Any scalar or enum literal.
    Literal,
    /// Any list, whatever is in it.
    List,
    /// The end of a selection set, an object or a variable definition.
    Close,
    /// The lists around a type.
    TypeLists,
    Object,
    Query,
    Mutation,
    Subscription,
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
}
