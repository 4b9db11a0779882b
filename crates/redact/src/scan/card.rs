//! Payment cards: length and prefix of an issuer, and the checksum.

use super::Place;
use super::bytes::{is_digit, is_word, number};
use super::digits::{Gap, Group, Run, is_luhn};
use super::hint::Hint;

/// The fewest digits of one.
pub(super) const LEAST: usize = 12;
/// How far before a number a word such as `card` still speaks of it.
const REACH: usize = 24;

/// Where a card number that begins here has ended.
pub(super) fn find(place: Place<'_>, run: &Run<'_>) -> Option<usize> {
    let Place { text, start, .. } = place;
    let is_fraction = text.back(start, 1) == b'.' && is_digit(text.back(start, 2));
    let is_part = text.back(start, 1) == b'-' && is_word(text.back(start, 2));
    if is_fraction || is_part {
        return None;
    }
    (1..=run.groups().len().min(6)).rev().find_map(|count| {
        let groups = run.first(count)?;
        let digits = run.digits(groups)?;
        let hinted = place.hints.near(Hint::Card, start, REACH);
        let followed = run.groups().get(count).is_some_and(|next| next.gap == Gap::Dot);
        let fits =
            is_written_so(groups) && !followed && is_issued(digits.bytes(), count > 1 || hinted, hinted);
        (fits && is_luhn(digits.bytes())).then(|| groups.last().map(|last| last.end)).flatten()
    })
}

/// Whether cards are written in such groups: in one, or in some of four to six digits with the same between them.
fn is_written_so(groups: &[Group]) -> bool {
    let Some(([first], rest)) = groups.split_first_chunk() else { return false };
    let gap = rest.first().map_or(Gap::Blank, |group| group.gap);
    let even = rest.iter().all(|group| group.gap == gap && (2..=7).contains(&group.len()));
    even && (rest.is_empty() || first.len() == 4) && !matches!(gap, Gap::Slash | Gap::Bracket)
}

/// Whether an issuer has numbers that begin so and are as long. The rarer ones only in groups or behind a word for a card.
fn is_issued(digits: &[u8], likely: bool, hinted: bool) -> bool {
    let (Some(four), length) = (digits.get(..4), digits.len()) else { return false };
    match (number(four), length) {
        (4000..=4999, 16 | 19)
        | (5100..=5599 | 2221..=2720, 16)
        | (3400..=3499 | 3700..=3799 | 1800 | 2131, 15)
        | (6011 | 6200..=6299 | 6440..=6599 | 3528..=3589, 16..=19)
        | (3500..=3527 | 3590..=3599, 16)
        | (3000..=3059 | 3095 | 3600..=3699 | 3800..=3999, 14) => true,
        (4000..=4999, 13) | (5000..=5099 | 5600..=6999 | 2200..=2204 | 9792, 16) => likely,
        (5000..=5099 | 5600..=6999, 12..=19) | (_, 13..=19) => hinted,
        _ => false,
    }
}
