//! Which requests are under a policy: the request target in normal form.
//!
//! Servers undo percent-encoding, dot segments, doubled slashes and path parameters before they route; a spelling that
//! reaches the server's GraphQL endpoint must reach the gate's.

use portcullis_framing::percent_decoded;
use portcullis_policy::{ProfileId, Reach, Route, Switch};

/// How often percent-encoding is undone; some stacks decode twice.
const DECODINGS: usize = 2;

/// What servers cut off the last segment of a path before they route: a format, blanks, a trailing dot.
const TAILS: [&[u8]; 3] = [b"", b".", b".json"];

/// Path in normal form and query string of a request target.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    pub(crate) path: Vec<u8>,
    pub(crate) query: &'a [u8],
    /// The path as it is spelled.
    pub(crate) spelled: &'a [u8],
}

/// A route that a request takes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Routed {
    /// The profile that it names.
    pub(crate) profile: Option<ProfileId>,
    /// The document id that the path ends in.
    pub(crate) id: Option<String>,
}

/// How closely a route fits a path; the closest speaks, of prefixes the longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Prefix(usize),
    Id,
    Spelling,
    Same,
}

/// The route that a request takes; nothing when it takes none, or one at which nothing is judged.
pub(crate) fn routed(target: &Target<'_>, routes: &[Route]) -> Option<Routed> {
    let mut closest: Option<(Fit, &Route)> = None;
    for route in routes {
        if let Some(fit) = target.fit(route)
            && closest.is_none_or(|(closest, _)| fit > closest)
        {
            closest = Some((fit, route));
        }
    }
    let (fit, route) = closest.filter(|(_, route)| route.judged == Switch::On)?;
    let id = match fit {
        Fit::Same | Fit::Spelling => None,
        Fit::Id | Fit::Prefix(_) => target.document_id(),
    };
    Some(Routed { profile: route.profile, id })
}

/// What a document id at the end of a path begins with, in any case.
const ID: &[u8] = b"sha256:";

impl Target<'_> {
    fn fit(&self, route: &Route) -> Option<Fit> {
        let path = route.path.as_str();
        match (route.judged, route.reach) {
            // What is let through unjudged must be what the operator wrote, and nothing that a server may route elsewhere.
            (Switch::Off, _) if self.spelled != self.path => None,
            (Switch::On | Switch::Off, _) if self.path == path.as_bytes() => Some(Fit::Same),
            (Switch::Off, Reach::Exact) => None,
            (Switch::Off, Reach::Prefix) => {
                let start = if path == "/" { "" } else { path };
                let beneath = self.path.strip_prefix(start.as_bytes());
                beneath.is_some_and(|rest| rest.starts_with(b"/")).then_some(Fit::Prefix(path.len()))
            }
            (Switch::On, _) if self.is_at(path) => Some(Fit::Spelling),
            (Switch::On, Reach::Exact) => self.beneath(path, Id::Only).then_some(Fit::Id),
            (Switch::On, Reach::Prefix) => {
                self.beneath(path, Id::OrAnything).then_some(Fit::Prefix(path.len()))
            }
        }
    }

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

    /// Whether it is beneath `route`, in any case.
    fn beneath(&self, route: &str, what: Id) -> bool {
        let route = route.trim_end_matches('/');
        let Some((start, rest)) = self.path.split_at_checked(route.len()) else { return false };
        let Some(rest) = rest.strip_prefix(b"/") else { return false };
        let is_wanted = match what {
            Id::OrAnything => true,
            Id::Only => !rest.contains(&b'/') && is_id(rest),
        };
        is_wanted && start.eq_ignore_ascii_case(route.as_bytes())
    }

    /// The document id that is the last segment of the path.
    fn document_id(&self) -> Option<String> {
        let last = self.path.rsplit(|byte| *byte == b'/').next().filter(|last| is_id(last))?;
        Some(String::from_utf8_lossy(last).into_owned())
    }
}

/// What may stand beneath a route.
#[derive(Clone, Copy)]
enum Id {
    Only,
    OrAnything,
}

fn is_id(segment: &[u8]) -> bool {
    segment.get(..ID.len()).is_some_and(|start| start.eq_ignore_ascii_case(ID))
}

pub(crate) fn target(raw: &[u8]) -> Target<'_> {
    let raw = without_authority(raw);
    let end = raw.iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(raw.len());
    let (path, rest) = raw.split_at_checked(end).unwrap_or((raw, &[]));
    let query = rest.split_first().map_or(&[][..], |(_, query)| query);
    Target { path: normal(path), query, spelled: path }
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
    use portcullis_policy::Policy;

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

    /// Where a request goes by these routes of a policy with the profiles `p` and `q`.
    #[track_caller]
    fn goes(routes: &str, raw: &str, expected: Option<(Option<&str>, Option<&str>)>) {
        let policy = Policy::parse(&format!("profiles: {{p: {{}}, q: {{}}}}\nroutes: {routes}")).unwrap();
        let found = routed(&target(raw.as_bytes()), &policy.routes);
        let found = found.as_ref().map(|Routed { profile, id }| {
            (profile.map(|profile| policy.profiles.name(profile).unwrap()), id.as_deref())
        });
        assert_eq!(found, expected, "{raw}");
    }

    #[test]
    fn a_document_id_may_end_the_path() {
        let id = |raw: &str, expected: Option<&str>| {
            goes("[{path: /graphql}]", raw, expected.map(|id| (None, Some(id))));
        };
        id("/graphql/sha256:ab", Some("sha256:ab"));
        id("/GraphQL/%73HA256%3Aab?x", Some("sHA256:ab"));
        goes("[{path: /}]", "/sha256:ab", Some((None, Some("sha256:ab"))));
        for raw in ["/graphql/ab", "/graphql/sha256", "/graphqlx/sha256:ab", "/graphql/sha256:ab/c"] {
            id(raw, None);
        }
        goes("[{path: /graphql}]", "/graphql", Some((None, None)));
        goes("[{path: /a, match: prefix}]", "/a/b/sha256:ab", Some((None, Some("sha256:ab"))));
    }

    #[test]
    fn a_prefix_reaches_what_is_beneath_it_in_any_spelling() {
        let routes = "[{path: /api, match: prefix, profile: p}]";
        for raw in
            ["/api", "/API.json", "/api/", "/api/x", "/Api/x/y?z", "/x/..%2fapi/y", "//api//x", "/api;v/x"]
        {
            goes(routes, raw, Some((Some("p"), None)));
        }
        for raw in ["/apix", "/ap", "/", "/x/api"] {
            goes(routes, raw, None);
        }
        goes("[{path: /, match: prefix}]", "/any/thing", Some((None, None)));
    }

    #[test]
    fn the_closest_route_speaks() {
        let routes = "[{path: /api, match: prefix}, {path: /api/shop, match: prefix, profile: p}, {path: /api/shop/graphql, profile: q}]";
        goes(routes, "/api/other", Some((None, None)));
        goes(routes, "/api/shop/x", Some((Some("p"), None)));
        goes(routes, "/api/shop/graphql", Some((Some("q"), None)));
        goes(routes, "/api/SHOP/graphql.json", Some((Some("q"), None)));
        goes(routes, "/api/shop/graphql/sha256:ab", Some((Some("q"), Some("sha256:ab"))));
        goes("[{path: /a, profile: p}, {path: /A, profile: q}]", "/A", Some((Some("q"), None)));
        goes("[{path: /a, profile: p}, {path: /a.json, profile: q}]", "/a.json", Some((Some("q"), None)));
    }

    #[test]
    fn what_is_switched_off_passes_only_as_it_is_written() {
        let routes = "[{path: /api, match: prefix, profile: p}, {path: /api/health, enabled: false}, {path: /api/open, match: prefix, enabled: false}, {path: /api/open/graphql, profile: q}]";
        for raw in ["/api/health", "/api/health?x=y", "/api/open", "/api/open/x/y"] {
            goes(routes, raw, None);
        }
        let judged = Some((Some("p"), None));
        for raw in [
            "/api/Health",
            "/api/health/",
            "/api/health.json",
            "/api//health",
            "/api/%68ealth",
            "/api/health;x",
            "/api/open/../graphql",
            "/api/open//x",
            "/API/open/x",
            "/api/openx",
        ] {
            goes(routes, raw, judged);
        }
        goes(routes, "/api/open/graphql", Some((Some("q"), None)));
        goes(routes, "/api/open/GraphQL", Some((Some("q"), None)));
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
