//! Selection sets: fields, spreads and inline fragments, in one loop over an explicit stack.

use super::{Parsed, Parser};
use crate::class::Class;
use crate::error::{Expected, SyntaxError};
use crate::tape::{Kind, Node, Open, Placed};

impl Parser<'_> {
    /// The selection set of the definition `node`, with everything in it; §2.4.
    pub(super) fn selections(&mut self, node: u32) -> Parsed {
        if self.peek() != Class::BraceOpen {
            return Err(self.unexpected(Expected::SelectionSet));
        }
        let mut class = self.open_set(node, node, 1)?;
        loop {
            class = match class {
                Class::Name => self.field()?,
                Class::Dot => self.spread()?,
                Class::BraceClose => match self.close_set() {
                    Some(class) => class,
                    None => return Ok(()),
                },
                _ => return Err(self.unexpected(Expected::Selection)),
            };
        }
    }

    /// `{` and a peek at the first selection, without which the set would be empty.
    #[inline(always)]
    fn open_set(&mut self, node: u32, owner: u32, level: u32) -> Parsed<Class> {
        self.open(node)?;
        self.owner = owner;
        self.level = level;
        self.counts.depth = self.counts.depth.max(level);
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.flags |= Node::HAS_SET | Node::CLOSES;
        }
        match self.peek() {
            class @ (Class::Name | Class::Dot) => Ok(class),
            _ => Err(self.unexpected(Expected::FirstSelection)),
        }
    }

    /// `}`; what comes next inside the enclosing set, or nothing at the end of the definition.
    #[inline(always)]
    fn close_set(&mut self) -> Option<Class> {
        let Open { node, level, owner } = self.open.pop()?;
        self.punctuator();
        self.close(node);
        self.level = level;
        self.owner = owner;
        if level == 0 { None } else { Some(self.peek()) }
    }

    /// A field up to and including the `{` of its selection set; what comes next.
    #[inline(always)]
    fn field(&mut self) -> Parsed<Class> {
        let (start, len) = self.name();
        let mut class = self.peek();
        let node;
        if class == Class::Colon {
            node = self.aliased_field(start, len)?;
            class = self.peek();
        } else {
            node = self.push(Kind::Field, start, len)?;
            self.count_field(start, len);
        }
        if matches!(class, Class::Name | Class::BraceClose) {
            return Ok(class);
        }
        if class == Class::ParenOpen {
            self.arguments()?;
            self.close(node);
            class = self.peek();
        }
        if class == Class::At {
            self.directives()?;
            self.close(node);
            class = self.peek();
        }
        match class {
            Class::BraceOpen => self.open_set(node, node, self.level.wrapping_add(1)),
            class => Ok(class),
        }
    }

    /// `: name` after the alias at `start`.
    fn aliased_field(&mut self, alias: u32, alias_len: u32) -> Parsed<u32> {
        self.punctuator();
        let (start, len) = self.expect_name(Expected::Name)?;
        let node = self.push_flagged(Kind::Field, Node::ALIASED, start, len)?;
        self.push(Kind::Alias, alias, alias_len)?;
        self.close(node);
        self.tape.aliased.push(Placed { node, owner: self.owner });
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

    /// `...` and what follows: a fragment's name, or an inline fragment up to and including its `{`; what comes next.
    fn spread(&mut self) -> Parsed<Class> {
        let at = self.at;
        if !self.starts_with(b"...") {
            return Err(SyntaxError::UnexpectedCharacter { found: '.', at });
        }
        self.at = at.wrapping_add(3);
        self.count();
        match self.peek() {
            Class::Name => {
                let (start, len) = self.name();
                if self.word(start, len) == b"on" {
                    let (start, len) = self.expect_name(Expected::Name)?;
                    return self.inline_fragment(start, len);
                }
                let node = self.push(Kind::Spread, start, len)?;
                let target = self.push(Kind::Target, u32::MAX, 0)?;
                self.tape.spreads.push(Placed { node: target, owner: self.owner });
                self.directives()?;
                self.close(node);
                Ok(self.peek())
            }
            Class::At | Class::BraceOpen => self.inline_fragment(at, 0),
            _ => Err(self.unexpected(Expected::Spread)),
        }
    }

    fn inline_fragment(&mut self, start: u32, len: u32) -> Parsed<Class> {
        let node = self.push(Kind::InlineFragment, start, len)?;
        self.directives()?;
        match self.peek() {
            Class::BraceOpen => self.open_set(node, self.owner, self.level),
            _ => Err(self.unexpected(Expected::SelectionSet)),
        }
    }
}
