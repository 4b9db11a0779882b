//! Headers: by their name, and where that says nothing, by what is recognised in them.

use super::url::url;
use crate::kind::Kind;
use crate::redacted::Redacted;
use crate::scan::is_secret_key;
use crate::text::redact;

/// The longest value that is shown, in characters.
const LONGEST: usize = 512;
/// Bytes that are read at most.
const READ: usize = 8192;

/// Headers that hold no more than what a program says of itself and of its message.
const HARMLESS: [&str; 27] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "age",
    "allow",
    "cache-control",
    "connection",
    "content-encoding",
    "content-language",
    "content-length",
    "content-type",
    "date",
    "expect",
    "expires",
    "last-modified",
    "retry-after",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "sec-websocket-protocol",
    "sec-websocket-version",
    "te",
    "traceparent",
    "transfer-encoding",
    "upgrade",
    "vary",
];

/// Headers of which every value is a secret or says who somebody is.
const SECRET: [&str; 11] = [
    "cookie",
    "set-cookie",
    "proxy-authenticate",
    "proxy-authorization",
    "www-authenticate",
    "sec-websocket-key",
    "sec-websocket-accept",
    "if-none-match",
    "etag",
    "x-amz-security-token",
    "x-forwarded-client-cert",
];

const URLS: [&str; 7] =
    ["location", "content-location", "referer", "origin", ":path", "x-original-url", "x-rewrite-url"];

/// The value of a header of this name.
///
/// ```
/// use portcullis_redact::header;
/// assert_eq!(header("Content-Type", "application/json").as_str(), "application/json");
/// assert_eq!(header("Authorization", "Bearer abc").as_str(), "Bearer [secret]");
/// assert_eq!(header("X-Forwarded-For", "203.0.113.9").as_str(), "[ip]");
/// ```
pub fn header(name: &str, value: &str) -> Redacted {
    let name = name.to_ascii_lowercase();
    let is_in = |names: &[&str]| names.contains(&name.as_str());
    let secret = || Redacted::fixed(Kind::Secret.placeholder());
    if name == "authorization" {
        return match value.split_once(' ').map(|(scheme, _)| scheme.to_ascii_lowercase()).as_deref() {
            Some("bearer") => Redacted::fixed("Bearer [secret]"),
            Some("basic") => Redacted::fixed("Basic [secret]"),
            Some("digest") => Redacted::fixed("Digest [secret]"),
            Some(_) | None => secret(),
        };
    }
    if is_in(&SECRET) || (!is_in(&HARMLESS) && is_secret_key(&name)) {
        return secret();
    }
    if is_in(&URLS) {
        return url(value);
    }
    let end = (0..=value.len().min(READ)).rev().find(|at| value.is_char_boundary(*at)).unwrap_or_default();
    redact(value.get(..end).unwrap_or_default()).cut(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, value: &str, expected: &str) {
        assert_eq!(header(name, value).as_str(), expected, "{name}: {value}");
    }

    #[test]
    fn headers() {
        check("accept", "*/*", "*/*");
        check("User-Agent", "bot/1.0 (bot@example.org)", "bot/1.0 ([email])");
        check("authorization", "Token abc", "[secret]");
        check("Authorization", "abc", "[secret]");
        check("cookie", "a=b", "[secret]");
        check("x-api-key", "k", "[secret]");
        check("X-Auth-Token", "k", "[secret]");
        check("referer", "https://example.org/u/7?x=1", "https://example.org/u/{id}?x=?");
        check("x-real-ip", "2001:db8::7", "[ip]");
        check("x-request-id", "123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000");
    }

    #[test]
    fn they_are_bounded() {
        assert!(header("x", &"é".repeat(100_000)).as_str().len() <= 2 * LONGEST + 3);
    }
}
