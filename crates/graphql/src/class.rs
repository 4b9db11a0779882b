//! Says what a token can be from its first byte: one table look-up, no comparison chains.
//!
//! Every token of the grammar is told apart by its first byte (only `"` against `"""` and integers against floats need more),
//! which is why the parser needs no token stream. Knows bytes, not grammar.

/// What a byte starts. Those that are ignored come last, and what most selections are made of first, so that one comparison tells
/// them from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Class {
    /// A letter: the start of a name.
    Letter,
    /// `_`, which starts a name as well; all names that mean something to every schema start with two of them.
    Underscore,
    BraceClose,
    BraceOpen,
    Dot,
    Digit,
    Minus,
    Quote,
    Bang,
    Dollar,
    Ampersand,
    ParenOpen,
    ParenClose,
    Colon,
    Equals,
    At,
    BracketOpen,
    BracketClose,
    Pipe,
    Invalid,
    /// The end of the text.
    End,
    /// Space, tab, line terminators and the comma.
    Blank,
    /// `#`.
    Comment,
    /// The first byte of U+FEFF in UTF-8, ignored anywhere when the other two follow.
    ByteOrderMark,
}

impl Class {
    /// Whether a byte of this class may be ignored between tokens.
    #[inline(always)]
    pub(crate) fn is_ignorable(self) -> bool {
        self > Class::End
    }

    /// Whether a byte of this class starts a name.
    #[inline(always)]
    pub(crate) fn is_name(self) -> bool {
        self <= Class::Underscore
    }

    #[inline(always)]
    pub(crate) fn of(byte: u8) -> Class {
        CLASSES.get(usize::from(byte)).copied().unwrap_or(Class::Invalid)
    }

    /// The class of the byte at `at`, [`Class::End`] past the end.
    #[inline(always)]
    pub(crate) fn at(bytes: &[u8], at: usize) -> Class {
        bytes.get(at).map_or(Class::End, |byte| Class::of(*byte))
    }
}

static CLASSES: [Class; 256] = classes();

#[expect(clippy::indexing_slicing, reason = "evaluated at compile time over 0..256")]
const fn classes() -> [Class; 256] {
    let mut table = [Class::Invalid; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = first(byte as u8);
        byte += 1;
    }
    table
}

const fn first(byte: u8) -> Class {
    match byte {
        b' ' | b'\t' | b'\n' | b'\r' | b',' => Class::Blank,
        b'#' => Class::Comment,
        0xEF => Class::ByteOrderMark,
        b'A'..=b'Z' | b'a'..=b'z' => Class::Letter,
        b'_' => Class::Underscore,
        b'0'..=b'9' => Class::Digit,
        b'-' => Class::Minus,
        b'"' => Class::Quote,
        b'.' => Class::Dot,
        b'!' => Class::Bang,
        b'$' => Class::Dollar,
        b'&' => Class::Ampersand,
        b'(' => Class::ParenOpen,
        b')' => Class::ParenClose,
        b':' => Class::Colon,
        b'=' => Class::Equals,
        b'@' => Class::At,
        b'[' => Class::BracketOpen,
        b']' => Class::BracketClose,
        b'{' => Class::BraceOpen,
        b'|' => Class::Pipe,
        b'}' => Class::BraceClose,
        _ => Class::Invalid,
    }
}
