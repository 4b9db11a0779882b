//! From which pages sockets may be opened.
//!
//! A browser says in `Origin` whose page opens a socket, and sends the user's cookies whoever's page it is. So an origin
//! is compared as a whole: scheme, host and port, never by an end or a beginning.

use super::Switch;
use portcullis_report::Reason;

/// From which pages sockets may be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins {
    /// Whether the server's own pages may: those whose host and port are those that the request was sent to.
    pub(crate) same: Switch,
    /// Pages of these origins may.
    pub(crate) listed: Vec<Origin>,
    /// Whether those of all other origins may as well, as long as no cookies come.
    pub(crate) any: Switch,
    /// Whether what sends no `Origin`, as no browser does, may.
    pub(crate) missing: Switch,
}

/// An origin: scheme, host, port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// In lower case.
    pub(crate) scheme: String,
    /// In lower case; an IPv6 address in brackets.
    pub(crate) host: String,
    pub(crate) port: Port,
}

/// The port of an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Port {
    /// This one.
    Number(u16),
    /// Any, of this machine.
    Any,
}

/// What a handshake says of where it comes from.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// `Origin`, if there is one.
    pub origin: Option<&'a [u8]>,
    /// Where the request was sent to: `host` or `host:port`.
    pub authority: Option<&'a [u8]>,
    /// Whether cookies came with it.
    pub cookies: Cookies,
}

/// Whether cookies came with a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookies {
    /// They did.
    Sent,
    /// They did not.
    None,
}

impl Origins {
    /// Whether a handshake may come from there.
    ///
    /// # Errors
    /// The reason for which it may not.
    pub fn judge(&self, asked: Asked<'_>) -> Result<(), Reason> {
        let Some(said) = asked.origin else {
            return if self.missing == Switch::On { Ok(()) } else { Err(Reason::SocketOriginMissing) };
        };
        let origin = std::str::from_utf8(said).ok().and_then(Origin::parse);
        if let Some(origin) = &origin {
            let is_same = self.same == Switch::On && asked.authority.is_some_and(|to| origin.is_at(to));
            if is_same || self.listed.iter().any(|listed| listed.allows(origin)) {
                return Ok(());
            }
        }
        match (asked.cookies, self.any) {
            (Cookies::Sent, _) => Err(Reason::SocketCookies),
            (Cookies::None, Switch::On) => Ok(()),
            (Cookies::None, Switch::Off) => Err(Reason::SocketOrigin),
        }
    }
}

impl Origin {
    /// `scheme://host` or `scheme://host:port`, and nothing else: no path, no user.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let is_scheme = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        if scheme.is_empty() || !scheme.bytes().all(is_scheme) {
            return None;
        }
        let scheme = scheme.to_ascii_lowercase();
        let (host, port) = host_and_port(rest)?;
        let port = match port {
            None => Port::Number(default_port(&scheme)?),
            Some("*") => Port::Any,
            Some(port) => Port::Number(port_number(port)?),
        };
        Some(Self { scheme, host: host.to_ascii_lowercase(), port })
    }

    /// Whether its host is a name of this machine.
    pub(crate) fn is_local(&self) -> bool {
        matches!(self.host.as_str(), "localhost" | "127.0.0.1" | "[::1]")
    }

    /// Whether a listed origin stands for the one that a client sent.
    fn allows(&self, sent: &Self) -> bool {
        let is_port = match (self.port, sent.port) {
            (_, Port::Any) => false,
            (Port::Any, Port::Number(_)) => true,
            (Port::Number(listed), Port::Number(sent)) => listed == sent,
        };
        is_port && self.scheme == sent.scheme && self.host == sent.host
    }

    /// Whether its host and port are those of an authority; where that names no port, it is the scheme's. What the
    /// scheme was is known to whoever ended TLS, which need not be this proxy.
    fn is_at(&self, authority: &[u8]) -> bool {
        let Some((host, port)) = std::str::from_utf8(authority).ok().and_then(host_and_port) else {
            return false;
        };
        let port = match port {
            None => default_port(&self.scheme),
            Some(port) => port_number(port),
        };
        let is_port = match (self.port, port) {
            (Port::Number(own), Some(port)) => own == port,
            (Port::Any, _) | (Port::Number(_), None) => false,
        };
        is_port && self.host.eq_ignore_ascii_case(host)
    }
}

/// Host and port of an authority without a user; the port as it is written.
fn host_and_port(text: &str) -> Option<(&str, Option<&str>)> {
    let end = match text.strip_prefix('[') {
        // The brackets belong to the address.
        Some(rest) => rest.find(']')?.checked_add(2)?,
        None => text.find(':').unwrap_or(text.len()),
    };
    let (host, rest) = text.split_at_checked(end)?;
    let is_host =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'[' | b']' | b':');
    if host.is_empty() || !host.bytes().all(is_host) {
        return None;
    }
    match rest.strip_prefix(':') {
        None if rest.is_empty() => Some((host, None)),
        None => None,
        Some(port) => Some((host, Some(port))),
    }
}

fn port_number(text: &str) -> Option<u16> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(listed: &[&str]) -> Origins {
        let listed = listed.iter().map(|text| Origin::parse(text).unwrap()).collect();
        Origins { same: Switch::On, listed, any: Switch::Off, missing: Switch::On }
    }

    fn asked<'a>(origin: &'a str, authority: &'a str) -> Asked<'a> {
        let (origin, authority) = (Some(origin.as_bytes()), Some(authority.as_bytes()));
        Asked { origin, authority, cookies: Cookies::None }
    }

    #[track_caller]
    fn check(listed: &[&str], origin: &str, expected: Result<(), Reason>) {
        let found = origins(listed).judge(asked(origin, "api.example"));
        assert_eq!(found, expected, "{origin} among {listed:?}");
    }

    #[test]
    fn an_origin_is_compared_as_a_whole() {
        let listed = ["https://app.example", "https://app.example:8443", "http://localhost:*"];
        for fit in [
            "https://app.example",
            "HTTPS://APP.example",
            "https://app.example:443",
            "https://app.example:8443",
            "http://localhost:3000",
            "http://localhost",
        ] {
            check(&listed, fit, Ok(()));
        }
        for unfit in [
            "http://app.example",
            "https://app.example:444",
            "https://app.example.evil.example",
            "https://evilapp.example",
            "https://evil.example/https://app.example",
            "https://app.example@evil.example",
            "https://app.example:*",
            "https://app.example:",
            "https://app.example/",
            "https://localhost:3000",
            "http://localhost.evil.example:3000",
            "null",
            "",
            "*",
        ] {
            check(&listed, unfit, Err(Reason::SocketOrigin));
        }
    }

    #[track_caller]
    fn same(origin: &str, authority: &str, expected: bool) {
        let found = origins(&[]).judge(asked(origin, authority));
        assert_eq!(found.is_ok(), expected, "{origin} at {authority}");
    }

    #[test]
    fn the_own_origin_has_the_host_and_port_that_the_request_was_sent_to() {
        same("https://api.example", "api.example", true);
        same("http://api.example", "api.example", true);
        same("https://api.example", "API.example:443", true);
        same("http://127.0.0.1:8080", "127.0.0.1:8080", true);
        same("http://[::1]:8080", "[::1]:8080", true);
        same("https://api.example:8443", "api.example", false);
        same("https://api.example", "api.example:8443", false);
        same("https://api.example", "api.example:80", false);
        same("https://api.example", "api.example.evil.example", false);
        same("https://api.example", "user@api.example", false);
        same("chrome-extension://api.example", "api.example", false);
    }

    #[test]
    fn a_foreign_origin_with_cookies_is_called_by_its_name() {
        let mut origins = origins(&["https://app.example"]);
        let foreign = Asked { cookies: Cookies::Sent, ..asked("https://evil.example", "api.example") };
        assert_eq!(origins.judge(foreign), Err(Reason::SocketCookies));
        origins.any = Switch::On;
        assert_eq!(origins.judge(foreign), Err(Reason::SocketCookies));
        assert_eq!(origins.judge(Asked { cookies: Cookies::None, ..foreign }), Ok(()));
        let listed = Asked { cookies: Cookies::Sent, ..asked("https://app.example", "api.example") };
        assert_eq!(origins.judge(listed), Ok(()));
    }

    #[test]
    fn what_sends_no_origin_is_let_in_or_not() {
        let mut origins = origins(&[]);
        let none = Asked { origin: None, authority: Some(b"api.example"), cookies: Cookies::Sent };
        assert_eq!(origins.judge(none), Ok(()));
        origins.missing = Switch::Off;
        assert_eq!(origins.judge(none), Err(Reason::SocketOriginMissing));
    }
}
