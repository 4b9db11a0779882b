//! Arguments and their values; lists and objects nest on the parser's stack.

use super::{Parsed, Parser};
use crate::class::Class;
use crate::error::{Expected, SyntaxError};
use crate::scan;
use crate::tape::{Kind, Node};

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
    #[inline(always)]
    pub(super) fn value(&mut self) -> Parsed {
        let around = self.innermost;
        let mut expected = Expected::Value;
        loop {
            match self.next {
                Class::BracketOpen => {
                    self.container(Kind::List)?;
                    if self.next != Class::BracketClose {
                        expected = Expected::ListEntry;
                        continue;
                    }
                }
                Class::BraceOpen => {
                    self.container(Kind::Object)?;
                    if self.next != Class::BraceClose {
                        self.key()?;
                        expected = Expected::Value;
                        continue;
                    }
                }
                _ => self.scalar(expected)?,
            }
            match self.after_value(around)? {
                Some(next) => expected = next,
                None => return Ok(()),
            }
        }
    }

    /// Closes what ends after a value, up to but without the node `around`; then what the next value is, if there is one.
    #[inline(always)]
    fn after_value(&mut self, around: u32) -> Parsed<Option<Expected>> {
        while self.innermost != around {
            let innermost = self.nodes.get(self.innermost as usize);
            if innermost.is_some_and(|node| node.kind == Kind::List) {
                if self.next != Class::BracketClose {
                    return Ok(Some(Expected::ListEntry));
                }
            } else if self.next != Class::BraceClose {
                self.key()?;
                return Ok(Some(Expected::Value));
            }
            self.close_innermost();
        }
        Ok(None)
    }

    #[inline(always)]
    fn container(&mut self, kind: Kind) -> Parsed {
        self.check_tokens()?;
        self.enter()?;
        let index = self.node;
        let (start, around) = (self.at, self.innermost);
        self.append_ending(kind, Node::CLOSES, start, 0, around);
        self.innermost = index;
        self.punctuator();
        Ok(())
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
    fn scalar(&mut self, expected: Expected) -> Parsed {
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
            Class::Letter | Class::Underscore => {
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
            Class::Digit | Class::Minus => {
                if let Some(end) = scan::plain_int(self.bytes, start) {
                    return self.literal(Kind::Int, end);
                }
                let (number, end) = scan::number(self.bytes, start)?;
                let kind = match number {
                    scan::Number::Int => Kind::Int,
                    scan::Number::Float => Kind::Float,
                };
                self.literal(kind, end)
            }
            Class::Quote => {
                let end = scan::string(self.bytes, start)?;
                self.literal(Kind::String, end)
            }
            _ => Err(self.unexpected(expected)),
        }
    }

    #[inline(always)]
    fn literal(&mut self, kind: Kind, end: u32) -> Parsed {
        let start = self.at;
        self.take(end);
        self.push(kind, start, end.wrapping_sub(start)).map(drop)
    }
}
