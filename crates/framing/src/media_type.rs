//! Media types: which bodies are JSON in UTF-8, and which answer a client prefers.

/// What a `content-type` says of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentType {
    /// `application/json`, in UTF-8 by word or by default.
    Json,
    /// Anything else, also what is malformed.
    Other,
}

/// The content type of an answer with errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// `application/graphql-response+json`.
    GraphqlResponse,
    /// `application/json`.
    Json,
}

impl Accepts {
    /// The value for `content-type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json",
            Self::Json => "application/json",
        }
    }
}

/// Judges the value of a `content-type` header: letters in any case, at most a `charset` of UTF-8 beside.
pub fn content_type(value: &[u8]) -> ContentType {
    let mut parts = value.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    if !parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case(b"application/json")) {
        return ContentType::Other;
    }
    let sound = match (parts.next(), parts.next()) {
        (None, _) => true,
        (Some(parameter), None) => is_utf8_charset(parameter),
        (Some(_), Some(_)) => false,
    };
    if sound { ContentType::Json } else { ContentType::Other }
}

fn is_utf8_charset(parameter: &[u8]) -> bool {
    ["charset=utf-8", "charset=\"utf-8\"", "charset=utf8"]
        .iter()
        .any(|sound| parameter.eq_ignore_ascii_case(sound.as_bytes()))
}

/// Which answer the `accept` header prefers; without one, or with neither type in it, plain JSON.
///
/// `q` weights decide between the two; at the same weight the GraphQL type wins.
pub fn accepts(value: &[u8]) -> Accepts {
    let weight = |name: &str| {
        let ranges = value.split(|byte| *byte == b',');
        ranges.filter_map(|range| weight_of(range, name.as_bytes())).max().unwrap_or(0)
    };
    let graphql = weight("application/graphql-response+json");
    if graphql > 0 && graphql >= weight("application/json") {
        Accepts::GraphqlResponse
    } else {
        Accepts::Json
    }
}

/// The weight of one media range in thousandths, when it names the type.
fn weight_of(range: &[u8], name: &[u8]) -> Option<u16> {
    let mut parts = range.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    if !parts.next()?.eq_ignore_ascii_case(name) {
        return None;
    }
    let quality = parts.find_map(|part| part.strip_prefix(b"q=").or_else(|| part.strip_prefix(b"Q=")));
    Some(quality.map_or(1_000, thousandths))
}

/// `0.8` as 800; what is no weight (RFC 9110 §12.4.2) counts as 0.
fn thousandths(quality: &[u8]) -> u16 {
    let text = std::str::from_utf8(quality).unwrap_or_default();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    match (whole, digits) {
        ("1", true) => 1_000,
        ("0", true) => format!("{fraction:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, expected: ContentType) {
        assert_eq!(content_type(value.as_bytes()), expected, "{value}");
    }

    #[test]
    fn json_in_utf8_is_json() {
        check("application/json", ContentType::Json);
        check("application/json; charset=utf-8", ContentType::Json);
        check("application/json;charset=UTF-8", ContentType::Json);
        check("Application/JSON ; charset=\"utf-8\"", ContentType::Json);
    }

    #[test]
    fn everything_else_is_not() {
        check("", ContentType::Other);
        check("text/plain", ContentType::Other);
        check("application/graphql", ContentType::Other);
        check("application/jsonp", ContentType::Other);
        check("application/graphql+json", ContentType::Other);
        check("text/plain; application/json", ContentType::Other);
        check("application/json;charset=utf-16", ContentType::Other);
        check("application/json;charset=utf-7", ContentType::Other);
        check("application/json, text/plain", ContentType::Other);
        check("application/json;", ContentType::Other);
        check("application/json; charset=utf-8; charset=utf-16", ContentType::Other);
        check("multipart/form-data; boundary=application/json", ContentType::Other);
    }

    #[test]
    fn bytes_that_are_no_text_are_not_json() {
        assert_eq!(content_type(b"application/json; charset=\xff"), ContentType::Other);
    }

    #[track_caller]
    fn prefers(accept: &str, expected: Accepts) {
        assert_eq!(accepts(accept.as_bytes()), expected, "{accept}");
    }

    #[test]
    fn the_graphql_type_is_given_to_those_who_ask_for_it() {
        prefers("application/graphql-response+json", Accepts::GraphqlResponse);
        prefers("application/graphql-response+json, application/json;q=0.9", Accepts::GraphqlResponse);
        prefers("application/json, application/graphql-response+json", Accepts::GraphqlResponse);
        prefers("application/graphql-response+json; charset=utf-8, */*", Accepts::GraphqlResponse);
    }

    #[test]
    fn others_get_plain_json() {
        prefers("", Accepts::Json);
        prefers("*/*", Accepts::Json);
        prefers("application/json", Accepts::Json);
        prefers("application/json, application/graphql-response+json;q=0.5", Accepts::Json);
        prefers("application/graphql-response+json;q=0", Accepts::Json);
        prefers("application/graphql-response+json;q=nan", Accepts::Json);
    }
}
