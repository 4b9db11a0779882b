//! Operations, fragments, variable definitions and their types; directives wherever they stand.

use super::{Anonymous, NOWHERE, Parsed, Parser, Reader};
use crate::class::Class;
use crate::error::{Expected, Found, SyntaxError};
use crate::scan::{self, position};
use crate::tape::{Counts, Definition, Kind, Node, Range};

impl Parser<'_> {
    pub(super) fn document(&mut self) -> Parsed {
        self.settle(0);
        loop {
            self.definition()?;
            if self.next == Class::End {
                return self.check_tokens();
            }
        }
    }

    #[inline(always)]
    pub(super) fn definition(&mut self) -> Parsed {
        let described = self.description()?;
        match self.next {
            Class::BraceOpen => match described {
                Some(at) => Err(SyntaxError::MisplacedDescription { at: position(at) }),
                None => {
                    let definition = self.begin_operation(Kind::Query, self.at, 0)?;
                    self.selections(definition.node)?;
                    self.tape.operations.push(self.end(definition));
                    Ok(())
                }
            },
            Class::Letter | Class::Underscore => self.keyword(described),
            _ => Err(self.unexpected(Expected::Definition)),
        }
    }

    #[inline(always)]
    pub(super) fn keyword(&mut self, described: Option<usize>) -> Parsed {
        let (start, len) = self.name();
        let word = self.word(start, len);
        let kind = if word == b"query" {
            Kind::Query
        } else if word == b"fragment" {
            return self.fragment();
        } else if word == b"mutation" {
            Kind::Mutation
        } else if word == b"subscription" {
            Kind::Subscription
        } else {
            return Err(not_executable(word, start, described));
        };
        self.operation(kind)
    }

    #[inline(always)]
    pub(super) fn operation(&mut self, kind: Kind) -> Parsed {
        let (start, len) = if self.next.is_name() { self.name() } else { (self.at, 0) };
        let definition = self.begin_operation(kind, start, len)?;
        if self.next == Class::ParenOpen {
            self.variable_definitions()?;
        }
        if self.next == Class::At {
            self.directives()?;
        }
        self.selections(definition.node)?;
        self.tape.operations.push(self.end(definition));
        Ok(())
    }

    #[inline(always)]
    fn begin_operation(&mut self, kind: Kind, start: usize, len: usize) -> Parsed<Begun> {
        if let Some(first) = self.tape.operations.first()
            && self.anonymous == Anonymous::Alone
            && (len == 0 || self.nodes.get(first.node as usize).is_some_and(|node| node.len == 0))
        {
            return Err(SyntaxError::AnonymousNotAlone { at: position(start) });
        }
        self.begin(kind, start, len)
    }

    /// Starts a definition: its node, and where its share of the tape's lists starts.
    #[inline(always)]
    fn begin(&mut self, kind: Kind, start: usize, len: usize) -> Parsed<Begun> {
        self.counts = Counts::default();
        let node = self.push(kind, start, len)?;
        Ok(Begun { node, spreads: so_far(&self.tape.spreads), aliased: so_far(&self.tape.aliased) })
    }

    #[inline(always)]
    fn end(&self, begun: Begun) -> Definition {
        let spreads = Range { first: begun.spreads, end: so_far(&self.tape.spreads) };
        let aliased = Range { first: begun.aliased, end: so_far(&self.tape.aliased) };
        let aliases = aliased.end.wrapping_sub(aliased.first);
        let Counts { depth, fields, directives, .. } = self.counts;
        let root_fields = if depth == 1 { fields } else { self.root_fields(begun.node) };
        let counts = Counts { depth, fields, root_fields, aliases, directives };
        Definition { node: begun.node, counts, spreads, aliased }
    }

    /// How many fields stand in the selection set of the definition `node` itself, inline fragments seen through.
    fn root_fields(&self, node: u32) -> u32 {
        let (mut count, mut index): (u32, u32) = (0, node.wrapping_add(1));
        while let Some(node) =
            self.nodes.get(..self.node as usize).and_then(|nodes| nodes.get(index as usize))
        {
            index = if node.kind == Kind::InlineFragment { index.wrapping_add(1) } else { node.end };
            count = count.wrapping_add(u32::from(node.kind == Kind::Field));
        }
        count
    }

    #[inline(always)]
    pub(super) fn fragment(&mut self) -> Parsed {
        let (start, len) = self.expect_name(Expected::Name)?;
        if len == 2 && self.word(start, len) == b"on" {
            return Err(SyntaxError::FragmentNamedOn { at: position(start) });
        }
        let definition = self.begin(Kind::Fragment, start, len)?;
        let (at, on) = self.expect_name(Expected::On)?;
        if self.word(at, on) != b"on" {
            return Err(SyntaxError::Unexpected {
                expected: Expected::On,
                found: Found::Name,
                at: position(at),
            });
        }
        let (start, len) = self.expect_name(Expected::Name)?;
        self.push(Kind::TypeCondition, start, len)?;
        if self.next == Class::At {
            self.directives()?;
        }
        self.selections(definition.node)?;
        self.tape.fragments.push(self.end(definition));
        Ok(())
    }
}

impl Reader<'_> {
    /// A description's offset, where there is one; §2.2.
    #[inline(always)]
    fn description(&mut self) -> Parsed<Option<usize>> {
        if self.next != Class::Quote {
            return Ok(None);
        }
        let at = self.at;
        let end = scan::string(self.text.bytes, at)?;
        self.take(end);
        Ok(Some(at))
    }

    /// `( $name: Type … )`, at least one; §2.10.
    #[inline(never)]
    fn variable_definitions(&mut self) -> Parsed {
        let mut lifted = self.lift();
        lifted.definitions_of_variables()?;
        self.place = lifted.place;
        Ok(())
    }

    #[inline(always)]
    fn definitions_of_variables(&mut self) -> Parsed {
        self.punctuator();
        self.constant = true;
        let mut expected = Expected::FirstVariableDefinition;
        while expected == Expected::FirstVariableDefinition || self.next != Class::ParenClose {
            if self.next == Class::Quote {
                self.description()?;
            }
            self.expect(Class::Dollar, expected)?;
            expected = Expected::VariableDefinition;
            self.variable_definition()?;
        }
        self.punctuator();
        self.constant = false;
        Ok(())
    }

    /// What follows the `$`; §2.10.
    #[inline(always)]
    fn variable_definition(&mut self) -> Parsed {
        let (start, len) = self.expect_name(Expected::Name)?;
        let node = self.push_flagged(Kind::VariableDefinition, Node::CLOSES, start, len)?;
        self.expect(Class::Colon, Expected::Colon)?;
        self.variable_type()?;
        if self.next == Class::Equals {
            self.punctuator();
            self.value(node)?;
        }
        if self.next == Class::At {
            self.directives_apart()?;
        }
        self.close(node);
        Ok(())
    }

    /// A type; §2.11. Its brackets have to match, so only the closing ones are written down, with the `!` after each.
    #[inline(always)]
    fn variable_type(&mut self) -> Parsed {
        let mut lists: u16 = 0;
        while self.next == Class::BracketOpen {
            if i64::from(lists) >= self.room {
                return Err(self.too_deep());
            }
            lists = lists.saturating_add(1);
            self.punctuator();
            self.check_tokens()?;
        }
        let (start, len) = self.expect_name(Expected::Type)?;
        let non_null = if self.bang() { Node::NON_NULL } else { 0 };
        let node = self.push_flagged(Kind::TypeName, non_null, start, len)?;
        if lists > 0 {
            if let Some(node) = self.nodes.get_mut(node as usize) {
                node.depth = lists;
            }
            self.type_lists(lists)?;
        }
        Ok(())
    }

    #[inline(always)]
    fn type_lists(&mut self, mut lists: u16) -> Parsed {
        while lists > 0 {
            let together = lists.min(32);
            let mut bangs: u32 = 0;
            for bit in 0..together {
                if self.next != Class::BracketClose {
                    return Err(self.unexpected(Expected::BracketClose));
                }
                self.punctuator();
                bangs |= u32::from(self.bang()) << bit;
            }
            self.push(Kind::TypeLists, bangs as usize, usize::from(together))?;
            lists = lists.saturating_sub(together);
        }
        Ok(())
    }

    /// Takes a `!` where there is one.
    #[inline(always)]
    fn bang(&mut self) -> bool {
        let found = self.next == Class::Bang;
        if found {
            self.punctuator();
        }
        found
    }

    /// Directives where they are rare, so that what is lifted stays so.
    #[inline(always)]
    pub(super) fn directives_apart(&mut self) -> Parsed {
        let mut apart = self.lift();
        apart.directives()?;
        self.place = apart.place;
        Ok(())
    }

    /// Directives, where there are any; §2.12.
    #[inline(never)]
    pub(super) fn directives(&mut self) -> Parsed {
        let mut lifted = self.lift();
        lifted.details(NOWHERE)?;
        self.place = lifted.place;
        Ok(())
    }
}

/// A definition that is being read.
#[derive(Clone, Copy)]
struct Begun {
    node: u32,
    /// Spreads and aliased fields before it.
    spreads: u32,
    aliased: u32,
}

/// How many entries a list has; not more than bytes.
fn so_far(list: &[u32]) -> u32 {
    (list.len() & u32::MAX as usize) as u32
}

/// The error for a definition that starts with `word`; a type system is told apart because clients do send them.
#[cold]
fn not_executable(word: &[u8], at: usize, described: Option<usize>) -> SyntaxError {
    match (word, described) {
        (
            b"schema" | b"scalar" | b"type" | b"interface" | b"union" | b"enum" | b"input" | b"directive"
            | b"extend",
            _,
        ) => SyntaxError::TypeSystemDefinition { at: position(at) },
        (_, Some(at)) => SyntaxError::MisplacedDescription { at: position(at) },
        (_, None) => {
            SyntaxError::Unexpected { expected: Expected::Definition, found: Found::Name, at: position(at) }
        }
    }
}
