//! Where something was found, and how findings that overlap become one.

use crate::kind::Kind;

/// A piece of a text, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where it begins.
    pub start: usize,
    /// Where it has ended.
    pub end: usize,
    /// What it is.
    pub kind: Kind,
}

impl Span {
    const fn len(self) -> usize {
        self.end.saturating_sub(self.start)
    }
}

/// Sorts, and makes one of those that overlap: it covers them all, so that no end of one sticks out, and has the name
/// of the longest, of equally long ones that of the strongest.
pub(crate) fn merge(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable_by_key(|span| (span.start, span.end, span.kind));
    let mut merged: Vec<(Span, usize)> = Vec::with_capacity(spans.len());
    for span in spans.into_iter().filter(|span| span.start < span.end) {
        match merged.last_mut() {
            Some((last, longest)) if span.start < last.end => {
                let longer = span.len() > *longest || (span.len() == *longest && span.kind < last.kind);
                if longer {
                    last.kind = span.kind;
                }
                *longest = span.len().max(*longest);
                last.end = last.end.max(span.end);
            }
            _ => merged.push((span, span.len())),
        }
    }
    merged.into_iter().map(|(span, _)| span).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn span(start: usize, end: usize, kind: Kind) -> Span {
        Span { start, end, kind }
    }

    #[track_caller]
    fn check(spans: &[Span], expected: &[Span]) {
        assert_eq!(merge(spans.to_vec()), expected);
    }

    #[test]
    fn what_overlaps_becomes_one() {
        let (ip, email, secret) = (Kind::Ip, Kind::Email, Kind::Secret);
        check(&[span(4, 9, ip), span(0, 3, email)], &[span(0, 3, email), span(4, 9, ip)]);
        check(&[span(0, 5, ip), span(3, 12, email)], &[span(0, 12, email)]);
        check(&[span(0, 9, email), span(2, 5, secret)], &[span(0, 9, email)]);
        check(&[span(0, 5, ip), span(0, 5, secret)], &[span(0, 5, secret)]);
        check(&[span(0, 3, ip), span(3, 6, email)], &[span(0, 3, ip), span(3, 6, email)]);
        check(&[span(3, 3, ip)], &[]);
    }
}
