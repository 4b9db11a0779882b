//! Which requests are under a policy: the request target in normal form.
//!
//! Servers undo percent-encoding, dot segments, doubled slashes and path parameters before they route; a spelling that
//! reaches the server's GraphQL endpoint must reach the gate's.

use portcullis_framing::percent_decoded;

/// How often percent-encoding is undone; some stacks decode twice.
const DECODINGS: usize = 2;

/// What servers cut off the last segment of a path before they route: a format, blanks, a trailing dot.
const TAILS: [&[u8]; 3] = [b"", b".", b".json"];

/// Path in normal form and query string of a request target.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    pub(crate) path: Vec<u8>,
    pub(crate) query: &'a [u8],
}

/// What a document id at the end of a path begins with, in any case.
const ID: &[u8] = b"sha256:";

impl Target<'_> {
    /// Whether a server may route it to `route`: in any case, with or without a tail.
    pub(crate) fn is_at(&self, route: &str) -> bool {
        let path = self.path.trim_ascii_end();
        let path = path.strip_suffix(b"\0").unwrap_or(path);
        match path.split_at_checked(route.len()) {
            Some((start, tail)) => {
                start.eq_ignore_ascii_case(route.as_bytes())
                    && TAILS.iter().any(|known| tail.eq_ignore_ascii_case(known))
            }
            None => false,
        }
    }

    /// The document id that follows `route` as the last segment of the path.
    pub(crate) fn document_id_at(&self, route: &str) -> Option<String> {
        let (start, rest) = self.path.split_at_checked(route.trim_end_matches('/').len())?;
        let id = rest.strip_prefix(b"/")?;
        let is_id = start.eq_ignore_ascii_case(route.trim_end_matches('/').as_bytes())
            && id.get(..ID.len())?.eq_ignore_ascii_case(ID)
            && !id.contains(&b'/');
        is_id.then(|| String::from_utf8_lossy(id).into_owned())
    }
}

pub(crate) fn target(raw: &[u8]) -> Target<'_> {
    let raw = without_authority(raw);
    let end = raw.iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(raw.len());
    let (path, rest) = raw.split_at_checked(end).unwrap_or((raw, &[]));
    let query = rest.split_first().map_or(&[][..], |(_, query)| query);
    Target { path: normal(path), query }
}

/// An absolute-form target keeps its path only.
fn without_authority(raw: &[u8]) -> &[u8] {
    let lower = raw.get(..8).unwrap_or(raw).to_ascii_lowercase();
    let authority = if lower.starts_with(b"http://") {
        raw.get(7..)
    } else if lower.starts_with(b"https://") {
        raw.get(8..)
    } else {
        return raw;
    };
    let authority = authority.unwrap_or_default();
    let start = authority.iter().position(|byte| *byte == b'/').unwrap_or(authority.len());
    authority.get(start..).unwrap_or_default()
}

fn normal(path: &[u8]) -> Vec<u8> {
    let mut decoded = path.to_vec();
    for _ in 0..DECODINGS {
        decoded = percent_decoded(&decoded);
    }
    let mut segments: Vec<&[u8]> = Vec::new();
    for segment in decoded.split(|byte| matches!(byte, b'/' | b'\\')) {
        let name = segment.split(|byte| *byte == b';').next().unwrap_or_default();
        match name {
            b"" | b"." => (),
            b".." => drop(segments.pop()),
            name => segments.push(name),
        }
    }
    let mut path = Vec::with_capacity(decoded.len());
    for segment in &segments {
        path.push(b'/');
        path.extend_from_slice(segment);
    }
    if path.is_empty() { b"/".to_vec() } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, path: &str, query: &str) {
        let found = target(raw.as_bytes());
        assert_eq!((found.path.as_slice(), found.query), (path.as_bytes(), query.as_bytes()), "{raw}");
    }

    #[test]
    fn a_plain_target_is_its_own_normal_form() {
        check("/graphql", "/graphql", "");
        check("/graphql?a=b?c", "/graphql", "a=b?c");
        check("/", "/", "");
        check("", "/", "");
        check("*", "/*", "");
    }

    #[test]
    fn other_spellings_have_the_same_normal_form() {
        for raw in [
            "/graphql/",
            "//graphql",
            "/%67raphql",
            "/%2567raphql",
            "/graphql;x",
            "/graphql;a=b/",
            "/./graphql",
            "/v1/../graphql",
            "/v1/..%2fgraphql",
            "/v1/%2e%2e/graphql",
            "/v1;x/..;y/graphql",
            "/..//graphql",
            "\\graphql",
            "http://host/graphql",
            "HTTPS://host:8/graphql",
            "/graphql#x",
        ] {
            assert_eq!(target(raw.as_bytes()).path, b"/graphql", "{raw}");
        }
    }

    #[test]
    fn a_route_is_met_in_any_case_and_with_the_tails_that_servers_cut_off() {
        let is_at = |raw: &str| target(raw.as_bytes()).is_at("/graphql");
        for raw in [
            "/graphql",
            "/GraphQL",
            "/graphql.json",
            "/graphql.JSON",
            "/graphql.",
            "/graphql%20",
            "/graphql%00",
        ] {
            assert!(is_at(raw), "{raw}");
        }
        for raw in ["/graphqlx", "/graphql/x", "/graphql.js", "/graphq", "/", "/api/graphql"] {
            assert!(!is_at(raw), "{raw}");
        }
    }

    #[test]
    fn a_document_id_may_end_the_path() {
        let id = |raw: &str, route: &str| target(raw.as_bytes()).document_id_at(route);
        assert_eq!(id("/graphql/sha256:ab", "/graphql").as_deref(), Some("sha256:ab"));
        assert_eq!(id("/GraphQL/%73HA256%3Aab?x", "/graphql").as_deref(), Some("sHA256:ab"));
        assert_eq!(id("/sha256:ab", "/").as_deref(), Some("sha256:ab"));
        for raw in
            ["/graphql/ab", "/graphql/sha256", "/graphql", "/graphqlx/sha256:ab", "/graphql/sha256:ab/c"]
        {
            assert_eq!(id(raw, "/graphql"), None, "{raw}");
        }
    }

    #[test]
    fn other_paths_stay_other_paths() {
        check("/graphqlx", "/graphqlx", "");
        check("/graphql/x", "/graphql/x", "");
        check("/%zz%6", "/%zz%6", "");
        check("/%+1", "/%+1", "");
        check("/GraphQL", "/GraphQL", "");
        check("http://host", "/", "");
    }
}
