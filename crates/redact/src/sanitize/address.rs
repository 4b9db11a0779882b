//! Addresses of clients: a pseudonym by which one is known again, or the network it is in.

use crate::redacted::Redacted;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What pseudonyms are made with. Whoever has it can try all addresses, so it is a secret; with another one all pseudonyms are others.
#[derive(Clone, PartialEq, Eq)]
pub struct Salt([u8; 32]);

/// A salt is too short to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadSalt {
    /// How long it is.
    pub length: usize,
}

impl Salt {
    /// The fewest bytes.
    pub const LEAST: usize = 16;

    /// A salt out of random bytes.
    ///
    /// # Errors
    /// They are fewer than [`Salt::LEAST`].
    pub fn new(bytes: &[u8]) -> Result<Self, BadSalt> {
        if bytes.len() < Self::LEAST {
            return Err(BadSalt { length: bytes.len() });
        }
        Ok(Self(Sha256::digest(bytes).into()))
    }
}

impl std::fmt::Debug for Salt {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Salt")
    }
}

impl std::fmt::Display for BadSalt {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "a salt has at least {} bytes, got {}", Salt::LEAST, self.length)
    }
}

impl std::error::Error for BadSalt {}

/// The same for the same address and salt: `address-` and 64 bits in hexadecimal (HMAC-SHA-256, RFC 2104).
///
/// An IPv4 address has one pseudonym, also where it is written as IPv6.
pub fn pseudonym(address: IpAddr, salt: &Salt) -> Redacted {
    let octets = match address.to_canonical() {
        IpAddr::V4(it) => it.octets().to_vec(),
        IpAddr::V6(it) => it.octets().to_vec(),
    };
    let padded = |pad: u8| {
        let mut block = [pad; 64];
        block.iter_mut().zip(salt.0).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(octets).finalize();
    let outer = Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize();
    let mut text = String::from("address-");
    for byte in outer.iter().take(8) {
        // Writing into a string does not fail.
        write!(text, "{byte:02x}").unwrap_or_default();
    }
    Redacted::sure(text)
}

/// The network of an address: 24 bits of IPv4, 64 of IPv6.
pub fn network(address: IpAddr) -> Redacted {
    let text = match address.to_canonical() {
        IpAddr::V4(it) => format!("{}/24", Ipv4Addr::from(u32::from(it) & 0xffff_ff00)),
        IpAddr::V6(it) => format!("{}/64", Ipv6Addr::from(u128::from(it) >> 64 << 64)),
    };
    Redacted::sure(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn salt(byte: u8) -> Salt {
        Salt::new(&[byte; 16]).unwrap()
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_pseudonym_is_stable_and_of_its_salt() {
        let ada = pseudonym(address("203.0.113.9"), &salt(1));
        assert_eq!(ada.as_str().len(), "address-".len() + 16);
        assert_eq!(ada, pseudonym(address("::ffff:203.0.113.9"), &salt(1)));
        assert_ne!(ada, pseudonym(address("203.0.113.8"), &salt(1)));
        assert_ne!(ada, pseudonym(address("203.0.113.9"), &salt(2)));
        assert_eq!(crate::redact(ada.as_str()), ada);
    }

    #[test]
    fn a_network_has_no_host() {
        assert_eq!(network(address("203.0.113.9")).as_str(), "203.0.113.0/24");
        assert_eq!(network(address("2001:db8:1:2:3:4:5:6")).as_str(), "2001:db8:1:2::/64");
    }

    #[test]
    fn a_salt_is_long_enough_and_is_never_shown() {
        assert_eq!(Salt::new(&[1; 15]), Err(BadSalt { length: 15 }));
        assert_eq!(format!("{:?}", salt(7)), "Salt");
    }
}
