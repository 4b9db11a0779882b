//! An amount of cost: saturating thousandths, so that no sum and no product can wrap.

use std::ops::Add;

const MILLI: u64 = 1_000;

/// A cost, in thousandths of a cost unit; saturates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cost(u64);

impl Cost {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// As much as can be said.
    pub const MAX: Self = Self(u64::MAX);

    /// A cost of whole units.
    pub const fn from_units(units: u64) -> Self {
        Self(units.saturating_mul(MILLI))
    }

    /// A cost of thousandths.
    pub const fn from_milli(milli: u64) -> Self {
        Self(milli)
    }

    /// A sum of weights in thousandths; nothing costs less than nothing.
    pub(crate) fn from_sum(milli: i64) -> Self {
        match u64::try_from(milli) {
            // A sum that ran into its end says nothing about what it would have been.
            Ok(_) if milli == i64::MAX => Self::MAX,
            Ok(milli) => Self(milli),
            Err(_) => Self::ZERO,
        }
    }

    /// In thousandths.
    pub const fn milli(self) -> u64 {
        self.0
    }

    /// In whole units, rounded up.
    pub const fn units(self) -> u64 {
        self.0.div_ceil(MILLI)
    }

    /// So many times as much.
    #[must_use]
    pub const fn times(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_rounded_up() {
        assert_eq!(Cost::ZERO.units(), 0);
        assert_eq!(Cost::from_milli(1).units(), 1);
        assert_eq!(Cost::from_milli(1_000).units(), 1);
        assert_eq!(Cost::from_milli(1_001).units(), 2);
    }

    #[test]
    fn nothing_wraps() {
        let most = Cost::from_units(u64::MAX);
        assert_eq!(most.milli(), u64::MAX);
        assert_eq!(most + most, most);
        assert_eq!(most.times(u64::MAX), most);
    }
}
