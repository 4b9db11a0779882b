//! Selection sets: fields, spreads and inline fragments, in one loop over an explicit stack.
//!
//! Most of a document are names and braces: fields that are a name and nothing else are read in a loop of their own, without
//! writing down in between where the parser stands.

use super::cursor::unexpected;
use super::{NOWHERE, Parsed, Parser, honoured};
use crate::class::Class;
use crate::error::{Expected, SyntaxError};
use crate::scan;
use crate::tape::{Kind, Node};

impl Parser<'_> {
    /// The selection set of the definition `node`, with everything in it; §2.4.
    pub(super) fn selections(&mut self, node: u32) -> Parsed {
        self.set(node, 1)?;
        loop {
            if self.next == Class::Name {
                self.fields()?;
            }
            if self.next == Class::BraceClose {
                self.close_set();
                if self.innermost == NOWHERE {
                    return Ok(());
                }
            } else if self.next == Class::Dot {
                self.spread()?;
            } else if self.next != Class::Name {
                return Err(self.unexpected(Expected::Selection));
            }
        }
    }

    /// A field up to and including the `{` of its selection set; and before it, all those that are a name and perhaps a `{`.
    #[inline(always)]
    fn fields(&mut self) -> Parsed {
        let start = self.at;
        let (end, class) = scan::name(self.bytes, start);
        let len = end.wrapping_sub(start);
        self.settle(end, class);
        match self.next {
            Class::Name | Class::BraceOpen => self.plain_fields(start, len),
            Class::BraceClose => self.leaf(start, len),
            _ => self.field(start, len),
        }
    }

    /// A field that is a name.
    #[inline(always)]
    fn leaf(&mut self, start: u32, len: u32) -> Parsed {
        self.left = self.left.wrapping_sub(1);
        self.counts.fields = self.counts.fields.wrapping_add(1);
        self.push(Kind::Field, start, len)?;
        self.note_introspection(start, len);
        Ok(())
    }

    /// Fields that are a name and perhaps a `{`, from the one on whose name has been read.
    #[inline(always)]
    fn plain_fields(&mut self, mut start: u32, mut len: u32) -> Parsed {
        let bytes = self.bytes;
        let (first, outside) = (self.node, self.level);
        let (mut node, mut level, mut innermost) = (first, outside, self.innermost);
        // Each name is a token and a node, each brace a token and a level; so the bounds can be had beforehand.
        let last_node = i64::from(first).wrapping_add(self.left);
        let most = last_node.wrapping_add(i64::from(outside));
        let deepest = self.room.wrapping_add(i64::from(outside));
        let (mut at, mut class, mut root) = (self.at, self.next, u32::MAX);
        let end = usize::try_from(last_node).unwrap_or(0).min(self.nodes.len());
        let mut slots = self.nodes.get_mut(first as usize..end).unwrap_or_default().iter_mut();
        loop {
            let Some(slot) = slots.next() else { return Err(self.too_many_tokens(at)) };
            node = node.wrapping_add(1);
            let depth = (level & u32::from(u16::MAX)) as u16;
            *slot = Node { kind: Kind::Field, flags: 0, depth, start, len, end: node };
            if (len == 6 || len == 8) && is_introspection(bytes, start, len) {
                self.tape.introspection = true;
            }
            if class == Class::BraceOpen {
                if i64::from(level) >= deepest {
                    return Err(SyntaxError::TooDeep { limit: honoured(self.budget), at });
                }
                slot.flags = Node::HAS_SET | Node::CLOSES;
                slot.end = innermost;
                innermost = node.wrapping_sub(1);
                if level == 1 {
                    root = node;
                }
                level = level.wrapping_add(1);
                at = at.wrapping_add(1);
                (at, class) = scan::settle(bytes, at, Class::at(bytes, at));
                if class != Class::Name && class != Class::Dot {
                    return Err(unexpected(bytes, at, class, Expected::FirstSelection));
                }
                if i64::from(node).wrapping_add(i64::from(level)) > most {
                    return Err(self.too_many_tokens(at));
                }
            }
            len = 0;
            if class != Class::Name {
                break;
            }
            start = at;
            let (end, after) = scan::name(bytes, start);
            len = end.wrapping_sub(start);
            (at, class) = scan::settle(bytes, end, after);
            if class > Class::BraceOpen || class == Class::Digit {
                break;
            }
        }
        let read = node.wrapping_sub(first);
        let opened = level.wrapping_sub(outside);
        if root != u32::MAX {
            self.counts.fields = self.counts.fields.wrapping_add(root.wrapping_sub(first));
            self.count_root_fields();
            self.counts.fields = self.counts.fields.wrapping_sub(root.wrapping_sub(first));
        }
        self.counts.fields = self.counts.fields.wrapping_add(read);
        self.counts.depth = self.counts.depth.max(level);
        self.left = self.left.wrapping_sub(i64::from(read.wrapping_add(opened)));
        self.room = self.room.wrapping_sub(i64::from(opened));
        (self.node, self.level, self.innermost) = (node, level, innermost);
        (self.at, self.next) = (at, class);
        if len == 0 { Ok(()) } else { self.field(start, len) }
    }

    /// A field whose name is at `start`, and whatever else may follow that.
    #[inline(never)]
    fn field(&mut self, start: u32, len: u32) -> Parsed {
        self.left = self.left.wrapping_sub(1);
        self.counts.fields = self.counts.fields.wrapping_add(1);
        let node = self.node;
        if self.next == Class::Colon {
            self.aliased(start, len)?;
        } else {
            self.push(Kind::Field, start, len)?;
            self.note_introspection(start, len);
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

    /// The selection set of something that must have one.
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
        if level == 2 && self.level == 1 {
            self.count_root_fields();
        }
        self.level = level;
        self.counts.depth = self.counts.depth.max(level);
        self.punctuator();
        match self.next {
            Class::Name | Class::Dot => Ok(()),
            _ => Err(self.unexpected(Expected::FirstSelection)),
        }
    }

    /// `}`; the level is 0 again at the end of the definition.
    #[inline(always)]
    fn close_set(&mut self) {
        let left = self.level;
        self.close_innermost();
        if self.level <= 1 {
            if left == 1 {
                self.count_root_fields();
            }
            self.counted = self.counts.fields;
        }
    }

    /// The fields since somebody looked last are root fields.
    #[inline(always)]
    fn count_root_fields(&mut self) {
        let since = self.counts.fields.wrapping_sub(self.counted);
        self.counts.root_fields = self.counts.root_fields.wrapping_add(since);
    }

    /// `: name` after the alias at `start`.
    #[inline(always)]
    fn aliased(&mut self, alias: u32, alias_len: u32) -> Parsed {
        self.punctuator();
        let (start, len) = self.expect_name(Expected::Name)?;
        self.check_tokens()?;
        let node = self.node;
        self.append_ending(Kind::Field, Node::ALIASED, start, len, node.wrapping_add(2));
        self.append(Kind::Alias, 0, alias, alias_len);
        self.tape.aliased.push(node);
        self.counts.aliases = self.counts.aliases.wrapping_add(1);
        self.note_introspection(start, len);
        Ok(())
    }

    #[inline(always)]
    fn note_introspection(&mut self, start: u32, len: u32) {
        if len == 6 || len == 8 {
            self.tape.introspection |= is_introspection(self.bytes, start, len);
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
                let target = self.append(Kind::Target, 0, u32::MAX, 0);
                self.tape.spreads.push(target);
                if self.next == Class::At {
                    self.directives()?;
                }
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
        self.set(node, self.level)
    }
}

fn is_introspection(bytes: &[u8], start: u32, len: u32) -> bool {
    let word = bytes.get(start as usize..start.wrapping_add(len) as usize).unwrap_or(&[]);
    word == b"__type" || word == b"__schema"
}
