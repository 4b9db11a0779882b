//! A weight of the cost directives: a decimal number in a text, kept as thousandths.

use thiserror::Error;

/// The largest weight there may be, in thousandths: a thousand million units.
const MOST: i64 = 1_000_000_000_000;

/// A weight, in thousandths of a cost unit; may be negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weight(i64);

impl Weight {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// What an object, and a field that returns one, weighs by default.
    pub const ONE: Self = Self(1_000);

    /// A weight of thousandths, held between plus and minus a thousand million units.
    pub fn from_milli(milli: i64) -> Self {
        Self(milli.clamp(-MOST, MOST))
    }

    /// In thousandths.
    pub const fn milli(self) -> i64 {
        self.0
    }

    /// Reads a decimal number: sign, digits, fraction, exponent. Rounded to the nearest thousandth, halves away from zero.
    ///
    /// # Errors
    /// The text is no decimal number (`NaN` and infinities are none), or it is beyond a thousand million.
    pub fn parse(text: &str) -> Result<Self, WeightError> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent_of(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return Err(WeightError::NotANumber),
            Some(parts) => parts,
            None => (mantissa, ""),
        };
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
            return Err(WeightError::NotANumber);
        }
        let milli = thousandths(whole, fraction, exponent).ok_or(WeightError::TooLarge)?;
        Ok(Self(if negative { milli.saturating_neg() } else { milli }))
    }
}

/// Why a text is no weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WeightError {
    /// It is not a decimal number.
    #[error("must be a number such as \"2.5\"")]
    NotANumber,
    /// It is beyond a thousand million.
    #[error("must be between -1000000000 and 1000000000")]
    TooLarge,
}

fn exponent_of(text: &str) -> Result<i32, WeightError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(WeightError::NotANumber);
    }
    // Out of range is as good as very far: both ends are handled by the caller.
    let far = if text.starts_with('-') { -100_000 } else { 100_000 };
    Ok(text.parse::<i32>().map_or(far, |exponent| exponent.clamp(-100_000, 100_000)))
}

/// The digits as thousandths; nothing when they are too many.
fn thousandths(whole: &str, fraction: &str, exponent: i32) -> Option<i64> {
    let mut digits = whole.bytes().chain(fraction.bytes()).map(|byte| i64::from(byte.wrapping_sub(b'0')));
    // How many of the digits come before the point once it stands behind the thousandths.
    let kept = i64::try_from(whole.len()).ok()?.checked_add(i64::from(exponent))?.checked_add(3)?;
    let mut milli = 0_i64;
    for place in 0..kept {
        let digit = match digits.next() {
            Some(digit) => digit,
            None if milli == 0 => return Some(0),
            None => 0,
        };
        milli = milli.checked_mul(10)?.checked_add(digit)?;
        // A number this long has no room to become shorter again.
        if milli > MOST || place > 1_000_000 {
            return None;
        }
    }
    let rounds_up = kept >= 0 && digits.next().is_some_and(|next| next >= 5);
    milli.checked_add(i64::from(rounds_up)).filter(|milli| *milli <= MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<i64, WeightError>) {
        assert_eq!(Weight::parse(text).map(Weight::milli), expected, "{text}");
    }

    #[test]
    fn decimal_numbers_are_exact_to_the_thousandth() {
        check("1", Ok(1_000));
        check("2.0", Ok(2_000));
        check("-3.0", Ok(-3_000));
        check("0.1", Ok(100));
        check("0.001", Ok(1));
        check("0.0005", Ok(1));
        check("0.00049999999999999999", Ok(0));
        check("-0.0005", Ok(-1));
        check("1.9995", Ok(2_000));
        check("1e3", Ok(1_000_000));
        check("1.5E-1", Ok(150));
        check("15e-1", Ok(1_500));
        check("12345e-5", Ok(123));
        check("5e-4", Ok(1));
        check("5e-5", Ok(0));
        check("9e-99999999999", Ok(0));
        check("0e99999999999", Ok(0));
        check("1000000000", Ok(MOST));
        check("0000000000000000000000001", Ok(1_000));
    }

    #[test]
    fn everything_else_is_a_mistake() {
        for text in [
            "", "-", "x", "NaN", "inf", "Infinity", "1.", ".5", "1e", "1e+", "+1", " 1", "1 ", "1,5", "0x1",
            "١",
        ] {
            check(text, Err(WeightError::NotANumber));
        }
        for text in ["1000000001", "1e10", "1e999999999999", "-1e10", "1000000000.0005"] {
            check(text, Err(WeightError::TooLarge));
        }
        check(&"9".repeat(10_000), Err(WeightError::TooLarge));
    }
}
