//! Addresses of machines: IPv4, IPv6 and of network cards. Those that all machines share, such as `127.0.0.1`, tell nothing and stay.

use super::Place;
use super::bytes::{Bytes, is_digit, is_hex, is_letter, is_word};
use super::digits::{Gap, Run};
use super::hint::Hint;
use crate::kind::Kind;
use crate::span::Span;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest text of an IPv6 address, with another group for a port.
const LONGEST: usize = 52;
/// How far before four numbers a word such as `version` still speaks of them.
const REACH: usize = 12;

/// Where an IPv4 address that a run begins with has ended.
pub(super) fn four_octets(place: Place<'_>, run: &Run<'_>) -> Option<usize> {
    let Place { text, start, hints, .. } = place;
    let groups = run.first(4)?;
    let dotted = groups.iter().skip(1).all(|group| group.gap == Gap::Dot);
    let goes_on = run.groups().get(4).is_some_and(|next| next.gap == Gap::Dot);
    if !dotted || goes_on || groups.iter().any(|group| group.len() > 3) {
        return None;
    }
    let mut octets = [0_u8; 4];
    for (at, octet) in octets.iter_mut().enumerate() {
        *octet = u8::try_from(run.value(at)?).ok()?;
    }
    let end = groups.last()?.end;
    let is_version = hints.near(Hint::Version, start, REACH)
        || is_of_product(text, start)
        || (matches!(text.at(end), b'-' | b'+') && is_letter(text.at(end.saturating_add(1))));
    let is_inside = matches!(text.back(start, 1), b'.' | b'-') && is_word(text.back(start, 2));
    (!is_version && !is_inside && tells(Ipv4Addr::from(octets))).then_some(end)
}

/// `Chrome/120.0.0.0`: a word and a slash, and no path before it.
fn is_of_product(text: Bytes<'_>, start: usize) -> bool {
    if text.back(start, 1) != b'/' {
        return false;
    }
    let slash = start.saturating_sub(1);
    let word = text.run_back(slash, 24, is_letter);
    word < slash && matches!(text.back(word, 1), 0 | b' ' | b'"' | b'\'' | b';' | b'(' | b',')
}

fn tells(ip: Ipv4Addr) -> bool {
    let is_mask = u32::from(ip).leading_ones().saturating_add(u32::from(ip).trailing_zeros()) == 32
        && ip.octets() > [223; 4];
    !(ip.is_loopback() || ip.is_unspecified() || ip.is_broadcast() || is_mask)
}

/// `ip-10-0-0-1`: how hosts are called in clouds.
pub(super) fn dashed_host(place: Place<'_>) -> Option<usize> {
    let Place { text, start, end, .. } = place;
    if !text.is(start, "ip")
        || end != start.saturating_add(2)
        || text.at(end) != b'-'
        || !is_digit(text.at(end.saturating_add(1)))
    {
        return None;
    }
    let run = Run::read(text, end.saturating_add(1));
    let groups = run.first(4)?;
    let octets = (0..4).all(|at| run.value(at).is_some_and(|value| value < 256));
    let dashed = groups.iter().skip(1).all(|group| group.gap == Gap::Dash);
    (octets && dashed).then(|| groups.last().map(|last| last.end)).flatten()
}

/// An address of hexadecimal groups that begins with this token.
pub(super) fn colons(place: Place<'_>) -> Option<(Kind, usize)> {
    let Place { text, start, end, .. } = place;
    let mark = text.at(end);
    let short = end.saturating_sub(start) <= 4;
    if !short
        || !matches!(mark, b':' | b'-')
        || text.back(start, 1) == b':'
        || !text.slice(start, end).iter().all(u8::is_ascii_hexdigit)
    {
        return None;
    }
    if end.saturating_sub(start) == 2
        && let Some(end) = pairs(text, start, mark)
    {
        return Some((Kind::Mac, end));
    }
    (mark == b':').then(|| six(text, start)).flatten().map(|end| (Kind::Ip, end))
}

/// An IPv6 address that begins with its two colons.
pub(super) fn leading_colons(text: Bytes<'_>, at: usize) -> Option<Span> {
    let is_two =
        text.at(at.saturating_add(1)) == b':' && !is_word(text.back(at, 1)) && text.back(at, 1) != b':';
    let end = is_two.then(|| six(text, at)).flatten()?;
    Some(Span { start: at, end, kind: Kind::Ip })
}

/// Where six pairs with the same mark between them have ended.
fn pairs(text: Bytes<'_>, start: usize, mark: u8) -> Option<usize> {
    let is_pair = |at: usize| is_hex(text.at(at)) && is_hex(text.at(at.saturating_add(1)));
    let all = (0..6).all(|pair| {
        let at = start.saturating_add(3_usize.saturating_mul(pair));
        is_pair(at) && (pair == 5 || text.at(at.saturating_add(2)) == mark)
    });
    let end = start.saturating_add(17);
    let goes_on = is_word(text.at(end)) || (text.at(end) == mark && is_word(text.at(end.saturating_add(1))));
    (all && !goes_on && text.back(start, 1) != mark).then_some(end)
}

fn six(text: Bytes<'_>, start: usize) -> Option<usize> {
    let run = text.run(start, LONGEST, |byte| is_hex(byte) || matches!(byte, b':' | b'.'));
    let full = text.run_back(run, 2, |byte| matches!(byte, b'.'));
    let port = text
        .slice(start, full)
        .iter()
        .rposition(|byte| *byte == b':')
        .map_or(start, |at| start.saturating_add(at));
    let bare = text.run_back(full, 1, |byte| byte == b':' && full.saturating_sub(start) > 2);
    let parse = |end: &usize| std::str::from_utf8(text.slice(start, *end)).ok()?.parse::<Ipv6Addr>().ok();
    let (end, ip) = [full, bare, port].into_iter().find_map(|end| Some((end, parse(&end)?)))?;
    let is_whole = !is_word(text.at(end));
    (is_whole && is_meant(text.slice(start, end), ip)).then_some(end)
}

/// Whether text that can be read as an IPv6 address is meant as one: `add::bee` in a program is not.
fn is_meant(text: &[u8], ip: Ipv6Addr) -> bool {
    if ip.is_loopback() || ip.is_unspecified() {
        return false;
    }
    let [first, ..] = ip.segments();
    let groups = text.split(|byte| *byte == b':').filter(|group| !group.is_empty()).count();
    let is_known =
        matches!(first, 0x2000..=0x3fff | 0xfc00..=0xfdff | 0xfe80..=0xfebf) || text.contains(&b'.');
    groups >= 3 || is_known
}
