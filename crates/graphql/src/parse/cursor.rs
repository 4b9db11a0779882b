//! The parser's hands: look at the next token, take it, append a node, open and close; each with its budget.

use super::{Parsed, Parser};
use crate::class::Class;
use crate::error::{Expected, Found, SyntaxError};
use crate::scan;
use crate::tape::{Kind, Node, Open};

impl Parser<'_> {
    /// Takes the token that ends at `end` and looks for the next one.
    #[inline(always)]
    pub(super) fn take(&mut self, end: u32) {
        self.tokens = self.tokens.wrapping_add(1);
        self.settle(end, Class::at(self.bytes, end));
    }

    /// Makes the first token from `at` on the next one; `class` is that of the byte at `at`.
    #[inline(always)]
    pub(super) fn settle(&mut self, mut at: u32, mut class: Class) {
        if class == Class::Blank {
            at = at.wrapping_add(1);
            class = Class::at(self.bytes, at);
        }
        self.at = at;
        self.next = class;
        if class.is_ignorable() {
            self.skip_ignored();
        }
    }

    #[inline(never)]
    fn skip_ignored(&mut self) {
        loop {
            self.at = scan::blanks_end(self.bytes, self.at);
            self.next = Class::at(self.bytes, self.at);
            match self.next {
                Class::Comment => self.at = scan::comment_end(self.bytes, self.at),
                Class::ByteOrderMark if self.starts_with("\u{FEFF}".as_bytes()) => {
                    self.at = self.at.wrapping_add(3);
                }
                _ => return,
            }
        }
    }

    pub(super) fn starts_with(&self, prefix: &[u8]) -> bool {
        self.bytes.get(self.at as usize..).is_some_and(|rest| rest.starts_with(prefix))
    }

    pub(super) fn word(&self, start: u32, len: u32) -> &[u8] {
        self.bytes.get(start as usize..start.wrapping_add(len) as usize).unwrap_or(&[])
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
    pub(super) fn name(&mut self) -> (u32, u32) {
        let start = self.at;
        let (end, class) = scan::name(self.bytes, start);
        self.tokens = self.tokens.wrapping_add(1);
        self.settle(end, class);
        (start, end.wrapping_sub(start))
    }

    #[inline(always)]
    pub(super) fn expect_name(&mut self, expected: Expected) -> Parsed<(u32, u32)> {
        if self.next != Class::Name {
            return Err(self.unexpected(expected));
        }
        Ok(self.name())
    }

    /// Appends a node without children. Every construct passes here, so this is where the token budget is kept.
    #[inline(always)]
    pub(super) fn push(&mut self, kind: Kind, start: u32, len: u32) -> Parsed<u32> {
        self.push_flagged(kind, 0, start, len)
    }

    #[inline(always)]
    pub(super) fn push_flagged(&mut self, kind: Kind, flags: u8, start: u32, len: u32) -> Parsed<u32> {
        self.check_tokens()?;
        Ok(self.append(kind, flags, start, len))
    }

    #[inline(always)]
    pub(super) fn append(&mut self, kind: Kind, flags: u8, start: u32, len: u32) -> u32 {
        let index = self.next_node();
        // The level is at most the nesting budget, which is at most `u16::MAX`.
        let depth = (self.level & u32::from(u16::MAX)) as u16;
        self.nodes.push(Node { kind, flags, depth, start, len, end: index.wrapping_add(1) });
        index
    }

    /// The index that the next node will have. Fits: there are no more nodes than bytes.
    #[inline(always)]
    pub(super) fn next_node(&self) -> u32 {
        (self.nodes.len() & u32::MAX as usize) as u32
    }

    /// Ends the subtree of `node` here.
    #[inline(always)]
    pub(super) fn close(&mut self, node: u32) {
        let end = self.next_node();
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.end = end;
        }
    }

    /// Opens a bracket or brace that belongs to `node`.
    #[inline(always)]
    pub(super) fn open(&mut self, node: u32) -> Parsed {
        self.check_nesting(1)?;
        self.open.push(Open { node, level: self.level });
        self.punctuator();
        Ok(())
    }

    #[inline(always)]
    pub(super) fn check_nesting(&self, more: u32) -> Parsed {
        if self.open.len().saturating_add(more as usize) > self.budget.nesting as usize {
            return Err(SyntaxError::TooDeep { limit: self.budget.nesting, at: self.at });
        }
        Ok(())
    }

    #[inline(always)]
    pub(super) fn check_tokens(&self) -> Parsed {
        if self.tokens > self.budget.tokens {
            return Err(SyntaxError::TooManyTokens { limit: self.budget.tokens, at: self.at });
        }
        Ok(())
    }

    /// The error for the next token.
    #[cold]
    #[inline(never)]
    pub(super) fn unexpected(&self, expected: Expected) -> SyntaxError {
        let at = self.at;
        let rest = self.bytes.get(at as usize..).unwrap_or(&[]);
        let found = match self.next {
            Class::End => Found::End,
            Class::Name => Found::Name,
            Class::Number => Found::Number,
            Class::Quote => Found::String,
            Class::Dot if rest.starts_with(b"...") => Found::Spread,
            Class::Dot | Class::Invalid | Class::Blank | Class::Comment | Class::ByteOrderMark => {
                let head = rest.get(..rest.len().min(4)).unwrap_or(&[]);
                let found = head.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
                return SyntaxError::UnexpectedCharacter { found: found.unwrap_or('\u{FFFD}'), at };
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
            | Class::BraceClose => {
                Found::Punctuator(rest.first().map_or('\u{FFFD}', |byte| char::from(*byte)))
            }
        };
        SyntaxError::Unexpected { expected, found, at }
    }
}
