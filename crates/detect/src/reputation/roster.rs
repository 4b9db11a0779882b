//! Clients on a list, each until a moment: who is never given points or decisions, or whom others throttle.

use crate::moment::Moment;
use crate::observation::client;
use portcullis_report::{Cidr, Scope};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Clients on a list, each until a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    ranges: BTreeMap<Cidr, Moment>,
    /// The prefixes of all ranges, so that an address is looked for under no others.
    prefixes: BTreeSet<u8>,
    keys: BTreeMap<u128, Moment>,
}

impl Roster {
    /// Adds somebody, of an IPv6 address all of its /64; of two entries for the same the longer holds.
    pub fn add(&mut self, scope: Scope, until: Moment) {
        let known = match scope {
            Scope::Ip(address) => {
                let Some(range) = around(address) else { return };
                self.range(range)
            }
            Scope::Cidr(range) => self.range(range),
            Scope::ClientKey(key) => self.keys.entry(key).or_insert(until),
        };
        *known = until.max(*known);
    }

    /// Whether somebody is on it, a range with all of its addresses.
    pub fn covers(&self, scope: &Scope, at: Moment) -> bool {
        let (address, longest) = match scope {
            Scope::Ip(address) => (address.to_canonical(), u8::MAX),
            Scope::Cidr(inner) => (inner.address(), inner.prefix()),
            Scope::ClientKey(key) => return self.keys.get(key).is_some_and(|until| *until > at),
        };
        let enclosing =
            self.prefixes.range(..=longest).filter_map(|prefix| Cidr::around(address, *prefix).ok());
        enclosing.filter_map(|range| self.ranges.get(&range)).any(|until| *until > at)
    }

    /// Whether somebody is on it, or of a range only some of its addresses.
    pub fn touches(&self, scope: &Scope, at: Moment) -> bool {
        let Scope::Cidr(outer) = scope else { return self.covers(scope, at) };
        // What lies in a range stands behind it.
        let behind = self.ranges.range(outer..).take_while(|(inner, _)| outer.contains(inner.address()));
        self.covers(scope, at) || behind.into_iter().any(|(_, until)| *until > at)
    }

    fn range(&mut self, range: Cidr) -> &mut Moment {
        self.prefixes.insert(range.prefix());
        self.ranges.entry(range).or_default()
    }
}

/// What of an address is one client, as a range.
fn around(address: IpAddr) -> Option<Cidr> {
    match client(address)? {
        Scope::Cidr(range) => Some(range),
        Scope::Ip(address) => Cidr::around(address, 32).ok(),
        Scope::ClientKey(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roster() -> Roster {
        let mut roster = Roster::default();
        let end = Moment::from_millis(100);
        roster.add(Scope::Cidr("10.1.0.0/16".parse().unwrap()), end);
        roster.add(Scope::Ip("192.0.2.7".parse().unwrap()), end);
        roster.add(Scope::ClientKey(7), end);
        roster.add(Scope::Ip("2001:db8::1".parse().unwrap()), end);
        roster
    }

    fn scope(kind: &str, value: &str) -> Scope {
        Scope::parse(kind, value).unwrap().unwrap()
    }

    #[test]
    fn a_range_covers_its_addresses_and_its_parts_until_it_ends() {
        let roster = roster();
        let covers =
            |kind: &str, value: &str, at| roster.covers(&scope(kind, value), Moment::from_millis(at));
        assert!(
            covers("ip", "10.1.2.3", 99) && !covers("ip", "10.1.2.3", 100) && !covers("ip", "10.2.0.1", 0)
        );
        assert!(covers("cidr", "10.1.2.0/24", 0) && !covers("cidr", "10.0.0.0/8", 0));
        assert!(covers("cidr", "2001:db8::/64", 0) && !covers("cidr", "2001:db8::/48", 0));
        assert!(covers("ip", "2001:db8::9", 0) && !covers("ip", "2001:db8:0:1::9", 0));
        assert!(covers("ip", "192.0.2.7", 0) && !covers("cidr", "192.0.2.0/24", 0));
        assert!(
            covers("client_key", &format!("{:032x}", 7), 0)
                && !covers("client_key", &format!("{:032x}", 8), 0)
        );
    }

    #[test]
    fn a_range_is_touched_by_what_lies_in_it_and_by_what_it_lies_in() {
        let roster = roster();
        let touches =
            |kind: &str, value: &str, at| roster.touches(&scope(kind, value), Moment::from_millis(at));
        for range in
            ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "192.0.2.0/24", "2001:db8::/48", "0.0.0.0/0"]
        {
            assert!(touches("cidr", range, 99) && !touches("cidr", range, 100), "{range}");
        }
        for range in ["10.2.0.0/16", "192.0.3.0/24", "192.0.2.0/30", "2001:db8:1::/48"] {
            assert!(!touches("cidr", range, 0), "{range}");
        }
        assert!(touches("ip", "10.1.2.3", 0) && !touches("ip", "10.2.0.1", 0));
    }

    #[test]
    fn of_two_entries_for_the_same_the_longer_holds() {
        let mut roster = roster();
        let range = || scope("cidr", "10.1.0.0/16");
        roster.add(range(), Moment::from_millis(50));
        assert!(roster.covers(&range(), Moment::from_millis(99)));
        roster.add(range(), Moment::from_millis(150));
        assert!(roster.covers(&range(), Moment::from_millis(149)));
    }
}
