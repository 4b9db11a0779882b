//! Percent-encoding (RFC 3986 §2.1), undone.

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

    #[test]
    fn what_is_no_escape_stays() {
        check("", "");
        check("%", "%");
        check("%4", "%4");
        check("%4g%+1%-1", "%4g%+1%-1");
        check("a+b", "a+b");
    }
}
