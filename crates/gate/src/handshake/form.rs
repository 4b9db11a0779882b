//! The form of a handshake (RFC 6455 §4.1, RFC 8441): what must be there, once, and what must not.

use crate::headers::Headers;
use crate::input::{More, Peer};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis_report::Reason;

/// The header with the nonce of a handshake.
pub(crate) const KEY: &str = "sec-websocket-key";
const VERSION: &str = "sec-websocket-version";

/// The version of the protocol that is taken (RFC 6455 §4.4).
pub(crate) const VERSION_TAKEN: &str = "13";

/// Bytes of a nonce.
const NONCE: usize = 16;

/// Headers that say what is opened. A second one, or one under another spelling, could be read in place of the first.
const ONCE: [&str; 4] = [KEY, VERSION, "origin", "sec-websocket-protocol"];

/// Whether a request is a handshake that every server reads alike.
pub(super) fn check(headers: Headers<'_>, peer: Peer<'_>, more: More) -> Result<(), Reason> {
    let is_get = headers.only(":method") == Some(b"GET");
    let is_websocket =
        headers.only("upgrade").is_some_and(|value| value.trim_ascii().eq_ignore_ascii_case(b"websocket"));
    let has_body = more == More::Ended
        || headers.all("content-length").any(|value| value != b"0")
        || headers.all("transfer-encoding").next().is_some();
    // Several lines of subprotocols are one list (RFC 9110 §5.3).
    let is_single = |name: &&&str| **name == "sec-websocket-protocol" || headers.all(name).count() <= 1;
    let is_clear = ONCE.iter().filter(is_single).count() == ONCE.len()
        && !ONCE.iter().any(|name| headers.has_double(name))
        && !headers.has_double("sec-websocket-extensions");
    if !is_get || !is_websocket || has_body || !is_clear {
        return Err(Reason::SocketHandshake);
    }
    if headers.only(VERSION).map(<[u8]>::trim_ascii) != Some(VERSION_TAKEN.as_bytes()) {
        return Err(Reason::SocketVersion);
    }
    match headers.only(KEY) {
        None if needs_no_key(peer) => Ok(()),
        Some(key) if is_nonce(key) => Ok(()),
        None | Some(_) => Err(Reason::SocketHandshake),
    }
}

/// The nonce that an upstream over HTTP/1.1 asks for, where the client's protocol has none (RFC 8441 §5).
pub(super) fn key(headers: Headers<'_>, peer: Peer<'_>, entropy: [u8; 10]) -> Option<String> {
    let is_missing = headers.all(KEY).next().is_none() && needs_no_key(peer);
    // The upstream only proves by it that it knows the protocol: no more has to be fresh than the seed is.
    let mut nonce = [0; NONCE];
    nonce.iter_mut().zip(entropy).for_each(|(byte, fresh)| *byte = fresh);
    is_missing.then(|| STANDARD.encode(nonce))
}

fn needs_no_key(peer: Peer<'_>) -> bool {
    peer.protocol.is_some_and(|protocol| protocol.starts_with(b"HTTP/2") || protocol.starts_with(b"HTTP/3"))
}

fn is_nonce(value: &[u8]) -> bool {
    STANDARD.decode(value.trim_ascii()).is_ok_and(|bytes| bytes.len() == NONCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_sixteen_bytes_in_base64() {
        assert!(is_nonce(b"dGhlIHNhbXBsZSBub25jZQ=="));
        for unfit in [
            "",
            "dGhlIHNhbXBsZSBub25jZQ",
            "dGhlIHNhbXBsZSBub25jZR==",
            "dGhlIHNhbXBsZSBub25j",
            "c2l4dGVlbiBieXRlcyArMQ===",
        ] {
            assert!(!is_nonce(unfit.as_bytes()), "{unfit}");
        }
        assert!(!is_nonce(STANDARD.encode([7; 15]).as_bytes()));
        assert!(!is_nonce(STANDARD.encode([7; 17]).as_bytes()));
    }

    #[test]
    fn a_key_is_made_where_the_protocol_has_none() {
        let peer = |protocol: &'static [u8]| Peer { protocol: Some(protocol), ..Peer::default() };
        let made = key(Headers::new(&[]), peer(b"HTTP/2"), [1; 10]).unwrap();
        assert!(is_nonce(made.as_bytes()));
        assert_eq!(key(Headers::new(&[]), peer(b"HTTP/1.1"), [1; 10]), None);
        let pairs = [(KEY.to_owned(), b"dGhlIHNhbXBsZSBub25jZQ==".to_vec())];
        assert_eq!(key(Headers::new(&pairs), peer(b"HTTP/2"), [1; 10]), None);
    }
}
