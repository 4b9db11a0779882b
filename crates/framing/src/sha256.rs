//! The hash by which a persisted query is known.

use sha2::{Digest, Sha256};
use std::fmt;

/// A SHA-256; printed and read as 64 lowercase hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256Hash(pub [u8; 32]);

impl Sha256Hash {
    /// The hash of a document, as its bytes are.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// Reads exactly 64 lowercase hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let mut hash = [0; 32];
        if pairs.len() != hash.len() || !rest.is_empty() {
            return None;
        }
        for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self(hash))
    }
}

fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => letter.checked_sub(b'0'),
        b'a'..=b'f' => letter.checked_sub(b'a')?.checked_add(10),
        _ => None,
    }
}

impl fmt::Display for Sha256Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4, the example "abc".
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_hash_is_printed_as_it_is_read() {
        assert_eq!(Sha256Hash::of("abc").to_string(), ABC);
        assert_eq!(Sha256Hash::parse(ABC), Some(Sha256Hash::of("abc")));
    }

    #[test]
    fn only_64_lowercase_digits_are_a_hash() {
        let (shorter, longer) = (ABC.get(1..).unwrap(), format!("{ABC}0"));
        let not_hexadecimal = format!("g{shorter}");
        let signed = format!("+{shorter}");
        for text in ["", shorter, &longer, &ABC.to_uppercase(), &not_hexadecimal, &signed, &"é".repeat(32)] {
            assert_eq!(Sha256Hash::parse(text), None, "{text}");
        }
    }
}
