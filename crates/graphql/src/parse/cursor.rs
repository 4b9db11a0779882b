//! The parser's hands: look at the next token, take it, append a node, open and close; each with its budget.

use super::{Budget, Parsed, Place, Reader, Text, honoured};
use crate::class::Class;
use crate::error::{Expected, Found, SyntaxError};
use crate::scan::{self, position};
use crate::tape::{Counts, Kind, Node};

impl Reader<'_> {
    /// A copy to work with; afterwards its place has to be put down here.
    #[inline(always)]
    pub(super) fn lift(&mut self) -> Reader<'_> {
        // Field by field, so that the compiler still knows that slices are somewhere.
        let Text { bytes, name_ends, budget } = self.text;
        let Place { at, next, left, node, room, level, innermost, counts, constant } = self.place;
        let place = Place { at, next, left, node, room, level, innermost, counts, constant };
        Reader { text: Text { bytes, name_ends, budget }, nodes: &mut *self.nodes, place }
    }

    /// Goes on where a copy of it ended.
    #[inline(always)]
    pub(super) fn put_down(&mut self, ended: Place) {
        let Place { at, next, left, node, room, level, innermost, counts, constant: _ } = ended;
        (self.at, self.next, self.left, self.node, self.room) = (at, next, left, node, room);
        (self.level, self.innermost) = (level, innermost);
        let Counts { depth, fields, directives, root_fields: _, aliases: _ } = counts;
        (self.counts.depth, self.counts.fields, self.counts.directives) = (depth, fields, directives);
    }

    /// Takes the token that ends at `end`, and looks for the next one.
    #[inline(always)]
    pub(super) fn take(&mut self, end: usize) {
        self.left = self.left.wrapping_sub(1);
        self.settle(end);
    }

    /// Makes the first token from `at` on the next one.
    #[inline(always)]
    pub(super) fn settle(&mut self, at: usize) {
        let bytes = self.text.bytes;
        (self.at, self.next) = scan::settle(bytes, at, Class::at(bytes, at));
    }

    pub(super) fn starts_with(&self, prefix: &[u8]) -> bool {
        self.text.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(prefix))
    }

    pub(super) fn word(&self, start: usize, len: usize) -> &[u8] {
        self.text.bytes.get(start..start.wrapping_add(len)).unwrap_or(&[])
    }

    /// Takes the next token, a punctuator of one byte.
    #[inline(always)]
    pub(super) fn punctuator(&mut self) {
        self.take(self.at.wrapping_add(1));
    }

    #[inline(always)]
    pub(super) fn expect(&mut self, class: Class, expected: Expected) -> Parsed {
        if self.next != class {
            return Err(self.unexpected(expected));
        }
        self.punctuator();
        Ok(())
    }

    /// Takes the next token, a name: where it starts and how long it is.
    #[inline(always)]
    pub(super) fn name(&mut self) -> (usize, usize) {
        let start = self.at;
        let end = self.text.name_ends.after(start);
        self.take(end);
        (start, end.wrapping_sub(start))
    }

    #[inline(always)]
    pub(super) fn expect_name(&mut self, expected: Expected) -> Parsed<(usize, usize)> {
        if !self.next.is_name() {
            return Err(self.unexpected(expected));
        }
        Ok(self.name())
    }

    /// Appends a node without children. Most constructs pass here; those that do not keep the token budget themselves.
    #[inline(always)]
    pub(super) fn push(&mut self, kind: Kind, start: usize, len: usize) -> Parsed<u32> {
        self.push_flagged(kind, 0, start, len)
    }

    #[inline(always)]
    pub(super) fn push_flagged(&mut self, kind: Kind, flags: u8, start: usize, len: usize) -> Parsed<u32> {
        self.check_tokens()?;
        Ok(self.append(kind, flags, start, len))
    }

    #[inline(always)]
    pub(super) fn append(&mut self, kind: Kind, flags: u8, start: usize, len: usize) -> u32 {
        let index = self.node;
        self.append_ending(kind, flags, start, len, index.wrapping_add(1));
        index
    }

    /// The same for a node that ends elsewhere. There is room for as many nodes as the document can need.
    #[inline(always)]
    pub(super) fn append_ending(&mut self, kind: Kind, flags: u8, start: usize, len: usize, end: u32) {
        let depth = narrow(self.level);
        if let Some(node) = self.nodes.get_mut(self.place.node as usize) {
            let (start, len) = (position(start), position(len));
            *node = Node { kind, flags, depth, start, len, end };
            self.node = self.node.wrapping_add(1);
        }
    }

    /// Ends the subtree of `node` here.
    #[inline(always)]
    pub(super) fn close(&mut self, node: u32) {
        let end = self.node;
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.end = end;
        }
    }

    /// Takes one level of the nesting budget.
    #[inline(always)]
    pub(super) fn enter(&mut self) -> Parsed {
        self.room = self.room.wrapping_sub(1);
        if self.room < 0 {
            return Err(self.too_deep());
        }
        Ok(())
    }

    #[inline(always)]
    pub(super) fn too_deep(&self) -> SyntaxError {
        too_deep(self.text.budget, position(self.at))
    }

    #[inline(always)]
    pub(super) fn check_tokens(&self) -> Parsed {
        if self.left < 0 {
            return Err(self.too_many_tokens());
        }
        Ok(())
    }

    #[inline(always)]
    pub(super) fn too_many_tokens(&self) -> SyntaxError {
        too_many_tokens(self.text.budget, position(self.at))
    }

    /// The error for the next token.
    #[inline(always)]
    pub(super) fn unexpected(&self, expected: Expected) -> SyntaxError {
        unexpected(self.text.bytes, self.at, self.next, expected)
    }
}

/// A level is at most the nesting budget, which is at most `u16::MAX`.
#[inline(always)]
pub(super) fn narrow(level: u32) -> u16 {
    (level & u32::from(u16::MAX)) as u16
}

#[cold]
#[inline(never)]
pub(super) fn too_deep(budget: Budget, at: u32) -> SyntaxError {
    SyntaxError::TooDeep { limit: honoured(budget), at }
}

#[cold]
#[inline(never)]
pub(super) fn too_many_tokens(budget: Budget, at: u32) -> SyntaxError {
    SyntaxError::TooManyTokens { limit: budget.tokens, at }
}

/// The error for the token at `at`. Takes values, so that a parser in registers can stay there.
#[cold]
#[inline(never)]
pub(super) fn unexpected(bytes: &[u8], at: usize, next: Class, expected: Expected) -> SyntaxError {
    let rest = bytes.get(at..).unwrap_or(&[]);
    let found = match next {
        Class::End => Found::End,
        Class::Letter | Class::Underscore => Found::Name,
        Class::Digit | Class::Minus => Found::Number,
        Class::Quote => Found::String,
        Class::Dot if rest.starts_with(b"...") => Found::Spread,
        Class::Dot | Class::Invalid | Class::Blank | Class::Comment | Class::ByteOrderMark => {
            let head = rest.get(..rest.len().min(4)).unwrap_or(&[]);
            let found = head.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
            return SyntaxError::UnexpectedCharacter { found: found.unwrap_or('\u{FFFD}'), at: position(at) };
        }
        Class::Bang
        | Class::Dollar
        | Class::Ampersand
        | Class::ParenOpen
        | Class::ParenClose
        | Class::Colon
        | Class::Equals
        | Class::At
        | Class::BracketOpen
        | Class::BracketClose
        | Class::BraceOpen
        | Class::Pipe
        | Class::BraceClose => Found::Punctuator(rest.first().map_or('\u{FFFD}', |byte| char::from(*byte))),
    };
    SyntaxError::Unexpected { expected, found, at: position(at) }
}
