//! Reads a text once and writes its tape: the grammar of GraphQL §2, executable definitions only.
//!
//! The parser looks at the first byte of the next token, decides, and scans on; there is no token stream in between. What nests (selection sets, lists, objects) is kept on an explicit stack, so hostile depth costs budget, never stack. Refuses to know what
//! a document means: duplicate names, unknown fragments and cycles are not its business.

#![expect(clippy::wildcard_enum_match_arm, reason = "in a grammar, every other token is an error")]

mod cursor;
mod definitions;
mod selections;
mod values;

use std::ops::{Deref, DerefMut};

use crate::class::Class;
use crate::document::Document;
use crate::error::SyntaxError;
use crate::lanes::{self, NameEnds};
use crate::tape::{Counts, Node, Tape};

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
    read(source, budget, Anonymous::Anywhere, tape)
}

/// The same for a document that somebody wants executed: stops as well at an operation that leaves no server to choose between
/// operations by name; §5.2.2.1 (Lone Anonymous Operation).
///
/// # Errors
/// Those of [`parse`], and [`SyntaxError::AnonymousNotAlone`].
pub fn parse_executable<'a>(
    source: &'a str,
    budget: Budget,
    tape: &'a mut Tape,
) -> Result<Document<'a>, SyntaxError> {
    read(source, budget, Anonymous::Alone, tape)
}

/// Where an operation without a name may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Anonymous {
    Anywhere,
    /// Only where there is no other operation.
    Alone,
}

fn read<'a>(
    source: &'a str,
    budget: Budget,
    anonymous: Anonymous,
    tape: &'a mut Tape,
) -> Result<Document<'a>, SyntaxError> {
    tape.clear();
    if source.len() > MAX_SOURCE_BYTES as usize {
        return Err(SyntaxError::TooLong { limit: MAX_SOURCE_BYTES });
    }
    let (mut nodes, mut name_ends) = (std::mem::take(&mut tape.nodes), std::mem::take(&mut tape.name_ends));
    lanes::mark(source.as_bytes(), &mut name_ends);
    // No node without a token of the budget, no token without a byte.
    let most = source.len().min(budget.tokens as usize);
    if nodes.len() < most {
        nodes.resize(most, Node::MISSING);
    }
    let reader =
        Reader::new(source.as_bytes(), &name_ends, budget, nodes.get_mut(..most).unwrap_or_default());
    let mut parser = Parser { reader, anonymous, tape: &mut *tape };
    let verdict = parser.document();
    let Place { left, node, .. } = parser.reader.place;
    (tape.nodes, tape.used, tape.name_ends) = (nodes, node, name_ends);
    tape.tokens = u32::try_from(i64::from(budget.tokens).saturating_sub(left)).unwrap_or(u32::MAX);
    verdict?;
    tape.link(source);
    Ok(Document::new(source, tape))
}

struct Parser<'a> {
    reader: Reader<'a>,
    anonymous: Anonymous,
    /// Its lists; the nodes are with the reader.
    tape: &'a mut Tape,
}

/// What reads tokens and writes nodes. Whatever reads much works on a copy of its own, see [`Reader::lift`]: since all it calls is
/// inlined, where it stands is kept in registers.
struct Reader<'a> {
    text: Text<'a>,
    /// The tape's, as many as the document can need.
    nodes: &'a mut [Node],
    place: Place,
}

/// What is read, and what that may cost.
#[derive(Clone, Copy)]
struct Text<'a> {
    bytes: &'a [u8],
    name_ends: NameEnds<'a>,
    budget: Budget,
}

/// How far the parser is.
#[derive(Clone, Copy)]
struct Place {
    /// Where the next token starts. Beneath [`MAX_SOURCE_BYTES`], as every place and length in the text is.
    at: usize,
    /// What it can be, by its first byte.
    next: Class,
    /// Tokens that may still be taken. Below 0 for the few that are taken before somebody looks.
    left: i64,
    /// The index that the next node will have.
    node: u32,
    /// Brackets and braces that may still be opened; below 0 when there was one too many.
    room: i64,
    /// Depth of the fields in the selection set being read; 0 outside of any.
    level: u32,
    /// The node whose selection set was opened last and is still open. Those around it are found through [`Node::end`].
    innermost: u32,
    /// Of the definition being read.
    counts: Counts,
    /// Inside a constant value, where variables are not allowed.
    constant: bool,
}

/// The node around a definition: none.
const NOWHERE: u32 = u32::MAX;

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8], name_ends: &'a [u64], budget: Budget, nodes: &'a mut [Node]) -> Self {
        let name_ends = NameEnds::of(name_ends);
        let place = Place {
            at: 0,
            next: Class::at(bytes, 0),
            left: i64::from(budget.tokens),
            node: 0,
            room: i64::from(honoured(budget)),
            level: 0,
            innermost: NOWHERE,
            counts: Counts::default(),
            constant: false,
        };
        Reader { text: Text { bytes, name_ends, budget }, nodes, place }
    }
}

/// The nesting that is allowed.
fn honoured(budget: Budget) -> u32 {
    budget.nesting.min(u32::from(u16::MAX))
}

impl<'a> Deref for Parser<'a> {
    type Target = Reader<'a>;

    #[inline(always)]
    fn deref(&self) -> &Reader<'a> {
        &self.reader
    }
}

impl DerefMut for Parser<'_> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.reader
    }
}

impl Deref for Reader<'_> {
    type Target = Place;

    #[inline(always)]
    fn deref(&self) -> &Place {
        &self.place
    }
}

impl DerefMut for Reader<'_> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Place {
        &mut self.place
    }
}

type Parsed<T = ()> = Result<T, SyntaxError>;

#[cfg(test)]
mod tests;
