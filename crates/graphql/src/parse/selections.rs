//! Selection sets: fields, spreads and inline fragments, in one loop over an explicit stack.
//!
//! Most of a document are names and braces: fields that are a name and nothing else, and the braces around them, are read in a loop
//! of their own, without writing down in between where the parser stands.

use super::cursor::narrow;
use super::{NOWHERE, Parsed, Parser};
use crate::class::Class;
use crate::error::{Expected, SyntaxError};
use crate::scan;
use crate::tape::{Kind, Node};

/// Why the reading of simple selections ended.
enum Stop {
    /// All selection sets are closed.
    Closed,
    /// The name that starts here and is so long is that of a field which is more than that.
    Name(u32, u32),
    /// Something that is no field follows.
    Other,
    TooManyTokens,
    TooDeep,
    Unexpected(Expected),
}

impl Parser<'_> {
    /// The selection set of the definition `node`, with everything in it; §2.4.
    pub(super) fn selections(&mut self, node: u32) -> Parsed {
        self.set(node, 1)?;
        loop {
            if self.next <= Class::BraceClose {
                match self.simple_selections() {
                    Stop::Closed => return Ok(()),
                    Stop::Name(start, len) => {
                        self.field(start, len)?;
                        continue;
                    }
                    Stop::Other => {}
                    Stop::TooManyTokens => return Err(self.too_many_tokens(self.at)),
                    Stop::TooDeep => return Err(self.too_deep()),
                    Stop::Unexpected(expected) => return Err(self.unexpected(expected)),
                }
            }
            if self.next != Class::Dot {
                return Err(self.unexpected(Expected::Selection));
            }
            self.spread()?;
        }
    }

    /// Reads fields that are a name and perhaps a `{`, and `}`, as long as there are such. Everything it works with
    /// is copied out of the parser and back in, so that it stays in registers.
    #[inline(always)]
    fn simple_selections(&mut self) -> Stop {
        let (bytes, ends) = (self.bytes, self.name_ends);
        let nodes = &mut *self.nodes;
        let (mut at, mut class, mut node) = (self.place.at, self.place.next, self.place.node);
        let (mut left, mut room) = (self.place.left, self.place.room);
        let (mut level, mut innermost) = (self.place.level, self.place.innermost);
        let mut depth = self.place.counts.depth;
        let stop = loop {
            if class.is_name() {
                let (first, start) = (class, at);
                let end = ends.after(start);
                let len = end.wrapping_sub(start);
                (at, class) = scan::settle(bytes, end, Class::at(bytes, end));
                left = left.wrapping_sub(1);
                if class > Class::Dot {
                    break Stop::Name(start, len);
                }
                if left < 0 {
                    break Stop::TooManyTokens;
                }
                if first == Class::Underscore && is_introspection(bytes, start, len) {
                    self.tape.introspection = true;
                }
                // There is room for as many nodes as the document can need.
                let Some(slot) = nodes.get_mut(node as usize) else { break Stop::TooManyTokens };
                node = node.wrapping_add(1);
                *slot = Node { kind: Kind::Field, flags: 0, depth: narrow(level), start, len, end: node };
                if class != Class::BraceOpen {
                    continue;
                }
                room = room.wrapping_sub(1);
                if room < 0 {
                    break Stop::TooDeep;
                }
                slot.flags = Node::HAS_SET | Node::CLOSES;
                slot.end = innermost;
                innermost = node.wrapping_sub(1);
                level = level.wrapping_add(1);
                depth = depth.max(level);
                (at, class) = scan::after(bytes, at);
                left = left.wrapping_sub(1);
                if class > Class::Dot || matches!(class, Class::BraceOpen | Class::BraceClose) {
                    break Stop::Unexpected(Expected::FirstSelection);
                }
            } else if class == Class::BraceClose {
                let Some(closed) = nodes.get_mut(innermost as usize) else { break Stop::Closed };
                (innermost, level) = (closed.end, u32::from(closed.depth));
                closed.end = node;
                room = room.wrapping_add(1);
                left = left.wrapping_sub(1);
                (at, class) = scan::after(bytes, at);
                if innermost == NOWHERE {
                    break Stop::Closed;
                }
            } else {
                break Stop::Other;
            }
        };
        (self.place.at, self.place.next, self.place.node) = (at, class, node);
        (self.place.left, self.place.room) = (left, room);
        (self.place.level, self.place.innermost) = (level, innermost);
        self.place.counts.depth = depth;
        stop
    }

    /// A field whose name, or alias, at `start` has been taken, with all that may follow it.
    #[inline(never)]
    fn field(&mut self, start: u32, len: u32) -> Parsed {
        let node = self.node;
        if self.next == Class::Colon {
            self.punctuator();
            let (name, name_len) = self.expect_name(Expected::Name)?;
            self.check_tokens()?;
            self.append_field(Node::ALIASED, name, name_len, node.wrapping_add(2));
            self.append_alias(start, len);
        } else {
            self.check_tokens()?;
            self.append_field(0, start, len, node.wrapping_add(1));
        }
        if self.next > Class::Dot {
            self.details(node)?;
        }
        match self.next {
            Class::BraceOpen => self.open_set(node, self.level.wrapping_add(1)),
            _ => Ok(()),
        }
    }

    #[inline(always)]
    fn append_field(&mut self, flags: u8, start: u32, len: u32, end: u32) {
        self.write(Kind::Field, flags, start, len, end);
        if len == 6 || len == 8 {
            self.tape.introspection |= is_introspection(self.bytes, start, len);
        }
    }

    /// Appends the alias of the field before it.
    #[inline(always)]
    fn append_alias(&mut self, start: u32, len: u32) {
        self.tape.aliased.push(self.place.node.wrapping_sub(1));
        self.write(Kind::Alias, 0, start, len, self.place.node.wrapping_add(1));
    }

    /// The arguments and directives of the field `node`.
    #[inline(always)]
    fn details(&mut self, node: u32) -> Parsed {
        if self.next == Class::ParenOpen {
            self.arguments()?;
        }
        if self.next == Class::At {
            self.directives()?;
        }
        self.close(node);
        Ok(())
    }

    /// The selection set of something that must have one.
    #[inline(always)]
    fn set(&mut self, node: u32, level: u32) -> Parsed {
        match self.next {
            Class::BraceOpen => self.open_set(node, level),
            _ => Err(self.unexpected(Expected::SelectionSet)),
        }
    }

    /// `{` of the node `node`.
    #[inline(always)]
    fn open_set(&mut self, node: u32, level: u32) -> Parsed {
        self.enter()?;
        if let Some(opened) = self.nodes.get_mut(node as usize) {
            opened.flags |= Node::HAS_SET | Node::CLOSES;
            opened.end = self.place.innermost;
        }
        self.innermost = node;
        self.enter_set(level)
    }

    /// Takes the `{`, after which there must be a selection.
    #[inline(always)]
    fn enter_set(&mut self, level: u32) -> Parsed {
        self.level = level;
        self.counts.depth = self.counts.depth.max(level);
        self.punctuator();
        match self.next {
            Class::Letter | Class::Underscore | Class::Dot => Ok(()),
            _ => Err(self.unexpected(Expected::FirstSelection)),
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
            Class::Letter | Class::Underscore => {
                let (start, len) = self.name();
                if len == 2 && self.word(start, len) == b"on" {
                    let (start, len) = self.expect_name(Expected::Name)?;
                    return self.inline_fragment(start, len);
                }
                self.check_tokens()?;
                let node = self.node;
                let target = node.wrapping_add(1);
                self.append_ending(Kind::Spread, 0, start, len, node.wrapping_add(2));
                self.append(Kind::Target, 0, u32::MAX, 0);
                self.tape.spreads.push(target);
                if self.next == Class::At {
                    self.directives()?;
                    self.close(node);
                }
                Ok(())
            }
            Class::At | Class::BraceOpen => self.inline_fragment(at, 0),
            _ => Err(self.unexpected(Expected::Spread)),
        }
    }

    fn inline_fragment(&mut self, start: u32, len: u32) -> Parsed {
        let node = self.push(Kind::InlineFragment, start, len)?;
        self.directives()?;
        self.set(node, self.level)
    }
}

fn is_introspection(bytes: &[u8], start: u32, len: u32) -> bool {
    let word = bytes.get(start as usize..start.wrapping_add(len) as usize).unwrap_or(&[]);
    word == b"__type" || word == b"__schema"
}
