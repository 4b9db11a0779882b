//! Groups of digits with what separates them: what cards, phones, dates and the numbers of persons are written as.

use super::bytes::{Bytes, is_digit, is_word, number};

/// Groups that are looked at together.
const GROUPS: usize = 10;
/// Digits of all groups that are looked at together; more is no number of a person.
pub(super) const DIGITS: usize = 24;

/// What stands before a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Gap {
    #[default]
    Nothing,
    Blank,
    Dash,
    Dot,
    Slash,
    /// A bracket, with or without a blank or dash beside it.
    Bracket,
    /// An underscore, or a plus sign as URLs write a blank.
    Other,
}

/// Digits in a row.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Group {
    pub(super) gap: Gap,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Group {
    pub(super) const fn len(self) -> usize {
        self.end.saturating_sub(self.start)
    }
}

/// Groups from one place on.
pub(super) struct Run<'t> {
    text: Bytes<'t>,
    groups: [Group; GROUPS],
    count: usize,
    /// Whether the last group goes on with a letter.
    pub(super) has_tail: bool,
}

impl<'t> Run<'t> {
    pub(super) fn read(text: Bytes<'t>, start: usize) -> Self {
        let mut run = Self { text, groups: [Group::default(); GROUPS], count: 0, has_tail: false };
        let mut next = Some((Gap::Nothing, start));
        while let Some((gap, start)) = next {
            let Some(group) = run.groups.get_mut(run.count) else { break };
            let end = text.run(start, usize::MAX, is_digit);
            *group = Group { gap, start, end };
            run.count = run.count.saturating_add(1);
            // A phone number's extension is none.
            let is_extended = text.at(end) == b'x' && is_digit(text.at(end.saturating_add(1)));
            run.has_tail = is_word(text.at(end)) && !is_extended;
            next = if run.has_tail { None } else { gap_at(text, end) };
        }
        run
    }

    pub(super) fn groups(&self) -> &[Group] {
        self.groups.get(..self.count).unwrap_or_default()
    }

    /// The first groups, as many as asked for, unless a letter follows them.
    pub(super) fn first(&self, count: usize) -> Option<&[Group]> {
        let whole = count < self.count || (count == self.count && !self.has_tail);
        if whole { self.groups.get(..count) } else { None }
    }

    /// The lengths of the first groups, 0 for those that are not there.
    pub(super) fn lengths<const N: usize>(groups: &[Group]) -> [usize; N] {
        std::array::from_fn(|at| groups.get(at).map_or(0, |group| group.len()))
    }

    /// The digits of groups, all in a row.
    pub(super) fn digits(&self, groups: &[Group]) -> Option<Digits> {
        let mut digits = Digits { bytes: [0; DIGITS], count: 0 };
        for group in groups {
            for byte in self.text.slice(group.start, group.end) {
                *digits.bytes.get_mut(digits.count)? = *byte;
                digits.count = digits.count.saturating_add(1);
            }
        }
        Some(digits)
    }

    /// The number that one group makes.
    pub(super) fn value(&self, at: usize) -> Option<u64> {
        let group = self.groups().get(at).filter(|group| group.len() <= 18)?;
        Some(number(self.text.slice(group.start, group.end)))
    }

    /// Where a date that the run begins with has ended.
    pub(super) fn date(&self) -> Option<usize> {
        let [first, second, third, ..] = self.groups() else { return None };
        let gap = second.gap;
        if third.gap != gap || !matches!(gap, Gap::Dash | Gap::Dot | Gap::Slash) {
            return None;
        }
        let (year, one, other) = match (first.len(), second.len(), third.len()) {
            (4, 1..=2, 1..=2) => (self.value(0)?, self.value(1)?, self.value(2)?),
            (1..=2, 1..=2, 4) => (self.value(2)?, self.value(0)?, self.value(1)?),
            _ => return None,
        };
        let is_day = |a: u64, b: u64| (1..=12).contains(&a) && (1..=31).contains(&b);
        let ended = self.groups().get(3).is_none_or(|next| next.gap != gap);
        let is_date = (1850..=2150).contains(&year) && (is_day(one, other) || is_day(other, one)) && ended;
        is_date.then_some(third.end)
    }
}

/// Digits of several groups.
pub(super) struct Digits {
    bytes: [u8; DIGITS],
    count: usize,
}

impl Digits {
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.count).unwrap_or_default()
    }

    pub(super) const fn len(&self) -> usize {
        self.count
    }
}

/// The checksum of cards and of several national numbers (ISO/IEC 7812-1 annex B).
pub(super) fn is_luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, byte)| {
            let digit = u32::from(byte.wrapping_sub(b'0'));
            if at % 2 == 0 {
                digit
            } else if digit > 4 {
                digit.wrapping_mul(2).wrapping_sub(9)
            } else {
                digit.wrapping_mul(2)
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// What separates the digits that end here from the next ones, and where those begin.
fn gap_at(text: Bytes<'_>, end: usize) -> Option<(Gap, usize)> {
    let ahead = |steps: usize| text.at(end.saturating_add(steps));
    let (gap, length) = match (text.at(end), ahead(1), ahead(2)) {
        (b' ', b'(', _) | (b')', b' ' | b'-' | b'.' | b'/', _) => (Gap::Bracket, 2),
        (b'(' | b')', _, _) => (Gap::Bracket, 1),
        (b' ', b'-', b' ') => (Gap::Dash, 3),
        (b' ', b'/', b' ') => (Gap::Slash, 3),
        (b' ', _, _) => (Gap::Blank, 1),
        (b'-', _, _) => (Gap::Dash, 1),
        (b'.', _, _) => (Gap::Dot, 1),
        (b'/', _, _) => (Gap::Slash, 1),
        (b'_' | b'+', _, _) => (Gap::Other, 1),
        _ => return None,
    };
    is_digit(ahead(length)).then_some((gap, end.saturating_add(length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_gaps() {
        let run = Run::read(Bytes::new(b"12 (34) 5-6.7/8x"), 0);
        let gaps: Vec<Gap> = run.groups().iter().map(|group| group.gap).collect();
        assert_eq!(gaps, [Gap::Nothing, Gap::Bracket, Gap::Bracket, Gap::Dash, Gap::Dot, Gap::Slash]);
        assert!(run.has_tail && run.first(6).is_none() && run.first(5).is_some());
    }

    #[test]
    fn dates() {
        #[track_caller]
        fn check(text: &str, expected: Option<usize>) {
            assert_eq!(Run::read(Bytes::new(text.as_bytes()), 0).date(), expected, "{text}");
        }
        check("2024-06-12T16", Some(10));
        check("1.2.1999", Some(8));
        check("12/31/2024 10", Some(10));
        check("2024-13-32", None);
        check("192.168.1.2", None);
        check("10.10.2024.1", None);
    }

    #[test]
    fn luhn() {
        assert!(is_luhn(b"4111111111111111") && !is_luhn(b"4111111111111112"));
    }
}
