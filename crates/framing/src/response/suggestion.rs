//! The beginning of a suggestion in the text of an error.

use std::cmp::Ordering;

/// How graphql-js begins suggestions, and everyone after it; in any case.
const PHRASE: &[u8] = b"did you mean";

/// What comes before the phrase and goes with it; graphql-ruby puts suggestions in brackets.
const LEADS: [&[u8]; 4] = [b" (", b" ", b"(", b""];

/// Bytes that may be the beginning of a suggestion, while they may be.
#[derive(Debug, Default)]
pub(super) struct Candidate {
    bytes: Vec<u8>,
}

/// What another byte makes of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// So many bytes at its start are no beginning of a suggestion.
    Release(usize),
    /// It is a suggestion.
    Complete,
}

impl Candidate {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Takes another byte in; what is to be released is still there, for [`Self::release`].
    pub(super) fn push(&mut self, byte: u8) -> Step {
        self.bytes.push(byte);
        let mut released = 0;
        loop {
            match prefix(self.bytes.get(released..).unwrap_or_default()) {
                Some(Ordering::Equal) => return Step::Complete,
                Some(Ordering::Less | Ordering::Greater) => return Step::Release(released),
                None => released = released.saturating_add(1),
            }
        }
    }

    pub(super) fn release(&mut self, count: usize) {
        self.bytes.drain(..count.min(self.bytes.len()));
    }
}

/// Whether a byte can begin a suggestion.
pub(super) fn can_begin(byte: u8) -> bool {
    matches!(byte, b' ' | b'(' | b'd' | b'D')
}

/// `Less` when the bytes begin a suggestion, `Equal` when they are one up to the end of the phrase.
fn prefix(bytes: &[u8]) -> Option<Ordering> {
    LEADS.into_iter().find_map(|lead| {
        let rest = bytes.strip_prefix(lead)?;
        let expected = PHRASE.get(..rest.len())?;
        rest.eq_ignore_ascii_case(expected).then(|| rest.len().cmp(&PHRASE.len()))
    })
}
