//! Country codes, and how many digits the numbers behind them have.

use super::super::bytes::number;
use std::ops::RangeInclusive;

/// The length of the country code that digits begin with, and how many may follow it (ITU-T E.164, national plans).
pub(super) fn length(digits: &[u8]) -> Option<(usize, RangeInclusive<usize>)> {
    let two = digits.get(..2).map(number)?;
    Some(match two {
        10..=19 => (1, 10..=10),
        70..=79 => (1, 10..=10),
        20 => (2, 8..=10),
        27 | 31 | 33 | 34 | 41 | 48 | 56 | 61 | 93 | 94 => (2, 9..=9),
        30 | 52 | 54 | 57 | 58 | 63 | 90 | 91 | 92 | 98 => (2, 9..=11),
        32 | 36 | 53 | 66 | 51 => (2, 8..=9),
        39 => (2, 6..=11),
        40 | 60 | 81 | 84 => (2, 8..=10),
        43 | 49 => (2, 6..=13),
        44 => (2, 9..=10),
        64 => (2, 8..=10),
        45 | 65 => (2, 8..=8),
        46 => (2, 7..=10),
        47 => (2, 5..=8),
        55 => (2, 10..=11),
        62 | 86 => (2, 8..=12),
        82 | 95 => (2, 7..=10),
        _ => match digits.get(..3).map(number)? {
            211..=299
            | 350..=389
            | 420..=429
            | 500..=509
            | 590..=599
            | 670..=699
            | 800..=809
            | 850..=889
            | 960..=999 => (3, 6..=11),
            _ => return None,
        },
    })
}
