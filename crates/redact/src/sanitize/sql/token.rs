//! Words, literals, quoted names and marks of SQL.

/// What a text begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// Blanks, line ends, comments.
    Blank,
    /// A string, a number, a parameter.
    Literal,
    Word(&'t str),
    /// What stands in quotation marks of names, and which.
    Quoted(&'t str, char),
    Mark(char),
    /// From here on dialects differ, or something has no end.
    Doubtful,
}

/// The first token, and the text behind it.
pub(super) fn next(text: &str) -> (Token<'_>, &str) {
    let mut chars = text.chars();
    let (first, second) = (chars.next().unwrap_or_default(), chars.next().unwrap_or_default());
    let after = |length: usize| text.get(length..).unwrap_or_default();
    match (first, second) {
        (it, _) if it.is_whitespace() || it.is_control() => {
            (Token::Blank, text.trim_start_matches(|it: char| it.is_whitespace() || it.is_control()))
        }
        ('-', '-') => line(after(2)),
        ('/', '*') => comment(text),
        ('#', '>' | '-' | '#' | '=') => (Token::Mark('#'), after(1)),
        ('#', _) => hash(after(1)),
        ('\'', _) => string(after(1)),
        ('"' | '`', _) => quoted(text, first, first),
        // An index of an array has a number or nothing; anything else is a name.
        ('[', it) if it.is_alphabetic() || it == '_' => quoted(text, first, ']'),
        ('$', _) => dollar(text),
        ('@' | ':' | '%', it) if it.is_alphanumeric() || it == '_' || (it == '(' && first == '%') => (
            Token::Literal,
            after(1).trim_start_matches(|it: char| it.is_alphanumeric() || matches!(it, '_' | '(' | ')')),
        ),
        ('?', _) => (Token::Literal, after(1).trim_start_matches(|it: char| it.is_ascii_digit())),
        (it, _) if it.is_ascii_digit() => (Token::Literal, number(text)),
        ('.', it) if it.is_ascii_digit() => (Token::Literal, number(after(1))),
        (it, _) if is_of_word(it) => word(text),
        (it, _) => (Token::Mark(it), after(it.len_utf8())),
    }
}

fn is_of_word(it: char) -> bool {
    it.is_alphanumeric() || matches!(it, '_' | '$')
}

fn word(text: &str) -> (Token<'_>, &str) {
    let end = text.find(|it| !is_of_word(it)).unwrap_or(text.len());
    let (word, after) = text.split_at_checked(end).unwrap_or((text, ""));
    // `N'…'`, `E'…'`, `_utf8'…'` are strings.
    after.strip_prefix('\'').map_or((Token::Word(word), after), string)
}

/// The text behind a string of which the quotation mark has been read. Some dialects escape quotation marks by a backslash and some do not.
fn string(text: &str) -> (Token<'_>, &str) {
    match closing(text, '\'') {
        Some(end) => (Token::Literal, text.get(end.saturating_add(1)..).unwrap_or_default()),
        None => (Token::Doubtful, ""),
    }
}

/// Where the quotation mark is that ends a text, if all dialects agree on it. Two of them stand for one.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut backslashes = 0_usize;
    let mut chars = text.char_indices().peekable();
    while let Some((at, it)) = chars.next() {
        if it == '\\' {
            backslashes = backslashes.saturating_add(1);
            continue;
        }
        if it == quote {
            if backslashes % 2 == 1 {
                return None;
            }
            if chars.next_if(|(_, it)| *it == quote).is_none() {
                return Some(at);
            }
        }
        backslashes = 0;
    }
    None
}

fn quoted(text: &str, open: char, close: char) -> (Token<'_>, &str) {
    let inner = text.get(open.len_utf8()..).unwrap_or_default();
    match closing(inner, close) {
        Some(end) => {
            let after = inner.get(end.saturating_add(1)..).unwrap_or_default();
            (Token::Quoted(inner.get(..end).unwrap_or_default(), open), after)
        }
        None => (Token::Doubtful, ""),
    }
}

/// `$1`, `$name`, and strings between two `$tag$`.
fn dollar(text: &str) -> (Token<'_>, &str) {
    let inner = text.get(1..).unwrap_or_default();
    let end = inner.find(|it: char| !(it.is_alphanumeric() || it == '_')).unwrap_or(inner.len());
    let after = inner.get(end..).unwrap_or_default();
    let Some(body) = after.strip_prefix('$') else { return (Token::Literal, after) };
    let tag = text.get(..end.saturating_add(2)).unwrap_or_default();
    match body.split_once(tag) {
        Some((_, after)) => (Token::Literal, after),
        None => (Token::Doubtful, ""),
    }
}

/// Behind a number: `0x1f`, `1.5e-3`.
fn number(text: &str) -> &str {
    let after = text.trim_start_matches(|it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '_'));
    let length = text.len().saturating_sub(after.len());
    let has_exponent = text.get(..length).is_some_and(|number| number.ends_with(['e', 'E']));
    match after.strip_prefix(['+', '-']) {
        Some(exponent) if has_exponent => exponent.trim_start_matches(|it: char| it.is_ascii_digit()),
        _ => after,
    }
}

/// Behind a comment to the end of its line. Where only some dialects see one, a quotation mark in it would open a string in the others.
fn line(text: &str) -> (Token<'_>, &str) {
    let (comment, after) = text.split_once('\n').unwrap_or((text, ""));
    let is_sure = comment.starts_with([' ', '\t', '\r'])
        || comment.is_empty()
        || !comment.contains(['\'', '"', '`', '$', '*']);
    if is_sure { (Token::Blank, after) } else { (Token::Doubtful, "") }
}

/// Behind a comment of MySQL; to others `#` is an operator.
fn hash(text: &str) -> (Token<'_>, &str) {
    let (comment, after) = text.split_once('\n').unwrap_or((text, ""));
    if comment.contains(['\'', '"', '`', '$', '*']) { (Token::Doubtful, "") } else { (Token::Blank, after) }
}

/// Behind a comment in `/*` and `*/`; whether one can be inside of another, dialects differ.
fn comment(text: &str) -> (Token<'_>, &str) {
    match text.get(2..).and_then(|inner| inner.split_once("*/")) {
        Some((inner, after)) if !inner.contains("/*") && !inner.starts_with('!') => (Token::Blank, after),
        _ => (Token::Doubtful, ""),
    }
}
