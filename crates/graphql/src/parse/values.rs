//! Arguments and their values; lists and objects nest on the parser's stack.

use super::{Parsed, Parser};
use crate::class::Class;
use crate::error::{Expected, SyntaxError};
use crate::scan;
use crate::tape::{Kind, Node, Open};

impl Parser<'_> {
    /// `( name: value … )`, at least one; §2.6.
    #[inline(never)]
    pub(super) fn arguments(&mut self) -> Parsed {
        self.punctuator();
        let mut expected = Expected::FirstArgument;
        loop {
            let (start, len) = self.expect_name(expected)?;
            expected = Expected::Argument;
            self.expect(Class::Colon, Expected::Colon)?;
            let node = self.push(Kind::Argument, start, len)?;
            self.value()?;
            self.close(node);
            if self.next == Class::ParenClose {
                self.punctuator();
                return Ok(());
            }
        }
    }

    /// One value with everything in it; §2.9.
    pub(super) fn value(&mut self) -> Parsed {
        let base = self.open.len();
        self.value_head(Expected::Value)?;
        while self.open.len() > base {
            self.entry()?;
        }
        Ok(())
    }

    /// The next entry, or the end, of the innermost open list or object.
    fn entry(&mut self) -> Parsed {
        let Some(Open { node, .. }) = self.open.last().copied() else { return Ok(()) };
        let in_list = self.nodes.get(node as usize).is_some_and(|node| node.kind == Kind::List);
        match (in_list, self.next) {
            (true, Class::BracketClose) | (false, Class::BraceClose) => {
                self.punctuator();
                self.open.pop();
                self.close(node);
                Ok(())
            }
            (true, _) => {
                self.count_entry(node);
                self.value_head(Expected::ListEntry)
            }
            (false, Class::Name) => {
                self.count_entry(node);
                let (start, len) = self.name();
                self.expect(Class::Colon, Expected::Colon)?;
                self.push(Kind::ObjectField, start, len)?;
                self.value_head(Expected::Value)
            }
            (false, _) => Err(self.unexpected(Expected::ObjectField)),
        }
    }

    fn count_entry(&mut self, node: u32) {
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.len = node.len.saturating_add(1);
        }
    }

    /// A scalar, an enum value or a variable; or the opening of a list or an object.
    #[inline(always)]
    fn value_head(&mut self, expected: Expected) -> Parsed {
        let start = self.at;
        match self.next {
            Class::Dollar => {
                if self.constant {
                    return Err(SyntaxError::VariableInConstant { at: start });
                }
                self.punctuator();
                let (start, len) = self.expect_name(Expected::Name)?;
                self.push(Kind::Variable, start, len).map(drop)
            }
            Class::Name => {
                let (start, len) = self.name();
                let word = self.word(start, len);
                let kind = if word == b"true" || word == b"false" {
                    Kind::Boolean
                } else if word == b"null" {
                    Kind::Null
                } else {
                    Kind::Enum
                };
                self.push(kind, start, len).map(drop)
            }
            Class::Number => {
                let (number, end) = scan::number(self.bytes, start)?;
                let kind = match number {
                    scan::Number::Int => Kind::Int,
                    scan::Number::Float => Kind::Float,
                };
                self.scalar(kind, end)
            }
            Class::Quote => {
                let end = scan::string(self.bytes, start)?;
                self.scalar(Kind::String, end)
            }
            Class::BracketOpen => self.container(Kind::List),
            Class::BraceOpen => self.container(Kind::Object),
            _ => Err(self.unexpected(expected)),
        }
    }

    fn scalar(&mut self, kind: Kind, end: u32) -> Parsed {
        let start = self.at;
        self.take(end);
        self.push(kind, start, end.wrapping_sub(start)).map(drop)
    }

    fn container(&mut self, kind: Kind) -> Parsed {
        let node = self.push_flagged(kind, Node::CLOSES, self.at, 0)?;
        self.open(node)
    }
}
