//! A text as its reader would see it: escapes undone, look-alikes of ASCII as ASCII, invisible characters left out.
//!
//! Recognisers read the view; what they find is told in offsets of the text that came.

use std::borrow::Cow;

/// What recognisers read.
pub(crate) struct View<'t> {
    bytes: Cow<'t, [u8]>,
    /// Where each byte of the view begins in the text, and at last where the text ends; nothing when they are the same.
    starts: Option<Vec<usize>>,
}

impl<'t> View<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        let plain = |byte: &u8| byte.is_ascii() && !matches!(byte, b'%' | b'\\' | b'&');
        if text.as_bytes().iter().all(plain) {
            return Self { bytes: Cow::Borrowed(text.as_bytes()), starts: None };
        }
        let mut bytes = Vec::with_capacity(text.len());
        let mut starts = Vec::with_capacity(text.len().saturating_add(1));
        let mut at = 0;
        while let Some(rest) = text.as_bytes().get(at..).filter(|rest| !rest.is_empty()) {
            let (seen, length) = first(rest);
            match seen {
                Seen::Byte(byte) => {
                    bytes.push(byte);
                    starts.push(at);
                }
                Seen::Nothing => {}
            }
            at = at.saturating_add(length);
        }
        starts.push(text.len());
        Self { bytes: Cow::Owned(bytes), starts: Some(starts) }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where a place of the view is in the text.
    pub(crate) fn place(&self, at: usize) -> usize {
        match &self.starts {
            None => at,
            Some(starts) => starts.get(at).or(starts.last()).copied().unwrap_or_default(),
        }
    }
}

enum Seen {
    Byte(u8),
    Nothing,
}

/// What the first bytes of a text stand for, and how many they are.
fn first(rest: &[u8]) -> (Seen, usize) {
    let escaped = match rest {
        [b'%', b'2', b'5', a, b, ..] => hex(*a, *b).filter(is_shown).map(|byte| (byte, 5)),
        [b'%', a, b, ..] => hex(*a, *b).filter(is_shown).map(|byte| (byte, 3)),
        [b'\\', b'u', b'0', b'0', a, b, ..] => hex(*a, *b).filter(is_shown).map(|byte| (byte, 6)),
        // Some letter: which one does not matter to any recogniser.
        [b'\\', b'u', a, b, c, d, ..] => hex(*a, *b).and(hex(*c, *d)).map(|_| (0xff, 6)),
        [b'\\', b'/', ..] => Some((b'/', 2)),
        [b'&', b'#', b'6', b'4', b';', ..] => Some((b'@', 5)),
        [b'&', b'#', b'4', b'3', b';', ..] => Some((b'+', 5)),
        _ => None,
    };
    let alike = || match rest {
        // Blanks that do not break a line, figure spaces, thin ones.
        [0xc2, 0xa0, ..] => Some((Seen::Byte(b' '), 2)),
        [0xe2, 0x80, 0x80..=0x8a | 0xaf, ..] => Some((Seen::Byte(b' '), 3)),
        // Hyphens, figure dash, dashes, the minus sign.
        [0xe2, 0x80, 0x90..=0x95, ..] | [0xe2, 0x88, 0x92, ..] => Some((Seen::Byte(b'-'), 3)),
        // Widths of nothing, marks of direction, the soft hyphen.
        [0xe2, 0x80, 0x8b..=0x8f, ..] | [0xe2, 0x81, 0xa0, ..] | [0xef, 0xbb, 0xbf, ..] => {
            Some((Seen::Nothing, 3))
        }
        [0xc2, 0xad, ..] => Some((Seen::Nothing, 2)),
        // Full width.
        [0xef, 0xbc, low @ 0x81..=0xbf, ..] => Some((Seen::Byte(low.wrapping_sub(0x60)), 3)),
        [0xef, 0xbd, low @ 0x80..=0x9e, ..] => Some((Seen::Byte(low.wrapping_sub(0x20)), 3)),
        // Digits of Arabic, Persian and Devanagari.
        [0xd9, low @ 0xa0..=0xa9, ..] => Some((Seen::Byte(low.wrapping_sub(0x70)), 2)),
        [0xdb, low @ 0xb0..=0xb9, ..] => Some((Seen::Byte(low.wrapping_sub(0x80)), 2)),
        [0xe0, 0xa5, low @ 0xa6..=0xaf, ..] => Some((Seen::Byte(low.wrapping_sub(0x76)), 3)),
        _ => None,
    };
    match escaped {
        Some((byte, length)) => (Seen::Byte(byte), length),
        None => alike().unwrap_or_else(|| (Seen::Byte(rest.first().copied().unwrap_or_default()), 1)),
    }
}

/// Bytes of an escape that are read through it: no control characters, so that lines stay lines.
const fn is_shown(byte: &u8) -> bool {
    *byte >= 0x20 && *byte != 0x7f
}

fn hex(a: u8, b: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|it| u8::try_from(it).ok());
    Some(digit(a)?.wrapping_mul(16).wrapping_add(digit(b)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let view = View::of(text);
        assert_eq!(String::from_utf8_lossy(view.bytes()), expected);
        assert_eq!(view.place(view.bytes().len()), text.len());
    }

    #[test]
    fn escapes_are_undone() {
        check("plain", "plain");
        check("a%40b%2Fc", "a@b/c");
        check("a%2540b", "a@b");
        check(r"a\u0040b \/ \n", r"a@b / \n");
        check("a&#64;b &amp; c", "a@b &amp; c");
        check("100% %4 %zz %0a", "100% %4 %zz %0a");
    }

    #[test]
    fn look_alikes_are_ascii() {
        check("+49\u{a0}30\u{2011}12", "+49 30-12");
        check("４１１１", "4111");
        check("ａ＠ｂ～", "a@b~");
        check("٠٩ ۰۹ ०९", "09 09 09");
        check("a\u{200b}b\u{ad}c\u{feff}", "abc");
        check("Björk", "Björk");
    }

    #[test]
    fn places_are_those_of_the_text() {
        let view = View::of("a%40b");
        assert_eq!([view.place(0), view.place(1), view.place(2), view.place(3)], [0, 1, 4, 5]);
    }
}
