//! Reading bytes without ever asking for one that is not there.

/// A view's bytes; outside of them there is 0, which no recogniser takes.
#[derive(Clone, Copy)]
pub(crate) struct Bytes<'t>(&'t [u8]);

impl<'t> Bytes<'t> {
    pub(crate) const fn new(bytes: &'t [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn len(self) -> usize {
        self.0.len()
    }

    pub(crate) fn at(self, at: usize) -> u8 {
        self.0.get(at).copied().unwrap_or_default()
    }

    /// The byte so many before.
    pub(crate) fn back(self, at: usize, steps: usize) -> u8 {
        at.checked_sub(steps).map_or(0, |at| self.at(at))
    }

    pub(crate) fn slice(self, start: usize, end: usize) -> &'t [u8] {
        self.0.get(start..end.min(self.0.len())).unwrap_or_default()
    }

    pub(crate) fn from(self, start: usize) -> &'t [u8] {
        self.0.get(start..).unwrap_or_default()
    }

    /// Where the bytes of a sort that begin here have ended, after at most so many.
    pub(crate) fn run(self, start: usize, most: usize, sort: impl Fn(u8) -> bool) -> usize {
        let length = self.from(start).iter().take(most).take_while(|byte| sort(**byte)).count();
        start.saturating_add(length)
    }

    /// Where the bytes of a sort that end here begin, at most so many back.
    pub(crate) fn run_back(self, end: usize, most: usize, sort: impl Fn(u8) -> bool) -> usize {
        let before = self.0.get(..end).unwrap_or_default();
        let length = before.iter().rev().take(most).take_while(|byte| sort(**byte)).count();
        end.saturating_sub(length)
    }

    /// Whether these letters stand here, in any case.
    pub(crate) fn is(self, at: usize, lower: &str) -> bool {
        let found = self.slice(at, at.saturating_add(lower.len()));
        found.eq_ignore_ascii_case(lower.as_bytes())
    }
}

/// Letters, digits, and all that is not ASCII.
pub(crate) const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

/// Letters, and all that is not ASCII.
pub(crate) const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0x80
}

pub(crate) const fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

pub(crate) const fn is_hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

/// The number that digits make, others being passed over; so many digits that it fits are the caller's care.
pub(crate) fn number(digits: &[u8]) -> u64 {
    let step = |sum: u64, byte: &u8| sum.wrapping_mul(10).wrapping_add(u64::from(byte.wrapping_sub(b'0')));
    digits.iter().filter(|byte| is_digit(**byte)).fold(0, step)
}
