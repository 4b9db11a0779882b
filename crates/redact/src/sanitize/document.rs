//! Normalised GraphQL documents, which have no literals: that this is one is made sure of here once more.

use crate::name::is_fit_label;
use crate::redacted::Redacted;

/// The longest name that is shown, and the longest document.
const NAME: usize = 128;
const READ: usize = 65_536;

/// A document as the gate normalises it. Names that may not be shown become `_`; where something stands that no normalised document has,
/// such as a string, a number or a comment, it ends in `…`.
///
/// ```
/// use portcullis_redact::document;
/// assert_eq!(document("query($id:ID!=?){_:user(id:$id first:?){name}}").as_str(), "query($id:ID!=?){_:user(id:$id first:?){name}}");
/// assert_eq!(document("{user(id:\"ada\"){name}}").as_str(), "{user(id:…");
/// ```
pub fn document(normalised: &str) -> Redacted {
    let mut shown = String::new();
    let mut rest = normalised;
    while let Some(first) = rest.chars().next() {
        let length = if first.is_ascii_alphabetic() || first == '_' {
            let is_of_name = |it: char| it.is_ascii_alphanumeric() || it == '_';
            let length = rest.find(|it| !is_of_name(it)).unwrap_or(rest.len());
            let name = rest.get(..length).unwrap_or_default();
            shown.push_str(if length <= NAME && is_fit_label(name) { name } else { "_" });
            length
        } else if "{}()[]:!=?$@&|., \n".contains(first) && shown.len() < READ {
            shown.push(first);
            first.len_utf8()
        } else {
            shown.push('…');
            break;
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    Redacted::sure(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(document(text).as_str(), expected, "{text}");
        assert_eq!(document(expected).as_str(), expected, "again");
    }

    #[test]
    fn documents() {
        check(
            "query($a:[Int!]=[?]){a{...F}} fragment F on T{b @d(if:?)}",
            "query($a:[Int!]=[?]){a{...F}} fragment F on T{b @d(if:?)}",
        );
        check("{user_4915112345678(id:?)}", "{_(id:?)}");
        check("{a(b:-1)}", "{a(b:…");
        check("{a(b:1)}", "{a(b:…");
        check("{a # ada", "{a …");
        check("{a…", "{a…");
        check("", "");
    }
}
