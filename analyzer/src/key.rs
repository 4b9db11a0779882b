//! API keys as values: how one is made, written, read, and compared.
//!
//! A key is `pk_<role>_<id>_<secret>`: the id is public and finds the key in the store, the secret is 32 random
//! bytes. The store holds the SHA-256 of the secret and no salt or slow hash: those protect secrets that can be
//! guessed, and 256 random bits cannot. The module does not know the store.

use clap::ValueEnum;
use sha2::{Digest as _, Sha256};
use std::fmt::{self, Write as _};
use subtle::ConstantTimeEq as _;

const ID_BYTES: usize = 6;
const SECRET_BYTES: usize = 32;

/// What a key is good for; of the readers each may do what the one before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Role {
    /// Reads everything under /monitoring/.
    Viewer,
    /// Also acts on alerts and decisions.
    Operator,
    /// Also administers.
    Admin,
    /// Delivers reports and fetches decisions as an edge, and reads nothing else.
    Edge,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Admin, Self::Edge];

    /// The word used in keys, on the command line and in the store.
    pub fn label(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
            Self::Edge => "edge",
        }
    }

    /// The role of that label.
    pub fn from_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.label() == label)
    }

    /// Whether a key of this role may read under /monitoring/.
    pub fn reads(self) -> bool {
        match self {
            Self::Viewer | Self::Operator | Self::Admin => true,
            Self::Edge => false,
        }
    }

    /// Whether a key of this role may change what holds for clients.
    pub fn acts(self) -> bool {
        match self {
            Self::Operator | Self::Admin => true,
            Self::Viewer | Self::Edge => false,
        }
    }
}

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes: {0}")]
pub struct NoEntropy(getrandom::Error);

/// A whole key, secret included; shown once and never stored.
#[derive(Clone)]
pub struct Key {
    role: Role,
    id: String,
    secret: [u8; SECRET_BYTES],
}

/// What the store holds instead of a secret.
#[derive(Clone, Copy, Debug)]
pub struct Digest([u8; 32]);

impl Key {
    /// A fresh key.
    ///
    /// # Errors
    /// The operating system gave no random bytes.
    pub fn mint(role: Role) -> Result<Self, NoEntropy> {
        let mut id = [0; ID_BYTES];
        let mut secret = [0; SECRET_BYTES];
        getrandom::fill(&mut id).map_err(NoEntropy)?;
        getrandom::fill(&mut secret).map_err(NoEntropy)?;
        Ok(Self { role, id: hex(&id), secret })
    }

    /// Reads a key as [`Key::reveal`] writes it.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("pk_")?.split('_');
        let role = Role::from_label(parts.next()?)?;
        let id: [u8; ID_BYTES] = unhex(parts.next()?)?;
        let secret = unhex(parts.next()?)?;
        parts.next().is_none().then(|| Self { role, id: hex(&id), secret })
    }

    /// What it is good for, as it says; the store has the last word.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The public part that names it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What the store may hold of it.
    pub fn digest(&self) -> Digest {
        Digest(Sha256::digest(self.secret).into())
    }

    /// The whole key as text, for the one who asked for it.
    pub fn reveal(&self) -> String {
        format!("pk_{}_{}_{}", self.role.label(), self.id, hex(&self.secret))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Key({})", self.id)
    }
}

impl Digest {
    /// A digest that no key has, to compare with where there is none: the work is the same.
    pub const NOBODY: Self = Self([0; 32]);

    /// The digest as it was stored.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The digest as it is stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether both are of the same secret, in a time that does not depend on the answer.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// A name that nobody else has.
pub(crate) fn random_name() -> Result<String, NoEntropy> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(NoEntropy)?;
    Ok(hex(&bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        #[expect(clippy::let_underscore_must_use, reason = "writing to a string cannot fail")]
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let digits = text.as_bytes();
    if digits.len() != N.checked_mul(2)? {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair.iter().try_fold(0_u8, |value, digit| Some((value << 4) | nibble(*digit)?))?;
    }
    Some(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => digit.checked_sub(b'0'),
        b'a'..=b'f' => digit.checked_sub(b'a')?.checked_add(10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(Role, &str)>) {
        let key = Key::parse(text);
        assert_eq!(key.as_ref().map(|key| (key.role(), key.id())), expected);
    }

    const SECRET: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    #[test]
    fn a_key_is_read_as_it_is_written() {
        for role in Role::ALL {
            let key = Key::mint(role).unwrap();
            let read = Key::parse(&key.reveal()).unwrap();
            assert_eq!((read.role(), read.id()), (role, key.id()));
            assert!(read.digest().matches(&key.digest()));
        }
    }

    #[test]
    fn two_keys_differ() {
        let (one, two) = (Key::mint(Role::Edge).unwrap(), Key::mint(Role::Edge).unwrap());
        assert_ne!(one.id(), two.id());
        assert!(!one.digest().matches(&two.digest()));
    }

    #[test]
    fn what_is_not_a_key_is_none() {
        check(&format!("pk_edge_0123456789ab_{SECRET}"), Some((Role::Edge, "0123456789ab")));
        check(&format!("pk_edge_0123456789ab_{SECRET}_"), None);
        check(&format!("pk_edge_0123456789ab_{SECRET}0"), None);
        check(&format!("pk_edge_0123456789AB_{SECRET}"), None);
        check(&format!("pk_edge_0123456789_{SECRET}"), None);
        check(&format!("pk_root_0123456789ab_{SECRET}"), None);
        check(&format!("edge_0123456789ab_{SECRET}"), None);
        check("pk_edge_0123456789ab", None);
        check("pk_edge_0123456789ab_ä", None);
        check("", None);
    }

    #[test]
    fn debug_does_not_show_the_secret() {
        let key = Key::parse(&format!("pk_edge_0123456789ab_{SECRET}")).unwrap();
        assert_eq!(format!("{key:?}"), "Key(0123456789ab)");
    }

    #[test]
    fn the_digest_is_sha_256_of_the_secret() {
        let key = Key::parse(&format!("pk_edge_0123456789ab_{}", "00".repeat(32))).unwrap();
        let expected = "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925";
        assert_eq!(hex(key.digest().as_bytes()), expected);
    }
}
