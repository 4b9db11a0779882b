//! The boundary of a multipart body (RFC 2046 §5.1.1).

use std::fmt;

/// 1 to 70 characters that stand between the parts of a body; without spaces, which readers trim.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Boundary {
    bytes: [u8; Self::MOST],
    length: usize,
}

impl Boundary {
    const MOST: usize = 70;

    /// The characters, without the two hyphens before them in the body.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Reads the parameter: a token, or a quoted text without escapes.
    pub(super) fn read(parameter: &[u8]) -> Option<Self> {
        let (name, value) = parameter.split_at_checked(b"boundary=".len())?;
        if !name.eq_ignore_ascii_case(b"boundary=") {
            return None;
        }
        let quoted = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
        let sound = match quoted {
            Some(text) => text.iter().all(|byte| is_token(*byte) || is_quotable(*byte)),
            None => value.iter().all(|byte| is_token(*byte)),
        };
        let text = quoted.unwrap_or(value);
        let mut bytes = [0; Self::MOST];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        (sound && !text.is_empty()).then_some(Self { bytes, length: text.len() })
    }
}

/// A character of a boundary that is also one of a token (RFC 9110 §5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'\'' | b'+' | b'_' | b'-' | b'.')
}

/// A character of a boundary that must be quoted in a header.
fn is_quotable(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b',' | b'/' | b':' | b'=' | b'?')
}

impl fmt::Debug for Boundary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Boundary({})", self.as_bytes().escape_ascii())
    }
}
