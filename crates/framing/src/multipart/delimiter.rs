//! Finds two hyphens and the boundary in a stream of bytes, in linear time (Knuth, Morris, Pratt).

use crate::media_type::Boundary;

/// What is searched for.
#[derive(Debug)]
pub(super) struct Delimiter {
    needle: Vec<u8>,
    /// For each length of a beginning that matched: how long a beginning of the needle its end is.
    shorter: Vec<usize>,
}

/// How far the search is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    /// Bytes of the needle that matched last.
    matched: usize,
    /// What comes before those.
    before: Before,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Before {
    #[default]
    Other,
    Cr,
    CrLf,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    /// The needle after a CR LF.
    AfterLine,
    /// The needle after anything else, which some parsers take for a delimiter too.
    Elsewhere,
}

impl Progress {
    /// As after a CR LF.
    pub(super) fn after_line() -> Self {
        Self { matched: 0, before: Before::CrLf }
    }

    /// Notes bytes outside of any match.
    fn pass(&mut self, bytes: &[u8]) {
        self.before = match (bytes, self.before) {
            ([], before) => before,
            ([b'\n'], Before::Cr) | ([.., b'\r', b'\n'], _) => Before::CrLf,
            ([.., b'\r'], _) => Before::Cr,
            ([..], _) => Before::Other,
        };
    }
}

impl Delimiter {
    pub(super) fn new(boundary: &Boundary) -> Self {
        let needle = [b"--", boundary.as_bytes()].concat();
        let mut delimiter = Self { needle: needle.clone(), shorter: vec![0] };
        let mut matched = 0;
        for byte in needle.iter().skip(1) {
            matched = delimiter.advance(matched, *byte);
            delimiter.shorter.push(matched);
        }
        delimiter
    }

    /// Bytes of a delimiter, the CR LF before it included.
    pub(super) fn length(&self) -> u64 {
        u64::try_from(self.needle.len()).unwrap_or(u64::MAX).saturating_add(2)
    }

    /// Searches on in `bytes`; how many of them were read: all, or those up to the end of what was found.
    pub(super) fn find(&self, progress: &mut Progress, bytes: &[u8]) -> (Found, usize) {
        let mut rest = bytes;
        loop {
            if progress.matched == 0 {
                let hyphen = rest.iter().position(|byte| *byte == b'-').unwrap_or(rest.len());
                progress.pass(rest.get(..hyphen).unwrap_or_default());
                rest = rest.get(hyphen..).unwrap_or_default();
            }
            let Some((byte, after)) = rest.split_first() else { return (Found::Nothing, bytes.len()) };
            let matched = self.advance(progress.matched, *byte);
            if matched <= progress.matched {
                // The match begins later than it did: after a byte of the needle, which is no line end.
                progress.before = Before::Other;
                if matched == 0 {
                    progress.pass(std::slice::from_ref(byte));
                }
            }
            progress.matched = matched;
            rest = after;
            if matched == self.needle.len() {
                let found = if progress.before == Before::CrLf { Found::AfterLine } else { Found::Elsewhere };
                return (found, bytes.len().saturating_sub(rest.len()));
            }
        }
    }

    fn advance(&self, matched: usize, byte: u8) -> usize {
        let mut matched = matched;
        while self.needle.get(matched) != Some(&byte) {
            let Some(last) = matched.checked_sub(1) else { return 0 };
            matched = self.shorter.get(last).copied().unwrap_or_default();
        }
        matched.saturating_add(1)
    }
}
