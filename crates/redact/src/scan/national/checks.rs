//! The checksums of national numbers.

use super::super::bytes::number;

fn digit(byte: u8) -> u32 {
    u32::from(byte.wrapping_sub(b'0'))
}

/// The sum of the first digits, each times its weight.
fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(byte, weight)| digit(*byte).wrapping_mul(*weight)).sum()
}

fn at(digits: &[u8], place: usize) -> u32 {
    digits.get(place).map_or(99, |byte| digit(*byte))
}

/// Whether a day of birth stands at these places: of year, month and day, two digits each.
pub(super) fn is_day(digits: &[u8], [_, month, day]: [usize; 3]) -> bool {
    let two = |place: usize| digits.get(place..place.saturating_add(2)).map_or(99, number);
    (1..=12).contains(&two(month)) && (1..=31).contains(&two(day))
}

/// Poland: a day of birth with the century in the month, and a checksum.
pub(super) fn is_pesel(digits: &[u8]) -> bool {
    let sum = weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]);
    let month = at(digits, 2).wrapping_mul(10).wrapping_add(at(digits, 3));
    let day = at(digits, 4).wrapping_mul(10).wrapping_add(at(digits, 5));
    digits.len() == 11
        && (10 - sum % 10) % 10 == at(digits, 10)
        && (1..=12).contains(&(month % 20))
        && month < 100
        && (1..=31).contains(&day)
}

/// Brazil, persons.
pub(super) fn is_cpf(digits: &[u8]) -> bool {
    let check = |sum: u32| (sum.wrapping_mul(10) % 11) % 10;
    let first = weighted(digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2]);
    let second = weighted(digits, &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    digits.len() == 11 && check(first) == at(digits, 9) && check(second) == at(digits, 10)
}

/// Brazil, companies.
pub(super) fn is_cnpj(digits: &[u8]) -> bool {
    let check = |sum: u32| if sum % 11 < 2 { 0 } else { 11 - sum % 11 };
    let first = weighted(digits, &[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]);
    let second = weighted(digits, &[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]);
    digits.len() == 14 && check(first) == at(digits, 12) && check(second) == at(digits, 13)
}

/// The checksum of article numbers, which Switzerland uses as well.
pub(super) fn is_ean(digits: &[u8]) -> bool {
    let sum = weighted(digits, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]);
    digits.len() == 13 && sum.is_multiple_of(10)
}

/// France: sex, year, month, place, and a key of two digits.
pub(super) fn is_nir(digits: &[u8]) -> bool {
    let (Some((body, key)), Some(b'1' | b'2' | b'7' | b'8')) = (digits.split_at_checked(13), digits.first())
    else {
        return false;
    };
    let month = at(digits, 3).wrapping_mul(10).wrapping_add(at(digits, 4));
    digits.len() == 15
        && (matches!(month, 1..=12 | 20..=42 | 50..=99))
        && 97_u64.wrapping_sub(number(body) % 97) == number(key)
}

/// India: the checksum of Verhoeff, by the group of the symmetries of a pentagon.
pub(super) fn is_aadhaar(digits: &[u8]) -> bool {
    // Turns and flips put one behind the other.
    let after = |a: u32, b: u32| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => (a + b - 5) % 5 + 5,
        (false, true) => (a - b) % 5 + 5,
        (false, false) => (a + 5 - b) % 5,
    };
    const TURN: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let turned = |value: u32, times: usize| {
        (0..times).fold(value, |value, _| {
            TURN.get(usize::try_from(value).unwrap_or_default()).map_or(0, |it| u32::from(*it))
        })
    };
    let sum = digits
        .iter()
        .rev()
        .enumerate()
        .fold(0, |sum, (place, byte)| after(sum, turned(digit(*byte), place % 8)));
    digits.len() == 12 && matches!(digits.first(), Some(b'2'..=b'9')) && sum == 0
}

/// Spain: the letter of seven digits behind X, Y or Z, or of eight.
pub(super) fn tax_letter(digits: &[u8]) -> Option<u8> {
    const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    let (first, rest) = digits.split_first()?;
    let first = match first.to_ascii_uppercase() {
        b'X' => b'0',
        b'Y' => b'1',
        b'Z' => b'2',
        digit => digit,
    };
    if !first.is_ascii_digit() || !rest.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = number(&[first]).wrapping_mul(10_u64.pow(7)).wrapping_add(number(rest));
    LETTERS.get(usize::try_from(value % 23).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples() {
        assert!(is_pesel(b"44051401359") && !is_pesel(b"44051401358"));
        assert!(is_cpf(b"52998224725") && !is_cpf(b"52998224724"));
        assert!(is_cnpj(b"11222333000181") && !is_cnpj(b"11222333000182"));
        assert!(is_ean(b"7569217076985"));
        assert!(is_nir(b"255081416802538") && !is_nir(b"255081416802539"));
        assert!(is_aadhaar(b"234123412346") && !is_aadhaar(b"234123412345"));
        assert_eq!(tax_letter(b"12345678"), Some(b'Z'));
        assert_eq!(tax_letter(b"X1234567"), Some(b'L'));
        assert_eq!(tax_letter(b"A1234567"), None);
    }
}
