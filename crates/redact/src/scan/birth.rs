//! Dates of birth: a date behind a word that says so.

use super::Place;
use super::hint::Hint;

/// How far before a date such a word may stand.
const REACH: usize = 24;

/// Whether the date from here to there is said to be one.
pub(super) fn is_told(place: Place<'_>, end: usize) -> bool {
    place.hints.near(Hint::Birth, place.start, REACH) || is_beside_a_person(place, end)
}

/// Whether it is all of a column behind one with somebody's phone number or e-mail address.
fn is_beside_a_person(place: Place<'_>, end: usize) -> bool {
    let Place { text, start, hints, .. } = place;
    let edge = |byte: u8| matches!(byte, b',' | b';' | b'\t' | b'|');
    let before = edge(text.back(start, 1)) && hints.near(Hint::Reached, start, 1);
    before && (edge(text.at(end)) || matches!(text.at(end), 0 | b'\n'))
}
