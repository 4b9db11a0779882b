//! Unsigned numbers of the wire in the signed columns of SQL.
//!
//! Amounts saturate: a hostile sum must not wrap, nor fail the transaction that carries everyone else's numbers.

/// An amount as a column holds it, at most `i64::MAX`.
pub(super) fn stored(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}

/// An amount as it was meant.
pub(super) fn loaded(column: i64) -> u64 {
    u64::try_from(column).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_saturate_and_come_back() {
        for (amount, expected) in [(0, 0), (7, 7), (u64::MAX, i64::MAX.unsigned_abs())] {
            assert_eq!(loaded(stored(amount)), expected);
        }
        assert_eq!(loaded(-1), 0);
    }
}
