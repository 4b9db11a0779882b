//! The inside of a JSON text: its end is found eight bytes at a time, its escapes are undone.

use std::borrow::Cow;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// How many bytes come before the first quote, backslash or control character, or the end.
pub(crate) fn plain(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut before: usize = 0;
    for word in words {
        let found = specials(u64::from_le_bytes(*word));
        if found != 0 {
            return before.saturating_add(first(found));
        }
        before = before.saturating_add(8);
    }
    let inside = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
    before.saturating_add(inside.unwrap_or(rest.len()))
}

/// The same, the bytes being copied on the way, with up to seven beyond them.
fn copy_plain(bytes: &[u8], to: &mut [u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    let (spaces, _) = to.as_chunks_mut::<8>();
    let mut before: usize = 0;
    for (word, space) in words.iter().zip(spaces) {
        *space = *word;
        let found = specials(u64::from_le_bytes(*word));
        if found != 0 {
            return before.saturating_add(first(found));
        }
        before = before.saturating_add(8);
    }
    let inside = plain(rest);
    let space = to.get_mut(before..).unwrap_or_default();
    space.iter_mut().zip(rest.iter().take(inside)).for_each(|(to, from)| *to = *from);
    before.saturating_add(inside)
}

/// Which byte of a word was found first.
fn first(found: u64) -> usize {
    usize::try_from(found.trailing_zeros() / 8).unwrap_or_default()
}

/// The high bit of each byte that ends a plain run; only the lowest set bit can be relied upon, since a borrow runs
/// upwards.
fn specials(word: u64) -> u64 {
    let below = |word: u64, bound: u8| word.wrapping_sub(ONES.wrapping_mul(u64::from(bound))) & !word;
    // Changing the second bit puts the quote right after the control characters and keeps those among themselves.
    let controls_or_quote = below(word ^ ONES.wrapping_mul(2), 0x21);
    let backslash = below(word ^ ONES.wrapping_mul(u64::from(b'\\')), 1);
    (controls_or_quote | backslash) & HIGHS
}

/// A text that was unescaped.
pub(super) struct Unescaped {
    /// Bytes it takes with its closing quote.
    pub(super) read: usize,
    /// Bytes of `out` that it fills.
    pub(super) written: usize,
}

/// Writes the text that starts `source`, after its opening quote, to `out`, which is made large enough; fails with
/// the offset of what is no JSON.
pub(super) fn unescape(source: &[u8], out: &mut Vec<u8>) -> Result<Unescaped, usize> {
    if let Some(missing) = source.get(out.len()..) {
        // What is there does not matter; zeros would take longer to write.
        out.extend_from_slice(missing);
    }
    // What is written is never longer than what is read, so that there is always space.
    let (mut rest, mut space) = (source, out.as_mut_slice());
    let room = space.len();
    loop {
        let run = copy_plain(rest, space);
        rest = rest.get(run..).unwrap_or_default();
        space = space.get_mut(run..).unwrap_or_default();
        let at = source.len().saturating_sub(rest.len());
        match rest {
            [b'"', ..] => {
                let read = at.saturating_add(1);
                return Ok(Unescaped { read, written: room.saturating_sub(space.len()) });
            }
            [b'\\', b'u', after @ ..] => {
                let (letter, length) = unicode(after).ok_or(at)?;
                let mut bytes = [0; 4];
                let bytes = letter.encode_utf8(&mut bytes).as_bytes();
                let (to, left) = space.split_at_mut_checked(bytes.len()).ok_or(at)?;
                to.copy_from_slice(bytes);
                rest = after.get(length..).unwrap_or_default();
                space = left;
            }
            // Line breaks are most of what there is to unescape in a document.
            [b'\\', letter, after @ ..] => {
                let (to, left) = space.split_first_mut().ok_or(at)?;
                *to = escaped(*letter).ok_or(at)?;
                rest = after;
                space = left;
            }
            _ => return Err(at),
        }
    }
}

/// The text between two quotes with its escapes undone; as it is where it is no JSON.
pub(crate) fn unescaped(raw: &[u8]) -> Cow<'_, [u8]> {
    if !raw.contains(&b'\\') {
        return Cow::Borrowed(raw);
    }
    let mut out = Vec::new();
    match unescape(&[raw, b"\""].concat(), &mut out) {
        Ok(Unescaped { written, .. }) => {
            out.truncate(written);
            Cow::Owned(out)
        }
        Err(_) => Cow::Borrowed(raw),
    }
}

/// What a letter after a backslash stands for.
fn escaped(letter: u8) -> Option<u8> {
    match letter {
        b'n' => Some(b'\n'),
        b'"' | b'\\' | b'/' => Some(letter),
        b't' => Some(b'\t'),
        b'r' => Some(b'\r'),
        b'b' => Some(8),
        b'f' => Some(12),
        _ => None,
    }
}

/// What the digits after `\u` stand for, and how many bytes they are: `0041`, or a pair of surrogates with another
/// `\u` between; a surrogate alone is no character.
fn unicode(bytes: &[u8]) -> Option<(char, usize)> {
    let (high, rest) = hex(bytes)?;
    if let Some(letter) = char::from_u32(high) {
        return Some((letter, 4));
    }
    let (low, _) = hex(rest.strip_prefix(b"\\u")?)?;
    let high = high.checked_sub(0xd800).filter(|high| *high < 0x400)?;
    let low = low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    let letter = char::from_u32(0x1_0000_u32.checked_add(high << 10 | low)?)?;
    Some((letter, 10))
}

fn hex(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = bytes.split_first_chunk::<4>()?;
    let value =
        digits.iter().try_fold(0, |value, digit| Some(value << 4 | char::from(*digit).to_digit(16)?))?;
    Some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_run_ends_where_it_ends_byte_by_byte() {
        for special in 0..=u8::MAX {
            for before in 0..20 {
                let mut bytes = vec![b'!'; before];
                bytes.push(special);
                bytes.extend([0xff; 9]);
                let ends = matches!(special, b'"' | b'\\' | 0..0x20);
                let expected = if ends { before } else { bytes.len() };
                assert_eq!(plain(&bytes), expected, "{special} after {before}");
            }
        }
    }
}
