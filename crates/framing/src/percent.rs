//! Percent-encoding (RFC 3986 §2.1), undone.

/// Decodes a name or value of a query string: `+` is a space and every `%` starts an escape.
///
/// Fails with the offset of what servers decode differently: a broken escape, a byte that has no place in a URL, and
/// what is not UTF-8 once decoded.
pub(crate) fn form_decoded(text: &[u8]) -> Result<String, usize> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let at = text.len().saturating_sub(rest.len());
        rest = after;
        decoded.push(match first {
            b'+' => b' ',
            b'%' => {
                let (digits, next) = after.split_at_checked(2).ok_or(at)?;
                rest = next;
                hex(digits).ok_or(at)?
            }
            0..=b' ' | b'#' | 0x7f.. => return Err(at),
            other => *other,
        });
    }
    String::from_utf8(decoded).map_err(|error| error.utf8_error().valid_up_to())
}

/// Decodes `%41` to `A`; what is no escape stays as it is.
pub fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let escape = if *first == b'%' { after.split_at_checked(2) } else { None };
        let (byte, next) =
            escape.and_then(|(digits, next)| Some((hex(digits)?, next))).unwrap_or((*first, after));
        decoded.push(byte);
        rest = next;
    }
    decoded
}

fn hex(digits: &[u8]) -> Option<u8> {
    digits.iter().try_fold(0_u8, |value, digit| {
        let digit = u8::try_from(char::from(*digit).to_digit(16)?).ok()?;
        Some(value << 4 | digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(percent_decoded(text.as_bytes()), expected.as_bytes(), "{text}");
    }

    #[test]
    fn escapes_are_undone_once() {
        check("%41%4a%4A", "AJJ");
        check("%2541", "%41");
    }

    #[track_caller]
    fn form(text: &[u8], expected: Result<&str, usize>) {
        assert_eq!(form_decoded(text).as_deref().map_err(|at| *at), expected, "{}", text.escape_ascii());
    }

    #[test]
    fn a_form_is_decoded_in_one_way_only() {
        form(b"%7Bme%7d+a%2Bb", Ok("{me} a+b"));
        form(b"%E2%82%AC;:{}", Ok("\u{20ac};:{}"));
        form(b"a%00", Ok("a\0"));
        form(b"a%", Err(1));
        form(b"a%4", Err(1));
        form(b"a%4g", Err(1));
        form(b"%+1", Err(0));
        form(b"%u0041", Err(0));
        form(b"a\xe2\x82\xac", Err(1));
        form(b"a\0", Err(1));
        form(b"a b", Err(1));
        form(b"a#b", Err(1));
        form(b"%ff", Err(0));
        form(b"%C0%80", Err(0));
        form(b"%ED%A0%80", Err(0));
    }

    #[test]
    fn what_is_no_escape_stays() {
        check("", "");
        check("%", "%");
        check("%4", "%4");
        check("%4g%+1%-1", "%4g%+1%-1");
        check("a+b", "a+b");
    }
}
