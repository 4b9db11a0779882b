//! Media types of bodies: which are JSON in UTF-8, which are uploads, which are documents.

mod boundary;

pub use boundary::Boundary;

/// What a `content-type` says of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentType {
    /// `application/json`, in UTF-8 by word or by default.
    Json,
    /// `multipart/form-data` with this boundary.
    Multipart(Boundary),
    /// `application/graphql`, a document alone, in UTF-8 by word or by default.
    Graphql,
    /// Anything else, also what is malformed.
    Other,
}

/// Judges the value of a `content-type` header: letters in any case, at most a `charset` of UTF-8 beside; an upload
/// has its `boundary` and nothing else.
pub fn content_type(value: &[u8]) -> ContentType {
    let mut parts = value.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let kind = parts.next().unwrap_or_default();
    let (parameter, further) = (parts.next(), parts.next());
    let is = |name: &str| kind.eq_ignore_ascii_case(name.as_bytes()) && further.is_none();
    if is("application/json") && parameter.is_none_or(is_utf8_charset) {
        ContentType::Json
    } else if is("application/graphql") && parameter.is_none_or(is_utf8_charset) {
        ContentType::Graphql
    } else if is("multipart/form-data") {
        parameter.and_then(Boundary::read).map_or(ContentType::Other, ContentType::Multipart)
    } else {
        ContentType::Other
    }
}

pub(crate) fn is_utf8_charset(parameter: &[u8]) -> bool {
    ["charset=utf-8", "charset=\"utf-8\"", "charset=utf8"]
        .iter()
        .any(|sound| parameter.eq_ignore_ascii_case(sound.as_bytes()))
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
        check("application/jsonp", ContentType::Other);
        check("application/graphql+json", ContentType::Other);
        check("text/plain; application/json", ContentType::Other);
        check("application/json;charset=utf-16", ContentType::Other);
        check("application/json;charset=utf-7", ContentType::Other);
        check("application/json, text/plain", ContentType::Other);
        check("application/json;", ContentType::Other);
        check("application/json; charset=utf-8; charset=utf-16", ContentType::Other);
        check("multipart/form-data; boundary=application/json", ContentType::Other);
        check("multipart/form-data; application/json", ContentType::Other);
    }

    #[test]
    fn bytes_that_are_no_text_are_not_json() {
        assert_eq!(content_type(b"application/json; charset=\xff"), ContentType::Other);
    }

    #[test]
    fn a_document_alone_is_one() {
        check("application/graphql", ContentType::Graphql);
        check("Application/GraphQL; charset=UTF-8", ContentType::Graphql);
        check("application/graphql; charset=latin1", ContentType::Other);
        check("application/graphql; charset=utf-8; a=b", ContentType::Other);
    }

    #[track_caller]
    fn boundary(value: &str, expected: &str) {
        let ContentType::Multipart(boundary) = content_type(value.as_bytes()) else { panic!("{value}") };
        assert_eq!(boundary.as_bytes(), expected.as_bytes(), "{value}");
    }

    #[test]
    fn an_upload_has_one_boundary() {
        boundary("multipart/form-data; boundary=----WebKitFormBoundaryAb0", "----WebKitFormBoundaryAb0");
        boundary("Multipart/Form-Data;BOUNDARY=x", "x");
        boundary("multipart/form-data; boundary=\"a'()+_,-./:=?b\"", "a'()+_,-./:=?b");
        let longest = "b".repeat(70);
        boundary(&format!("multipart/form-data; boundary={longest}"), &longest);
        boundary(&format!("multipart/form-data; boundary={}", "b".repeat(69)), &"b".repeat(69));
        check(&format!("multipart/form-data; boundary={longest}b"), ContentType::Other);
        for parameters in [
            "",
            ";",
            "; boundary=",
            "; boundary=\"\"",
            "; boundary = x",
            "; boundary=a b",
            "; boundary=\"a b\"",
            "; boundary=a:b",
            "; boundary=a\"b",
            "; boundary=\"a",
            "; boundary=a\"",
            "; boundary=\"a\\\"b\"",
            "; boundary=\"a\"b",
            "; boundary=a, text/plain",
            "; boundary*=utf-8''a",
            "; boundary*0=a",
            "; boundary=a; boundary=b",
            "; boundary=a; charset=utf-8",
            "; charset=utf-16; boundary=a",
            "; boundary=a;",
            "; boundary=\u{e9}",
        ] {
            check(&format!("multipart/form-data{parameters}"), ContentType::Other);
        }
        check("multipart/mixed; boundary=x", ContentType::Other);
    }
}
