//! Numbers by which states know persons: by their shape and checksum, or behind a word that says so.

mod checks;

use super::Place;
use super::bytes::{Bytes, is_digit, is_word};
use super::digits::{Gap, Group, Run, is_luhn};
use super::hint::Hint;
use crate::kind::Kind;
use checks::{is_aadhaar, is_cnpj, is_cpf, is_day, is_ean, is_nir, is_pesel, tax_letter};

/// The fewest digits of one.
pub(super) const LEAST: usize = 6;
/// How far before a number a word such as `passport` still speaks of it.
const REACH: usize = 22;

/// A number of a person that begins with these groups of digits.
pub(super) fn number(place: Place<'_>, run: &Run<'_>) -> Option<(Kind, usize)> {
    let Place { text, start, hints, .. } = place;
    let before = text.back(start, 1);
    let is_part = (matches!(before, b'-' | b'.' | b'/') && is_word(text.back(start, 2)))
        || matches!(before, b'#' | b'+');
    if is_part {
        return None;
    }
    let told = is_told(place);
    let of_thing = !told && hints.near(Hint::Thing, start, 12);
    let groups = run.groups();
    let bare = |kind: Kind, count: usize| {
        run.first(count).and_then(|groups| groups.last()).map(|last| (kind, last.end))
    };
    let gaps: [Gap; 6] =
        std::array::from_fn(|at| groups.get(at.saturating_add(1)).map_or(Gap::Nothing, |group| group.gap));
    let lengths = Run::lengths::<7>(groups);
    let found = match (lengths, gaps) {
        ([3, 2, 4, 0, ..], [Gap::Dash, Gap::Dash, ..]) if is_social(run, groups) => bare(Kind::Ssn, 3),
        ([3, 2, 4, 0, ..], [Gap::Blank, Gap::Blank, ..]) if told && is_social(run, groups) => {
            bare(Kind::Ssn, 3)
        }
        ([3, 3, 3, 2, 0, ..], [Gap::Dot, Gap::Dot, Gap::Dash, ..]) if with(run, 4, is_cpf) => {
            bare(Kind::NationalId, 4)
        }
        ([2, 3, 3, 4, 2, 0, ..], [Gap::Dot, Gap::Dot, Gap::Slash, Gap::Dash, ..])
            if with(run, 5, is_cnpj) =>
        {
            bare(Kind::NationalId, 5)
        }
        ([3, 4, 4, 2, 0, ..], [Gap::Dot, Gap::Dot, Gap::Dot, ..])
            if with(run, 4, |it| it.starts_with(b"756") && is_ean(it)) =>
        {
            bare(Kind::NationalId, 4)
        }
        ([6 | 8, 4, 0, ..], [Gap::Dash | Gap::Other, ..])
            if !of_thing && with(run, 2, |it| is_swede(it) || (told && is_day(it, [4, 2, 0]))) =>
        {
            bare(Kind::NationalId, 2)
        }
        ([4, 4, 4, 0, ..], [Gap::Blank | Gap::Dash, ..]) if !of_thing && with(run, 3, is_aadhaar) => {
            bare(Kind::NationalId, 3)
        }
        ([2, 2, 2, 3, 2, 0, ..], [Gap::Dot, Gap::Dot, Gap::Dash, Gap::Dot, ..]) => bare(Kind::NationalId, 5),
        ([1, 2, 2, 2, 3, 3, 2], [Gap::Blank, ..]) if with(run, 7, is_nir) => bare(Kind::NationalId, 7),
        ([11, 0, ..], _) if !of_thing && with(run, 1, is_pesel) => bare(Kind::NationalId, 1),
        ([15, 0, ..], _) if !of_thing && with(run, 1, is_nir) => bare(Kind::NationalId, 1),
        ([11, ..], _) if told && with(run, 1, |it| is_cpf(it) || is_pesel(it)) => bare(Kind::NationalId, 1),
        _ => None,
    };
    found.or_else(|| told.then(|| any(run)).flatten())
}

/// Any number behind a word that says it is one of a person: six to eighteen digits, without regard to groups.
fn any(run: &Run<'_>) -> Option<(Kind, usize)> {
    (1..=run.groups().len()).rev().find_map(|count| {
        let groups = run.first(count)?;
        let short = groups
            .iter()
            .skip(1)
            .all(|group| group.len() <= 5 && group.gap != Gap::Slash && group.gap != Gap::Bracket);
        let fits = short && (6..=18).contains(&run.digits(groups)?.len());
        fits.then(|| groups.last().map(|last| (Kind::NationalId, last.end))).flatten()
    })
}

/// A token of letters and digits.
pub(super) fn code(place: Place<'_>) -> Option<usize> {
    let Place { text, start, end, hints } = place;
    let token = text.slice(start, end);
    let before = text.back(start, 1);
    let is_part = (matches!(before, b'-' | b'.') && is_word(text.back(start, 2)))
        || matches!(before, b'#' | b'_')
        || matches!(text.at(end), b'_' | b'=');
    if is_part || token.len() < 2 {
        return None;
    }
    if let Some(end) = british(text, start, end) {
        return Some(end);
    }
    let of_thing = hints.near(Hint::Thing, start, 12) && !is_told(place);
    let is_one = is_spanish(token)
        || is_italian(token)
        || (is_german_tax(token) && !of_thing)
        || is_austrian_tax(token);
    let told = || {
        is_told(place)
            && (6..=20).contains(&token.len())
            && token.iter().filter(|byte| is_digit(**byte)).count() >= 5
            && token.is_ascii()
    };
    (is_one || told()).then_some(end)
}

/// Whether a word just before says that a number of a person follows.
fn is_told(place: Place<'_>) -> bool {
    let hints = place.hints;
    hints.near(Hint::Identity, place.start, REACH)
        && hints.after(Hint::Identity, Hint::Phone)
        && hints.after(Hint::Identity, Hint::Card)
}

fn with(run: &Run<'_>, count: usize, check: impl Fn(&[u8]) -> bool) -> bool {
    run.first(count).and_then(|groups| run.digits(groups)).is_some_and(|digits| check(digits.bytes()))
}

/// Whether numbers of social security are given out in this area, group and series.
fn is_social(run: &Run<'_>, groups: &[Group]) -> bool {
    let value = |at: usize| run.value(at).unwrap_or_default();
    groups.len() >= 3 && !matches!(value(0), 0 | 666 | 900..) && value(1) != 0 && value(2) != 0
}

/// Sweden: a day of birth, with or without the century, and four digits with a checksum.
fn is_swede(digits: &[u8]) -> bool {
    let short = if digits.len() == 12 { digits.get(2..) } else { Some(digits) };
    short.is_some_and(|short| short.len() == 10 && is_luhn(short) && is_day(short, [0, 2, 4]))
}

/// National insurance of the United Kingdom, in one or in pairs.
fn british(text: Bytes<'_>, start: usize, end: usize) -> Option<usize> {
    let is_upper = |at: usize| text.at(at).is_ascii_uppercase();
    let second = start.saturating_add(1);
    if !is_upper(start) || !is_upper(second) {
        return None;
    }
    let spaced = end == start.saturating_add(2);
    let mut at = start.saturating_add(2);
    for _ in 0..3 {
        at = at.saturating_add(usize::from(spaced && text.at(at) == b' '));
        if !is_digit(text.at(at)) || !is_digit(text.at(at.saturating_add(1))) {
            return None;
        }
        at = at.saturating_add(2);
    }
    at = at.saturating_add(usize::from(spaced && text.at(at) == b' '));
    let end = at.saturating_add(1);
    (matches!(text.at(at), b'A'..=b'D') && !is_word(text.at(end))).then_some(end)
}

/// Spain: eight digits, or seven behind X, Y or Z, and the letter of their remainder.
fn is_spanish(token: &[u8]) -> bool {
    let Some((letter, digits)) = token.split_last().filter(|(_, digits)| digits.len() == 8) else {
        return false;
    };
    tax_letter(digits).is_some_and(|expected| expected == letter.to_ascii_uppercase())
}

/// Italy: six letters, year, month, day, place, check.
fn is_italian(token: &[u8]) -> bool {
    const SHAPE: &[u8; 16] = b"aaaaaa00a00a000a";
    let fits =
        |(shape, byte): (&u8, &u8)| if *shape == b'a' { byte.is_ascii_alphabetic() } else { is_digit(*byte) };
    token.len() == SHAPE.len() && SHAPE.iter().zip(token).all(fits)
}

/// Germany: of companies and of persons who trade.
fn is_german_tax(token: &[u8]) -> bool {
    token.strip_prefix(b"DE").is_some_and(|digits| digits.len() == 9 && digits.iter().all(u8::is_ascii_digit))
}

fn is_austrian_tax(token: &[u8]) -> bool {
    token
        .strip_prefix(b"ATU")
        .is_some_and(|digits| digits.len() == 8 && digits.iter().all(u8::is_ascii_digit))
}
