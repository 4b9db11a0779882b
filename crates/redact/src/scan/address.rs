//! Houses: a street and its number, in the ways of some languages.

use super::Place;
use super::bytes::{Bytes, is_digit, is_letter, is_word};
use super::digits::Run;
use super::hint::Hint;

/// How words for streets end where they are one word with the name.
const ENDINGS: [&str; 22] = [
    "straße",
    "strasse",
    "gasse",
    "platz",
    "allee",
    "weg",
    "damm",
    "ufer",
    "stieg",
    "straat",
    "laan",
    "plein",
    "gracht",
    "kade",
    "boulevard",
    "gatan",
    "vägen",
    "gränd",
    "stigen",
    "torget",
    "gade",
    "vej",
];

/// Words for streets before the name, and how many words the name may have.
const BEFORE: [&str; 26] = [
    "Via", "Viale", "Piazza", "Corso", "Strada", "Vicolo", "Largo", "Rotonda", "Canale", "Calle", "Avenida",
    "Plaza", "Paseo", "Pasadizo", "Ronda", "Rua", "Travessa", "Estrada", "Alameda", "ulica", "ul", "aleja",
    "al", "plac", "pl", "os",
];

/// Words for streets after a number and, in English, a name.
const AFTER: [&str; 36] = [
    "Street",
    "St",
    "Road",
    "Rd",
    "Avenue",
    "Ave",
    "Lane",
    "Ln",
    "Drive",
    "Dr",
    "Court",
    "Ct",
    "Way",
    "Place",
    "Square",
    "Terrace",
    "Boulevard",
    "Blvd",
    "Crescent",
    "Parkway",
    "Highway",
    "Corners",
    "Corner",
    "Shores",
    "Ridges",
    "Ridge",
    "Mill",
    "Mills",
    "Islands",
    "Island",
    "Close",
    "Gardens",
    "Grove",
    "Hill",
    "Trail",
    "Circle",
];

/// Words for streets after a number and before a name, in French.
const FRENCH: [&str; 9] =
    ["rue", "avenue", "boulevard", "place", "chemin", "impasse", "allée", "quai", "cours"];

/// Where an address that begins with the name of a street has ended.
pub(super) fn named(place: Place<'_>) -> Option<usize> {
    let Place { text, start, end, hints } = place;
    let first = text.at(start);
    let compound = text.run(start, 60, |byte| is_letter(byte) || byte == b'-');
    if (first.is_ascii_uppercase() || first >= 0xc3)
        && let Some(end) = house(text, compound)
    {
        let name = text.slice(start, compound);
        // Too many words end so; behind one such as `lives` it is a street.
        let is_ring = || name.to_ascii_lowercase().ends_with(b"ring") && hints.near(Hint::House, start, 6);
        return (ends_as_street(name) || is_ring()).then_some(end);
    }
    let word = text.slice(start, end);
    if !matches!(text.at(end), b' ' | b'.') || !BEFORE.iter().any(|before| before.as_bytes() == word) {
        return None;
    }
    let mut at = text.run(end, 1, |byte| byte == b'.');
    for _ in 0..4 {
        let from = at.saturating_add(1);
        let to = text.run(from, 40, |byte| is_letter(byte) || matches!(byte, b'-' | b'\'' | b'.'));
        if text.at(at) != b' ' || to == from {
            return None;
        }
        if let Some(end) = house(text, to) {
            return Some(end);
        }
        at = to;
    }
    None
}

/// A word of which a part at least is before such an ending, or which has such a word behind its last hyphen.
fn ends_as_street(name: &[u8]) -> bool {
    let ends = |ending: &str| {
        let at = name.len().checked_sub(ending.len())?;
        name.get(at..)?.eq_ignore_ascii_case(ending.as_bytes()).then_some(at >= 3)
    };
    ENDINGS.iter().any(|ending| ends(ending).unwrap_or_default()) || name.ends_with(b"str")
}

/// Where the number of a house that stands here, behind a blank, has ended.
fn house(text: Bytes<'_>, at: usize) -> Option<usize> {
    let from = text.run(at, 3, |byte| matches!(byte, b' ' | b',' | b'.'));
    let digits = text.run(from, 5, is_digit);
    if from == at || text.back(from, 1) != b' ' || digits == from || digits.saturating_sub(from) > 4 {
        return None;
    }
    let letter = text.run(digits, 1, |byte| byte.is_ascii_alphabetic());
    let more = text.run(letter, 5, |byte| is_digit(byte) || matches!(byte, b'-' | b'/'));
    let end = text.run_back(more, 1, |byte| matches!(byte, b'-' | b'/')).max(letter);
    (!is_word(text.at(end)) && !matches!(text.at(end), b':' | b'%')).then(|| unit(text, end))
}

/// Behind the flat, where one follows: `Suite 703`, `Apt. 83`, `Piso 9`.
fn unit(text: Bytes<'_>, end: usize) -> usize {
    const UNITS: [&str; 7] = ["Suite", "Apt", "Piso", "Appartamento", "Unit", "Flat", "Puerta"];
    let from = text.run(end, 2, |byte| matches!(byte, b' ' | b','));
    let word = text.run(from, 12, is_letter);
    let number = text.run(word, 2, |byte| matches!(byte, b' ' | b'.'));
    let to = text.run(number, 5, is_digit);
    let is_one = UNITS.iter().any(|unit| unit.as_bytes() == text.slice(from, word)) && to > number;
    if is_one { to } else { end }
}

/// Where an address that begins with the number of the house has ended.
pub(super) fn numbered(place: Place<'_>, run: &Run<'_>) -> Option<usize> {
    let text = place.text;
    let [first, ..] = run.groups() else { return None };
    let is_whole = first.len() <= 5 && !run.has_tail && run.groups().len() == 1;
    let mut at = text.run(first.end, 1, |byte| byte == b',');
    if !is_whole || text.at(at) != b' ' || matches!(text.back(first.start, 1), b'.' | b'-' | b'#' | b'$') {
        return None;
    }
    for count in 0..4 {
        let from = at.saturating_add(1);
        let to = text.run(from, 40, |byte| is_letter(byte) || matches!(byte, b'-' | b'\''));
        let word = text.slice(from, to);
        if text.at(at) != b' ' || word.is_empty() {
            return None;
        }
        if count == 0 && FRENCH.iter().any(|street| street.as_bytes() == word) {
            return french(text, to);
        }
        if !text.at(from).is_ascii_uppercase() {
            return None;
        }
        if count > 0 && AFTER.iter().any(|street| street.as_bytes() == word) {
            return Some(unit(text, to));
        }
        at = to;
    }
    None
}

/// Where the name behind a French word for a street has ended: words with capitals, and small ones between.
fn french(text: Bytes<'_>, start: usize) -> Option<usize> {
    const SMALL: [&str; 7] = ["de", "du", "des", "la", "le", "les", "d"];
    let (mut at, mut end) = (start, None);
    for _ in 0..5 {
        let from = at.saturating_add(1);
        let to = text.run(from, 40, |byte| is_letter(byte) || matches!(byte, b'-' | b'\''));
        let word = text.slice(from, to);
        let is_capital = text.at(from).is_ascii_uppercase() || text.at(from) >= 0xc3;
        if text.at(at) != b' ' || !(is_capital || SMALL.iter().any(|small| small.as_bytes() == word)) {
            break;
        }
        if is_capital {
            end = Some(to);
        }
        at = to;
    }
    end
}
