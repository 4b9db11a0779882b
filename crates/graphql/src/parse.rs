//! Reads a text once and writes its tape: the grammar of GraphQL §2, executable definitions only.
//!
//! The parser looks at the first byte of the next token, decides, and scans on; there is no token stream in between. What nests
//! (selection sets, lists, objects) is kept on an explicit stack, so hostile depth costs budget, never stack. Refuses to know what
//! a document means: duplicate names, unknown fragments and cycles are not its business.

#![expect(clippy::wildcard_enum_match_arm, reason = "in a grammar, every other token is an error")]

mod selections;
mod values;

use crate::class::Class;
use crate::document::Document;
use crate::error::{Expected, Found, SyntaxError};
use crate::scan;
use crate::tape::{Counts, Definition, Kind, Node, Open, Range, Tape};

/// The longest text that is read at all, in bytes. Keeps every offset and sum of offsets far inside 32 bits.
pub const MAX_SOURCE_BYTES: u32 = 1 << 28;

/// What a document may cost to read. Both limits are inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The most tokens; punctuators, names, numbers and strings count, comments and commas do not.
    pub tokens: u32,
    /// The most `{` and `[` open at once, in selection sets, values and types together. At most 65,535 are honoured.
    pub nesting: u32,
}

impl Default for Budget {
    /// 5,000 tokens, and 200 levels: 15 times the depth of the deepest operation known from real clients.
    fn default() -> Self {
        Budget { tokens: 5_000, nesting: 200 }
    }
}

/// Parses `source` into `tape`, whose former content is gone. Linear in `source`, and stops soon after a budget is exceeded.
///
/// # Errors
/// Says what the grammar does not allow and where, or which budget was exceeded. The tape then holds nothing of use.
pub fn parse<'a>(source: &'a str, budget: Budget, tape: &'a mut Tape) -> Result<Document<'a>, SyntaxError> {
    tape.clear();
    if source.len() > MAX_SOURCE_BYTES as usize {
        return Err(SyntaxError::TooLong { limit: MAX_SOURCE_BYTES });
    }
    let nesting = budget.nesting.min(u32::from(u16::MAX));
    let mut parser = Parser {
        bytes: source.as_bytes(),
        at: 0,
        tokens: 0,
        level: 0,
        owner: 0,
        counts: Counts::default(),
        constant: false,
        budget: Budget { nesting, ..budget },
        nodes: std::mem::take(&mut tape.nodes),
        open: std::mem::take(&mut tape.open),
        tape: &mut *tape,
    };
    let verdict = parser.document();
    let Parser { nodes, open, tokens, .. } = parser;
    (tape.nodes, tape.open, tape.tokens) = (nodes, open, tokens);
    verdict?;
    tape.link(source);
    Ok(Document::new(source, tape))
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: u32,
    tokens: u32,
    /// Depth of the fields in the selection set being read; 0 outside of any.
    level: u32,
    /// The definition or field whose selection set is being read.
    owner: u32,
    /// Of the definition being read.
    counts: Counts,
    /// Inside a constant value, where variables are not allowed.
    constant: bool,
    budget: Budget,
    /// The tape's, kept here while parsing because every token passes by.
    nodes: Vec<Node>,
    open: Vec<Open>,
    /// The other lists.
    tape: &'a mut Tape,
}

type Parsed<T = ()> = Result<T, SyntaxError>;

impl Parser<'_> {
    fn document(&mut self) -> Parsed {
        loop {
            match self.peek() {
                Class::End if self.tokens > 0 => return self.check_tokens(),
                _ => self.definition()?,
            }
        }
    }

    fn definition(&mut self) -> Parsed {
        let described = self.description()?;
        match self.peek() {
            Class::BraceOpen => match described {
                Some(at) => Err(SyntaxError::MisplacedDescription { at }),
                None => {
                    let definition = self.begin(Kind::Query, self.at, 0)?;
                    self.selections(definition.node)?;
                    self.tape.operations.push(self.end(definition));
                    Ok(())
                }
            },
            Class::Name => self.keyword(described),
            _ => Err(self.unexpected(Expected::Definition)),
        }
    }

    /// A description's offset, where there is one; §2.2.
    fn description(&mut self) -> Parsed<Option<u32>> {
        if self.peek() != Class::Quote {
            return Ok(None);
        }
        let at = self.at;
        self.at = scan::string(self.bytes, at)?;
        self.count();
        Ok(Some(at))
    }

    fn keyword(&mut self, described: Option<u32>) -> Parsed {
        let (start, len) = self.name();
        match self.word(start, len) {
            b"query" => self.operation(Kind::Query),
            b"mutation" => self.operation(Kind::Mutation),
            b"subscription" => self.operation(Kind::Subscription),
            b"fragment" => self.fragment(),
            b"schema" | b"scalar" | b"type" | b"interface" | b"union" | b"enum" | b"input" | b"directive"
            | b"extend" => Err(SyntaxError::TypeSystemDefinition { at: start }),
            _ => Err(match described {
                Some(at) => SyntaxError::MisplacedDescription { at },
                None => {
                    SyntaxError::Unexpected { expected: Expected::Definition, found: Found::Name, at: start }
                }
            }),
        }
    }

    fn operation(&mut self, kind: Kind) -> Parsed {
        let (start, len) = if self.peek() == Class::Name { self.name() } else { (self.at, 0) };
        let definition = self.begin(kind, start, len)?;
        if self.peek() == Class::ParenOpen {
            self.variable_definitions()?;
        }
        self.directives()?;
        self.selections(definition.node)?;
        self.tape.operations.push(self.end(definition));
        Ok(())
    }

    /// Starts a definition: its node, and its share of the lists, which [`end`](Self::end) completes.
    fn begin(&mut self, kind: Kind, start: u32, len: u32) -> Parsed<Definition> {
        self.counts = Counts::default();
        let node = self.push(kind, start, len)?;
        let (spreads, aliased) = self.listed();
        let from = |first| Range { first, end: first };
        Ok(Definition { node, counts: self.counts, spreads: from(spreads), aliased: from(aliased) })
    }

    fn end(&self, mut definition: Definition) -> Definition {
        (definition.spreads.end, definition.aliased.end) = self.listed();
        definition.counts = self.counts;
        definition
    }

    /// How many spreads and aliased fields there are so far; not more than bytes.
    fn listed(&self) -> (u32, u32) {
        let len = |len: usize| (len & u32::MAX as usize) as u32;
        (len(self.tape.spreads.len()), len(self.tape.aliased.len()))
    }

    fn fragment(&mut self) -> Parsed {
        let (start, len) = self.expect_name(Expected::Name)?;
        if self.word(start, len) == b"on" {
            return Err(SyntaxError::FragmentNamedOn { at: start });
        }
        let definition = self.begin(Kind::Fragment, start, len)?;
        let (at, on) = self.expect_name(Expected::On)?;
        if self.word(at, on) != b"on" {
            return Err(SyntaxError::Unexpected { expected: Expected::On, found: Found::Name, at });
        }
        let (start, len) = self.expect_name(Expected::Name)?;
        self.push(Kind::TypeCondition, start, len)?;
        self.directives()?;
        self.selections(definition.node)?;
        self.tape.fragments.push(self.end(definition));
        Ok(())
    }

    fn variable_definitions(&mut self) -> Parsed {
        self.punctuator();
        self.constant = true;
        loop {
            self.description()?;
            if self.peek() != Class::Dollar {
                return Err(self.unexpected(Expected::Dollar));
            }
            self.punctuator();
            let (start, len) = self.expect_name(Expected::Name)?;
            let node = self.push_flagged(Kind::VariableDefinition, Node::CLOSES, start, len)?;
            self.expect(Class::Colon, Expected::Colon)?;
            self.variable_type()?;
            if self.peek() == Class::Equals {
                self.punctuator();
                self.value()?;
            }
            self.directives()?;
            self.close(node);
            match self.peek() {
                Class::ParenClose => break,
                Class::Dollar | Class::Quote => {}
                _ => return Err(self.unexpected(Expected::VariableDefinition)),
            }
        }
        self.punctuator();
        self.constant = false;
        Ok(())
    }

    fn variable_type(&mut self) -> Parsed {
        let mut lists: u32 = 0;
        while self.peek() == Class::BracketOpen {
            lists = lists.saturating_add(1);
            self.check_nesting(lists)?;
            self.type_mark()?;
        }
        let (start, len) = self.expect_name(Expected::Type)?;
        self.push(Kind::TypeName, start, len)?;
        loop {
            if self.peek() == Class::Bang {
                self.type_mark()?;
            }
            if lists == 0 {
                return Ok(());
            }
            if self.peek() != Class::BracketClose {
                return Err(self.unexpected(Expected::BracketClose));
            }
            self.type_mark()?;
            lists = lists.saturating_sub(1);
        }
    }

    fn type_mark(&mut self) -> Parsed {
        let start = self.at;
        self.punctuator();
        self.push(Kind::TypeMark, start, 1).map(drop)
    }

    fn directives(&mut self) -> Parsed {
        while self.peek() == Class::At {
            self.punctuator();
            let (start, len) = self.expect_name(Expected::Name)?;
            let node = self.push(Kind::Directive, start, len)?;
            self.counts.directives = self.counts.directives.wrapping_add(1);
            if self.peek() == Class::ParenOpen {
                self.arguments()?;
                self.close(node);
            }
        }
        Ok(())
    }

    /// What the next token can be; `self.at` is then its first byte.
    #[inline(always)]
    fn peek(&mut self) -> Class {
        let mut class = Class::at(self.bytes, self.at);
        if class == Class::Blank {
            self.at = self.at.wrapping_add(1);
            class = Class::at(self.bytes, self.at);
        }
        if class.is_ignorable() { self.skip_ignored() } else { class }
    }

    #[inline(never)]
    fn skip_ignored(&mut self) -> Class {
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

    fn starts_with(&self, prefix: &[u8]) -> bool {
        self.bytes.get(self.at as usize..).is_some_and(|rest| rest.starts_with(prefix))
    }

    fn word(&self, start: u32, len: u32) -> &[u8] {
        self.bytes.get(start as usize..start.wrapping_add(len) as usize).unwrap_or(&[])
    }

    /// Takes the punctuator of one byte that was just peeked at.
    #[inline(always)]
    fn punctuator(&mut self) {
        self.at = self.at.wrapping_add(1);
        self.count();
    }

    #[inline(always)]
    fn expect(&mut self, class: Class, expected: Expected) -> Parsed {
        if self.peek() != class {
            return Err(self.unexpected(expected));
        }
        self.punctuator();
        Ok(())
    }

    /// Takes the name that was just peeked at: where it starts and how long it is.
    #[inline(always)]
    fn name(&mut self) -> (u32, u32) {
        let start = self.at;
        self.at = scan::name_end(self.bytes, start);
        self.count();
        (start, self.at.wrapping_sub(start))
    }

    #[inline(always)]
    fn expect_name(&mut self, expected: Expected) -> Parsed<(u32, u32)> {
        match self.peek() {
            Class::Name => Ok(self.name()),
            _ => Err(self.unexpected(expected)),
        }
    }

    #[inline(always)]
    fn count(&mut self) {
        self.tokens = self.tokens.wrapping_add(1);
    }

    /// Appends a node without children. Every construct passes here, so this is where the token budget is kept.
    #[inline(always)]
    fn push(&mut self, kind: Kind, start: u32, len: u32) -> Parsed<u32> {
        self.push_flagged(kind, 0, start, len)
    }

    #[inline(always)]
    fn push_flagged(&mut self, kind: Kind, flags: u8, start: u32, len: u32) -> Parsed<u32> {
        self.check_tokens()?;
        let index = self.next_node();
        // The level is at most the nesting budget, which is at most `u16::MAX`.
        let depth = (self.level & u32::from(u16::MAX)) as u16;
        self.nodes.push(Node { kind, flags, depth, start, len, end: index.wrapping_add(1) });
        Ok(index)
    }

    /// The index that the next node will have. Fits: there are no more nodes than bytes.
    #[inline(always)]
    fn next_node(&self) -> u32 {
        (self.nodes.len() & u32::MAX as usize) as u32
    }

    /// Ends the subtree of `node` here.
    #[inline(always)]
    fn close(&mut self, node: u32) {
        let end = self.next_node();
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.end = end;
        }
    }

    /// Opens a bracket or brace that belongs to `node`.
    #[inline(always)]
    fn open(&mut self, node: u32) -> Parsed {
        self.check_nesting(1)?;
        self.open.push(Open { node, level: self.level, owner: self.owner });
        self.punctuator();
        Ok(())
    }

    #[inline(always)]
    fn check_nesting(&self, more: u32) -> Parsed {
        if self.open.len().saturating_add(more as usize) > self.budget.nesting as usize {
            return Err(SyntaxError::TooDeep { limit: self.budget.nesting, at: self.at });
        }
        Ok(())
    }

    #[inline(always)]
    fn check_tokens(&self) -> Parsed {
        if self.tokens > self.budget.tokens {
            return Err(SyntaxError::TooManyTokens { limit: self.budget.tokens, at: self.at });
        }
        Ok(())
    }

    /// The error for the token at `self.at`, which was just peeked at.
    #[cold]
    #[inline(never)]
    fn unexpected(&self, expected: Expected) -> SyntaxError {
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
