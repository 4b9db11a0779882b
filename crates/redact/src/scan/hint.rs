//! What words before a place say about it, and how far before it they stand.

use super::bytes::Bytes;
use super::words;

/// What a word speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// A phone number follows.
    Phone,
    /// The number of something else follows: an order, a price, a line.
    Thing,
    /// A version follows.
    Version,
    /// A payment card.
    Card,
    /// A number of a person.
    Identity,
    /// A date of birth.
    Birth,
    /// Somebody is called, asked for, written to: a name may follow.
    Contact,
    /// An address of a house.
    House,
    /// The end of an e-mail address; no word is this.
    Mail,
    /// The end of an e-mail address or phone number; no word is this.
    Reached,
}

const HINTS: usize = 10;

/// Where the last word of each sort has ended.
#[derive(Debug, Default)]
pub(super) struct Hints([Option<usize>; HINTS]);

impl Hints {
    /// A word was said.
    pub(super) fn set(&mut self, hint: Hint, end: usize) {
        if let Some(last) = self.0.get_mut(hint as usize) {
            *last = Some(end);
        }
    }

    /// Whether such a word ends at most so far before a place.
    pub(super) fn near(&self, hint: Hint, at: usize, reach: usize) -> bool {
        self.last(hint).is_some_and(|end| at.saturating_sub(end) <= reach)
    }

    /// Whether such a word was said after the last one of another sort.
    pub(super) fn after(&self, hint: Hint, other: Hint) -> bool {
        self.last(hint) > self.last(other)
    }

    /// Where the last such word has ended.
    pub(super) fn last(&self, hint: Hint) -> Option<usize> {
        self.0.get(hint as usize).copied().flatten()
    }

    /// Hears a token: as a whole, and the parts of which one in camel case is made.
    pub(super) fn hear(&mut self, text: Bytes<'_>, start: usize, end: usize) {
        let token = text.slice(start, end);
        if token == b"email" && text.at(end) == b']' && text.back(start, 1) == b'[' {
            self.set(Hint::Mail, end.saturating_add(1));
        }
        let letters = token.iter().take_while(|byte| !byte.is_ascii_digit()).count();
        let word = token.get(..letters).unwrap_or_default();
        let ended = start.saturating_add(letters);
        if let Some(hint) = words::hint(word) {
            self.set(hint, ended);
            return;
        }
        let mut from = 0;
        let mut parts = 0;
        let breaks = word
            .windows(2)
            .enumerate()
            .filter(|(_, pair)| matches!(pair, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase()));
        for (at, _) in breaks.take(4) {
            let part = word.get(from..=at).unwrap_or_default();
            from = at.saturating_add(1);
            parts += 1;
            if let Some(hint) = words::hint(part) {
                self.set(hint, ended);
            }
        }
        if parts > 0
            && let Some(hint) = words::hint(word.get(from..).unwrap_or_default())
        {
            self.set(hint, ended);
        }
    }
}
