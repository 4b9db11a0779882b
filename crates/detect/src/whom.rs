//! Whom something is about, in few bytes: tables keep a million of them.

use portcullis_report::{Cidr, Scope};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A scope in 18 bytes; those of a kind are in the order of their bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Whom {
    kind: Kind,
    /// Bits of a range.
    prefix: u8,
    bits: [u8; 16],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Ipv4,
    Ipv6,
    Ipv4Range,
    Ipv6Range,
    ClientKey,
}

impl From<&Scope> for Whom {
    fn from(scope: &Scope) -> Self {
        let address = |address: IpAddr, v4: Kind, v6: Kind| match address {
            IpAddr::V4(address) => (v4, u128::from(address.to_bits())),
            IpAddr::V6(address) => (v6, address.to_bits()),
        };
        let ((kind, bits), prefix) = match scope {
            Scope::Ip(one) => (address(*one, Kind::Ipv4, Kind::Ipv6), 0),
            Scope::Cidr(range) => {
                (address(range.address(), Kind::Ipv4Range, Kind::Ipv6Range), range.prefix())
            }
            Scope::ClientKey(key) => ((Kind::ClientKey, *key), 0),
        };
        Self { kind, prefix, bits: bits.to_be_bytes() }
    }
}

impl Whom {
    /// The scope; there always is one, which the type of ranges cannot know.
    pub(crate) fn scope(self) -> Option<Scope> {
        let bits = u128::from_be_bytes(self.bits);
        let v4 = || IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(bits).unwrap_or_default()));
        let v6 = || IpAddr::V6(Ipv6Addr::from_bits(bits));
        match self.kind {
            Kind::Ipv4 => Some(Scope::Ip(v4())),
            Kind::Ipv6 => Some(Scope::Ip(v6())),
            Kind::Ipv4Range => Cidr::around(v4(), self.prefix).ok().map(Scope::Cidr),
            Kind::Ipv6Range => Cidr::around(v6(), self.prefix).ok().map(Scope::Cidr),
            Kind::ClientKey => Some(Scope::ClientKey(bits)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_comes_back() {
        assert_eq!(size_of::<Whom>(), 18);
        for (kind, value) in [
            ("ip", "192.0.2.7"),
            ("ip", "2001:db8::1"),
            ("cidr", "0.0.0.0/0"),
            ("cidr", "192.0.2.0/24"),
            ("cidr", "2001:db8::/48"),
            ("client_key", "0123456789abcdef0123456789abcdef"),
        ] {
            let scope = Scope::parse(kind, value).unwrap().unwrap();
            assert_eq!(Whom::from(&scope).scope(), Some(scope));
        }
    }
}
