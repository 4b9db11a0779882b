//! Finds where a token ends: numbers, strings, block strings, comments.
//!
//! Each scan is one loop over bytes, steps over eight at a time where that pays, and looks at no byte twice but a bounded number.
//! Knows the lexical grammar of GraphQL §2.1 and nothing of what surrounds a token. Positions are below
//! [`MAX_SOURCE_BYTES`](crate::MAX_SOURCE_BYTES) plus a few bytes, so adding to them cannot wrap.

use crate::class::Class;
use crate::error::SyntaxError;

/// Which scan stops at a byte: bits of [`STOPS`].
const NOT_IN_STRING: u8 = 1;
const NOT_IN_BLOCK: u8 = 2;
const NOT_IN_COMMENT: u8 = 4;
const NOT_DIGIT: u8 = 8;
const NOT_BLANK: u8 = 16;

static STOPS: [u8; 256] = stops();

#[expect(clippy::indexing_slicing, reason = "evaluated at compile time over 0..256")]
const fn stops() -> [u8; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let byte = index as u8;
        let ends_line = matches!(byte, b'\n' | b'\r');
        table[index] = mark(ends_line || matches!(byte, b'"' | b'\\'), NOT_IN_STRING)
            | mark(matches!(byte, b'"' | b'\\'), NOT_IN_BLOCK)
            | mark(ends_line, NOT_IN_COMMENT)
            | mark(!byte.is_ascii_digit(), NOT_DIGIT)
            | mark(!matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b','), NOT_BLANK);
        index += 1;
    }
    table
}

const fn mark(set: bool, bit: u8) -> u8 {
    if set { bit } else { 0 }
}

#[inline(always)]
fn stops_at(byte: u8, bit: u8) -> bool {
    STOPS.get(usize::from(byte)).is_none_or(|stops| stops & bit != 0)
}

/// The first position from `at` on whose byte `stops`, with the byte; or the end of the text.
#[inline(always)]
fn stop(bytes: &[u8], at: usize, stops: impl Fn(u8) -> bool) -> (usize, Option<u8>) {
    let mut at = at;
    while let Some([a, b, c, d, e, f, g, h]) = bytes.get(at..at.wrapping_add(8)) {
        for (step, byte) in [a, b, c, d, e, f, g, h].into_iter().enumerate() {
            if stops(*byte) {
                return (at.wrapping_add(step), Some(*byte));
            }
        }
        at = at.wrapping_add(8);
    }
    loop {
        match bytes.get(at) {
            Some(byte) if !stops(*byte) => at = at.wrapping_add(1),
            last => return (at, last.copied()),
        }
    }
}

/// The first position from `at` on whose byte has `bit`, or the end of the text.
#[inline(always)]
fn run(bytes: &[u8], at: usize, bit: u8) -> usize {
    stop(bytes, at, |byte| stops_at(byte, bit)).0
}

/// Fits: no text is longer than [`MAX_SOURCE_BYTES`](crate::MAX_SOURCE_BYTES).
#[inline(always)]
pub(crate) fn position(at: usize) -> u32 {
    (at & u32::MAX as usize) as u32
}

/// The next token from `at` on and its class; `class` is that of the byte at `at`.
#[inline(always)]
pub(crate) fn settle(bytes: &[u8], mut at: usize, mut class: Class) -> (usize, Class) {
    if class.is_ignorable() {
        if class == Class::Blank {
            at = at.wrapping_add(1);
            class = Class::at(bytes, at);
        }
        if class.is_ignorable() {
            at = ignored_end(bytes, at);
            class = Class::at(bytes, at);
        }
    }
    (at, class)
}

/// The next token after the punctuator of one byte at `at`.
#[inline(always)]
pub(crate) fn after(bytes: &[u8], at: usize) -> (usize, Class) {
    let at = at.wrapping_add(1);
    settle(bytes, at, Class::at(bytes, at))
}

/// The end of the blanks, comments and byte order marks that start at `at`.
#[inline(never)]
pub(crate) fn ignored_end(bytes: &[u8], mut at: usize) -> usize {
    loop {
        at = run(bytes, at, NOT_BLANK);
        match bytes.get(at) {
            Some(b'#') => at = comment_end(bytes, at),
            Some(0xEF) if bytes.get(at..).is_some_and(|rest| rest.starts_with(b"\xEF\xBB\xBF")) => {
                at = at.wrapping_add(3);
            }
            _ => return at,
        }
    }
}

/// The end of the comment that starts at `at`: its line terminator or the end of the text.
fn comment_end(bytes: &[u8], at: usize) -> usize {
    run(bytes, at, NOT_IN_COMMENT)
}

/// An integer or a float.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    Int,
    Float,
}

/// The end of the integer that starts at `at`, when it is one of digits only and does not start with a zero.
#[inline(always)]
pub(crate) fn plain_int(bytes: &[u8], at: usize) -> Option<usize> {
    let mut end = at.wrapping_add(1);
    let mut next = Class::at(bytes, end);
    while next == Class::Digit {
        end = end.wrapping_add(1);
        next = Class::at(bytes, end);
    }
    let goes_on = matches!(next, Class::Letter | Class::Underscore | Class::Dot);
    (!goes_on && matches!(bytes.get(at), Some(b'1'..=b'9'))).then_some(end)
}

/// The kind and end of the number that starts at `at` (a digit or `-`); §2.9.1, §2.9.2.
pub(crate) fn number(bytes: &[u8], at: usize) -> Result<(Number, usize), SyntaxError> {
    let byte = |at: usize| bytes.get(at).copied();
    let invalid = |at: usize| SyntaxError::InvalidNumber { at: position(at) };
    let digits = |at: usize| match byte(at) {
        Some(b'0'..=b'9') => Ok(run(bytes, at, NOT_DIGIT)),
        _ => Err(invalid(at)),
    };
    let mut kind = Number::Int;
    let first = if byte(at) == Some(b'-') { at.wrapping_add(1) } else { at };
    let mut end = if byte(first) == Some(b'0') { first.wrapping_add(1) } else { digits(first)? };
    if byte(end) == Some(b'.') {
        kind = Number::Float;
        end = digits(end.wrapping_add(1))?;
    }
    if matches!(byte(end), Some(b'e' | b'E')) {
        kind = Number::Float;
        let sign = end.wrapping_add(1);
        end = digits(if matches!(byte(sign), Some(b'+' | b'-')) { sign.wrapping_add(1) } else { sign })?;
    }
    match byte(end) {
        Some(b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'.') => Err(invalid(end)),
        _ => Ok((kind, end)),
    }
}

/// The end of the string or block string that starts at `at`; §2.9.4.
pub(crate) fn string(bytes: &[u8], at: usize) -> Result<usize, SyntaxError> {
    let body = at.wrapping_add(1);
    if bytes.get(body) != Some(&b'"') {
        return line(bytes, at, body);
    }
    let end = body.wrapping_add(1);
    if bytes.get(end) == Some(&b'"') { block(bytes, at) } else { Ok(end) }
}

fn quotes_at(bytes: &[u8], at: usize) -> bool {
    bytes.get(at..).is_some_and(|rest| rest.starts_with(b"\"\"\""))
}

fn block(bytes: &[u8], start: usize) -> Result<usize, SyntaxError> {
    let mut at = start.wrapping_add(3);
    loop {
        at = run(bytes, at, NOT_IN_BLOCK);
        match bytes.get(at) {
            Some(b'"') if quotes_at(bytes, at) => return Ok(at.wrapping_add(3)),
            Some(b'\\') if quotes_at(bytes, at.wrapping_add(1)) => at = at.wrapping_add(4),
            Some(_) => at = at.wrapping_add(1),
            None => return Err(SyntaxError::UnterminatedString { at: position(start) }),
        }
    }
}

fn line(bytes: &[u8], start: usize, mut at: usize) -> Result<usize, SyntaxError> {
    loop {
        at = run(bytes, at, NOT_IN_STRING);
        match bytes.get(at) {
            Some(b'"') => return Ok(at.wrapping_add(1)),
            Some(b'\\') => at = escape(bytes, at).ok_or(SyntaxError::InvalidEscape { at: position(at) })?,
            Some(_) | None => return Err(SyntaxError::UnterminatedString { at: position(start) }),
        }
    }
}

/// The end of the escape sequence whose backslash is at `at`.
fn escape(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at.wrapping_add(1))? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(at.wrapping_add(2)),
        b'u' if bytes.get(at.wrapping_add(2)) == Some(&b'{') => braced(bytes, at),
        b'u' => fixed(bytes, at),
        _ => None,
    }
}

/// `\u{…}`: one to eight digits that name a scalar value. The grammar sets no bound on leading zeros; the reference
/// implementation stops at eight digits, and what it refuses is refused here too.
fn braced(bytes: &[u8], at: usize) -> Option<usize> {
    let first = at.wrapping_add(3);
    let mut point: u32 = 0;
    for step in 0..9 {
        let position = first.wrapping_add(step);
        match *bytes.get(position)? {
            b'}' if step > 0 => return char::from_u32(point).map(|_| position.wrapping_add(1)),
            digit => point = point.checked_mul(16)?.checked_add(char::from(digit).to_digit(16)?)?,
        }
    }
    None
}

/// `\uXXXX`, or two of them that are a surrogate pair.
fn fixed(bytes: &[u8], at: usize) -> Option<usize> {
    let end = at.wrapping_add(6);
    match four(bytes, at.wrapping_add(2))? {
        0xD800..=0xDBFF if bytes.get(end..)?.starts_with(b"\\u") => {
            let low = four(bytes, end.wrapping_add(2))?;
            (0xDC00..=0xDFFF).contains(&low).then(|| end.wrapping_add(6))
        }
        0xD800..=0xDFFF => None,
        _ => Some(end),
    }
}

fn four(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..)?.first_chunk::<4>()?;
    digits.iter().try_fold(0, |value, digit| Some(value * 16 + char::from(*digit).to_digit(16)?))
}
