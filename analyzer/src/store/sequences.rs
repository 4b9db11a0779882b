//! Which reports of one boot are in, in a few bytes: the highest sequence, and what is missing below it.
//!
//! An edge counts from 1 and sends in order, so that usually nothing is missing. What is missing is bounded: of a boot
//! that skips more, the oldest gaps count as if they were in.

use portcullis_report::Receipt;
use std::fmt;

/// Gaps that are remembered of one boot.
const GAPS: usize = 64;

/// The sequences of one boot that are in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sequences {
    pub(super) highest: u64,
    /// First and last of each, in ascending order.
    missing: Vec<(u64, u64)>,
}

impl Sequences {
    /// As the columns have it; what cannot be read is not missing.
    pub(super) fn read(highest: i64, missing: &str) -> Self {
        let gap = |text: &str| {
            let (first, last) = text.split_once('-')?;
            Some((first.parse().ok()?, last.parse().ok()?))
        };
        Self { highest: highest.cast_unsigned(), missing: missing.split(',').filter_map(gap).collect() }
    }

    /// Enters a sequence, unless it is in.
    pub(super) fn enter(&mut self, sequence: u64) -> Receipt {
        if sequence > self.highest {
            let first = self.highest.saturating_add(1);
            if first < sequence {
                self.missing.push((first, sequence.saturating_sub(1)));
            }
            self.highest = sequence;
            self.forget();
            return Receipt::Stored;
        }
        let Some(index) = self.missing.iter().position(|(first, last)| (*first..=*last).contains(&sequence))
        else {
            return Receipt::Duplicate;
        };
        let (first, last) = self.missing.remove(index);
        let before = (first < sequence).then(|| (first, sequence.saturating_sub(1)));
        let after = (sequence < last).then(|| (sequence.saturating_add(1), last));
        self.missing.splice(index..index, before.into_iter().chain(after));
        self.forget();
        Receipt::Stored
    }

    fn forget(&mut self) {
        let excess = self.missing.len().saturating_sub(GAPS);
        self.missing.drain(..excess);
    }
}

/// What is missing, as the column has it.
impl fmt::Display for Sequences {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.missing.iter().enumerate().try_for_each(|(index, (first, last))| {
            let comma = if index == 0 { "" } else { "," };
            write!(formatter, "{comma}{first}-{last}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sequences: &[u64], duplicates: &[u64], missing: &str) {
        let mut all = Sequences::default();
        let mut twice = Vec::new();
        for sequence in sequences {
            // It is written and read again between any two.
            all = Sequences::read(all.highest.cast_signed(), &all.to_string());
            if all.enter(*sequence) == Receipt::Duplicate {
                twice.push(*sequence);
            }
        }
        assert_eq!((twice.as_slice(), all.to_string().as_str()), (duplicates, missing));
    }

    #[test]
    fn in_order_nothing_is_missing() {
        check(&[1, 2, 3], &[], "");
        check(&[1, 1, 2, 1, 2], &[1, 1, 2], "");
    }

    #[test]
    fn what_is_skipped_is_missing_until_it_comes() {
        check(&[5], &[], "1-4");
        check(&[5, 2], &[], "1-1,3-4");
        check(&[5, 2, 1, 4, 3], &[], "");
        check(&[5, 1, 4, 5, 1], &[5, 1], "2-3");
        check(&[2, 4, 6, 3, 3], &[3], "1-1,5-5");
        check(&[1, u64::MAX, 2, u64::MAX], &[u64::MAX], "3-18446744073709551614");
    }

    #[test]
    fn of_too_many_gaps_the_oldest_are_taken_for_full() {
        let mut all = Sequences::default();
        for sequence in (2..).step_by(2).take(GAPS + 1) {
            assert_eq!(all.enter(sequence), Receipt::Stored);
        }
        assert_eq!(all.missing.len(), GAPS);
        assert_eq!(all.enter(1), Receipt::Duplicate);
        assert_eq!(all.enter(3), Receipt::Stored);
        // In the middle of a gap one becomes two.
        let mut all = Sequences::default();
        for sequence in (4..).step_by(4).take(GAPS) {
            all.enter(sequence);
        }
        assert_eq!(all.enter(6), Receipt::Stored);
        assert_eq!((all.missing.len(), all.enter(1)), (GAPS, Receipt::Duplicate));
    }
}
