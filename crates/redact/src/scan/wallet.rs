//! Addresses of cryptocurrencies.

use super::Place;
use super::bytes::is_hex;

/// Where an address that begins here has ended.
pub(super) fn find(place: Place<'_>) -> Option<usize> {
    let Place { text, start, end, .. } = place;
    let token = text.slice(start, end);
    let goes_on = matches!(text.at(end), b'+' | b'=' | b'_');
    (!goes_on && (is_ether(token) || is_base58(token) || is_bech32(token))).then_some(end)
}

fn is_ether(token: &[u8]) -> bool {
    let hex = token.strip_prefix(b"0x").filter(|hex| hex.len() == 40);
    hex.is_some_and(|hex| hex.iter().all(|byte| is_hex(*byte)))
}

/// Bitcoin's older addresses. Letters of both cases and digits, so that no hash in hexadecimal is one.
fn is_base58(token: &[u8]) -> bool {
    let in_alphabet = |byte: &u8| byte.is_ascii_alphanumeric() && !b"0OIl".contains(byte);
    matches!(token.first(), Some(b'1' | b'3'))
        && (26..=35).contains(&token.len())
        && token.iter().all(in_alphabet)
        && token.iter().any(u8::is_ascii_lowercase)
        && token.iter().any(u8::is_ascii_uppercase)
}

/// Bitcoin's newer ones (BIP 173).
fn is_bech32(token: &[u8]) -> bool {
    let tail = token.strip_prefix(b"bc1").or(token.strip_prefix(b"tb1")).or(token.strip_prefix(b"BC1"));
    tail.is_some_and(|tail| (39..=59).contains(&tail.len()) && tail.iter().all(u8::is_ascii_alphanumeric))
}
