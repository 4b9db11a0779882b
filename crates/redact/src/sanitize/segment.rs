//! Parts of paths and keys: the words that developers chose stay, what was put in for a thing or a person goes.

use crate::name::is_fit_label;
use crate::text::mark;

/// What stands for a part that goes.
pub(super) const GONE: &str = "{id}";

/// The longest word that stays, and the most digits in one.
const LONGEST: usize = 40;
const DIGITS: usize = 3;

/// Words behind which the name of somebody stands.
const OWNERS: [&str; 20] = [
    "user",
    "users",
    "u",
    "account",
    "accounts",
    "customer",
    "customers",
    "client",
    "clients",
    "member",
    "members",
    "people",
    "person",
    "profile",
    "profiles",
    "author",
    "authors",
    "email",
    "phone",
    "by-name",
];

/// Whether a part stays, behind the part before it.
pub(super) fn stays(part: &str, before: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let letters = part.bytes().filter(u8::is_ascii_alphabetic).count();
    let plain = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    let is_owned = OWNERS.iter().any(|owner| before.eq_ignore_ascii_case(owner));
    let is_word = plain && part.len() <= LONGEST && letters > 0 && digits <= DIGITS && !is_random(part);
    is_word && !is_owned && is_fit_label(part) && mark(part).spans.is_empty()
}

/// Hexadecimal, and letters whose case changes as it does in no word.
fn is_random(part: &str) -> bool {
    let has_digit = part.bytes().any(|byte| byte.is_ascii_digit());
    let is_hex =
        part.len() >= 6 && has_digit && part.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let turns = part
        .as_bytes()
        .windows(2)
        .filter(|pair| matches!(pair, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase()))
        .count();
    is_hex || (has_digit && turns > 2)
}
