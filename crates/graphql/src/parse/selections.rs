//! Selection sets: fields, spreads and inline fragments, in one loop over an explicit stack.

use super::cursor::narrow;
use super::{NOWHERE, Parsed, Parser, Reader, Text};
use crate::class::Class;
use crate::error::{Expected, SyntaxError};
use crate::scan::{self, position};
use crate::tape::{Kind, Node, Tape};

/// Why the reading of simple selections ended.
enum Stop {
    /// All selection sets are closed.
    Closed,
    /// The name that starts here and is so long is that of a field which is more than that.
    Name(usize, usize),
    /// Something that is no simple field follows.
    Other,
    TooManyTokens,
    TooDeep,
    /// No selection follows a `{`.
    Unexpected,
}

impl Parser<'_> {
    /// The selection set of the definition `node`, with everything in it; §2.4.
    #[inline(never)]
    pub(super) fn selections(&mut self, node: u32) -> Parsed {
        let mut lifted = self.reader.lift();
        lifted.selections(node, self.tape)?;
        let ended = lifted.place;
        self.reader.put_down(ended);
        Ok(())
    }
}

impl Reader<'_> {
    #[inline(always)]
    fn selections(&mut self, node: u32, tape: &mut Tape) -> Parsed {
        self.set(node, 1)?;
        loop {
            let stop = self.simple_selections();
            self.check_tokens()?;
            let (first, start, len) = match stop {
                Stop::Closed => return Ok(()),
                Stop::Name(start, len) => {
                    self.left = self.left.wrapping_sub(1);
                    (Class::Letter, start, len)
                }
                Stop::Other if self.next == Class::Underscore => {
                    let (start, len) = self.name();
                    (Class::Underscore, start, len)
                }
                Stop::Other if self.next == Class::Dot => {
                    self.spread(tape)?;
                    continue;
                }
                Stop::Other => return Err(self.unexpected(Expected::Selection)),
                Stop::TooManyTokens => return Err(self.too_many_tokens()),
                Stop::TooDeep => return Err(self.too_deep()),
                Stop::Unexpected => return Err(self.unexpected(Expected::FirstSelection)),
            };
            self.field(first, start, len, tape)?;
        }
    }

    /// Reads fields that are a name and perhaps a `{`, and `}`, as long as there are such. Everything it works with is copied out of
    /// the reader and back in.
    #[inline(always)]
    fn simple_selections(&mut self) -> Stop {
        let Text { bytes, name_ends: ends, .. } = self.text;
        let nodes = &mut *self.nodes;
        let (mut at, mut class) = (self.place.at, self.place.next);
        let mut node = self.place.node;
        let mut braces: u32 = 0;
        let mut room = self.place.room;
        let (mut level, mut innermost) = (self.place.level, self.place.innermost);
        let mut depth = self.place.counts.depth;
        let stop = loop {
            if class == Class::Letter {
                let start = at;
                let end = ends.after(start);
                let len = end.wrapping_sub(start);
                (at, class) = scan::settle(bytes, end, Class::at(bytes, end));
                if class > Class::Dot {
                    break Stop::Name(start, len);
                }
                // There are no more nodes than tokens in the budget, so that this bounds the loop; braces come in pairs with fields.
                let Some(slot) = nodes.get_mut(node as usize) else { break Stop::TooManyTokens };
                node = node.wrapping_add(1);
                let (start, len) = (position(start), position(len));
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
                braces = braces.wrapping_add(1);
                if class > Class::Dot || matches!(class, Class::BraceOpen | Class::BraceClose) {
                    break Stop::Unexpected;
                }
            } else if class == Class::BraceClose {
                let Some(closed) = nodes.get_mut(innermost as usize) else { break Stop::Closed };
                (innermost, level) = (closed.end, u32::from(closed.depth));
                closed.end = node;
                room = room.wrapping_add(1);
                braces = braces.wrapping_add(1);
                (at, class) = scan::after(bytes, at);
                if innermost == NOWHERE {
                    break Stop::Closed;
                }
            } else {
                break Stop::Other;
            }
        };
        (self.place.at, self.place.next) = (at, class);
        let fields = node.wrapping_sub(self.place.node);
        self.place.counts.fields = self.place.counts.fields.wrapping_add(fields);
        self.place.node = node;
        let tokens = fields.wrapping_add(braces);
        self.place.left = self.place.left.wrapping_sub(i64::from(tokens));
        self.place.room = room;
        (self.place.level, self.place.innermost) = (level, innermost);
        self.place.counts.depth = depth;
        stop
    }

    /// A field whose name, which has been taken, or its alias starts at `start`; with all that may follow it, up to and including
    /// its `{`.
    #[inline(always)]
    fn field(&mut self, first: Class, start: usize, len: usize, tape: &mut Tape) -> Parsed {
        let node = self.node;
        if self.next == Class::Colon {
            self.punctuator();
            let first = self.next;
            let (name, name_len) = self.expect_name(Expected::Name)?;
            self.check_tokens()?;
            let end = node.wrapping_add(2);
            self.append_field(Node::ALIASED, first, name, name_len, end, tape);
            tape.aliased.push(node);
            self.append_ending(Kind::Alias, 0, start, len, end);
        } else {
            self.check_tokens()?;
            self.append_field(0, first, start, len, node.wrapping_add(1), tape);
        }
        if self.next > Class::Dot {
            self.details(node)?;
            self.close(node);
        }
        match self.next {
            Class::BraceOpen => self.open_set(node, self.level.wrapping_add(1)),
            _ => Ok(()),
        }
    }

    #[inline(always)]
    fn append_field(&mut self, flags: u8, first: Class, start: usize, len: usize, end: u32, tape: &mut Tape) {
        self.append_ending(Kind::Field, flags, start, len, end);
        self.counts.fields = self.counts.fields.wrapping_add(1);
        if first == Class::Underscore && is_introspection(self.text.bytes, start, len) {
            tape.introspection = true;
        }
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
    #[inline(always)]
    fn spread(&mut self, tape: &mut Tape) -> Parsed {
        let at = self.at;
        if !self.starts_with(b"...") {
            return Err(SyntaxError::UnexpectedCharacter { found: '.', at: position(at) });
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
                self.append(Kind::Target, 0, u32::MAX as usize, 0);
                tape.spreads.push(target);
                if self.next == Class::At {
                    self.directives_apart()?;
                    self.close(node);
                }
                Ok(())
            }
            Class::At | Class::BraceOpen => self.inline_fragment(at, 0),
            _ => Err(self.unexpected(Expected::Spread)),
        }
    }

    #[inline(always)]
    fn inline_fragment(&mut self, start: usize, len: usize) -> Parsed {
        let node = self.push(Kind::InlineFragment, start, len)?;
        if self.next == Class::At {
            self.directives_apart()?;
        }
        self.set(node, self.level)
    }
}

fn is_introspection(bytes: &[u8], start: usize, len: usize) -> bool {
    let word = bytes.get(start..start.wrapping_add(len)).unwrap_or(&[]);
    word == b"__type" || word == b"__schema"
}
