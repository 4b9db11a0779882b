//! International bank account numbers: length by country, and the checksum of ISO 7064 (MOD 97-10).

use super::Place;
use super::bytes::is_word;

/// Lengths by country.
const LENGTHS: [(&[u8; 2], u8); 86] = [
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
];

/// Where an account number that begins here has ended.
pub(super) fn find(place: Place<'_>) -> Option<usize> {
    let Place { text, start, end, .. } = place;
    let [a, b, c, d] = *text.slice(start, start.saturating_add(4)) else { return None };
    if !(a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && c.is_ascii_digit() && d.is_ascii_digit()) {
        return None;
    }
    let country = [a.to_ascii_uppercase(), b.to_ascii_uppercase()];
    let at = LENGTHS.binary_search_by_key(&country, |(country, _)| **country).ok()?;
    let length = usize::from(LENGTHS.get(at)?.1);
    // In one, or in groups of which the first has four.
    let token = end.saturating_sub(start);
    if token != length && token != 4 {
        return None;
    }
    let mut at = start;
    let mut sum = Remainder::default();
    let mut head = [0_u8; 4];
    for count in 0..length {
        if matches!(text.at(at), b' ' | b'-' | b'+') && count > 0 {
            at = at.saturating_add(1);
        }
        let byte = text.at(at).to_ascii_uppercase();
        if !byte.is_ascii_alphanumeric() {
            return None;
        }
        match head.get_mut(count) {
            Some(place) => *place = byte,
            None => sum.add(byte),
        }
        at = at.saturating_add(1);
    }
    head.iter().for_each(|byte| sum.add(*byte));
    (sum.0 == 1 && !is_word(text.at(at))).then_some(at)
}

#[derive(Default)]
struct Remainder(u32);

impl Remainder {
    fn add(&mut self, byte: u8) {
        let value = char::from(byte).to_digit(36).unwrap_or_default();
        let shift = if value < 10 { 10 } else { 100 };
        self.0 = self.0.wrapping_mul(shift).wrapping_add(value) % 97;
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn countries_are_in_order() {
        assert!(super::LENGTHS.is_sorted());
    }
}
