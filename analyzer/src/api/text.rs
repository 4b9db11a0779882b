//! Texts of answers: of those that somebody else wrote, only what has been through `redact`.
//!
//! Answers have these types in place of strings, so that a raw text does not fit in. A string in an answer is a word of the program;
//! a test holds that list.

use crate::geo::Country;
use portcullis_redact::{Redacted, document, label, redact};
use portcullis_report::Scope;
use serde::{Serialize, Serializer};
use std::net::IpAddr;
use std::sync::Arc;

use utoipa::ToSchema;

/// Digits of the hash of a shape, which stands for an operation that has no fit name.
const SHAPE_DIGITS: usize = 16;

/// A text without what is recognised as personal or secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String)]
pub(crate) struct Text(Arc<Redacted>);

/// A client as operators act on it: its address, its range, or its key, which is a pseudonym.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(value_type = String)]
pub(crate) struct Whom(Scope);

impl Text {
    /// Whatever somebody wrote.
    pub(crate) fn free(text: impl AsRef<str>) -> Self {
        redact(text.as_ref()).into()
    }

    /// A name or a word: what labels may be, or `other`. The hash of a shape is one.
    pub(crate) fn name(text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        let is_hash =
            text.len() == SHAPE_DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if is_hash { redact(text) } else { label(text) }.into()
    }

    /// A normalised document; should it be none, it is a text like others.
    pub(crate) fn document(text: impl AsRef<str>) -> Self {
        redact(document(text.as_ref()).as_str()).into()
    }
}

impl Whom {
    /// Its address, or the first of its range.
    pub(crate) fn address(self) -> Option<IpAddr> {
        match self.0 {
            Scope::Ip(address) => Some(address),
            Scope::Cidr(range) => Some(range.address()),
            Scope::ClientKey(_) => None,
        }
    }
}

impl From<Scope> for Whom {
    fn from(scope: Scope) -> Self {
        Self(scope)
    }
}

impl From<Redacted> for Text {
    fn from(text: Redacted) -> Self {
        Self(text.into())
    }
}

impl From<&Arc<Redacted>> for Text {
    fn from(text: &Arc<Redacted>) -> Self {
        Self(Arc::clone(text))
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl Serialize for Whom {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.value())
    }
}

impl Serialize for Country {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_labels_or_hashes() {
        let check = |text: &str, expected: &str| assert_eq!(Text::name(text).0.as_str(), expected, "{text}");
        check("ProductDetails", "ProductDetails");
        check("0123456789abcdef", "0123456789abcdef");
        check("user_4915112345678", "other");
        check("4111111111111111", "[card]");
        check("ada@example.org", "other");
        check("a\n\"}b", "a___b");
    }

    #[test]
    fn documents_stay_and_what_is_none_is_read_as_a_text() {
        let check =
            |text: &str, expected: &str| assert_eq!(Text::document(text).0.as_str(), expected, "{text}");
        let login = "mutation($password:String!){login(password:$password token:?){ok}}";
        check(login, login);
        check("{a{...F}} fragment F on T{b @d(if:?)}", "{a{...F}} fragment F on T{b @d(if:?)}");
        check("{a(b:\"ada@example.org\")}", "{a(b:…");
        check("ada@example.org", "[email]");
        check("{ada@example.org}", "{[email]}");
    }

    #[test]
    fn clients_are_written_as_operators_name_them() {
        let whom = Whom(Scope::parse("cidr", "10.0.0.0/8").unwrap().unwrap());
        assert_eq!(serde_json::to_value(whom).unwrap(), "10.0.0.0/8");
        assert_eq!(serde_json::to_value(Text::free("of ada@example.org")).unwrap(), "of [email]");
    }
}
