//! Names and places of the command line.

use std::str::FromStr;

/// A host and its port, such as `analyzer.internal:9470` or `[::1]:9470`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Name or address.
    pub host: String,
    /// Port, above zero.
    pub port: u16,
}

impl Place {
    /// Whether the host is an address, so that nobody is to be asked for it.
    #[must_use]
    pub fn is_address(&self) -> bool {
        self.host.parse::<std::net::IpAddr>().is_ok()
    }
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, port) = text.rsplit_once(':').ok_or("must be HOST:PORT")?;
        let port = port.parse().ok().filter(|port| *port > 0).ok_or("must end in a port from 1 to 65535")?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_v6 = |host: &str| host.parse::<std::net::Ipv6Addr>().is_ok();
        let is_name =
            |host: &str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
        match bare {
            Some(bare) if is_v6(bare) => Ok(Self { host: bare.to_owned(), port }),
            None if !host.is_empty() && is_name(host) => Ok(Self { host: host.to_owned(), port }),
            _ => Err("must begin with a host name, an IPv4 address or an IPv6 address in brackets"),
        }
    }
}

/// A name that Kubernetes takes: a DNS subdomain (RFC 1123).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeName(String);

impl KubeName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KubeName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const BYTES: usize = 253;
        let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
        let is_outer =
            |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let bytes = text.as_bytes();
        let fits = bytes.len() <= BYTES && bytes.iter().all(|byte| is_inner(*byte));
        if fits && is_outer(bytes.first()) && is_outer(bytes.last()) {
            return Ok(Self(text.to_owned()));
        }
        Err("must be a name of Kubernetes: small letters, digits, `-` and `.`, no more than 253")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, u16)>) {
        let found = text.parse::<Place>().ok();
        assert_eq!(found.as_ref().map(|place| (place.host.as_str(), place.port)), expected, "{text}");
    }

    #[test]
    fn places_are_hosts_with_ports() {
        check("127.0.0.1:80", Some(("127.0.0.1", 80)));
        check("a.b-c.svc:9470", Some(("a.b-c.svc", 9470)));
        check("[::1]:1", Some(("::1", 1)));
        for text in
            ["", ":1", "a", "a:", "a:0", "a:65536", "::1:1", "[a]:1", "a b:1", "a\":1", "http://a:1", "a:1:b"]
        {
            check(text, None);
        }
        assert!("10.0.0.1:1".parse::<Place>().unwrap().is_address());
        assert!(!"ten:1".parse::<Place>().unwrap().is_address());
    }

    #[test]
    fn names_are_those_of_kubernetes() {
        for text in ["a", "eg", "my-gate.v2", "0a"] {
            assert_eq!(text.parse::<KubeName>().unwrap().as_str(), text);
        }
        for text in ["", "A", "a_b", "-a", "a-", "a b", "a/b", "ä", &"a".repeat(254)] {
            assert!(text.parse::<KubeName>().is_err(), "{text}");
        }
    }
}
