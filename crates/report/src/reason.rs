//! Every reason for which the gate refuses a request: its code, its status, its words.
//!
//! One table, so that the client's answer, the stats, the reports, the analyzer's API and the
//! documentation cannot disagree.

mod sockets;

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

impl Reason {
    /// Whether a server would refuse it while validating, so that a profile may answer 422 in place of 400.
    pub fn is_validation(self) -> bool {
        match self {
            Self::DuplicateDefinition
            | Self::Depth
            | Self::Fields
            | Self::RootFields
            | Self::Aliases
            | Self::AliasesPerField
            | Self::Directives
            | Self::Cost
            | Self::TypeCost
            | Self::Slicing
            | Self::UnknownField
            | Self::SensitiveField
            | Self::Quota => true,
            Self::Syntax
            | Self::FragmentCycle
            | Self::OperationUnresolved
            | Self::Tokens
            | Self::DocumentSize
            | Self::Nesting
            | Self::Introspection
            | Self::IntrospectionDepth
            | Self::PersistedQuery
            | Self::PersistedQueryUnsupported
            | Self::PersistedQueryMismatch
            | Self::UntrustedId
            | Self::UntrustedDocument
            | Self::Batching
            | Self::BatchLength
            | Self::Json
            | Self::JsonNesting
            | Self::Ambiguous
            | Self::Envelope
            | Self::Extension
            | Self::BodySize
            | Self::UrlSize
            | Self::ContentType
            | Self::ContentEncoding
            | Self::EncodedBody
            | Self::Inflation
            | Self::Csrf
            | Self::Multipart
            | Self::UploadLimit
            | Self::UploadMap
            | Self::Method
            | Self::GetMutation
            | Self::Throttled
            | Self::Streams
            | Self::Blocked
            | Self::Contention
            | Self::UnknownProfile
            | Self::Overloaded
            | Self::Unreadable
            | Self::SocketHandshake
            | Self::SocketVersion
            | Self::SocketOrigin
            | Self::SocketOriginMissing
            | Self::SocketCookies
            | Self::SocketSubprotocol
            | Self::SocketAttempts
            | Self::SocketCount
            | Self::SocketOperations
            | Self::SocketFraming
            | Self::SocketUpstream
            | Self::SocketUnanswered
            | Self::SocketBinary
            | Self::SocketText
            | Self::SocketControls
            | Self::SocketMessages
            | Self::SocketFrames
            | Self::SocketMessageSize
            | Self::SocketInflation
            | Self::SocketIdle
            | Self::SocketLifetime
            | Self::SocketMemory
            | Self::SocketMessage
            | Self::SocketInitSize
            | Self::SocketEarly
            | Self::SocketChoice
            | Self::SocketInitTimeout
            | Self::SocketIdInUse
            | Self::SocketInits => false,
        }
    }
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
    TypeCost, "type_cost", "TYPE_COST_ESTIMATED_TOO_EXPENSIVE", 400, Policy, "The operation asks for too many objects.",
        "The estimated type cost, which a compiled schema gives, is above `graphql.cost.type_max`.";
    Slicing, "slicing", "SLICING_ARGUMENT_REQUIRED", 400, Policy, "A list needs exactly one slicing argument.",
        "A field with `@listSize(requireOneSlicingArgument: true)` was given none of its slicing arguments, or several.";
    UnknownField, "unknown_field", "GRAPHQL_VALIDATION_FAILED", 400, Policy, "The operation asks for a field that does not exist.",
        "A field that the compiled schema does not have, and `graphql.unknown_fields` refuses those.";
    SensitiveField, "sensitive_field", "MAX_SENSITIVE_FIELD_ALIASES_EXCEEDED", 400, Policy, "A sensitive field is asked for too often.",
        "A field of `graphql.sensitive_fields` stands in the request more often than its own limit.";
    Introspection, "introspection", "INTROSPECTION_DISABLED", 403, Policy, "Introspection is disabled.",
        "The document asks for `__schema` or `__type` and `graphql.introspection` denies it.";
    IntrospectionDepth, "introspection_depth", "MAX_INTROSPECTION_DEPTH_EXCEEDED", 400, Policy, "The question about the schema is too deep.",
        "More lists of fields or types inside each other beneath `__schema` or `__type` than `graphql.limits.introspection_depth`; each multiplies the answer.";
    PersistedQuery, "persisted_query", "PERSISTED_QUERY_NOT_FOUND", 200, Client, "PersistedQueryNotFound",
        "A hash came without its document; the client is told to send the document, so that it can be judged.";
    PersistedQueryUnsupported, "persisted_query_unsupported", "PERSISTED_QUERY_NOT_SUPPORTED", 200, Policy, "PersistedQueryNotSupported",
        "A hash came without its document and `graphql.persisted_queries` is off; clients then send documents.";
    PersistedQueryMismatch, "persisted_query_mismatch", "PERSISTED_QUERY_HASH_MISMATCH", 400, Client, "The hash is not that of the document.",
        "`extensions.persistedQuery.sha256Hash` is not the SHA-256 of `query`.";
    UntrustedId, "untrusted_id", "PERSISTED_QUERY_NOT_IN_LIST", 404, Client, "The document id is not known.",
        "The id of a document that `graphql.trusted_documents` does not list, so that the gate cannot judge it.";
    UntrustedDocument, "untrusted_document", "QUERY_NOT_IN_SAFELIST", 403, Policy, "The document is not a trusted one.",
        "`graphql.trusted_documents` requires listed documents, and this is none.";
    Batching, "batching", "BATCHING_NOT_ENABLED", 400, Policy, "Batching is not enabled.",
        "The body is a JSON array of requests and `graphql.transports.batch` is off.";
    BatchLength, "batch_length", "BATCH_LIMIT_EXCEEDED", 422, Policy, "The batch is too long.",
        "More requests in one JSON array than `graphql.limits.batch`.";
    Json, "json", "JSON_PARSE_FAILED", 400, Client, "The body is not valid JSON.",
        "The body is not one JSON value in UTF-8, or something follows it.";
    JsonNesting, "json_nesting", "MAX_JSON_NESTING_EXCEEDED", 400, Policy, "The body nests too deeply.",
        "More JSON arrays and objects inside each other than `graphql.limits.json_nesting`.";
    Ambiguous, "ambiguous", "AMBIGUOUS_REQUEST", 400, Client, "The request can be read in two ways.",
        "Duplicate or case-variant keys or parameters, parameters in the URL beside a body or more of them than every server reads, the id of a document beside a `query` or another id, a length that is not the body's, or a comment whose end two servers see in different places.";
    Envelope, "envelope", "INVALID_REQUEST", 400, Client, "The request is not a GraphQL request.",
        "`query` is missing, or a parameter has the wrong JSON type.";
    Extension, "extension", "EXTENSION_NOT_ALLOWED", 400, Policy, "The request has an extension that is not allowed.",
        "`extensions` has a key of `graphql.denied_extensions`.";
    BodySize, "body_size", "PAYLOAD_TOO_LARGE", 413, Policy, "The body is too large.",
        "More bytes of body than `graphql.limits.body_bytes`.";
    UrlSize, "url_size", "URI_TOO_LONG", 414, Policy, "The URL is too long.",
        "More bytes of request target than `graphql.limits.url_bytes`.";
    ContentType, "content_type", "UNSUPPORTED_MEDIA_TYPE", 415, Client, "The content type is not supported.",
        "The content type is missing, given twice, not in UTF-8, or not one that the policy takes.";
    ContentEncoding, "content_encoding", "UNSUPPORTED_CONTENT_ENCODING", 415, Client, "The content encoding is not supported.",
        "The body is compressed in a way that `graphql.content_encodings` does not list, or in several at once.";
    EncodedBody, "encoded_body", "CONTENT_DECODING_FAILED", 400, Client, "The body cannot be decompressed.",
        "The compressed body is cut off, damaged, or followed by something else.";
    Inflation, "inflation", "PAYLOAD_INFLATES_TOO_MUCH", 413, Policy, "The body is too large when decompressed.",
        "Decompressed, the body has more bytes than `graphql.limits.body_bytes`, or far more than it has compressed.";
    Csrf, "csrf", "CSRF_ERROR", 403, Client, "A header that browsers send only after a preflight is missing.",
        "An upload without any of `graphql.uploads.preflight_headers`: a form on another site could have sent it.";
    Multipart, "multipart", "INVALID_MULTIPART", 400, Client, "The upload is not well-formed.",
        "The body does not follow the GraphQL multipart request specification, or two servers could read it differently.";
    UploadLimit, "upload_limit", "UPLOAD_LIMIT_EXCEEDED", 413, Policy, "The upload is too large.",
        "More files, paths or bytes than `graphql.uploads` allows.";
    UploadMap, "upload_map", "INVALID_UPLOAD_MAP", 400, Client, "The map of the upload does not fit its operations or its files.",
        "`map` is no object of lists of paths, a path does not lead to a `null` among the variables or stands there twice, or its keys are not the files that come.";
    Method, "method", "METHOD_NOT_ALLOWED", 405, Client, "The method is not allowed.",
        "Operations are taken by POST, and by GET where `graphql.transports.get` is on.";
    GetMutation, "get_mutation", "METHOD_NOT_ALLOWED", 405, Client, "Only queries and subscriptions are taken by GET.",
        "A mutation came by GET.";
    Throttled, "throttled", "RATE_LIMITED", 429, Policy, "Too much was asked for in a short time.",
        "A bucket of `throttles` has too little; `Retry-After` says when it will have enough.";
    Streams, "streams", "MAX_STREAMS_EXCEEDED", 429, Policy, "Too many streams are open.",
        "As many streams are open as `throttles.streams` allows; one has to end first.";
    Blocked, "blocked", "CLIENT_BLOCKED", 403, Policy, "Requests of this client are not taken.",
        "A decision of the analyzer or of an operator blocks the client, its address or its range; asked before anything else of the request.";
    Quota, "quota", "COST_EXCEEDS_QUOTA", 400, Policy, "The request is larger than what may be spent at once.",
        "The request takes more than a full bucket of `throttles` has; retrying does not help.";
    Contention, "contention", "GATE_OVERLOADED", 429, Gate, "Too many requests are in progress.",
        "Other workers changed the buckets of `throttles` at every attempt to take from them; what cannot be counted does not pass.";
    UnknownProfile, "unknown_profile", "PROFILE_UNKNOWN", 403, Gate, "The gate is not configured for this route.",
        "The Envoy route names a profile in its metadata that the policy does not have; no other is chosen for it.";
    Overloaded, "overloaded", "GATE_OVERLOADED", 429, Gate, "Too many requests are in progress.",
        "The requests that a worker holds until they are complete have more than `graphql.limits.held_bytes`; retry after a moment.";
    SocketHandshake, "socket_handshake", "INVALID_WEBSOCKET_HANDSHAKE", 400, Client, "The WebSocket handshake is not well-formed.",
        "An upgrade to something other than `websocket`, a body, a `Sec-WebSocket-Key` that is not 16 bytes in base64, or a header twice that may come once.";
    SocketVersion, "socket_version", "WEBSOCKET_VERSION_NOT_SUPPORTED", 426, Client, "The WebSocket version is not supported.",
        "`Sec-WebSocket-Version` is not 13.";
    SocketOrigin, "socket_origin", "ORIGIN_NOT_ALLOWED", 403, Policy, "The origin is not allowed.",
        "A handshake from a page of an origin that is neither the server's own nor one of `websocket.origins`.";
    SocketOriginMissing, "socket_origin_missing", "ORIGIN_REQUIRED", 403, Policy, "An origin is required.",
        "A handshake without `Origin`, and `websocket.missing_origin` refuses those.";
    SocketCookies, "socket_cookies", "CROSS_SITE_WEBSOCKET", 403, Client, "Cookies are not taken from another origin.",
        "A handshake with cookies from a page of an origin that is not listed: what cross-site WebSocket hijacking looks like.";
    SocketSubprotocol, "socket_subprotocol", "SUBPROTOCOL_NOT_SUPPORTED", 400, Client, "The WebSocket subprotocol is not supported.",
        "A handshake on a GraphQL route that offers no subprotocol, one twice, or one that `websocket.subprotocols` does not list.";
    SocketAttempts, "socket_attempts", "RATE_LIMITED", 429, Policy, "Too many attempts to connect in a short time.",
        "A bucket of `websocket.attempts` is empty; `Retry-After` says when it will not be.";
    SocketCount, "socket_count", "MAX_SOCKETS_EXCEEDED", 429, Policy, "Too many sockets are open.",
        "As many sockets are open as `websocket.sockets` allows; one has to end first.";
    SocketFraming, "socket_framing", "WEBSOCKET_PROTOCOL_ERROR", 400, Client, "Invalid frame",
        "A frame that RFC 6455 does not allow: unmasked, of a reserved kind, of a length in too many bytes, a control frame in pieces, or a bad close.";
    SocketText, "socket_text", "WEBSOCKET_INVALID_TEXT", 400, Client, "Invalid UTF-8",
        "A text message that is not UTF-8.";
    SocketBinary, "socket_binary", "WEBSOCKET_BINARY_NOT_ALLOWED", 400, Client, "Binary messages are not supported",
        "A binary message on a socket of a GraphQL subprotocol.";
    SocketMessageSize, "socket_message_size", "MAX_MESSAGE_SIZE_EXCEEDED", 413, Policy, "Message too big",
        "More bytes in one message than `websocket.limits.message_bytes`.";
    SocketFrames, "socket_frames", "MAX_FRAMES_EXCEEDED", 400, Policy, "Too many frames in one message",
        "More frames of one message than `websocket.limits.frames_per_message`.";
    SocketInflation, "socket_inflation", "PAYLOAD_INFLATES_TOO_MUCH", 413, Policy, "Message too big when decompressed",
        "A compressed message that has more bytes than `websocket.limits.message_bytes` when it is inflated, or that cannot be.";
    SocketControls, "socket_controls", "MAX_CONTROL_FRAMES_EXCEEDED", 429, Policy, "Too many control frames",
        "More pings and pongs in a second than `websocket.limits.control_frames_per_second`.";
    SocketMessages, "socket_messages", "MAX_MESSAGES_EXCEEDED", 429, Policy, "Too many messages",
        "More messages than `websocket.limits.messages_per_second` and `burst` allow on one socket, or `websocket.messages` to one client.";
    SocketMemory, "socket_memory", "GATE_OVERLOADED", 429, Gate, "Too much is being held",
        "What a worker keeps for all its sockets leaves no room within `websocket.limits.socket_bytes`: for one more socket, or for a message.";
    SocketIdle, "socket_idle", "WEBSOCKET_IDLE", 408, Policy, "Idle for too long",
        "Nothing was sent by either side for `websocket.limits.idle_ms`.";
    SocketLifetime, "socket_lifetime", "WEBSOCKET_EXPIRED", 408, Policy, "Open for too long",
        "The socket is older than `websocket.limits.lifetime_ms`; clients connect again.";
    SocketMessage, "socket_message", "INVALID_MESSAGE", 400, Client, "Invalid message received",
        "A message that its subprotocol does not know, or that can be read in two ways.";
    SocketInitSize, "socket_init_size", "MAX_INIT_PAYLOAD_EXCEEDED", 413, Policy, "Invalid message received",
        "More bytes of `connection_init` than `websocket.limits.init_payload_bytes`.";
    SocketEarly, "socket_early", "UNAUTHORIZED", 401, Client, "Unauthorized",
        "An operation before the connection was acknowledged.";
    SocketInitTimeout, "socket_init_timeout", "CONNECTION_INIT_TIMEOUT", 408, Policy, "Connection initialisation timeout",
        "No `connection_init` within `websocket.limits.init_timeout_ms`.";
    SocketInits, "socket_inits", "TOO_MANY_INITS", 429, Client, "Too many initialisation requests",
        "A second `connection_init`.";
    SocketIdInUse, "socket_id_in_use", "SUBSCRIBER_EXISTS", 409, Client, "Subscriber already exists",
        "An operation under the id of one that is still running.";
    SocketOperations, "socket_operations", "MAX_OPERATIONS_EXCEEDED", 429, Policy, "Too many operations are running.",
        "As many operations run on the socket as `websocket.limits.open_operations` allows; the socket lives on.";
    SocketChoice, "socket_choice", "SUBPROTOCOL_NOT_SUPPORTED", 400, Gate, "Subprotocol not acceptable",
        "The upstream took a handshake with a subprotocol that was not offered, or with none, or with an extension that the gate does not know.";
    SocketUpstream, "socket_upstream", "UPSTREAM_PROTOCOL_ERROR", 400, Gate, "Invalid frame from the upstream",
        "The upstream sent a frame that RFC 6455 does not allow, or a message that the gate could not follow.";
    SocketUnanswered, "socket_unanswered", "UPSTREAM_UNRESPONSIVE", 408, Gate, "The upstream does not answer",
        "Something had to be said to the client, and for 5 s the upstream gave no occasion: it answered no ping and sent nothing else; clients connect again.";
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
    fn a_refusal_is_4xx_but_for_the_answers_that_make_clients_send_the_document() {
        for reason in Reason::ALL {
            let retried = matches!(reason, Reason::PersistedQuery | Reason::PersistedQueryUnsupported);
            let expected = retried || (400..500).contains(&reason.status());
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
