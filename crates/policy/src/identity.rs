//! Who sent a request: the first identity that it has, as a key that tells nothing, and the class that this makes it one of.
//!
//! What the host knows comes in as values. A client's own header is believed only where the policy names it; what came
//! twice, or is longer than any name, is no identity.

use crate::policy::{ClassId, Clients, Condition, Property, Source, SourceKind, Trait};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::net::IpAddr;

/// Bytes of the longest value that is an identity, or is compared with one.
pub const LONGEST_IDENTITY: usize = 1_024;

/// What is known of a request's sender.
#[derive(Clone, Copy)]
pub struct Evidence<'e> {
    /// The value of a header, by its name in lower case, when it came exactly once.
    pub header: &'e dyn Fn(&str) -> Option<&'e [u8]>,
    /// What the host said to each of [`Clients::properties`].
    pub properties: &'e [Option<Vec<u8>>],
    /// The client's address, when the host told it.
    pub address: Option<IpAddr>,
}

/// Who sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// By what it is known again.
    pub key: ClientKey,
    /// Where its identity came from.
    pub source: SourceKind,
    /// What it is one of.
    pub class: ClassId,
}

/// A client's pseudonym: 128 bits of a hash over its identity and the policy's salt; printed as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientKey(pub [u8; 16]);

impl fmt::Display for ClientKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ClientKey({self})")
    }
}

impl Clients {
    /// Who sent a request.
    pub fn identify(&self, evidence: &Evidence<'_>) -> Client {
        let known = self.sources.iter().enumerate();
        let found =
            known.filter_map(|(place, source)| Some((place, source, evidence.identity(source)?))).next();
        let (key, source) = match found {
            Some((place, source, value)) => (self.key(source.kind(), Some(place), value), source.kind()),
            None => (self.by_address(evidence.address), SourceKind::Address),
        };
        let class = self
            .classes
            .iter()
            .position(|class| class.conditions.iter().any(|condition| condition.holds(source, evidence)));
        let class = class.and_then(|place| u8::try_from(place).ok()).map(ClassId);
        Client { key, source, class: class.unwrap_or_else(|| self.everyone_else()) }
    }

    /// The names of the headers that may say who a client is.
    pub fn headers(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().filter_map(|source| match source {
            Source::Header(name) => Some(name.as_str()),
            Source::Jwt(_) | Source::Certificate(_) => None,
        })
    }

    /// Those whose address the host did not tell are one client.
    fn by_address(&self, address: Option<IpAddr>) -> ClientKey {
        match address.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(address)) => self.key(SourceKind::Address, None, &address.octets()),
            Some(IpAddr::V6(address)) => {
                let unused = 128_u32.saturating_sub(u32::from(self.ipv6_prefix));
                let mask = u128::MAX.checked_shl(unused).unwrap_or(0);
                self.key(SourceKind::Address, None, &(address.to_bits() & mask).to_be_bytes())
            }
            None => self.key(SourceKind::Address, None, &[]),
        }
    }

    fn key(&self, kind: SourceKind, place: Option<usize>, value: &[u8]) -> ClientKey {
        let name = place.map(|place| self.name(place)).unwrap_or_default();
        let mut hash = Sha256::new();
        // Lengths go in as well, so that no two lists of parts run into the same bytes. An address is one block.
        let parts =
            [&b"portcullis/1"[..], self.salt.as_bytes(), kind.label().as_bytes(), name.as_bytes(), value];
        for part in parts {
            hash.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
            hash.update(part);
        }
        let digest: [u8; 32] = hash.finalize().into();
        ClientKey(digest.first_chunk().copied().unwrap_or_default())
    }

    /// By what a source's identities differ from those of another of its kind.
    fn name(&self, place: usize) -> String {
        match self.sources.get(place) {
            Some(Source::Header(name)) => name.as_str().to_owned(),
            Some(Source::Jwt(property) | Source::Certificate(property)) => {
                self.properties.get(property.0).map(|path| path.0.join("\0")).unwrap_or_default()
            }
            None => String::new(),
        }
    }
}

impl Source {
    fn kind(&self) -> SourceKind {
        match self {
            Self::Jwt(_) => SourceKind::Jwt,
            Self::Header(_) => SourceKind::Header,
            Self::Certificate(_) => SourceKind::Certificate,
        }
    }
}

impl SourceKind {
    /// The word for it in the policy.
    pub fn label(self) -> &'static str {
        match self {
            Self::Jwt => "jwt",
            Self::Header => "header",
            Self::Certificate => "certificate",
            Self::Address => "address",
        }
    }
}

impl<'e> Evidence<'e> {
    fn identity(&self, source: &Source) -> Option<&'e [u8]> {
        match source {
            Source::Jwt(property) | Source::Certificate(property) => self.property(*property),
            Source::Header(name) => self.header(name.as_str()),
        }
    }

    fn property(&self, property: Property) -> Option<&'e [u8]> {
        self.properties.get(property.0)?.as_deref().filter(fits)
    }

    fn header(&self, name: &str) -> Option<&'e [u8]> {
        (self.header)(name).filter(fits)
    }
}

fn fits(value: &&[u8]) -> bool {
    (1..=LONGEST_IDENTITY).contains(&value.len())
}

impl Condition {
    fn holds(&self, source: SourceKind, evidence: &Evidence<'_>) -> bool {
        self.0.iter().all(|one| one.holds(source, evidence))
    }
}

impl Trait {
    fn holds(&self, source: SourceKind, evidence: &Evidence<'_>) -> bool {
        let is_one_of = |value: Option<&[u8]>, texts: &[String]| {
            value.is_some_and(|value| texts.iter().any(|text| text.as_bytes() == value))
        };
        match self {
            Self::Source(kinds) => kinds.contains(&source),
            Self::Claim(property, texts) => is_one_of(evidence.property(*property), texts),
            Self::Header(name, texts) => is_one_of(evidence.header(name.as_str()), texts),
            Self::Network(networks) => evidence.address.is_some_and(|address| {
                let address = address.to_canonical();
                networks.iter().any(|network| network.contains(&address))
            }),
            Self::Certificate(property, prefix) => {
                evidence.property(*property).is_some_and(|name| name.starts_with(prefix.as_bytes()))
            }
        }
    }
}

#[cfg(test)]
mod tests;
