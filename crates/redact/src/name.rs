//! Names that clients choose and operators read: operation names and the like.
//!
//! The name grammar leaves letters, digits and underscores, so what can hide in a name is a number (phone, card,
//! account) or a token; words of a person's name cannot be told from words of an operation's.

/// Digits that a name may have in all; a phone or account number has more.
const MOST_DIGITS: usize = 6;

/// How tokens of well-known issuers start; compared in any case, after letters and underscores only.
const TOKEN_PREFIXES: [&str; 9] =
    ["eyj", "ghp_", "gho_", "ghs_", "github_pat_", "sk_live_", "sk_test_", "akia", "xoxb_"];

/// Letters and digits after a prefix that make it a token rather than a word.
const TOKEN_TAIL: usize = 16;

/// Whether a name may be shown as it is; if not, show a hash in its place.
///
/// ```
/// use portcullis_redact::is_fit_label;
/// assert!(is_fit_label("ProductDetailsV2"));
/// assert!(!is_fit_label("user_4915112345678"));
/// ```
pub fn is_fit_label(name: &str) -> bool {
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    digits <= MOST_DIGITS && !looks_like_a_token(name)
}

fn looks_like_a_token(name: &str) -> bool {
    let folded = name.to_ascii_lowercase();
    let is_token = |prefix: &&str| match folded.strip_prefix(*prefix) {
        Some(tail) => tail.len() >= TOKEN_TAIL && tail.bytes().any(|byte| byte.is_ascii_digit()),
        None => false,
    };
    TOKEN_PREFIXES.iter().any(is_token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: bool) {
        assert_eq!(is_fit_label(name), expected, "{name}");
    }

    #[test]
    fn names_of_operations_are_fit() {
        check("", true);
        check("Product", true);
        check("ProductDetailsV2", true);
        check("Report_2026_11", true);
        check("skLiveDashboardOverviewQuery", true);
        check("eyjafjallajokullWebcamsOverview", true);
    }

    #[test]
    fn numbers_of_people_are_not() {
        check("d123456", true);
        check("d1234567", false);
        check("user_4915112345678", false);
        check("c4111_1111_1111_1111", false);
    }

    #[test]
    fn tokens_are_not() {
        check("ghp_abcdefghijklmnopqrst1", false);
        check("eyJhbGciOiJIUzI1NiIsInR5cCI6", false);
        check("AKIAIOSFODNN7EXAMPLEXX", false);
    }
}
