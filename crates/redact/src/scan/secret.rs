//! Secrets: what issuers mark as theirs, what a scheme announces, private keys, users and passwords in URLs.
//!
//! A random string alone is none: trace ids, hashes and cursors look the same.

mod issued;

use super::Place;
use super::bytes::{Bytes, is_digit, is_word};
use crate::kind::Kind;
use crate::span::Span;

/// Tokens are taken to their end: what a token takes is not read again.
const LONGEST: usize = usize::MAX;
/// The longest user and password of a URL.
const USERINFO: usize = 512;
/// How far the words of a private key's first line go.
const KEY_LINE: usize = 64;

/// Where a token that begins here and shows what it is has ended.
pub(super) fn token(place: Place<'_>) -> Option<usize> {
    let Place { text, start, .. } = place;
    let two = [text.at(start), text.at(start.saturating_add(1))];
    match two {
        [b'e', b'y'] => web_token(text, start),
        [b'0'..=b'9', _] => bot_token(place),
        _ if !issued::may_begin_with(two) => None,
        _ => issued::beginning_with(two).find_map(|(prefix, least)| {
            let tail = start.saturating_add(prefix.len());
            if text.slice(start, tail) != prefix {
                return None;
            }
            let end = text.run(tail, LONGEST, is_of_token);
            let end = text.run_back(end, 2, |byte| matches!(byte, b'-' | b'.'));
            let length = end.saturating_sub(tail);
            let has = |sort: fn(&u8) -> bool| text.slice(tail, end).iter().any(sort);
            let is_mixed =
                !is_word(text.back(tail, 1)) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
            let is_random = is_mixed || has(u8::is_ascii_digit) || length >= least.saturating_mul(2);
            (length >= least && is_random).then_some(end)
        }),
    }
}

const fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

const fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// A JSON web token: parts in base64url, of which the first begins with `{"`.
fn web_token(text: Bytes<'_>, start: usize) -> Option<usize> {
    // Of what goes on over such marks only the beginning is one, so that nothing is read twice.
    if matches!(text.back(start, 1), b'-' | b'_' | b'.') {
        return None;
    }
    let head = text.run(start, LONGEST, is_base64url);
    let mut end = head;
    let mut parts = 1_usize;
    while parts < 5 && text.at(end) == b'.' {
        let next = text.run(end.saturating_add(1), LONGEST, |byte| is_base64url(byte) || byte == b'=');
        if next == end.saturating_add(1) {
            break;
        }
        (end, parts) = (next, parts.saturating_add(1));
    }
    let is_one = text.at(start.saturating_add(2)) == b'J' && head.saturating_sub(start) >= 12 && parts >= 2;
    is_one.then_some(end)
}

/// A bot's token as Telegram makes them: digits, a colon, 35 characters.
fn bot_token(place: Place<'_>) -> Option<usize> {
    let Place { text, start, end, .. } = place;
    if !(8..=10).contains(&end.saturating_sub(start))
        || text.at(end) != b':'
        || !text.slice(start, end).iter().all(u8::is_ascii_digit)
    {
        return None;
    }
    let tail = end.saturating_add(1);
    let end = text.run(tail, 64, is_base64url);
    let mixed = |sort: fn(&u8) -> bool| text.slice(tail, end).iter().any(sort);
    ((34..=36).contains(&end.saturating_sub(tail))
        && mixed(u8::is_ascii_lowercase)
        && mixed(u8::is_ascii_uppercase))
    .then_some(end)
}

/// What stands behind `Bearer`, `Basic` and the like.
pub(super) fn announced(place: Place<'_>) -> Option<Span> {
    let Place { text, start, end, .. } = place;
    if text.at(end) != b' ' || !matches!(text.at(start), b'b' | b'B' | b'd' | b'D') {
        return None;
    }
    let from = text.run(end, 3, |byte| byte == b' ');
    let to = text.run(from, LONGEST, |byte| is_of_token(byte) || matches!(byte, b'~' | b'+' | b'/' | b'='));
    let to = text.run_back(to, 1, |byte| byte == b'.').max(from);
    let value = text.slice(from, to);
    let word = text.slice(start, end);
    let is_secret = if word.eq_ignore_ascii_case(b"bearer") || word.eq_ignore_ascii_case(b"dpop") {
        value.len() >= 8 && (value.iter().any(u8::is_ascii_digit) || value.len() >= 24)
    } else if word.eq_ignore_ascii_case(b"basic") {
        value.len() >= 6 && holds_a_password(value)
    } else {
        false
    };
    is_secret.then_some(Span { start: from, end: to, kind: Kind::Secret })
}

/// Whether base64 holds a user, a colon and a password.
fn holds_a_password(base64: &[u8]) -> bool {
    let value = |byte: &u8| match byte {
        b'A'..=b'Z' => Some(u32::from(byte.wrapping_sub(b'A'))),
        b'a'..=b'z' => Some(u32::from(byte.wrapping_sub(b'a')).wrapping_add(26)),
        b'0'..=b'9' => Some(u32::from(byte.wrapping_sub(b'0')).wrapping_add(52)),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    };
    let (mut bits, mut held, mut colon) = (0_u32, 0_u32, false);
    for sextet in base64.iter().map_while(value) {
        (bits, held) = ((bits << 6 | sextet) & 0xffff, held.wrapping_add(6));
        if held >= 8 {
            held = held.wrapping_sub(8);
            let byte = bits >> held & 0xff;
            if byte < 0x20 {
                return false;
            }
            colon |= byte == u32::from(b':');
        }
    }
    colon
}

/// A private key in PEM, to its last line or to the end of the text.
pub(super) fn private_key(text: Bytes<'_>, at: usize) -> Option<Span> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    const END: &[u8] = b"-----END ";
    if text.back(at, 1) == b'-' || text.slice(at, at.saturating_add(BEGIN.len())) != BEGIN {
        return None;
    }
    let line = text.slice(at, at.saturating_add(KEY_LINE));
    let is_private = line.windows(11).any(|window| window == b"PRIVATE KEY");
    let rest = text.from(at);
    let ended = || {
        let last = rest.windows(END.len()).position(|window| window == END)?.checked_add(END.len())?;
        let dashes = rest.get(last..)?.windows(5).take(KEY_LINE).position(|window| window == b"-----")?;
        at.checked_add(last)?.checked_add(dashes)?.checked_add(5)
    };
    is_private.then(|| Span { start: at, end: ended().unwrap_or(text.len()), kind: Kind::Secret })
}

/// User and password of a URL, of which the `:` of `://` is here.
pub(super) fn of_url(text: Bytes<'_>, at: usize) -> Option<Span> {
    let start = at.saturating_add(3);
    if text.slice(at, start) != b"://" || !is_word(text.back(at, 1)) {
        return None;
    }
    let end = text.run(start, USERINFO, |byte| {
        !byte.is_ascii_whitespace() && !matches!(byte, b'/' | b'?' | b'#' | b'"' | b'<' | b'>' | b'\'' | b',')
    });
    let authority = text.slice(start, end);
    let at_sign = authority.iter().rposition(|byte| *byte == b'@')?;
    let userinfo = authority.get(..at_sign)?;
    let has_password = userinfo
        .iter()
        .position(|byte| *byte == b':')
        .is_some_and(|colon| colon.saturating_add(1) < userinfo.len());
    let is_token = userinfo.len() >= 20 && userinfo.iter().any(|byte| is_digit(*byte));
    let is_done = userinfo.starts_with(b"[");
    ((has_password || is_token) && !is_done).then_some(Span {
        start,
        end: start.saturating_add(at_sign),
        kind: Kind::Secret,
    })
}
