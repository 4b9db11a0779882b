//! The parser's hands: look at the next token, take it, append a node, open and close; each with its budget.

use super::{Parsed, Parser};
use crate::class::Class;
use crate::error::{Expected, Found, SyntaxError};
use crate::scan;
use crate::tape::{Kind, Node, Open};

impl Parser<'_> {
    /// What the next token can be; `self.at` is then its first byte.
    #[inline(always)]
    pub(super) fn peek(&mut self) -> Class {
        let mut class = Class::at(self.bytes, self.at);
        if class == Class::Blank {
            self.at = self.at.wrapping_add(1);
            class = Class::at(self.bytes, self.at);
        }
        if class.is_ignorable() { self.skip_ignored() } else { class }
    }

    #[inline(never)]
    pub(super) fn skip_ignored(&mut self) -> Class {
        loop {
            self.at = scan::blanks_end(self.bytes, self.at);
            match Class::at(self.bytes, self.at) {
                Class::Comment => self.at = scan::comment_end(self.bytes, self.at),
                Class::ByteOrderMark if self.starts_with("\u{FEFF}".as_bytes()) => {
                    self.at = self.at.wrapping_add(3);
                }
                Class::ByteOrderMark => return Class::Invalid,
                class => return class,
            }
        }
    }

    pub(super) fn starts_with(&self, prefix: &[u8]) -> bool {
        self.bytes.get(self.at as usize..).is_some_and(|rest| rest.starts_with(prefix))
    }

    pub(super) fn word(&self, start: u32, len: u32) -> &[u8] {
        self.bytes.get(start as usize..start.wrapping_add(len) as usize).unwrap_or(&[])
    }

    /// Takes the punctuator of one byte that was just peeked at.
    #[inline(always)]
    pub(super) fn punctuator(&mut self) {
        self.at = self.at.wrapping_add(1);
        self.count();
    }

    #[inline(always)]
    pub(super) fn expect(&mut self, class: Class, expected: Expected) -> Parsed {
        if self.peek() != class {
            return Err(self.unexpected(expected));
        }
        self.punctuator();
        Ok(())
    }

    /// Takes the name that was just peeked at: where it starts and how long it is.
    #[inline(always)]
    pub(super) fn name(&mut self) -> (u32, u32) {
        let start = self.at;
        self.at = scan::name_end(self.bytes, start);
        self.count();
        (start, self.at.wrapping_sub(start))
    }

    #[inline(always)]
    pub(super) fn expect_name(&mut self, expected: Expected) -> Parsed<(u32, u32)> {
        match self.peek() {
            Class::Name => Ok(self.name()),
            _ => Err(self.unexpected(expected)),
        }
    }

    #[inline(always)]
    pub(super) fn count(&mut self) {
        self.tokens = self.tokens.wrapping_add(1);
    }

    /// Appends a node without children. Every construct passes here, so this is where the token budget is kept.
    #[inline(always)]
    pub(super) fn push(&mut self, kind: Kind, start: u32, len: u32) -> Parsed<u32> {
        self.push_flagged(kind, 0, start, len)
    }

    #[inline(always)]
    pub(super) fn push_flagged(&mut self, kind: Kind, flags: u8, start: u32, len: u32) -> Parsed<u32> {
        self.check_tokens()?;
        let index = self.next_node();
        // The level is at most the nesting budget, which is at most `u16::MAX`.
        let depth = (self.level & u32::from(u16::MAX)) as u16;
        self.nodes.push(Node { kind, flags, depth, start, len, end: index.wrapping_add(1) });
        Ok(index)
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
        self.open.push(Open { node, level: self.level, owner: self.owner });
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

    /// The error for the token at `self.at`, which was just peeked at.
    #[cold]
    #[inline(never)]
    pub(super) fn unexpected(&self, expected: Expected) -> SyntaxError {
        let at = self.at;
        let rest = self.bytes.get(at as usize..).unwrap_or(&[]);
        let found = match Class::at(self.bytes, at) {
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
