//! Selection sets: fields, spreads and inline fragments, in one loop over an explicit stack.

use super::{Parsed, Parser};
use crate::class::Class;
use crate::error::{Expected, SyntaxError};
use crate::scan;
use crate::tape::{Kind, Node, Open};

impl Parser<'_> {
    /// The selection set of the definition `node`, with everything in it; §2.4.
    pub(super) fn selections(&mut self, node: u32) -> Parsed {
        if self.next != Class::BraceOpen {
            return Err(self.unexpected(Expected::SelectionSet));
        }
        self.open_set(node, 1)?;
        loop {
            match self.next {
                Class::Name => self.fields()?,
                Class::Dot => self.spread()?,
                Class::BraceClose => {
                    self.close_set();
                    if self.level == 0 {
                        return Ok(());
                    }
                }
                _ => return Err(self.unexpected(Expected::Selection)),
            }
        }
    }

    /// `{`, after which there must be a selection.
    #[inline(always)]
    fn open_set(&mut self, node: u32, level: u32) -> Parsed {
        self.open(node)?;
        self.level = level;
        self.counts.depth = self.counts.depth.max(level);
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.flags |= Node::HAS_SET | Node::CLOSES;
        }
        match self.next {
            Class::Name | Class::Dot => Ok(()),
            _ => Err(self.unexpected(Expected::FirstSelection)),
        }
    }

    /// `}`; the level is 0 again at the end of the definition.
    #[inline(always)]
    fn close_set(&mut self) {
        if let Some(Open { node, level }) = self.open.pop() {
            self.punctuator();
            self.close(node);
            self.level = level;
        }
    }

    /// A field up to and including the `{` of its selection set; and before it, all those that are a name and nothing else.
    ///
    /// Those are most of a document, so they are read without writing down where the parser stands in between.
    #[inline(always)]
    fn fields(&mut self) -> Parsed {
        let bytes = self.bytes;
        let (mut at, mut tokens) = (self.at, self.tokens);
        loop {
            let start = at;
            let (end, mut class) = scan::name(bytes, start);
            let len = end.wrapping_sub(start);
            tokens = tokens.wrapping_add(1);
            at = end;
            if class == Class::Blank {
                at = end.wrapping_add(1);
                class = Class::at(bytes, at);
                if class == Class::Blank {
                    at = scan::blanks_end(bytes, at);
                    class = Class::at(bytes, at);
                }
            }
            if class != Class::Name || tokens > self.budget.tokens {
                self.tokens = tokens;
                self.settle(at, class);
                return self.field(start, len);
            }
            self.append(Kind::Field, 0, start, len);
            self.count_field(start, len);
        }
    }

    /// What may follow the name at `start`.
    #[inline(always)]
    fn field(&mut self, start: u32, len: u32) -> Parsed {
        let node;
        if self.next == Class::Colon {
            node = self.aliased_field(start, len)?;
        } else {
            node = self.push(Kind::Field, start, len)?;
            self.count_field(start, len);
        }
        if matches!(self.next, Class::Name | Class::BraceClose) {
            return Ok(());
        }
        if self.next == Class::ParenOpen {
            self.arguments()?;
            self.close(node);
        }
        if self.next == Class::At {
            self.directives()?;
            self.close(node);
        }
        match self.next {
            Class::BraceOpen => self.open_set(node, self.level.wrapping_add(1)),
            _ => Ok(()),
        }
    }

    /// `: name` after the alias at `start`.
    fn aliased_field(&mut self, alias: u32, alias_len: u32) -> Parsed<u32> {
        self.punctuator();
        let (start, len) = self.expect_name(Expected::Name)?;
        let node = self.push_flagged(Kind::Field, Node::ALIASED, start, len)?;
        self.push(Kind::Alias, alias, alias_len)?;
        self.close(node);
        self.counts.aliases = self.counts.aliases.wrapping_add(1);
        self.count_field(start, len);
        Ok(node)
    }

    #[inline(always)]
    fn count_field(&mut self, start: u32, len: u32) {
        self.counts.fields = self.counts.fields.wrapping_add(1);
        if self.level == 1 {
            self.counts.root_fields = self.counts.root_fields.wrapping_add(1);
        }
        if len == 6 || len == 8 {
            let word = self.word(start, len);
            self.tape.introspection |= word == b"__type" || word == b"__schema";
        }
    }

    /// `...` and what follows: a fragment's name, or an inline fragment up to and including its `{`.
    fn spread(&mut self) -> Parsed {
        let at = self.at;
        if !self.starts_with(b"...") {
            return Err(SyntaxError::UnexpectedCharacter { found: '.', at });
        }
        self.take(at.wrapping_add(3));
        match self.next {
            Class::Name => {
                let (start, len) = self.name();
                if self.word(start, len) == b"on" {
                    let (start, len) = self.expect_name(Expected::Name)?;
                    return self.inline_fragment(start, len);
                }
                let node = self.push(Kind::Spread, start, len)?;
                let target = self.push(Kind::Target, u32::MAX, 0)?;
                self.tape.spreads.push(target);
                self.directives()?;
                self.close(node);
                Ok(())
            }
            Class::At | Class::BraceOpen => self.inline_fragment(at, 0),
            _ => Err(self.unexpected(Expected::Spread)),
        }
    }

    fn inline_fragment(&mut self, start: u32, len: u32) -> Parsed {
        let node = self.push(Kind::InlineFragment, start, len)?;
        self.directives()?;
        match self.next {
            Class::BraceOpen => self.open_set(node, self.level),
            _ => Err(self.unexpected(Expected::SelectionSet)),
        }
    }
}
