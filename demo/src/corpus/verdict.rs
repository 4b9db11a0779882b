//! What must come of a request.

use portcullis_report::Reason;
use serde::Deserialize;

/// It passes, or it is refused for a reason that is named by its label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It arrives, byte for byte.
    Allow,
    /// It is refused; the label is that of a [`Reason`].
    Refuse(String),
}

/// Reasons that the catalogue is about to gain: label, code, status. What has arrived there counts; a test holds both together.
const PLANNED: &[(&str, &str, u16)] = &[
    ("batch_length", "BATCH_LIMIT_EXCEEDED", 422),
    ("persisted_query_mismatch", "PERSISTED_QUERY_HASH_MISMATCH", 400),
    ("persisted_query_unsupported", "PERSISTED_QUERY_NOT_SUPPORTED", 200),
    ("untrusted_id", "PERSISTED_QUERY_NOT_IN_LIST", 404),
    ("untrusted_document", "QUERY_NOT_IN_SAFELIST", 403),
    ("get_mutation", "METHOD_NOT_ALLOWED", 405),
    ("url_size", "URI_TOO_LONG", 414),
    ("csrf", "CSRF_ERROR", 403),
    ("multipart", "INVALID_MULTIPART", 400),
    ("upload_limit", "UPLOAD_LIMIT_EXCEEDED", 413),
    ("upload_map", "INVALID_UPLOAD_MAP", 400),
    ("inflation", "PAYLOAD_TOO_DENSE", 413),
    ("encoding_malformed", "CONTENT_ENCODING_MALFORMED", 400),
    ("type_cost", "TYPE_COST_ESTIMATED_TOO_EXPENSIVE", 400),
    ("slicing", "SLICING_ARGUMENT_REQUIRED", 400),
    ("unknown_field", "UNKNOWN_FIELD", 400),
    ("sensitive_field", "MAX_SENSITIVE_FIELD_ALIASES_EXCEEDED", 400),
];

impl Verdict {
    /// The one that a word stands for: `allow` or a label.
    #[must_use]
    pub fn of(word: &str) -> Self {
        if word == "allow" { Self::Allow } else { Self::Refuse(word.to_owned()) }
    }

    /// The word it stands for.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Allow => "allow",
            Self::Refuse(label) => label,
        }
    }

    /// Status and `errors[0].extensions.code` of the answer; `None` for a label that nobody knows.
    #[must_use]
    pub fn answer(&self) -> Option<(u16, Option<&'static str>)> {
        let Self::Refuse(label) = self else { return Some((200, None)) };
        if let Some(reason) = reason(label) {
            return Some((reason.status(), Some(reason.code())));
        }
        let planned = PLANNED.iter().find(|(known, ..)| known == label);
        planned.map(|(_, code, status)| (*status, Some(*code)))
    }
}

/// The reason of that label.
fn reason(label: &str) -> Option<Reason> {
    Reason::ALL.iter().copied().find(|reason| reason.label() == label)
}

/// One verdict, or several between `|` where the order of two checks is the gate's own affair.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "String")]
pub(super) struct Verdicts(pub(super) Vec<Verdict>);

impl From<String> for Verdicts {
    fn from(text: String) -> Self {
        Self(text.split('|').map(|word| Verdict::of(word.trim())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_planned_agrees_with_what_has_arrived() {
        for (label, code, status) in PLANNED {
            if let Some(reason) = reason(label) {
                assert_eq!((reason.code(), reason.status()), (*code, *status), "{label}");
            }
        }
    }
}
