//! What an edge reports of single clients beside what it refused: what passed, what the upstream made of it, and what was
//! begun and never finished.

use super::{Bounds, ReportError, Text, at_most, is_hex};
use crate::{Identity, OperationKind, StatusClass};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The clients of which one worker has something to say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientsReport {
    /// Those whose turn it is, as far as there is room: who had errors first.
    pub rows: Vec<ClientRow>,
    /// Events of clients that found no room at the edge; nothing else is told of them.
    pub dropped: u64,
}

/// What one client did since it was last told of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientRow {
    /// Its address as Envoy sees it, without the port; `null` when Envoy did not tell.
    pub client: Option<String>,
    /// Its pseudonym, 32 hex digits; never the identity itself.
    pub client_key: String,
    /// How far that says who it is.
    pub identity: Identity,
    /// Its class.
    pub class: String,
    /// Requests that went upstream, by the type of their operation.
    pub allowed: BTreeMap<OperationKind, u64>,
    /// How often sensitive fields of the policy stood in them.
    pub sensitive: u64,
    /// Requests that ended before all of them came.
    pub unfinished: u64,
    /// Answers of the upstream that it says are none, where the gate saw them.
    pub statuses: BTreeMap<StatusClass, u64>,
    /// Responses out of which suggestions were cut.
    pub suggestions: u64,
    /// Errors of the upstream, where the gate reads responses.
    pub failures: Vec<Failure>,
    /// Errors that found no room in `failures`.
    pub failures_merged: u64,
    /// The id of its latest request that is told of here.
    pub correlation_id: String,
}

/// Errors of the upstream that are alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// `extensions.code`: `A`-`Z`, `0`-`9` and `_`, or [`Failure::OTHER`]; or one of the other words of this type.
    pub code: String,
    /// Type of the operation.
    pub kind: OperationKind,
    /// As in [`super::RollupKey::operation`].
    pub operation: String,
    /// Hash of the normalised document, 16 hex digits; `null` when it is not known.
    pub shape: Option<String>,
    /// How often sensitive fields of the policy stood in the operation.
    pub sensitive: u64,
    /// How many; at least 1.
    pub count: u64,
    /// The id of one of the requests.
    pub correlation_id: String,
}

impl Failure {
    /// An error without a code, or with one that is no word.
    pub const OTHER: &'static str = "OTHER";
    /// A response out of which suggestions were cut, whatever its errors.
    pub const SUGGESTION: &'static str = "SUGGESTION_CUT";

    /// The code of an error as it is reported: bounded, in capitals.
    pub fn word(code: &str) -> String {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let fits = (1..=Bounds::CODE_BYTES).contains(&code.len()) && code.bytes().all(is_word);
        if fits { code.to_ascii_uppercase() } else { Self::OTHER.to_owned() }
    }
}

impl ClientsReport {
    pub(super) fn check(&self) -> Result<(), ReportError> {
        at_most("clients.rows", self.rows.len(), Bounds::CLIENTS)?;
        let failures = self.rows.iter().map(|row| row.failures.len()).sum();
        at_most("clients.rows[].failures", failures, Bounds::CLIENT_FAILURES)?;
        self.rows.iter().enumerate().try_for_each(|(index, row)| row.check(index))
    }
}

impl ClientRow {
    fn check(&self, index: usize) -> Result<(), ReportError> {
        let text = Text { path: "clients.rows", index };
        text.fits("client", self.client.as_deref().unwrap_or_default(), Bounds::LABEL_BYTES)?;
        text.fits("class", &self.class, Bounds::LABEL_BYTES)?;
        text.fits("correlation_id", &self.correlation_id, Bounds::LABEL_BYTES)?;
        if !is_hex(&self.client_key, 32) {
            return Err(ReportError::Row { index, flaw: "client_key: must be 32 lowercase hex digits" });
        }
        for failure in &self.failures {
            text.fits("failures[].code", &failure.code, Bounds::CODE_BYTES)?;
            text.fits("failures[].operation", &failure.operation, Bounds::OPERATION_BYTES)?;
            text.fits("failures[].correlation_id", &failure.correlation_id, Bounds::LABEL_BYTES)?;
            if failure.shape.as_ref().is_some_and(|shape| !is_hex(shape, 16)) {
                return Err(ReportError::Row {
                    index,
                    flaw: "failures[].shape: must be 16 lowercase hex digits",
                });
            }
            if failure.count == 0 {
                return Err(ReportError::Row { index, flaw: "failures[].count: must be at least 1" });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_bounded_word_in_capitals() {
        let check = |code: &str, expected: &str| assert_eq!(Failure::word(code), expected);
        check("UNAUTHENTICATED", "UNAUTHENTICATED");
        check("bad_user_input", "BAD_USER_INPUT");
        check(&"A".repeat(40), &"A".repeat(40));
        for other in ["", "a b", "\u{e9}", "<script>", &"A".repeat(41)] {
            check(other, Failure::OTHER);
        }
    }
}
