//! One reading of a view from left to right: at each token and at each telling mark, the recognisers that could begin there.
//!
//! Every recogniser looks at a bounded number of bytes, or the reading goes on behind what it took, so the whole is linear.

mod address;
mod birth;
mod bytes;
mod card;
mod digits;
mod email;
mod hint;
mod iban;
mod key;
mod national;
mod network;
mod person;
mod phone;
mod secret;
mod wallet;
mod words;

use crate::kind::Kind;
use crate::span::Span;
use bytes::{Bytes, is_digit, is_word};
use digits::Run;
use hint::{Hint, Hints};

/// What a place is read with: the bytes, and what was said before.
#[derive(Clone, Copy)]
pub(crate) struct Place<'s> {
    text: Bytes<'s>,
    hints: &'s Hints,
    /// Where the token begins.
    start: usize,
    /// Where it has ended: letters, digits and all that is not ASCII.
    end: usize,
}

/// Whether what stands under a key of this name is a secret.
pub(crate) fn is_secret_key(name: &str) -> bool {
    key::is_secret_key(name.as_bytes())
}

/// Everything that is found, in no order.
pub(crate) fn scan(bytes: &[u8]) -> Vec<Span> {
    let text = Bytes::new(bytes);
    let (mut found, mut hints) = (Vec::new(), Hints::default());
    let mut at = 0;
    // No e-mail address begins before the end of the last one, or of a password before its host.
    let mut floor = 0;
    while at < text.len() {
        let byte = text.at(at);
        let span = if is_word(byte) {
            let end = text.run(at, usize::MAX, is_word);
            let span = token(Place { text, hints: &hints, start: at, end });
            if span.is_none() {
                hints.hear(text, at, end);
            }
            at = match span {
                Some(Found::Passed(to)) => to.max(at.saturating_add(1)),
                Some(Found::Span(span)) => span.end.max(at.saturating_add(1)),
                None => end,
            };
            span
        } else {
            let span = mark(text, at, floor).map(Found::Span);
            at = match span {
                Some(Found::Span(span)) => span.end.max(at.saturating_add(1)),
                _ => at.saturating_add(1),
            };
            span
        };
        if let Some(Found::Span(span)) = span {
            if matches!(span.kind, Kind::Email | Kind::Secret) {
                floor = span.end;
            }
            if span.kind == Kind::Email {
                hints.set(Hint::Mail, span.end);
            }
            if matches!(span.kind, Kind::Email | Kind::Phone) {
                hints.set(Hint::Reached, span.end);
            }
            found.push(span);
        }
    }
    found
}

/// What a token is.
enum Found {
    /// Something personal.
    Span(Span),
    /// Something harmless that must not be read as anything else, up to here.
    Passed(usize),
}

fn token(place: Place<'_>) -> Option<Found> {
    let Place { text, start, end, .. } = place;
    let span = |kind: Kind, end: usize| Some(Found::Span(Span { start, end, kind }));
    if let Some(end) = secret::token(place) {
        return span(Kind::Secret, end);
    }
    if let Some((kind, end)) = network::colons(place) {
        return span(kind, end);
    }
    let first = text.at(start);
    let has_digit = text.slice(start, end).iter().any(u8::is_ascii_digit);
    let is_capital = first.is_ascii_uppercase() || first >= 0xc3;
    if is_digit(first) {
        if let Some(found) = number(place) {
            return Some(found);
        }
    } else if has_digit && let Some(end) = iban::find(place) {
        return span(Kind::Iban, end);
    }
    // Titles and words for streets begin with a capital, or with one of these.
    if is_capital || matches!(first, b'a' | b'o' | b'p' | b'u') {
        if let Some(end) = person::titled(place).or_else(|| person::cell(place)) {
            return span(Kind::Person, end);
        }
        if let Some(end) = address::named(place) {
            return span(Kind::Address, end);
        }
    }
    if !has_digit && let Some(end) = network::dashed_host(place) {
        return span(Kind::Ip, end);
    }
    if (has_digit || is_capital)
        && let Some(end) = national::code(place)
    {
        return span(Kind::NationalId, end);
    }
    if has_digit && let Some(end) = wallet::find(place) {
        return span(Kind::Wallet, end);
    }
    if let Some(found) = secret::announced(place).or_else(|| key::value(place)) {
        return Some(Found::Span(found));
    }
    None
}

/// A token that begins with a digit, and the groups of digits behind it.
fn number(place: Place<'_>) -> Option<Found> {
    let run = Run::read(place.text, place.start);
    let span = |kind: Kind, end: usize| Found::Span(Span { start: place.start, end, kind });
    if let Some(end) = run.date() {
        return Some(if birth::is_told(place, end) {
            span(Kind::BirthDate, end)
        } else {
            Found::Passed(end)
        });
    }
    if let Some(end) = network::four_octets(place, &run) {
        return Some(span(Kind::Ip, end));
    }
    let digits: usize = run.groups().iter().map(|group| group.len()).sum();
    if digits >= card::LEAST
        && let Some(end) = card::find(place, &run)
    {
        return Some(span(Kind::Card, end));
    }
    if digits >= national::LEAST
        && let Some((kind, end)) = national::number(place, &run)
    {
        return Some(span(kind, end));
    }
    if digits >= phone::LEAST
        && let Some((start, end)) = phone::find(place, &run)
    {
        return Some(Found::Span(Span { start, end, kind: Kind::Phone }));
    }
    address::numbered(place, &run).map(|end| span(Kind::Address, end))
}

/// What a mark between tokens may belong to.
fn mark(text: Bytes<'_>, at: usize, floor: usize) -> Option<Span> {
    match text.at(at) {
        b'@' => email::around(text, at, floor),
        b':' => network::leading_colons(text, at).or_else(|| secret::of_url(text, at)),
        b'-' => secret::private_key(text, at),
        _ => None,
    }
}
