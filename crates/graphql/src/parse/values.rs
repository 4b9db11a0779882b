//! Arguments and their values; lists and objects nest on the parser's stack.

use super::{NOWHERE, Parsed, Reader};
use crate::class::Class;
use crate::error::{Expected, SyntaxError};
use crate::scan::{self, position};
use crate::tape::{Kind, Node};

/// The list or object that is open innermost, as it stands in the node it was opened in: that node's index, and what it is. Nodes are
/// fewer than bytes, so two bits are free.
#[derive(Clone, Copy)]
struct Open(u32);

impl Open {
    /// No list, no object.
    const NONE: Open = Open(0);
    const LIST: u32 = 1;
    const OBJECT: u32 = 2;

    #[inline(always)]
    fn of(node: u32, what: u32) -> Open {
        Open(node << 2 | what)
    }

    #[inline(always)]
    fn what(self) -> u32 {
        self.0 & 3
    }

    #[inline(always)]
    fn node(self) -> u32 {
        self.0 >> 2
    }
}

impl Reader<'_> {
    /// What stands in front of a selection set: arguments, if the node `holder` can have some, and directives; §2.6, §2.12.
    #[inline(always)]
    pub(super) fn details(&mut self, mut holder: u32) -> Parsed {
        loop {
            if self.next == Class::ParenOpen && holder != NOWHERE {
                self.arguments()?;
                self.close(holder);
            }
            if self.next != Class::At {
                return Ok(());
            }
            self.punctuator();
            let (start, len) = self.expect_name(Expected::Name)?;
            holder = self.push(Kind::Directive, start, len)?;
            self.counts.directives = self.counts.directives.wrapping_add(1);
        }
    }

    /// `( name: value … )`, at least one.
    #[inline(always)]
    fn arguments(&mut self) -> Parsed {
        self.punctuator();
        let mut expected = Expected::FirstArgument;
        loop {
            let (start, len) = self.expect_name(expected)?;
            expected = Expected::Argument;
            self.expect(Class::Colon, Expected::Colon)?;
            self.check_tokens()?;
            let node = self.node;
            // As most do, it has one node beneath it; where its value is a list or an object, that tells.
            self.append_ending(Kind::Argument, 0, start, len, node.wrapping_add(2));
            self.value(node)?;
            if self.next == Class::ParenClose {
                self.punctuator();
                return Ok(());
            }
        }
    }

    /// One value with everything in it, which ends where the node `holder` does; §2.9.
    #[inline(always)]
    pub(super) fn value(&mut self, holder: u32) -> Parsed {
        let mut open = Open::NONE;
        'values: loop {
            match self.next {
                Class::BracketOpen => {
                    open = self.container(Kind::List, Open::LIST, open)?;
                    if self.next != Class::BracketClose {
                        continue;
                    }
                }
                Class::BraceOpen => {
                    open = self.container(Kind::Object, Open::OBJECT, open)?;
                    if self.next != Class::BraceClose {
                        self.key()?;
                        continue;
                    }
                }
                _ => self.scalar(open)?,
            }
            // Closes what ends here.
            loop {
                if open.what() == Open::LIST {
                    if self.next != Class::BracketClose {
                        continue 'values;
                    }
                } else if open.what() == Open::OBJECT {
                    if self.next != Class::BraceClose {
                        self.key()?;
                        continue 'values;
                    }
                } else {
                    return Ok(());
                }
                open = self.close_container(open);
                if open.what() == Open::NONE.what() {
                    self.close(holder);
                    return Ok(());
                }
            }
        }
    }

    /// `[` or `{`.
    #[inline(always)]
    fn container(&mut self, kind: Kind, what: u32, around: Open) -> Parsed<Open> {
        self.check_tokens()?;
        self.enter()?;
        let opened = Open::of(self.node, what);
        self.append_ending(kind, Node::CLOSES, self.at, 0, around.0);
        self.punctuator();
        Ok(opened)
    }

    /// `]` or `}`: what is around it.
    #[inline(always)]
    fn close_container(&mut self, open: Open) -> Open {
        let end = self.node;
        let mut around = Open::NONE;
        if let Some(closed) = self.nodes.get_mut(open.node() as usize) {
            around = Open(closed.end);
            closed.end = end;
        }
        self.room = self.room.wrapping_add(1);
        self.punctuator();
        around
    }

    /// The key of an object's next field, and the colon.
    #[inline(always)]
    fn key(&mut self) -> Parsed {
        let (start, len) = self.expect_name(Expected::ObjectField)?;
        self.expect(Class::Colon, Expected::Colon)?;
        self.push(Kind::ObjectField, start, len).map(drop)
    }

    /// A scalar, an enum value or a variable.
    #[inline(always)]
    fn scalar(&mut self, open: Open) -> Parsed {
        let start = self.at;
        match self.next {
            Class::Dollar => {
                if self.constant {
                    return Err(SyntaxError::VariableInConstant { at: position(start) });
                }
                self.punctuator();
                let (start, len) = self.expect_name(Expected::Name)?;
                self.push(Kind::Variable, start, len).map(drop)
            }
            Class::Letter | Class::Underscore => {
                let (start, len) = self.name();
                let kind = if len == 4 || len == 5 { named(self.word(start, len)) } else { Kind::Enum };
                self.push(kind, start, len).map(drop)
            }
            Class::Digit | Class::Minus => {
                if let Some(end) = scan::plain_int(self.text.bytes, start) {
                    return self.literal(Kind::Int, end);
                }
                let (number, end) = scan::number(self.text.bytes, start)?;
                let kind = match number {
                    scan::Number::Int => Kind::Int,
                    scan::Number::Float => Kind::Float,
                };
                self.literal(kind, end)
            }
            Class::Quote => {
                let end = scan::string(self.text.bytes, start)?;
                self.literal(Kind::String, end)
            }
            _ if open.what() == Open::LIST => Err(self.unexpected(Expected::ListEntry)),
            _ => Err(self.unexpected(Expected::Value)),
        }
    }

    #[inline(always)]
    fn literal(&mut self, kind: Kind, end: usize) -> Parsed {
        let start = self.at;
        self.take(end);
        self.push(kind, start, end.wrapping_sub(start)).map(drop)
    }
}

/// What a name is as a value.
#[inline(always)]
fn named(word: &[u8]) -> Kind {
    match word {
        b"true" | b"false" => Kind::Boolean,
        b"null" => Kind::Null,
        _ => Kind::Enum,
    }
}
