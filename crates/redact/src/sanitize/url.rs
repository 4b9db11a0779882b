//! URLs without user, values and fragment, and keys of caches.

use super::segment::{GONE, stays};
use crate::kind::Kind;
use crate::redacted::Redacted;
use crate::text::redact;

/// Bytes of a URL or key that are read at most, and parts of it that are said.
const READ: usize = 8192;
const PARTS: usize = 32;
const CUT: &str = "…";
/// The longest name of a parameter.
const NAME: usize = 48;

/// A URL, or a path with or without a query: names stay, values go.
///
/// ```
/// use portcullis_redact::url;
/// let text = "https://ada:pw@shop.example.com/users/17/orders?mail=ada%40example.org&page=2#top";
/// assert_eq!(url(text).as_str(), "https://shop.example.com/users/{id}/orders?mail=?&page=?");
/// ```
pub fn url(text: &str) -> Redacted {
    let (text, is_cut) = read(text);
    let (rest, _fragment) = text.split_once('#').unwrap_or((text, ""));
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, Some(query)),
        None => (rest, None),
    };
    let mut shown = String::new();
    let path = match rest.split_once("://") {
        Some((scheme, rest)) => {
            shown.push_str(if is_scheme(scheme) { scheme } else { "?" });
            shown.push_str("://");
            let at = rest.find(['/', '\\']).unwrap_or(rest.len());
            let (authority, path) = rest.split_at_checked(at).unwrap_or((rest, ""));
            shown.push_str(&host(authority));
            // Browsers read a backslash as a slash.
            match path.strip_prefix('\\') {
                Some(path) => {
                    shown.push('/');
                    path
                }
                None => path,
            }
        }
        None => rest,
    };
    parts(&mut shown, path, &['/'], "");
    if let Some(query) = query {
        shown.push('?');
        parameters(&mut shown, query);
    }
    if is_cut {
        shown.push_str(CUT);
    }
    Redacted::sure(shown)
}

/// A key of a cache: words, with what separates them, and `{id}` for everything else.
///
/// ```
/// use portcullis_redact::cache_key;
/// assert_eq!(cache_key("session:user:ada@example.org:v2").as_str(), "session:user:{id}:v2");
/// ```
pub fn cache_key(text: &str) -> Redacted {
    let (text, is_cut) = read(text);
    let mut shown = String::new();
    parts(
        &mut shown,
        text,
        &[':', '/', '|', ',', ';', '#', '=', '&', '?', ' ', '{', '}', '[', ']', '(', ')'],
        "",
    );
    if is_cut {
        shown.push_str(CUT);
    }
    Redacted::sure(shown)
}

fn read(text: &str) -> (&str, bool) {
    match text.char_indices().find(|(at, it)| at + it.len_utf8() > READ) {
        Some((at, _)) => (text.get(..at).unwrap_or_default(), true),
        None => (text, false),
    }
}

fn is_scheme(scheme: &str) -> bool {
    (1..=16).contains(&scheme.len())
        && scheme.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'+' | b'.' | b'-'))
}

/// The host and its port, without a user.
fn host(authority: &str) -> String {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let plain = host.len() <= 253
        && host.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']' | b'_')
        });
    if plain { redact(host).into_string() } else { GONE.to_owned() }
}

fn parts<'t>(shown: &mut String, text: &'t str, separators: &[char], mut before: &'t str) {
    for (count, part) in text.split_inclusive(separators).enumerate() {
        if count == PARTS {
            shown.push_str(CUT);
            return;
        }
        let word = part.strip_suffix(separators).unwrap_or(part);
        if word.is_empty() || stays(word, before) {
            shown.push_str(part);
        } else {
            shown.push_str(GONE);
            shown.push_str(part.get(word.len()..).unwrap_or_default());
        }
        if !word.is_empty() {
            before = word;
        }
    }
}

fn parameters(shown: &mut String, query: &str) {
    for (count, parameter) in query.split(['&', ';']).enumerate() {
        if count == PARTS {
            shown.push_str(CUT);
            return;
        }
        if count > 0 {
            shown.push('&');
        }
        let (name, value) = match parameter.split_once('=') {
            Some((name, _)) => (name, "=?"),
            None => (parameter, ""),
        };
        let is_name = name.len() <= NAME && stays(name.trim_end_matches("[]"), "");
        shown.push_str(if name.is_empty() || is_name { name } else { Kind::Text.placeholder() });
        shown.push_str(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(url(text).as_str(), expected, "{text}");
        assert_eq!(url(expected).as_str(), expected, "again");
    }

    #[test]
    fn paths() {
        check("/api/v1/orders/4711/items", "/api/v1/orders/{id}/items");
        check("/files/123e4567-e89b-12d3-a456-426614174000.pdf", "/files/{id}");
        check("/u/ada/posts", "/u/{id}/posts");
        check("/reset/ada%40example.org", "/reset/{id}");
        check("/t/sk_live_16C7e42F292c6912E7710c838347Ae178B4a/send", "/t/{id}/send");
        check("/graphql", "/graphql");
        check("", "");
    }

    #[test]
    fn authorities() {
        check("https://ada:pw@example.org:8443/x", "https://example.org:8443/x");
        check("http://203.0.113.9:80/x", "http://[ip]:80/x");
        check("https://a@b@c.example/x", "https://c.example/x");
        check("https://exa mple/x", "https://{id}/x");
        check("https://ada:pw@example.org\\@evil/x", "https://example.org/{id}/x");
    }

    #[test]
    fn queries_and_fragments() {
        check("/x?a=1&b[]=2&c", "/x?a=?&b[]=?&c");
        check("/x?ada@example.org=1&4111111111111111", "/x?[text]=?&[text]");
        check("/x?token=a#access_token=b", "/x?token=?");
        check("/x?", "/x?");
    }

    #[test]
    fn they_are_bounded() {
        assert!(url(&"/a".repeat(100_000)).as_str().len() < 100);
        assert!(url(&format!("/?{}", "a=1&".repeat(100_000))).as_str().len() < 200);
        assert!(cache_key(&"é:".repeat(100_000)).as_str().len() < 300);
    }

    #[test]
    fn keys_of_caches() {
        assert_eq!(cache_key("product:78:eu-west").as_str(), "product:{id}:eu-west");
        assert_eq!(cache_key("rate|10.0.0.1|graphql").as_str(), "rate|{id}|graphql");
        assert_eq!(cache_key("q=me{id}").as_str(), "q=me{id}");
    }
}
