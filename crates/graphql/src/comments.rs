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
    if !source.as_bytes().contains(&b'#') {
        return true;
    }
    source.split('\n').all(|line| match line.split_once('#') {
        Some((_, comment)) => {
            let comment = comment.strip_suffix('\r').unwrap_or(comment);
            !comment.contains(['\r', '\u{2028}', '\u{2029}'])
        }
        None => true,
    })
}
