//! Whom a decision is about: an address, a range of addresses, or a client by its key.
//!
//! There is one way to write each: an IPv4 address inside an IPv6 one is written as the IPv4 address, and a range
//! names its first address. So equal scopes are equal as texts.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Whom a decision is about: `{"ip": "192.0.2.7"}`, `{"cidr": "2001:db8::/64"}`, `{"client_key": "<32 hex digits>"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One address.
    Ip(#[serde(deserialize_with = "address")] IpAddr),
    /// A range of addresses.
    Cidr(Cidr),
    /// The client that the policy knows by this pseudonym, as in `Incident::client_key`.
    ClientKey(#[serde(with = "key")] u128),
}

/// A range of addresses: those that share the first `prefix` bits with `address`, whose other bits are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr {
    address: IpAddr,
    prefix: u8,
}

/// A text is not what a scope is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// It is no address.
    #[error("must be an IPv4 or IPv6 address without zone")]
    Address,
    /// It is an IPv4 address in the clothes of an IPv6 one.
    #[error("must be written as the IPv4 address that it stands for")]
    Mapped,
    /// It is no range.
    #[error("must be ADDRESS/PREFIX such as 10.0.0.0/8 or 2001:db8::/32")]
    Cidr,
    /// The prefix is longer than the address.
    #[error("the prefix must be at most {limit}, got {actual}")]
    Prefix {
        /// The bits of an address.
        limit: u8,
        /// The prefix.
        actual: u8,
    },
    /// The address is not the first of the range.
    #[error("must begin with the first address of the range")]
    HostBits,
    /// It is no client key.
    #[error("must be 32 lowercase hex digits")]
    ClientKey,
}

impl Scope {
    /// The word for its kind, in lists and in the store.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Ip(_) => "ip",
            Self::Cidr(_) => "cidr",
            Self::ClientKey(_) => "client_key",
        }
    }

    /// The text of its value, as on the wire.
    pub fn value(&self) -> String {
        match self {
            Self::Ip(address) => address.to_string(),
            Self::Cidr(cidr) => cidr.to_string(),
            Self::ClientKey(key) => format!("{key:032x}"),
        }
    }

    /// Reads the value of a kind as strictly as the wire does; `None` when there is no such kind.
    pub fn parse(kind: &str, value: &str) -> Option<Result<Self, ScopeError>> {
        match kind {
            "ip" => Some(canonical(value).map(Self::Ip)),
            "cidr" => Some(value.parse().map(Self::Cidr)),
            "client_key" => Some(unhex(value).map(Self::ClientKey)),
            _ => None,
        }
    }
}

impl Cidr {
    /// The range in which the address lies.
    ///
    /// # Errors
    /// The prefix is longer than the address, or the address is an IPv4 one in the clothes of an IPv6 one.
    pub fn around(address: IpAddr, prefix: u8) -> Result<Self, ScopeError> {
        if address.to_canonical() != address {
            return Err(ScopeError::Mapped);
        }
        let limit = bits(address);
        if prefix > limit {
            return Err(ScopeError::Prefix { limit, actual: prefix });
        }
        Ok(Self { address: first(address, prefix), prefix })
    }

    /// Its first address.
    pub fn address(self) -> IpAddr {
        self.address
    }

    /// How many bits its addresses share.
    pub fn prefix(self) -> u8 {
        self.prefix
    }

    /// Whether the address lies in the range.
    pub fn contains(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        bits(address) == bits(self.address) && first(address, self.prefix) == self.address
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.prefix)
    }
}

impl FromStr for Cidr {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let (address, prefix) = text.split_once('/').ok_or(ScopeError::Cidr)?;
        let digits = (1..=3).contains(&prefix.len()) && prefix.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || (prefix.len() > 1 && prefix.starts_with('0')) {
            return Err(ScopeError::Cidr);
        }
        let address = canonical(address)?;
        let cidr = Self::around(address, prefix.parse().map_err(|_| ScopeError::Cidr)?)?;
        if cidr.address == address { Ok(cidr) } else { Err(ScopeError::HostBits) }
    }
}

impl Serialize for Cidr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cidr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer, str::parse)
    }
}

mod key {
    use super::{Deserializer, Serializer, text, unhex};

    pub(super) fn serialize<S: Serializer>(key: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{key:032x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        text(deserializer, unhex)
    }
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IpAddr, D::Error> {
    text(deserializer, canonical)
}

/// A string by its reader.
fn text<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    read: impl FnOnce(&str) -> Result<T, ScopeError>,
) -> Result<T, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    read(&text).map_err(de::Error::custom)
}

fn canonical(text: &str) -> Result<IpAddr, ScopeError> {
    let address: IpAddr = text.parse().map_err(|_| ScopeError::Address)?;
    if address.to_canonical() == address { Ok(address) } else { Err(ScopeError::Mapped) }
}

fn unhex(text: &str) -> Result<u128, ScopeError> {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() != 32 || !text.bytes().all(digit) {
        return Err(ScopeError::ClientKey);
    }
    u128::from_str_radix(text, 16).map_err(|_| ScopeError::ClientKey)
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The address with all but its first bits zero.
fn first(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(prefix.into())).unwrap_or_default();
            IpAddr::V4((address.to_bits() & mask).into())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(prefix.into())).unwrap_or_default();
            IpAddr::V6((address.to_bits() & mask).into())
        }
    }
}
