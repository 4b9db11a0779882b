//! Names of persons, as far as what stands around them shows them: a title, a key, a word such as `contact`.
//!
//! A name alone cannot be told from other words; nothing here tries.

use super::Place;
use super::bytes::{Bytes, is_letter, is_word};
use super::hint::Hint;

/// Words of a name, particles included.
const WORDS: usize = 6;
/// The longest word.
const WORD: usize = 40;

const TITLES: [&str; 27] = [
    "Univ", "Mr", "Mrs", "Ms", "Miss", "Mx", "Dr", "Prof", "Herr", "Herrn", "Frau", "Ing", "Dipl", "Sig",
    "Sig.ra", "Dott", "Dott.ssa", "pan", "pani", "Señor", "Señora", "Madame", "Monsieur", "Mme", "Mlle",
    "Mevrouw", "Mevr",
];

const PARTICLES: [&str; 26] = [
    "de", "del", "della", "di", "da", "das", "do", "dos", "du", "des", "la", "le", "las", "los", "van",
    "von", "vom", "der", "den", "het", "ten", "ter", "te", "zu", "y", "e",
];

/// What is written to, and has capitals, and is nobody.
const NOBODY: [&str; 20] = [
    "Support",
    "Team",
    "Service",
    "Services",
    "Sales",
    "Customer",
    "Office",
    "Center",
    "Centre",
    "Department",
    "Sie",
    "Us",
    "Our",
    "The",
    "Help",
    "Desk",
    "Please",
    "Inc",
    "Ltd",
    "API",
];

/// Where a name that begins here with a title, or stands behind a word such as `contact`, has ended.
pub(super) fn titled(place: Place<'_>) -> Option<usize> {
    let Place { text, start, end, hints } = place;
    if let Some(after) = title(text, start, end) {
        // `Dr. Prof. …`
        let mut from = after;
        for _ in 0..3 {
            let end = text.run(from, WORD, is_word);
            from = title(text, from, end).unwrap_or(from);
        }
        let (end, words) = sequence(text, from)?;
        return (words >= 1).then_some(end);
    }
    let said = |reach: usize| hints.near(Hint::Contact, start, reach);
    let is_next = said(1)
        || is_verb(text, start)
        || (said(5) && matches!(text.slice(start.saturating_sub(4), start), b"con " | b"Sie "));
    if !is_next || !is_capital(text, start) {
        return None;
    }
    let (end, words) = sequence(text, start)?;
    (words >= 2).then_some(end)
}

/// Who is called or rung; the words also stand before numbers.
fn is_verb(text: Bytes<'_>, start: usize) -> bool {
    let verbs = [&b"Ring "[..], b"Bel ", b"Call ", b"call "];
    verbs.iter().any(|verb| text.slice(start.saturating_sub(verb.len()), start) == *verb)
}

/// Where a name that is all of a column or quoted value has ended, beside a column with an e-mail address.
pub(super) fn cell(place: Place<'_>) -> Option<usize> {
    let Place { text, start, hints, .. } = place;
    let edge = |byte: u8| matches!(byte, b',' | b';' | b'\t' | b'|' | b'\'' | b'"');
    if !edge(text.back(start, 1)) || !is_capital(text, start) {
        return None;
    }
    let (end, words) = sequence(text, start)?;
    let next = text.run(end, 4, |byte| edge(byte) || byte == b' ');
    let ahead = || text.slice(next, text.run(next, 64, |byte| !edge(byte) && byte != b' ')).contains(&b'@');
    (words >= 2 && edge(text.at(end)) && (hints.near(Hint::Mail, start, 5) || ahead())).then_some(end)
}

/// Where the name behind a title begins.
fn title(text: Bytes<'_>, start: usize, end: usize) -> Option<usize> {
    let stands = |title: &&&str| text.slice(start, start.saturating_add(title.len())) == title.as_bytes();
    let first = text.slice(start, end);
    if first.len() < 2 || first.len() > 9 || !matches!(text.at(end), b' ' | b'.' | b'-') {
        return None;
    }
    let title = TITLES
        .iter()
        .filter(|title| title.as_bytes().starts_with(first))
        .filter(stands)
        .max_by_key(|title| title.len())?;
    let mut after = start.saturating_add(title.len());
    let is_short = text.at(after) == b'.';
    after = after.saturating_add(usize::from(is_short));
    match text.at(after) {
        b' ' | b'-' => Some(after.saturating_add(1)),
        _ => is_short.then_some(after),
    }
}

/// Where words with capitals that begin here have ended, and how many they are without particles.
fn sequence(text: Bytes<'_>, start: usize) -> Option<(usize, usize)> {
    let mut ended = None;
    let (mut at, mut words) = (start, 0_usize);
    for _ in 0..WORDS {
        let end = text.run(at, WORD, |byte| is_letter(byte) || matches!(byte, b'-' | b'\''));
        let end = text.run_back(end, 1, |byte| matches!(byte, b'-' | b'\'')).max(at);
        let word = text.slice(at, end);
        if is_capital(text, at) && word.len() >= 2 {
            if NOBODY.iter().any(|nobody| nobody.as_bytes() == word) {
                return None;
            }
            words = words.saturating_add(1);
            ended = Some(end);
        } else if !PARTICLES.iter().any(|particle| particle.as_bytes() == word) || words == 0 {
            break;
        }
        if text.at(end) != b' ' {
            break;
        }
        at = end.saturating_add(1);
    }
    let end = ended?;
    Some((degree(text, end), words))
}

/// Behind a degree that follows a name, such as `B.A.` or `MBA.`
fn degree(text: Bytes<'_>, end: usize) -> usize {
    let from = end.saturating_add(1);
    let to = text.run(from, 8, |byte| byte.is_ascii_alphabetic() || byte == b'.');
    let is_one = text.at(end) == b' '
        && text.at(from).is_ascii_uppercase()
        && to.saturating_sub(from) >= 4
        && text.back(to, 1) == b'.'
        && text.back(to, 2) != b'.';
    if is_one { to } else { end }
}

/// Whether a word begins here with a capital; of those outside of ASCII all count as such.
fn is_capital(text: Bytes<'_>, at: usize) -> bool {
    text.at(at).is_ascii_uppercase() || text.at(at) >= 0xc3
}

/// Whether what stands under a key for a part of a name can be one.
pub(super) fn is_given_name(value: &[u8]) -> bool {
    (1..=80).contains(&value.len())
        && value.iter().all(|byte| is_letter(*byte) || b" .'-".contains(byte))
        && !is_a_type(value)
}

/// Whether what stands under a key for a whole name can be one: two words with capitals.
pub(super) fn is_full_name(value: &[u8]) -> bool {
    let words = value
        .split(|byte| *byte == b' ')
        .filter(|word| word.first().is_some_and(|first| first.is_ascii_uppercase() || *first >= 0xc3));
    let all = value.split(|byte| *byte == b' ').count();
    is_given_name(value) && words.count() >= 2 && all <= WORDS
}

fn is_a_type(value: &[u8]) -> bool {
    [&b"null"[..], b"true", b"false", b"None", b"String", b"undefined"].contains(&value)
}
