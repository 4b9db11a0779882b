//! How often one caller may ask: by the key, once it is known to be good, and by the address, ten times as often.
//!
//! Edges are not limited here: what they may do at once is bounded where reports are admitted.

use super::problem::Problem;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

/// Callers that are remembered before those are forgotten who have not asked for a while.
const CALLERS: usize = 10_000;
/// Callers that may share an address, a proxy's for one, before they are limited for it.
const SHARED: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);
/// Seconds' worth of requests that may come at once.
const BURST_S: NonZeroU32 = NonZeroU32::MIN.saturating_add(3);

/// The address that a connection comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

impl Peer {
    /// Whoever has one IPv6 address has the /64 around it.
    pub(crate) fn client(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
            v4 @ IpAddr::V4(_) => v4,
        }
    }
}

/// What callers have left.
#[derive(Debug)]
pub(crate) struct Limits {
    clock: DefaultClock,
    keys: DefaultKeyedRateLimiter<String>,
    addresses: DefaultKeyedRateLimiter<IpAddr>,
}

impl Limits {
    /// So many requests a second for each key.
    pub(crate) fn new(per_second: NonZeroU32) -> Self {
        let quota =
            |number: NonZeroU32| Quota::per_second(number).allow_burst(number.saturating_mul(BURST_S));
        Self {
            clock: DefaultClock::default(),
            keys: RateLimiter::keyed(quota(per_second)),
            addresses: RateLimiter::keyed(quota(per_second.saturating_mul(SHARED))),
        }
    }

    /// Takes a request of the key.
    pub(crate) fn take_key(&self, id: &str) -> Result<(), Problem> {
        if self.keys.len() > CALLERS {
            self.keys.retain_recent();
        }
        self.keys
            .check_key(&id.to_owned())
            .map_err(|until| self.too_many(until.wait_time_from(self.clock.now())))
    }

    /// Takes a request of an address, or of the /64 around it.
    pub(crate) fn take_address(&self, peer: Peer) -> Result<(), Problem> {
        if self.addresses.len() > CALLERS {
            self.addresses.retain_recent();
        }
        let checked = self.addresses.check_key(&peer.client());
        checked.map_err(|until| self.too_many(until.wait_time_from(self.clock.now())))
    }

    fn too_many(&self, wait: std::time::Duration) -> Problem {
        Problem::TooMany { seconds: wait.as_secs().saturating_add(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_caller_has_its_own_and_is_told_when_to_come_back() {
        let limits = Limits::new(NonZeroU32::new(1).unwrap());
        for _ in 0..4 {
            assert_eq!(limits.take_key("a"), Ok(()));
        }
        assert_eq!(limits.take_key("a"), Err(Problem::TooMany { seconds: 1 }));
        assert_eq!(limits.take_key("b"), Ok(()));
        let peer = |text: &str| Peer(text.parse().unwrap());
        for number in 0..40 {
            assert_eq!(limits.take_address(peer(&format!("2001:db8::{number}"))), Ok(()));
        }
        assert!(limits.take_address(peer("2001:db8::5")).is_err());
        assert_eq!(limits.take_address(peer("2001:db8:0:1::1")), Ok(()));
        assert_eq!(limits.take_address(peer("192.0.2.7")), Ok(()));
    }

    #[test]
    fn callers_who_are_gone_are_forgotten() {
        let limits = Limits::new(NonZeroU32::new(1_000_000).unwrap());
        for number in 0..3 * CALLERS {
            assert_eq!(limits.take_key(&number.to_string()), Ok(()));
        }
        assert!(limits.keys.len() <= CALLERS + 1, "{}", limits.keys.len());
    }
}
