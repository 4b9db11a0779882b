//! Who is never given points or decisions.

use crate::moment::Moment;
use crate::observation::client;
use portcullis_report::{Cidr, Scope};
use std::collections::BTreeMap;

/// Who is never given points or decisions, each until a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowlist {
    ranges: Vec<(Cidr, Moment)>,
    keys: BTreeMap<u128, Moment>,
}

impl Allowlist {
    /// Adds somebody, of an IPv6 address all of its /64; of two entries for the same the longer holds.
    pub fn add(&mut self, scope: Scope, until: Moment) {
        match scope {
            Scope::Ip(address) => {
                let range = match client(address) {
                    Some(Scope::Cidr(range)) => Some(range),
                    Some(Scope::Ip(address)) => Cidr::around(address, 32).ok(),
                    Some(Scope::ClientKey(_)) | None => None,
                };
                self.ranges.extend(range.map(|range| (range, until)));
            }
            Scope::Cidr(range) => self.ranges.push((range, until)),
            Scope::ClientKey(key) => {
                let known = self.keys.entry(key).or_insert(until);
                *known = until.max(*known);
            }
        }
    }

    /// Whether somebody is on it, a range with all of its addresses.
    pub fn covers(&self, scope: &Scope, at: Moment) -> bool {
        let mut ranges = self.ranges.iter().filter(|(_, until)| *until > at).map(|(range, _)| range);
        match scope {
            Scope::Ip(address) => ranges.any(|range| range.contains(*address)),
            Scope::Cidr(inner) => {
                ranges.any(|range| range.prefix() <= inner.prefix() && range.contains(inner.address()))
            }
            Scope::ClientKey(key) => self.keys.get(key).is_some_and(|until| *until > at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_covers_its_addresses_and_its_parts_until_it_ends() {
        let mut allowlist = Allowlist::default();
        let end = Moment::from_millis(100);
        allowlist.add(Scope::Cidr("10.1.0.0/16".parse().unwrap()), end);
        allowlist.add(Scope::Ip("192.0.2.7".parse().unwrap()), end);
        allowlist.add(Scope::ClientKey(7), end);
        allowlist.add(Scope::Ip("2001:db8::1".parse().unwrap()), end);
        let covers = |kind: &str, value: &str, at| {
            allowlist.covers(&Scope::parse(kind, value).unwrap().unwrap(), Moment::from_millis(at))
        };
        assert!(
            covers("ip", "10.1.2.3", 99) && !covers("ip", "10.1.2.3", 100) && !covers("ip", "10.2.0.1", 0)
        );
        assert!(covers("cidr", "10.1.2.0/24", 0) && !covers("cidr", "10.0.0.0/8", 0));
        assert!(covers("cidr", "2001:db8::/64", 0) && !covers("cidr", "2001:db8::/48", 0));
        assert!(covers("ip", "192.0.2.7", 0) && !covers("cidr", "192.0.2.0/24", 0));
        assert!(
            covers("client_key", &format!("{:032x}", 7), 0)
                && !covers("client_key", &format!("{:032x}", 8), 0)
        );
    }
}
