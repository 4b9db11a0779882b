//! A text that may be shown.

use std::fmt;

/// A text without what is recognised as personal or secret. Only this crate makes one, so whoever asks for it cannot be given a raw text.
///
/// It does not know how to serialise itself: that is done at the edges, from [`Redacted::as_str`].
///
/// ```
/// use portcullis_redact::redact;
/// assert_eq!(redact("mail ada@example.org").as_str(), "mail [email]");
/// ```
///
/// ```compile_fail
/// let text = portcullis_redact::Redacted(String::from("raw"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Redacted(String);

impl Redacted {
    /// A text that stands in the program.
    pub fn fixed(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// The number in decimal, of what was counted or measured here.
    pub fn number(number: u64) -> Self {
        Self(number.to_string())
    }

    /// Puts another behind it.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.0.push_str(&other.0);
        self
    }

    /// At most so many characters of it, with `…` in place of the others. A placeholder is not cut in two.
    #[must_use]
    pub fn cut(mut self, chars: usize) -> Self {
        let Some((at, _)) = self.0.char_indices().nth(chars) else { return self };
        let kept = self.0.get(..at).unwrap_or_default();
        let end = match kept.rfind('[') {
            Some(open) if !kept.get(open..).is_some_and(|tail| tail.contains(']')) => open,
            _ => at,
        };
        self.0.truncate(end);
        self.0.push('…');
        self
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, to own.
    pub fn into_string(self) -> String {
        self.0
    }

    /// What this crate has made sure of.
    pub(crate) const fn sure(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for Redacted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl AsRef<str> for Redacted {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<Redacted> for String {
    fn from(text: Redacted) -> Self {
        text.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_put_together() {
        let text =
            Redacted::fixed("refused ").and(&Redacted::number(3)).and(&crate::redact(" of ada@example.org"));
        assert_eq!(text.to_string(), "refused 3 of [email]");
    }

    #[test]
    fn cutting_leaves_placeholders_whole() {
        #[track_caller]
        fn check(chars: usize, expected: &str) {
            assert_eq!(Redacted::fixed("öl [email] b").cut(chars).as_str(), expected);
        }
        check(0, "…");
        check(2, "öl…");
        check(6, "öl …");
        check(10, "öl [email]…");
        check(12, "öl [email] b");
    }
}
