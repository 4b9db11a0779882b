//! Reads a text once and writes its tape: the grammar of GraphQL §2, executable definitions only.
//!
//! The parser looks at the first byte of the next token, decides, and scans on; there is no token stream in between. What nests
//! (selection sets, lists, objects) is kept on an explicit stack, so hostile depth costs budget, never stack. Refuses to know what
//! a document means: duplicate names, unknown fragments and cycles are not its business.

#![expect(clippy::wildcard_enum_match_arm, reason = "in a grammar, every other token is an error")]

mod cursor;
mod definitions;
mod selections;
mod values;

use crate::class::Class;
use crate::document::Document;
use crate::error::SyntaxError;
use crate::tape::{Counts, Node, Open, Tape};

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
        next: Class::Blank,
        tokens: 0,
        level: 0,
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
    /// Where the next token starts.
    at: u32,
    /// What it can be, by its first byte.
    next: Class,
    /// Tokens taken.
    tokens: u32,
    /// Depth of the fields in the selection set being read; 0 outside of any.
    level: u32,
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

#[cfg(test)]
mod tests;
