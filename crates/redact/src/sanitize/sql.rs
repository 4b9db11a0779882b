//! SQL without literals and comments, for all dialects: where two of them read a text differently, nothing of it is shown from there on.

mod token;

use crate::name::is_fit_label;
use crate::redacted::Redacted;
use crate::text::redact;
use token::{Token, next};

/// Bytes that are read at most, and characters that are said.
const READ: usize = 65_536;
const SAID: usize = 2_000;
/// The longest name.
const NAME: usize = 64;

/// A statement with `?` for every literal and parameter, lists of them as one, and no comments.
///
/// ```
/// use portcullis_redact::sql;
/// assert_eq!(sql("SELECT a FROM t WHERE b = 'x' AND c IN (1, 2, 3) -- ada").as_str(), "SELECT a FROM t WHERE b = ? AND c IN (?)");
/// ```
pub fn sql(text: &str) -> Redacted {
    let end = (0..=text.len().min(READ)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    let mut said = Said { text: String::new(), last: Last::Start, clause: Clause::Names };
    let mut rest = text.get(..end).unwrap_or_default();
    while !rest.is_empty() && said.text.len() < SAID {
        let (token, after) = next(rest);
        rest = after;
        match token {
            Token::Blank => said.blank(),
            Token::Literal => said.literal(),
            Token::Word(word) => said.word(word),
            Token::Quoted(inner, quote) if said.is_name(inner, rest) => said.name(inner, quote),
            Token::Quoted(..) => said.literal(),
            Token::Mark(mark) => said.mark(mark),
            Token::Doubtful => {
                said.literal();
                said.text.push('…');
                return redact(&said.text);
            }
        }
    }
    let is_cut = !rest.is_empty() || end < text.len();
    let text = redact(said.text.trim_end());
    if is_cut { text.and(&Redacted::fixed("…")) } else { text }
}

/// What was said last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Start,
    /// A word that names follow.
    Keyword,
    /// Another word, or a name.
    Name,
    Literal,
    /// `.`
    Dot,
    /// `,`
    Comma,
    /// An operator or a bracket.
    Other,
}

/// Whether names or values stand between commas.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Clause {
    Names,
    Values,
}

struct Said {
    text: String,
    last: Last,
    clause: Clause,
}

impl Said {
    fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with([' ', '(']) {
            self.text.push(' ');
        }
    }

    /// Says `?`, once for a list of literals and once for a list of such lists.
    fn literal(&mut self) {
        let kept = self.text.trim_end();
        if let Some(list) = kept.strip_suffix(',').map(str::trim_end).filter(|list| list.ends_with('?')) {
            self.text.truncate(list.len());
        } else {
            self.text.push('?');
        }
        self.last = Last::Literal;
    }

    fn word(&mut self, word: &str) {
        const NAMES: [&str; 24] = [
            "SELECT",
            "FROM",
            "JOIN",
            "INTO",
            "UPDATE",
            "TABLE",
            "BY",
            "AS",
            "ON",
            "WHERE",
            "AND",
            "OR",
            "SET",
            "DISTINCT",
            "NOT",
            "HAVING",
            "RETURNING",
            "USING",
            "CASE",
            "THEN",
            "ELSE",
            "WHEN",
            "COLUMN",
            "INDEX",
        ];
        const VALUES: [&str; 8] = ["VALUES", "IN", "LIKE", "ILIKE", "BETWEEN", "REGEXP", "RLIKE", "VALUE"];
        let is_in = |words: &[&str]| words.iter().any(|known| word.eq_ignore_ascii_case(known));
        let is_fit = word.chars().count() <= NAME && is_fit_label(word);
        self.text.push_str(if is_fit { word } else { "?" });
        self.last = Last::Name;
        if is_in(&NAMES) {
            (self.last, self.clause) = (Last::Keyword, Clause::Names);
        } else if is_in(&VALUES) {
            (self.last, self.clause) = (Last::Other, Clause::Values);
        }
    }

    /// Whether what stands in quotation marks is a name: in some dialects those of names quote strings as well.
    fn is_name(&self, inner: &str, rest: &str) -> bool {
        let is_shaped = (1..=NAME).contains(&inner.len())
            && !inner.starts_with(|it: char| it.is_ascii_digit())
            && inner.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '_' | '$'))
            && is_fit_label(inner);
        let next = rest.trim_start().chars().next();
        let stands = match self.last {
            Last::Dot => true,
            Last::Start | Last::Name | Last::Literal => next == Some('.'),
            Last::Keyword => !matches!(next, Some('\'')),
            Last::Comma => self.clause == Clause::Names,
            Last::Other => {
                next == Some('.') || (self.clause == Clause::Names && self.text.trim_end().ends_with('('))
            }
        };
        is_shaped && stands
    }

    fn name(&mut self, inner: &str, quote: char) {
        let close = if quote == '[' { ']' } else { quote };
        self.text.push(quote);
        self.text.push_str(inner);
        self.text.push(close);
        self.last = Last::Name;
    }

    fn mark(&mut self, mark: char) {
        if mark == ')' {
            self.text.truncate(self.text.trim_end().len());
        }
        self.text.push(mark);
        if mark == ')' {
            // `(?), (?)` is `(?)`.
            let list = self
                .text
                .strip_suffix("(?)")
                .map(str::trim_end)
                .and_then(|it| it.strip_suffix(','))
                .map(str::trim_end);
            if let Some(list) = list.filter(|list| list.ends_with("(?)")) {
                self.text.truncate(list.len());
            }
        }
        self.last = match mark {
            '.' => Last::Dot,
            ',' => Last::Comma,
            ')' => Last::Name,
            _ => Last::Other,
        };
    }
}

#[cfg(test)]
mod tests;
