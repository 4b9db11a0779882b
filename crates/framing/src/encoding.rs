//! How a body is compressed, from all `content-encoding` headers of a request.

/// One compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// `gzip` (RFC 1952), also by its old name `x-gzip`.
    Gzip,
    /// `deflate`, which is the zlib format (RFC 1950); a deflate stream alone is not.
    Deflate,
    /// `br` (RFC 7932).
    Brotli,
    /// `zstd` (RFC 8878).
    Zstd,
}

/// What the headers say of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentEncoding {
    /// It is as it is.
    Identity,
    /// It is compressed once.
    Coded(Coding),
    /// It is compressed more than once, or in another way.
    Other,
}

/// Reads the values of all `content-encoding` headers of a request.
///
/// `identity` may be repeated, but stands beside nothing else.
pub fn content_encoding<'v>(values: impl IntoIterator<Item = &'v [u8]>) -> ContentEncoding {
    let mut found = ContentEncoding::Identity;
    let mut first = true;
    for value in values {
        let coding = coding(value.trim_ascii());
        found = match (first, found, coding) {
            (true, _, coding) => coding,
            (false, ContentEncoding::Identity, ContentEncoding::Identity) => ContentEncoding::Identity,
            (false, _, _) => ContentEncoding::Other,
        };
        first = false;
    }
    found
}

fn coding(value: &[u8]) -> ContentEncoding {
    let is = |name: &str| value.eq_ignore_ascii_case(name.as_bytes());
    if is("identity") {
        ContentEncoding::Identity
    } else if is("gzip") || is("x-gzip") {
        ContentEncoding::Coded(Coding::Gzip)
    } else if is("deflate") {
        ContentEncoding::Coded(Coding::Deflate)
    } else if is("br") {
        ContentEncoding::Coded(Coding::Brotli)
    } else if is("zstd") {
        ContentEncoding::Coded(Coding::Zstd)
    } else {
        ContentEncoding::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: &[&str], expected: ContentEncoding) {
        assert_eq!(content_encoding(values.iter().map(|value| value.as_bytes())), expected, "{values:?}");
    }

    #[test]
    fn one_compression_is_known() {
        check(&["gzip"], ContentEncoding::Coded(Coding::Gzip));
        check(&["X-GZip"], ContentEncoding::Coded(Coding::Gzip));
        check(&[" deflate "], ContentEncoding::Coded(Coding::Deflate));
        check(&["br"], ContentEncoding::Coded(Coding::Brotli));
        check(&["zstd"], ContentEncoding::Coded(Coding::Zstd));
    }

    #[test]
    fn without_compression_a_body_is_as_it_is() {
        check(&[], ContentEncoding::Identity);
        check(&["identity"], ContentEncoding::Identity);
        check(&["Identity", "identity"], ContentEncoding::Identity);
    }

    #[test]
    fn everything_else_is_not_known() {
        for values in [
            &["gzip, gzip"] as &[&str],
            &["gzip", "gzip"],
            &["identity", "gzip"],
            &["gzip", "identity"],
            &["gzip", "identity", "identity"],
            &["identity, gzip"],
            &["compress"],
            &["gzip;q=1"],
            &[""],
            &["gzip,"],
            &["aws-chunked"],
        ] {
            check(values, ContentEncoding::Other);
        }
    }
}
