//! E-mail addresses, found by their `@`.

use super::bytes::{Bytes, is_letter, is_word};
use crate::kind::Kind;
use crate::span::Span;

/// The longest local part that RFC 5321 §4.5.3.1.1 allows, and the longest domain.
const LOCAL: usize = 64;
const DOMAIN: usize = 253;

/// What domains do not end with and files do.
const FILES: [&str; 28] = [
    "png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "ico", "css", "scss", "js", "mjs", "cjs", "ts",
    "tsx", "jsx", "json", "html", "htm", "xml", "yaml", "yml", "pdf", "woff", "woff2", "ttf", "mp4", "log",
];

/// The address around an `@`, if it is one.
pub(super) fn around(text: Bytes<'_>, at: usize, floor: usize) -> Option<Span> {
    let reach = LOCAL.min(at.saturating_sub(floor));
    let local = text.run_back(at, reach, |byte| is_word(byte) || b"._%+-'!#$&*~^|".contains(&byte));
    // What stands before a name in code, SQL and URLs, not in it.
    let is_mark = |byte: &u8| b"&|!#$*^~".contains(byte);
    let local = text
        .slice(local, at)
        .iter()
        .rposition(is_mark)
        .map_or(local, |mark| local.saturating_add(mark).saturating_add(1));
    let local = text.run(local, LOCAL, |byte| !is_word(byte) && byte != b'_').min(at);
    let local = match text.slice(local, at).iter().rposition(|byte| *byte == b'\'') {
        Some(quote) if !is_apostrophe(text, local.saturating_add(quote)) => {
            local.saturating_add(quote).saturating_add(1)
        }
        _ => local,
    };
    let (end, top) = domain(text, at.saturating_add(1))?;
    let name = text.slice(local, at);
    let remote = b":/".contains(&text.at(end)) && [&b"git"[..], b"hg", b"svn"].contains(&name);
    let is_name = !name.is_empty() && text.back(at, 1) != b'.' && !remote && !is_file(top);
    is_name.then_some(Span { start: local, end, kind: Kind::Email })
}

/// `O'Brien` has one; a quotation mark has no letter on one of its sides.
fn is_apostrophe(text: Bytes<'_>, at: usize) -> bool {
    is_letter(text.back(at, 1)) && is_letter(text.at(at.saturating_add(1)))
}

/// Where a domain that begins here has ended, and its last label.
fn domain(text: Bytes<'_>, start: usize) -> Option<(usize, &[u8])> {
    let most = start.saturating_add(DOMAIN);
    let mut last = None;
    let mut at = start;
    let mut labels = 0_usize;
    while at < most {
        let run = text.run(at, 63, |byte| is_word(byte) || byte == b'-' || byte == b'_');
        let end = text.run_back(run, run.saturating_sub(at), |byte| byte == b'-' || byte == b'_');
        if end == at {
            break;
        }
        labels = labels.saturating_add(1);
        let label = text.slice(at, end);
        if labels > 1 && is_top(label) {
            last = Some((end, label));
        }
        if end != run || text.at(end) != b'.' {
            break;
        }
        at = end.saturating_add(1);
    }
    last
}

/// Whether a label can be the last: letters, or an encoded one of another script.
fn is_top(label: &[u8]) -> bool {
    label.len() >= 2 && (label.iter().all(|byte| is_letter(*byte)) || label.starts_with(b"xn--"))
}

fn is_file(top: &[u8]) -> bool {
    FILES.iter().any(|file| top.eq_ignore_ascii_case(file.as_bytes()))
}
