//! The query string of a URL, as far as it can carry a GraphQL request.

use crate::names::{IdKeys, Spelling, spelling};
use crate::percent::{form_decoded, percent_decoded};

/// What the query string of a request target holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryString {
    /// A parameter that some server would take for one of a GraphQL request.
    Graphql,
    /// Nothing of GraphQL.
    Unrelated,
}

/// Looks for parameters of a GraphQL request in `query`, the text after `?`.
///
/// Names are decoded; a name that only some servers read as one of them counts.
pub fn query_string(query: &[u8]) -> QueryString {
    query_string_by(query, IdKeys::Standard)
}

/// Looks for them where ids of documents have these keys.
pub fn query_string_by(query: &[u8], ids: IdKeys<'_>) -> QueryString {
    let mut pairs = query.split(|byte| matches!(byte, b'&' | b';'));
    let found = pairs.any(|pair| {
        let name = split(pair).0;
        read_as(name, ids) != Spelling::Unrelated || chooses_operations(name)
    });
    if found { QueryString::Graphql } else { QueryString::Unrelated }
}

/// Whether a server takes a list of operations to run from a parameter of this name (Hot Chocolate does).
pub(crate) fn chooses_operations(name: &[u8]) -> bool {
    let decoded = percent_decoded(name);
    String::from_utf8_lossy(&decoded).trim().eq_ignore_ascii_case("batchOperations")
}

/// Name and value of a pair; without `=` the value is empty.
pub(crate) fn split(pair: &[u8]) -> (&[u8], &[u8]) {
    let mut parts = pair.splitn(2, |byte| *byte == b'=');
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

/// What a name is to any server: PHP drops spaces before it, some read `query[]`, `query[0]` and `query.x` as `query`,
/// and for some it ends at a NUL. Inside a name PHP makes an underscore of a space, a dot and a lone bracket.
pub(crate) fn read_as(name: &[u8], ids: IdKeys<'_>) -> Spelling {
    if let Ok(decoded) = form_decoded(name)
        && let Spelling::Exact(parameter) = spelling(&decoded, ids)
    {
        return Spelling::Exact(parameter);
    }
    let spaced: Vec<u8> = name.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let decoded = String::from_utf8_lossy(&percent_decoded(&spaced)).into_owned();
    let is_around = |letter: char| letter.is_whitespace() || letter.is_control();
    let trimmed = decoded.trim_start_matches(is_around).split('\0').next().unwrap_or_default();
    let bare = trimmed.split(['[', '.']).next().unwrap_or_default().trim_end_matches(is_around);
    let joined = trimmed.replace([' ', '.', '['], "_");
    let is_unrelated = |name: &str| spelling(name, ids) == Spelling::Unrelated;
    if is_unrelated(bare) && is_unrelated(&joined) { Spelling::Unrelated } else { Spelling::Variant }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, expected: QueryString) {
        assert_eq!(query_string(query.as_bytes()), expected, "{query}");
    }

    #[test]
    fn parameters_of_graphql_are_found_in_every_spelling() {
        check("query=%7Bme%7D", QueryString::Graphql);
        check("a=1&variables={}", QueryString::Graphql);
        check("QUERY=x", QueryString::Graphql);
        check("%71uery=x", QueryString::Graphql);
        check("query[]=x", QueryString::Graphql);
        check("query%5B0%5D=x", QueryString::Graphql);
        check("+query=x", QueryString::Graphql);
        check("query.x=x", QueryString::Graphql);
        check("%00query%00x=x", QueryString::Graphql);
        check("a;operationName=x", QueryString::Graphql);
        check("query", QueryString::Graphql);
        check("batchOperations=[A,A]", QueryString::Graphql);
        check("batchoperation%73=[A,A]", QueryString::Graphql);
    }

    #[test]
    fn other_parameters_are_left_alone() {
        check("", QueryString::Unrelated);
        check("op=Product&v=3", QueryString::Unrelated);
        check("q=query", QueryString::Unrelated);
        check("%zz=%&%4", QueryString::Unrelated);
        check("%ff=1", QueryString::Unrelated);
    }
}
