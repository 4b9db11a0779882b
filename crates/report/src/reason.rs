//! Every reason for which the gate refuses a request: its code, its status, its words.
//!
//! One table, so that the client's answer, the stats, the reports, the analyzer's API and the
//! documentation cannot disagree.

use serde::{Deserialize, Serialize};

/// Who has to act on a refusal; picks where it is shown and how loudly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The request is not one that a correct client sends.
    Client,
    /// The request is well-formed; the operator's policy says no.
    Policy,
    /// The gate could not see the request.
    Gate,
}

/// Declares the reasons once: variant, label, `extensions.code`, status, blame, message, explanation.
macro_rules! reasons {
    ($($variant:ident, $label:literal, $code:literal, $status:literal, $blame:ident, $message:literal, $help:literal;)+) => {
        /// Why the gate refused a request.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Reason {
            $(
                #[doc = $help]
                #[serde(rename = $label)]
                $variant,
            )+
        }

        impl Reason {
            /// Every reason, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in stats, labels and JSON; unique.
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),+ }
            }

            /// The value of `extensions.code` in the answer to the client.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The HTTP status of the answer.
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status),+ }
            }

            /// Who has to act on it.
            pub fn blame(self) -> Blame {
                match self { $(Self::$variant => Blame::$blame),+ }
            }

            /// The constant message of the answer to the client.
            pub fn message(self) -> &'static str {
                match self { $(Self::$variant => $message),+ }
            }

            /// One sentence for the operator: what it means.
            pub fn help(self) -> &'static str {
                match self { $(Self::$variant => $help),+ }
            }
        }
    };
}

reasons! {
    Syntax, "syntax", "GRAPHQL_PARSE_FAILED", 400, Client, "The document is not valid GraphQL.",
        "The document does not follow the executable grammar of GraphQL.";
    FragmentCycle, "fragment_cycle", "GRAPHQL_PARSE_FAILED", 400, Client, "A fragment spreads itself.",
        "A fragment reaches itself through its spreads.";
    DuplicateDefinition, "duplicate_definition", "GRAPHQL_VALIDATION_FAILED", 400, Client, "Two definitions have the same name.",
        "Two fragments, operations or variables share a name, so that servers could disagree on which one counts.";
    OperationUnresolved, "operation_unresolved", "OPERATION_RESOLUTION_FAILURE", 422, Client, "It is not clear which operation to run.",
        "The document has no operation, several and no operationName, or none of that name.";
    Tokens, "tokens", "MAX_TOKENS_EXCEEDED", 400, Policy, "The document has too many tokens.",
        "More lexical tokens than `graphql.limits.tokens`.";
    DocumentSize, "document_size", "MAX_DOCUMENT_SIZE_EXCEEDED", 400, Policy, "The document is too long.",
        "More bytes of document than `graphql.limits.document_bytes`.";
    Nesting, "nesting", "MAX_NESTING_EXCEEDED", 400, Policy, "The document nests too many brackets.",
        "More brackets open at once than `graphql.limits.nesting`.";
    Depth, "depth", "MAX_DEPTH_EXCEEDED", 400, Policy, "The operation is too deep.",
        "Deeper than `graphql.limits.depth`; a root field has depth 1, fragments add none.";
    Fields, "fields", "MAX_FIELDS_EXCEEDED", 400, Policy, "The operation asks for too many fields.",
        "More fields, fragments expanded, than `graphql.limits.fields`.";
    RootFields, "root_fields", "MAX_ROOT_FIELDS_EXCEEDED", 400, Policy, "The operation has too many root fields.",
        "More root fields, fragments expanded, than `graphql.limits.root_fields`.";
    Aliases, "aliases", "MAX_ALIASES_EXCEEDED", 400, Policy, "The operation has too many aliases.",
        "More aliased fields, fragments expanded, than `graphql.limits.aliases`.";
    AliasesPerField, "aliases_per_field", "MAX_ALIASES_PER_FIELD_EXCEEDED", 400, Policy, "One field is aliased too often.",
        "More aliases of one field in one place than `graphql.limits.aliases_per_field`.";
    Directives, "directives", "MAX_DIRECTIVES_EXCEEDED", 400, Policy, "The operation has too many directives.",
        "More directives, every occurrence counted, than `graphql.limits.directives`.";
    Cost, "cost", "COST_ESTIMATED_TOO_EXPENSIVE", 400, Policy, "The operation is too expensive.",
        "The estimated cost is above `graphql.cost.max`; retrying does not help.";
    Introspection, "introspection", "INTROSPECTION_DISABLED", 403, Policy, "Introspection is disabled.",
        "The document asks for `__schema` or `__type` and `graphql.introspection` denies it.";
    PersistedQuery, "persisted_query", "PERSISTED_QUERY_NOT_FOUND", 200, Client, "PersistedQueryNotFound",
        "A hash came without its document; the client is told to send the document, so that it can be judged.";
    Batching, "batching", "BATCHING_NOT_ENABLED", 400, Policy, "Batching is not enabled.",
        "The body is a JSON array of requests.";
    Json, "json", "JSON_PARSE_FAILED", 400, Client, "The body is not valid JSON.",
        "The body is not one JSON value in UTF-8, or something follows it.";
    JsonNesting, "json_nesting", "MAX_JSON_NESTING_EXCEEDED", 400, Policy, "The body nests too deeply.",
        "More JSON arrays and objects inside each other than `graphql.limits.json_nesting`.";
    Ambiguous, "ambiguous", "AMBIGUOUS_REQUEST", 400, Client, "The request can be read in two ways.",
        "Duplicate or case-variant keys or parameters, a `documentId` beside a `query`, or a comment whose end two servers see in different places.";
    Envelope, "envelope", "INVALID_REQUEST", 400, Client, "The request is not a GraphQL request.",
        "`query` is missing, or a parameter has the wrong JSON type.";
    BodySize, "body_size", "PAYLOAD_TOO_LARGE", 413, Policy, "The body is too large.",
        "More bytes of body than `graphql.limits.body_bytes`.";
    ContentType, "content_type", "UNSUPPORTED_MEDIA_TYPE", 415, Client, "The content type is not supported.",
        "The content type is missing, given twice, or not application/json in UTF-8.";
    ContentEncoding, "content_encoding", "UNSUPPORTED_CONTENT_ENCODING", 415, Client, "The content encoding is not supported.",
        "The body is compressed, so that the gate cannot read it.";
    Method, "method", "METHOD_NOT_ALLOWED", 405, Client, "The method is not allowed.",
        "Operations are taken by POST on this route.";
    Overloaded, "overloaded", "GATE_OVERLOADED", 429, Gate, "Too many requests are in progress.",
        "The requests that a worker holds until they are complete have more than `graphql.limits.held_bytes`; retry after a moment.";
    Unreadable, "unreadable", "REQUEST_UNREADABLE", 400, Gate, "The request could not be read.",
        "The proxy did not hand the request to the gate; what cannot be judged does not pass.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn labels_are_unique_and_fit_for_stats() {
        let labels: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.label()).collect();
        assert_eq!(labels.len(), Reason::ALL.len());
        assert!(
            labels.iter().all(|label| label.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
        );
    }

    #[test]
    fn a_refusal_is_4xx_but_for_the_answer_that_makes_clients_register() {
        for reason in Reason::ALL {
            let expected = *reason == Reason::PersistedQuery || (400..500).contains(&reason.status());
            assert!(expected, "{reason:?} answers {}", reason.status());
        }
    }

    #[test]
    fn the_label_is_the_json_form() {
        for reason in Reason::ALL {
            assert_eq!(serde_json::to_string(reason).unwrap(), format!("\"{}\"", reason.label()));
        }
    }
}
