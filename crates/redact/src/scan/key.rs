//! Values under a key that says what they are: `"phone": "…"`, `api_key=…`, `(ssn)=(…)`.

mod names;

use super::Place;
use super::bytes::{Bytes, is_digit, is_letter, is_word};
use super::person;
use crate::kind::Kind;
use crate::span::Span;
use names::Meaning;

/// The longest key that is looked at.
const KEY: usize = 48;
/// The longest value that is looked at, of a secret and of everything else.
const SECRET: usize = 4096;
const VALUE: usize = 160;

/// What is personal in the value of the key that ends with this token.
pub(super) fn value(place: Place<'_>) -> Option<Span> {
    let Place { text, end, .. } = place;
    if !matches!(text.at(end), b'=' | b':' | b'"' | b'\'' | b'\\' | b')' | b'`' | b' ' | b']') {
        return None;
    }
    let (start, quote) = value_start(text, end)?;
    let key = text.run_back(end, KEY, |byte| is_word(byte) || matches!(byte, b'_' | b'-'));
    let meaning = names::meaning(text.slice(key, end))?;
    if quote == 0 && is_variable(text.at(start)) {
        return None;
    }
    let most = if meaning == Meaning::Secret { SECRET } else { VALUE };
    let end = value_end(text, start, quote, most);
    let is_quoted = quote != 0;
    let value = text.slice(start, end);
    if value.is_empty() || is_placeholder(value) {
        return None;
    }
    let kind = match meaning {
        Meaning::Secret => (is_quoted || text.back(start, 1) != b' ')
            .then_some(())
            .or(looks_random(value).then_some(()))
            .filter(|()| is_secret(value))
            .map(|()| Kind::Secret),
        Meaning::Card => (12..=19).contains(&digits(value, b" -")?).then_some(Kind::Card),
        Meaning::CardCode => ((3..=4).contains(&digits(value, b"")?)).then_some(Kind::Secret),
        Meaning::Phone => (6..=17).contains(&digits(value, b" -+().x/")?).then_some(Kind::Phone),
        Meaning::Identity => is_identity(value).then_some(Kind::NationalId),
        Meaning::Ssn => is_identity(value).then_some(Kind::Ssn),
        Meaning::BirthDate => (4..=10).contains(&digits(value, b"-/. TZ:")?).then_some(Kind::BirthDate),
        Meaning::GivenName => person::is_given_name(value).then_some(Kind::Person),
        Meaning::FullName => person::is_full_name(value).then_some(Kind::Person),
        Meaning::Address => (is_quoted && value.len() >= 3 && value.iter().any(|byte| is_letter(*byte)))
            .then_some(Kind::Address),
    }?;
    Some(Span { start, end, kind })
}

/// Whether what stands under a key is a secret.
pub(super) fn is_secret_key(key: &[u8]) -> bool {
    matches!(names::meaning(key), Some(Meaning::Secret | Meaning::CardCode))
}

/// Where the value begins, and the quotation mark before it.
fn value_start(text: Bytes<'_>, end: usize) -> Option<(usize, u8)> {
    let mut at = text.run(end, 2, |byte| byte == b'\\');
    at = text.run(at, 2, |byte| matches!(byte, b'"' | b'\'' | b'`' | b')' | b']'));
    at = text.run(at, 2, |byte| byte == b' ');
    let mark = text.run(at, 2, |byte| matches!(byte, b'=' | b':' | b'>'));
    if mark == at {
        return None;
    }
    at = text.run(mark, 2, |byte| byte == b' ');
    at = text.run(at, 2, |byte| byte == b'\\');
    Some(match text.at(at) {
        quote @ (b'"' | b'\'' | b'`') => (at.saturating_add(1), quote),
        b'(' => (at.saturating_add(1), b')'),
        _ => (at, 0),
    })
}

/// Where it has ended: at its quotation mark, or without one where code, URLs and log lines end values.
fn value_end(text: Bytes<'_>, start: usize, quote: u8, most: usize) -> usize {
    if quote != 0 {
        let end = text.run(start, most, |byte| byte != quote && byte != b'\n');
        if text.at(end) == quote {
            return text.run_back(end, 1, |byte| byte == b'\\').max(start);
        }
    }
    text.run(start, most, |byte| {
        !byte.is_ascii_whitespace()
            && !matches!(byte, b'"' | b'\'' | b'&' | b';' | b',' | b')' | b'}' | b']' | b'<')
    })
}

fn is_placeholder(value: &[u8]) -> bool {
    let named = |kind: &Kind| {
        value.starts_with(kind.placeholder().as_bytes()) || kind.placeholder().as_bytes().starts_with(value)
    };
    value.starts_with(b"[") && Kind::ALL.iter().any(named)
}

/// Whether what begins so is filled in later, or was taken out.
const fn is_variable(first: u8) -> bool {
    matches!(first, b'$' | b'?' | b'{' | b'<' | b'*' | b':' | b'[' | b'%' | b'@')
}

/// Whether what stands under a key for secrets is one, and not a type or nothing.
fn is_secret(value: &[u8]) -> bool {
    const NOTHING: [&[u8]; 12] = [
        b"null",
        b"nil",
        b"none",
        b"true",
        b"false",
        b"undefined",
        b"string",
        b"string!",
        b"[string]",
        b"required",
        b"missing",
        b"invalid",
    ];
    value.len() >= 3 && !NOTHING.iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// Letters and digits: what follows `token: ` in prose is a word.
fn looks_random(value: &[u8]) -> bool {
    value.len() >= 6 && value.iter().any(|byte| is_digit(*byte)) && value.iter().any(|byte| is_letter(*byte))
}

/// How many digits there are, when there is nothing else but these.
fn digits(value: &[u8], others: &[u8]) -> Option<usize> {
    let fits = value.iter().all(|byte| is_digit(*byte) || others.contains(byte));
    fits.then(|| value.iter().filter(|byte| is_digit(**byte)).count())
}

fn is_identity(value: &[u8]) -> bool {
    let digits = value.iter().filter(|byte| is_digit(**byte)).count();
    (4..=20).contains(&digits)
        && value.len() <= 28
        && value.iter().all(|byte| byte.is_ascii_alphanumeric() || b" -./".contains(byte))
}
