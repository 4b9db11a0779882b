//! The query string of a URL, as far as it can carry a GraphQL request.

use crate::names::{Spelling, spelling};
use crate::percent::percent_decoded;

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
/// Names are percent-decoded; `query[]` and `query[0]`, which some servers read as `query`, count.
pub fn query_string(query: &[u8]) -> QueryString {
    let pairs = query.split(|byte| matches!(byte, b'&' | b';'));
    let names = pairs.map(|pair| pair.split(|byte| *byte == b'=').next().unwrap_or_default());
    for name in names {
        let spaced: Vec<u8> = name.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        let decoded = String::from_utf8_lossy(&percent_decoded(&spaced)).into_owned();
        let bare = decoded.split('[').next().unwrap_or_default().trim();
        match spelling(bare) {
            Spelling::Exact(_) | Spelling::Variant => return QueryString::Graphql,
            Spelling::Unrelated => (),
        }
    }
    QueryString::Unrelated
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
        check("a;operationName=x", QueryString::Graphql);
        check("query", QueryString::Graphql);
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
