//! Where comments end, as far as servers agree on it.
//!
//! By the grammar a comment ends at a line feed or a carriage return. Some servers' lexers let it run on past a carriage return,
//! others end it at U+2028 or U+2029 already; what one of them skips, another executes.

/// Whether every comment of a text ends at the same place for every server. Looks at lines with a `#`, in strings too.
///
/// ```
/// use portcullis_graphql::comments_are_certain;
/// assert!(comments_are_certain("# a comment\r\n{ a } # another\n"));
/// assert!(!comments_are_certain("{ a # hidden\u{2028} b\n}"));
/// assert!(!comments_are_certain("{ a # hidden\r b\n}"));
/// ```
#[must_use]
pub fn comments_are_certain(source: &str) -> bool {
    let mut rest = source.as_bytes();
    while let Some(start) = find_hash(rest) {
        let comment = rest.get(start..).unwrap_or(&[]);
        let len = comment.iter().position(|byte| *byte == b'\n').unwrap_or(comment.len());
        let (line, after) = comment.split_at_checked(len).unwrap_or((comment, &[]));
        if !ends_once(line) {
            return false;
        }
        rest = after;
    }
    true
}

/// Whether a line from its `#` on has no other end than its last byte may be.
fn ends_once(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let separates = |three: &[u8]| matches!(three, b"\xE2\x80\xA8" | b"\xE2\x80\xA9");
    !line.contains(&b'\r') && !line.windows(3).any(separates)
}

/// Where the first `#` is. Most texts have none, so sixteen words are looked at before anything is decided.
fn find_hash(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    const HASHES: u64 = ONES * b'#' as u64;
    let mut looked_at: usize = 0;
    for block in bytes.as_chunks::<128>().0 {
        let mut found: u64 = 0;
        for word in block.as_chunks::<8>().0 {
            // The highest bit of a byte is set in the lowest byte that is `#`, and nowhere when there is none.
            let differs = u64::from_le_bytes(*word) ^ HASHES;
            found |= differs.wrapping_sub(ONES) & !differs;
        }
        if found & (ONES << 7) != 0 {
            break;
        }
        looked_at = looked_at.saturating_add(block.len());
    }
    let rest = bytes.get(looked_at..)?;
    Some(looked_at.saturating_add(rest.iter().position(|byte| *byte == b'#')?))
}

#[cfg(test)]
mod tests {
    use super::comments_are_certain;

    #[track_caller]
    fn check(source: &str, expected: bool) {
        assert_eq!(comments_are_certain(source), expected, "{source:?}");
        for far in [63, 127, 128, 129, 500] {
            let far = format!("{}{source}", " ".repeat(far));
            assert_eq!(comments_are_certain(&far), expected, "{far:?}");
        }
    }

    #[test]
    fn a_comment_ends_with_its_line() {
        check("", true);
        check("{ a }", true);
        check("{ a } # b", true);
        check("# a\n# b\r\n# c\r", true);
        check("{ a\r b \u{2028} }", true);
        check("\r # a\n \u{2029}", true);
        check("# \u{2027} \u{20AC}", true);
    }

    #[test]
    fn a_comment_with_another_end_is_not_certain() {
        check("# a\rb", false);
        check("# a\r\r\n", false);
        check("# a\n{ a } # b\rc", false);
        check("# \u{2028}", false);
        check("{ a(b: \"#\u{2029}\") }", false);
        check("# a # b\r c\n", false);
    }
}
