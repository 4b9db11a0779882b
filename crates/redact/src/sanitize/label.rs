//! Labels of metrics: short, of a small alphabet, and never a person's.

use crate::name::is_fit_label;
use crate::redacted::Redacted;
use crate::text::mark;

/// The longest label.
const LONGEST: usize = 64;
/// What stands for a label that may not be shown.
const OTHER: &str = "other";

/// A value for a label: at most 64 letters, digits and `_ - . : /`, other characters as `_`; `other` when it is longer, empty, or has something personal in it.
///
/// ```
/// use portcullis_redact::label;
/// assert_eq!(label("Product details").as_str(), "Product_details");
/// assert_eq!(label("ada@example.org").as_str(), "other");
/// ```
pub fn label(value: &str) -> Redacted {
    let fits = (1..=LONGEST).contains(&value.len()) && is_fit_label(value) && mark(value).spans.is_empty();
    if !fits {
        return Redacted::fixed(OTHER);
    }
    let shown = |it: char| if it.is_ascii_alphanumeric() || "_-.:/".contains(it) { it } else { '_' };
    Redacted::sure(value.chars().map(shown).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, expected: &str) {
        assert_eq!(label(value).as_str(), expected, "{value}");
    }

    #[test]
    fn labels() {
        check("GET", "GET");
        check("eu-west-1.a:b/c", "eu-west-1.a:b/c");
        check("ä b", "__b");
        check("", "other");
        check(&"a".repeat(64), &"a".repeat(64));
        check(&"a".repeat(65), "other");
        check("203.0.113.9", "other");
        check("user_4915112345678", "other");
        check("a\"}\n", "a___");
    }
}
