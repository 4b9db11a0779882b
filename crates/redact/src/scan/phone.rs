//! Phone numbers: international ones by their country code, national ones by how they are grouped, bare ones only where a word says so.

mod countries;

use super::Place;
use super::bytes::{Bytes, is_digit, is_word};
use super::digits::{Gap, Group, Run};
use super::hint::Hint;
use countries::length;

/// The fewest digits of one.
pub(super) const LEAST: usize = 7;
/// How far before a number a word such as `phone` still speaks of it, and how far a number may stand behind an e-mail address.
const REACH: usize = 24;
const MAIL_REACH: usize = 14;
/// How far a column of that name may be before a value.
const COLUMN_REACH: usize = 200;
/// The most digits of an extension.
const EXTENSION: usize = 7;
/// How far before a number a word such as `order` still speaks of it.
const THING_REACH: usize = 14;

/// Where a phone number that these groups belong to begins and has ended.
pub(super) fn find(place: Place<'_>, run: &Run<'_>) -> Option<(usize, usize)> {
    let Place { text, start, .. } = place;
    let before = text.back(start, 1);
    let found = if before == b'+' && !is_word(text.back(start, 2)) {
        (start.saturating_sub(1), international(run, 0)?)
    } else if before == b'(' && text.back(start, 2) == b'+' {
        (start.saturating_sub(2), international(run, 0)?)
    } else if run.digits(run.first(1)?)?.bytes().starts_with(b"00")
        && !is_part(text, start)
        && !is_of_thing(place)
    {
        (start, international(run, 2)?)
    } else if before == b'(' && !is_word(text.back(start, 2)) {
        (start.saturating_sub(1), national(place, run)?)
    } else if is_part(text, start) {
        return None;
    } else {
        (start, national(place, run)?)
    };
    let (begins, end) = found;
    Some((begins, extension(text, end)))
}

/// Whether the digits here are a part of something: a path, a price, a fraction, an identifier.
fn is_part(text: Bytes<'_>, start: usize) -> bool {
    let (before, second) = (text.back(start, 1), text.back(start, 2));
    let joined = matches!(before, b'-' | b'.' | b'/' | b'_' | b':' | b'+')
        && (is_word(second) || second == before)
        && !is_uri(text, start);
    joined || matches!(before, b'#' | b'$' | b'@' | b'/') || (before == b' ' && is_digit(second))
}

/// `tel:` and `sms:`.
fn is_uri(text: Bytes<'_>, start: usize) -> bool {
    let scheme = text.slice(start.saturating_sub(4), start);
    [&b"tel:"[..], b"sms:", b"Tel:", b"tel."].contains(&scheme)
        || text.slice(start.saturating_sub(6), start).eq_ignore_ascii_case(b"phone:")
}

/// A country code and a number as long as that country has; `skip` digits stand before it. `(0)` is not dialled.
fn international(run: &Run<'_>, skip: usize) -> Option<usize> {
    (1..=run.groups().len()).rev().find_map(|count| {
        let groups = run.first(count)?;
        let is_zero = |group: &Group| run.digits(&[*group]).is_some_and(|digits| digits.bytes() == b"0");
        let dialled = |group: &&Group| !(group.gap == Gap::Bracket && is_zero(group));
        let mut digits = [0_u8; 20];
        let mut length_of = 0;
        for group in groups.iter().filter(dialled) {
            for byte in run.digits(&[*group])?.bytes() {
                *digits.get_mut(length_of)? = *byte;
                length_of += 1;
            }
        }
        let digits = digits.get(skip..length_of)?;
        let (code, lengths) = length(digits)?;
        let fits = lengths.contains(&digits.len().checked_sub(code)?) && is_spaced(groups);
        fits.then(|| groups.last().map(|last| last.end)).flatten()
    })
}

/// Whether no group is a date, a price or the like: groups of at most twelve, of which only the first few may be single digits.
fn is_spaced(groups: &[Group]) -> bool {
    groups.len() == 1 || groups.iter().all(|group| group.len() <= 11)
}

fn national(place: Place<'_>, run: &Run<'_>) -> Option<usize> {
    let Place { text, start, hints, .. } = place;
    let told = is_told(place);
    if is_of_thing(place) {
        return None;
    }
    (1..=run.groups().len().min(6)).rev().find_map(|count| {
        let groups = run.first(count)?;
        let digits = run.digits(groups)?;
        let rest = run.groups().get(count);
        if rest
            .is_some_and(|next| matches!(next.gap, Gap::Dash | Gap::Dot | Gap::Slash | Gap::Blank) && !told)
        {
            return None;
        }
        let end = groups.last()?.end;
        let cell = || {
            is_cell(text, start, end)
                && (hints.near(Hint::Mail, start, MAIL_REACH) || hints.near(Hint::Phone, start, COLUMN_REACH))
        };
        let bracketed = text.back(start, 1) == b'(';
        let fits = match groups {
            [_] => (7..=13).contains(&digits.len()) && (told || cell() || is_trunk(digits.bytes())),
            _ if bracketed => {
                groups.get(1).is_some_and(|second| second.gap == Gap::Bracket)
                    && (8..=13).contains(&digits.len())
            }
            _ => is_grouped(groups, digits.bytes()) || (is_loose(groups, digits.bytes()) && (told || cell())),
        };
        fits.then_some(end)
    })
}

/// Whether a word just before says that the number is one of something else.
fn is_of_thing(place: Place<'_>) -> bool {
    let Place { start, hints, .. } = place;
    let near = hints.near(Hint::Thing, start, THING_REACH) || hints.near(Hint::Version, start, THING_REACH);
    near && !is_told(place)
}

/// Whether a word just before says so, or an e-mail address stands there, with which phone numbers come.
fn is_told(place: Place<'_>) -> bool {
    let Place { start, hints, .. } = place;
    let last = [Hint::Thing, Hint::Card, Hint::Identity].iter().filter_map(|hint| hints.last(*hint)).max();
    let near = |hint: Hint, reach: usize| hints.near(hint, start, reach) && hints.last(hint) > last;
    // Between the two there may be words and quotation marks, but nothing like `HTTP/1.1`.
    let apart = hints.last(Hint::Mail).is_some_and(|end| place.text.slice(end, start).contains(&b'/'));
    near(Hint::Phone, REACH) || (near(Hint::Mail, MAIL_REACH) && !apart)
}

/// Whether these bytes are all of a quoted value or of a column.
fn is_cell(text: Bytes<'_>, start: usize, end: usize) -> bool {
    let start = if text.back(start, 1) == b'(' { start.saturating_sub(1) } else { start };
    let edge = |byte: u8| matches!(byte, b'\'' | b'"' | b',' | b';' | b'\t' | b'|' | 0);
    edge(text.back(start, 1)) && edge(text.at(end))
}

/// Bare digits as they are dialled within some countries: ten or eleven behind a 0.
fn is_trunk(digits: &[u8]) -> bool {
    matches!(digits, [b'0', b'1'..=b'9', ..]) && (10..=11).contains(&digits.len())
}

/// Ways of grouping that nothing else has.
fn is_grouped(groups: &[Group], digits: &[u8]) -> bool {
    let (lengths, total) = (Run::lengths::<6>(groups), digits.len());
    let gap = groups.get(1).map_or(Gap::Nothing, |group| group.gap);
    let even = groups.iter().skip(1).all(|group| group.gap == gap);
    let spaced = groups
        .iter()
        .skip(1)
        .all(|group| matches!(group.gap, Gap::Blank | Gap::Dash | Gap::Slash | Gap::Bracket | Gap::Other));
    if digits.first() == Some(&b'0') {
        let dotted = even && gap == Gap::Dot && groups.len() >= 4;
        let area = (2..=6).contains(&groups.first().map_or(0, |first| first.len()));
        return area && (spaced || dotted) && (8..=12).contains(&total) && digits.get(1) != Some(&b'0');
    }
    let area = matches!(digits.first(), Some(b'2'..=b'9'));
    match lengths {
        // North America; France and Belgium without the 0; Spain; Poland; Italy; Brazil; China.
        [3, 3, 4, 0, ..] => area && even && gap != Gap::Slash,
        [1, 3, 3, 4, 0, 0] => digits.first() == Some(&b'1') && spaced,
        [3, 2, 2, 2, 0, 0] | [2, 3, 2, 2, 0, 0] => area && spaced,
        [3, 4, 4, 0, ..] => digits.first() == Some(&b'1') && spaced,
        [5, 5, 0, ..] => matches!(digits.first(), Some(b'6'..=b'9')) && gap == Gap::Blank,
        [2, 5, 4, 0, ..] | [2, 4, 4, 0, ..] => {
            area && spaced && groups.get(2).is_some_and(|last| last.gap == Gap::Dash)
        }
        _ => false,
    }
}

/// Ways of grouping that other numbers have as well.
fn is_loose(groups: &[Group], digits: &[u8]) -> bool {
    let even =
        groups.iter().skip(1).all(|group| !matches!(group.gap, Gap::Dot | Gap::Slash) || groups.len() >= 3);
    even && (7..=13).contains(&digits.len()) && groups.len() <= 6
}

/// Behind an extension: `x123`, `ext. 123`, `#123`.
fn extension(text: Bytes<'_>, end: usize) -> usize {
    let word = text.run(end, 1, |byte| byte == b' ');
    let after = if text.is(word, "extension") {
        word.saturating_add(9)
    } else if text.is(word, "ext") {
        word.saturating_add(3)
    } else if matches!(text.at(word), b'x' | b'X') {
        word.saturating_add(1)
    } else {
        return end;
    };
    let digits = text.run(after, 2, |byte| matches!(byte, b' ' | b'.'));
    let to = text.run(digits, EXTENSION, is_digit);
    if to > digits && !is_word(text.at(to)) { to } else { end }
}
