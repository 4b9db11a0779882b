//! The id by which a request is followed through the system.

use crate::Timestamp;
use std::fmt;

/// Longest id that is taken from a client, in bytes.
const LONGEST: usize = 64;

/// An id of visible, harmless characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorrelationId(String);

impl CorrelationId {
    /// A new id: a UUID of version 7, so ids sort by time.
    pub fn new(now: Timestamp, entropy: [u8; 10]) -> Self {
        Self(uuid::Builder::from_unix_timestamp_millis(now.millis(), &entropy).into_uuid().to_string())
    }

    /// An id that came with a request, when it is well-formed: 1 to 64 letters, digits, `-`, `_`, `.`.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let fit = !value.is_empty() && value.len() <= LONGEST && value.iter().all(harmless);
        let text = fit.then(|| std::str::from_utf8(value).ok()).flatten()?;
        Some(Self(text.to_owned()))
    }

    /// The id of something that is numbered within what this is the id of; of a long one the begin is kept.
    pub(crate) fn numbered(&self, number: u64) -> Self {
        let number = format!(".{number}");
        let own: String = self.0.chars().take(LONGEST.saturating_sub(number.len())).collect();
        Self(own + &number)
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CorrelationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &[u8], well_formed: bool) {
        assert_eq!(CorrelationId::parse(value).is_some(), well_formed, "{value:?}");
    }

    #[test]
    fn harmless_ids_are_well_formed() {
        check(b"a", true);
        check(b"0190b3c0-7d6a-7cc0-8000-000000000001", true);
        check(&[b'x'; 64], true);
    }

    #[test]
    fn everything_else_is_not() {
        check(b"", false);
        check(&[b'x'; 65], false);
        check(b"a b", false);
        check(b"a\r\nset-cookie: x", false);
        check(b"a\xff", false);
        check("é".as_bytes(), false);
    }

    #[test]
    fn a_numbered_id_is_well_formed() {
        let id = |text: &str| CorrelationId::parse(text.as_bytes()).unwrap();
        assert_eq!(id("socket").numbered(7).as_str(), "socket.7");
        let long = id(&"x".repeat(64)).numbered(u64::MAX);
        assert!(CorrelationId::parse(long.as_str().as_bytes()).is_some());
    }

    #[test]
    fn new_ids_are_version_7_and_carry_the_time() {
        let id = CorrelationId::new(Timestamp::from_millis(0x0190_b3c0_7d6a), [0xff; 10]);
        assert_eq!(id.as_str(), "0190b3c0-7d6a-7fff-bfff-ffffffffffff");
    }
}
