//! What an `accept` header asks for: the type of an answer with errors, and whether results may come as a stream.

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

/// In which form of stream a client takes results that come one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Streams {
    /// In none; it asks for one answer.
    None,
    /// Server-sent events: `text/event-stream`.
    EventStream,
    /// `multipart/mixed`, whether for incremental delivery or for subscriptions.
    Multipart,
}

/// Which answer the `accept` header prefers; without one, or with neither type in it, plain JSON.
///
/// `q` weights decide between the two; at the same weight the GraphQL type wins.
pub fn accepts(value: &[u8]) -> Accepts {
    let graphql = weight(value, "application/graphql-response+json");
    if graphql > 0 && graphql >= weight(value, "application/json") {
        Accepts::GraphqlResponse
    } else {
        Accepts::Json
    }
}

/// Which stream the `accept` header names; of two, the one with more weight, then server-sent events.
///
/// A wildcard asks for no stream.
pub fn streams(value: &[u8]) -> Streams {
    let event_stream = weight(value, "text/event-stream");
    let multipart = weight(value, "multipart/mixed");
    if event_stream.max(multipart) == 0 {
        Streams::None
    } else if event_stream >= multipart {
        Streams::EventStream
    } else {
        Streams::Multipart
    }
}

fn weight(value: &[u8], name: &str) -> u16 {
    let ranges = value.split(|byte| *byte == b',');
    ranges.filter_map(|range| weight_of(range, name.as_bytes())).max().unwrap_or(0)
}

/// The weight of one media range in thousandths, when it names the type.
fn weight_of(range: &[u8], name: &[u8]) -> Option<u16> {
    let mut parts = range.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    if !parts.next()?.eq_ignore_ascii_case(name) {
        return None;
    }
    let quality = parts.filter_map(|part| part.strip_prefix(b"q=").or_else(|| part.strip_prefix(b"Q=")));
    Some(quality.map(thousandths).max().unwrap_or(1_000))
}

/// `0.8` as 800; what is no weight (RFC 9110 §12.4.2) counts as 1: a server that does not understand it, or looks for the type alone,
/// would send that.
fn thousandths(quality: &[u8]) -> u16 {
    let text = std::str::from_utf8(quality).unwrap_or_default();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    match (whole, digits) {
        ("1", true) => 1_000,
        ("0", true) => format!("{fraction:0<3}").parse().unwrap_or(1_000),
        _ => 1_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        prefers("application/graphql-response+json;q=nan", Accepts::GraphqlResponse);
    }

    #[test]
    fn others_get_plain_json() {
        prefers("", Accepts::Json);
        prefers("*/*", Accepts::Json);
        prefers("application/json", Accepts::Json);
        prefers("application/json, application/graphql-response+json;q=0.5", Accepts::Json);
        prefers("application/graphql-response+json;q=0", Accepts::Json);
    }

    #[track_caller]
    fn streamed(accept: &str, expected: Streams) {
        assert_eq!(streams(accept.as_bytes()), expected, "{accept}");
    }

    #[test]
    fn a_stream_is_for_those_who_name_one() {
        streamed("", Streams::None);
        streamed("*/*", Streams::None);
        streamed("application/json, text/*", Streams::None);
        streamed("text/event-stream", Streams::EventStream);
        streamed("text/event-stream;q=0", Streams::None);
        streamed("application/graphql-response+json, Text/Event-Stream", Streams::EventStream);
        streamed("multipart/mixed", Streams::Multipart);
        streamed("multipart/mixed; deferSpec=20220824, application/json", Streams::Multipart);
        let apollo = "multipart/mixed;boundary=\"graphql\";subscriptionSpec=1.0,application/json";
        streamed(apollo, Streams::Multipart);
        streamed("text/event-stream, multipart/mixed", Streams::EventStream);
        streamed("text/event-stream;q=0.5, multipart/mixed", Streams::Multipart);
    }

    #[test]
    fn a_weight_that_is_none_does_not_hide_a_stream() {
        for weight in ["2", "-1", "0.0001", "nan", "", "\"0\"", "0;q=1", "1;q=0"] {
            streamed(&format!("text/event-stream;q={weight}, application/json"), Streams::EventStream);
        }
        for nothing in ["0", "0.", "0.0", "0.000"] {
            streamed(&format!("text/event-stream;q={nothing}, application/json"), Streams::None);
        }
    }
}
