//! Why a text is not an executable document, and where.
//!
//! An error carries offsets and kinds, never the client's text: it can be counted, matched and logged. [`SyntaxError::explain`]
//! makes the sentence for the client, who may see a short piece of what was sent.

use std::fmt;

use thiserror::Error;

/// Why a text was refused. `at` is a byte offset into the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SyntaxError {
    /// The text is longer than [`MAX_SOURCE_BYTES`](crate::MAX_SOURCE_BYTES); nothing was read.
    #[error("document is longer than {limit} bytes")]
    TooLong {
        /// The most bytes a text may have.
        limit: u32,
    },
    /// The text has more tokens than the budget; noticed within a few tokens of the first one over it.
    #[error("document has more than {limit} tokens")]
    TooManyTokens {
        /// [`Budget::tokens`](crate::Budget).
        limit: u32,
        /// Where reading stopped.
        at: u32,
    },
    /// More brackets and braces are open at once than the budget allows.
    #[error("document nests more than {limit} levels of brackets")]
    TooDeep {
        /// [`Budget::nesting`](crate::Budget).
        limit: u32,
        /// The bracket that is one too many.
        at: u32,
    },
    /// A token that the grammar does not allow here.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What the grammar allows.
        expected: Expected,
        /// What stands there.
        found: Found,
        /// Its first byte.
        at: u32,
    },
    /// A character that starts no token.
    #[error("unexpected character {}", Code(*found))]
    UnexpectedCharacter {
        /// The character.
        found: char,
        /// Its first byte.
        at: u32,
    },
    /// A string without its closing quote: at the end of the line, or of the text for a block string.
    #[error("unterminated string")]
    UnterminatedString {
        /// The opening quote.
        at: u32,
    },
    /// An escape sequence that is not one of the grammar's, or does not name a Unicode scalar value.
    #[error("invalid escape sequence in a string")]
    InvalidEscape {
        /// The backslash.
        at: u32,
    },
    /// A number with a superfluous zero, a missing digit, or a letter or dot after it.
    #[error("invalid number")]
    InvalidNumber {
        /// The byte that cannot be part of the number.
        at: u32,
    },
    /// A variable in a default value or in a directive of a variable definition.
    #[error("a variable is not allowed in a constant value")]
    VariableInConstant {
        /// The `$`.
        at: u32,
    },
    /// A fragment named `on`.
    #[error("a fragment cannot be named \"on\"")]
    FragmentNamedOn {
        /// The name.
        at: u32,
    },
    /// A description in front of something that is neither a definition with a keyword nor a variable definition.
    #[error("a description is only allowed before a definition")]
    MisplacedDescription {
        /// The description's opening quote.
        at: u32,
    },
    /// An operation beside another where one of them has no name, see [`parse_executable`](crate::parse_executable).
    #[error("an operation without a name must be the only operation")]
    AnonymousNotAlone {
        /// The second operation's name, or where it would stand.
        at: u32,
    },
    /// A definition of a type system, which is not executable.
    #[error("only operations and fragments can be executed, found a type system definition")]
    TypeSystemDefinition {
        /// The keyword.
        at: u32,
    },
}

impl SyntaxError {
    /// Byte offset into the text; 0 for a text that was too long to be read.
    #[must_use]
    pub fn at(&self) -> u32 {
        match *self {
            SyntaxError::TooLong { .. } => 0,
            SyntaxError::TooManyTokens { at, .. }
            | SyntaxError::TooDeep { at, .. }
            | SyntaxError::Unexpected { at, .. }
            | SyntaxError::UnexpectedCharacter { at, .. }
            | SyntaxError::UnterminatedString { at }
            | SyntaxError::InvalidEscape { at }
            | SyntaxError::InvalidNumber { at }
            | SyntaxError::VariableInConstant { at }
            | SyntaxError::FragmentNamedOn { at }
            | SyntaxError::MisplacedDescription { at }
            | SyntaxError::AnonymousNotAlone { at }
            | SyntaxError::TypeSystemDefinition { at } => at,
        }
    }

    /// Line and column of [`at`](Self::at) in `source`, as GraphQL errors give them in `locations`.
    #[must_use]
    pub fn position(&self, source: &str) -> Position {
        Position::of(source, self.at())
    }

    /// The error as a sentence with its position and, where it helps, at most 32 bytes of a name from `source`.
    #[must_use]
    pub fn explain<'a>(&self, source: &'a str) -> Explained<'a> {
        Explained { error: *self, source }
    }
}

/// A place in a text, both counted from 1. A line ends at `\n`, `\r` or `\r\n`; a column is a Unicode scalar value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Lines before this place, plus one.
    pub line: u32,
    /// Characters before this place on its line, plus one.
    pub column: u32,
}

impl Position {
    fn of(source: &str, at: u32) -> Position {
        let mut place = Position { line: 1, column: 1 };
        let mut previous = ' ';
        for (_, character) in source.char_indices().take_while(|(offset, _)| *offset < at as usize) {
            match character {
                '\n' if previous == '\r' => {}
                '\n' | '\r' => place = Position { line: place.line.saturating_add(1), column: 1 },
                _ => place.column = place.column.saturating_add(1),
            }
            previous = character;
        }
        place
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.line, self.column)
    }
}

/// An error together with the text it speaks of; see [`SyntaxError::explain`]. Prints one line without control characters.
#[derive(Clone, Copy, Debug)]
pub struct Explained<'a> {
    error: SyntaxError,
    source: &'a str,
}

impl fmt::Display for Explained<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Syntax error at {}: {}", self.error.position(self.source), self.error)?;
        if let SyntaxError::Unexpected { found: Found::Name, at, .. } = self.error {
            let rest = self.source.as_bytes().get(at as usize..).unwrap_or(&[]);
            let in_name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
            let shown: String =
                rest.iter().take(32).take_while(in_name).map(|byte| char::from(*byte)).collect();
            write!(formatter, " \"{shown}\"")?;
        }
        Ok(())
    }
}

/// A character by its code, printed as itself only where that is harmless.
struct Code(char);

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            shown @ '!'..='~' => write!(formatter, "\"{shown}\""),
            hidden => write!(formatter, "U+{:04X}", u32::from(hidden)),
        }
    }
}

/// What the grammar allows at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "each variant's message says what it is")]
pub enum Expected {
    #[error("an operation or a fragment")]
    Definition,
    #[error("a field, a spread or \"}}\"")]
    Selection,
    #[error("a field or a spread")]
    FirstSelection,
    #[error("\"{{\"")]
    SelectionSet,
    #[error("a name")]
    Name,
    #[error("\"on\"")]
    On,
    #[error("\"on\", a fragment name, \"@\" or \"{{\"")]
    Spread,
    #[error("an argument")]
    FirstArgument,
    #[error("an argument or \")\"")]
    Argument,
    #[error("a variable definition")]
    FirstVariableDefinition,
    #[error("a variable definition or \")\"")]
    VariableDefinition,
    #[error("\":\"")]
    Colon,
    #[error("\"]\"")]
    BracketClose,
    #[error("a type")]
    Type,
    #[error("a value")]
    Value,
    #[error("a value or \"]\"")]
    ListEntry,
    #[error("a name or \"}}\"")]
    ObjectField,
}

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "each variant's message says what it is")]
pub enum Found {
    #[error("the end of the document")]
    End,
    #[error("name")]
    Name,
    #[error("a number")]
    Number,
    #[error("a string")]
    String,
    #[error("\"{0}\"")]
    Punctuator(char),
    #[error("\"...\"")]
    Spread,
}
