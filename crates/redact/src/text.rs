//! Free text: what is personal or secret in it, and the text without it.

use crate::kind::Kind;
use crate::redacted::Redacted;
use crate::scan::scan;
use crate::span::{Span, merge};
use crate::view::View;

/// How often a text is read again, because a placeholder can bring out what it stood beside.
const ROUNDS: usize = 6;

/// A text without what is personal in it, and where that was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marked {
    /// The text, with placeholders.
    pub text: Redacted,
    /// What was found, in offsets of the text that came, in order and apart from each other.
    pub spans: Vec<Span>,
}

/// The text with a placeholder for everything that is personal or secret. Doing it twice changes nothing.
///
/// ```
/// use portcullis_redact::redact;
/// let text = "call +44 7405 791430 from 203.0.113.9, card 4111 1111 1111 1111";
/// assert_eq!(redact(text).as_str(), "call [phone] from [ip], card [card]");
/// ```
pub fn redact(text: &str) -> Redacted {
    mark(text).text
}

/// The same, and where everything was.
pub fn mark(text: &str) -> Marked {
    let mut spans = find(text);
    let mut shown = put(text, &spans);
    for _ in 0..ROUNDS {
        let more = find(&shown);
        if more.is_empty() {
            return Marked { text: Redacted::sure(shown), spans };
        }
        spans = merge(spans.iter().copied().chain(back(&more, &spans)).collect());
        shown = put(text, &spans);
    }
    let all = Span { start: 0, end: text.len(), kind: Kind::Text };
    Marked { text: Redacted::fixed(Kind::Text.placeholder()), spans: vec![all] }
}

/// What one reading finds, in offsets of the text, on boundaries of characters.
fn find(text: &str) -> Vec<Span> {
    let view = View::of(text);
    let place = |span: Span| {
        let start = (0..=view.place(span.start)).rev().find(|at| text.is_char_boundary(*at));
        let end = (view.place(span.end)..=text.len()).find(|at| text.is_char_boundary(*at));
        Span { start: start.unwrap_or_default(), end: end.unwrap_or(text.len()), kind: span.kind }
    };
    merge(scan(view.bytes()).into_iter().map(place).collect())
}

/// The text with placeholders.
fn put(text: &str, spans: &[Span]) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut from = 0;
    for span in spans {
        shown.push_str(text.get(from..span.start).unwrap_or_default());
        shown.push_str(span.kind.placeholder());
        from = span.end;
    }
    shown.push_str(text.get(from..).unwrap_or_default());
    shown
}

/// Findings in the text with placeholders, in offsets of the text that came.
fn back(found: &[Span], put: &[Span]) -> Vec<Span> {
    let mut back = Vec::with_capacity(found.len());
    let mut put = put.iter().copied().peekable();
    // How far the two texts are apart behind the placeholders that were passed: here, and there.
    let (mut came, mut shown) = (0_usize, 0_usize);
    for span in found {
        let mut ends = [span.start, span.end];
        for (place, is_end) in ends.iter_mut().zip([false, true]) {
            *place = loop {
                let Some(next) = put.peek() else { break came.saturating_add(place.saturating_sub(shown)) };
                let opens = shown.saturating_add(next.start.saturating_sub(came));
                let closes = opens.saturating_add(next.kind.placeholder().len());
                if *place <= opens {
                    break came.saturating_add(place.saturating_sub(shown));
                }
                if *place < closes {
                    break if is_end { next.end } else { next.start };
                }
                (came, shown) = (next.end, closes);
                put.next();
            };
        }
        let [start, end] = ends;
        back.push(Span { start, end, kind: span.kind });
    }
    back
}

/// Lines of one text, for which what a line is about can have been said lines before: private keys go over many.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    in_key: bool,
}

impl Lines {
    /// The next line.
    pub fn mark(&mut self, line: &str) -> Marked {
        let opens = line.contains("-----BEGIN ") && line.contains("PRIVATE KEY");
        let closes = line.rfind("-----END ");
        let begins_inside = self.in_key;
        self.in_key = (self.in_key || opens) && closes.is_none();
        if !begins_inside {
            return mark(line);
        }
        let end = closes.and_then(|at| line.get(at..)?.rfind("-----")?.checked_add(at)?.checked_add(5));
        let end = end.unwrap_or(line.len());
        let rest = mark(line.get(end..).unwrap_or_default());
        let shift = |span: &Span| Span {
            start: span.start.saturating_add(end),
            end: span.end.saturating_add(end),
            ..*span
        };
        let inside = (end > 0).then_some(Span { start: 0, end, kind: Kind::Secret });
        let spans: Vec<Span> = inside.into_iter().chain(rest.spans.iter().map(shift)).collect();
        let text = put(line, &spans);
        Marked { text: Redacted::sure(text), spans }
    }
}

#[cfg(test)]
mod tests;
