//! The inside of a JSON text: its end is found eight bytes at a time, its escapes are undone.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// How many bytes come before the first quote, backslash or control character, or the end.
pub(super) fn plain(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut before: usize = 0;
    for word in words {
        let found = specials(u64::from_le_bytes(*word));
        if found != 0 {
            let inside = usize::try_from(found.trailing_zeros() / 8).unwrap_or_default();
            return before.saturating_add(inside);
        }
        before = before.saturating_add(8);
    }
    let inside = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
    before.saturating_add(inside.unwrap_or(rest.len()))
}

/// The high bit of each byte that ends a plain run; only the lowest set bit can be relied upon, since a borrow runs
/// upwards.
fn specials(word: u64) -> u64 {
    let below = |word: u64, bound: u8| word.wrapping_sub(ONES.wrapping_mul(u64::from(bound))) & !word & HIGHS;
    let equal = |byte: u8| below(word ^ ONES.wrapping_mul(u64::from(byte)), 1);
    below(word, 0x20) | equal(b'"') | equal(b'\\')
}

/// Writes the text that starts `source`, after its opening quote, to `out`; how many bytes it takes with its
/// closing quote, or the offset of what is no JSON.
pub(super) fn unescape(source: &str, out: &mut String) -> Result<usize, usize> {
    let mut at: usize = 0;
    loop {
        let rest = source.get(at..).unwrap_or_default();
        let run = plain(rest.as_bytes());
        out.push_str(rest.get(..run).unwrap_or_default());
        at = at.saturating_add(run);
        match rest.as_bytes().get(run) {
            Some(b'"') => return Ok(at.saturating_add(1)),
            Some(b'\\') => {
                let escape = source.get(at.saturating_add(1)..).unwrap_or_default();
                let (letter, length) = escaped(escape.as_bytes()).ok_or(at)?;
                out.push(letter);
                at = at.saturating_add(length).saturating_add(1);
            }
            Some(_) | None => return Err(at),
        }
    }
}

/// What the bytes after a backslash stand for, and how many they are.
fn escaped(bytes: &[u8]) -> Option<(char, usize)> {
    let (first, rest) = bytes.split_first()?;
    let letter = match first {
        b'n' => '\n',
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'u' => return unicode(rest),
        _ => return None,
    };
    Some((letter, 1))
}

/// `0041`, or a pair of surrogates; a surrogate alone is no character.
fn unicode(bytes: &[u8]) -> Option<(char, usize)> {
    let (high, rest) = hex(bytes)?;
    if let Some(letter) = char::from_u32(high) {
        return Some((letter, 5));
    }
    let (low, _) = hex(rest.strip_prefix(b"\\u")?)?;
    let high = high.checked_sub(0xd800).filter(|high| *high < 0x400)?;
    let low = low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    let letter = char::from_u32(0x1_0000_u32.checked_add(high << 10 | low)?)?;
    Some((letter, 11))
}

fn hex(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = bytes.split_first_chunk::<4>()?;
    let value =
        digits.iter().try_fold(0, |value, digit| Some(value << 4 | char::from(*digit).to_digit(16)?))?;
    Some((value, rest))
}
