//! Whom people mean: an address, a range or a client key, as they write it.

use portcullis_report::{Cidr, Scope};
use std::net::IpAddr;

/// A text names no client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an address, a range of them (ADDRESS/BITS), or a client key of 32 hex digits")]
pub(crate) struct NoTarget;

/// Reads what people write: a range may be named by any of its addresses, and one of a single address is that address.
pub(crate) fn target(text: &str) -> Result<Scope, NoTarget> {
    if let Some((address, prefix)) = text.split_once('/') {
        let address = address.parse::<IpAddr>().map_err(|_| NoTarget)?.to_canonical();
        if !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NoTarget);
        }
        let range = Cidr::around(address, prefix.parse().map_err(|_| NoTarget)?).map_err(|_| NoTarget)?;
        let whole = if address.is_ipv4() { 32 } else { 128 };
        return Ok(if range.prefix() == whole { Scope::Ip(address) } else { Scope::Cidr(range) });
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(Scope::Ip(address.to_canonical()));
    }
    match Scope::parse("client_key", &text.to_ascii_lowercase()) {
        Some(Ok(scope)) => Ok(scope),
        Some(Err(_)) | None => Err(NoTarget),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, &str)>) {
        let found = target(text).ok();
        let found = found.map(|scope| (scope.kind(), scope.value()));
        assert_eq!(found.as_ref().map(|(kind, value)| (*kind, value.as_str())), expected);
    }

    #[test]
    fn people_write_addresses_ranges_and_keys() {
        check("192.0.2.7", Some(("ip", "192.0.2.7")));
        check("::ffff:192.0.2.7", Some(("ip", "192.0.2.7")));
        check("2001:DB8::1", Some(("ip", "2001:db8::1")));
        check("10.1.2.3/8", Some(("cidr", "10.0.0.0/8")));
        check("10.1.2.3/32", Some(("ip", "10.1.2.3")));
        check("2001:db8::1/128", Some(("ip", "2001:db8::1")));
        check("2001:db8::1/64", Some(("cidr", "2001:db8::/64")));
        let key = "0123456789abcdef0123456789abcdef";
        check(&key.to_uppercase(), Some(("client_key", key)));
        for text in ["", "localhost", "10.0.0.0/33", "10.0.0.0/+8", "10.0.0.0/", "1.2.3", "0123456789abcdef"]
        {
            check(text, None);
        }
    }
}
