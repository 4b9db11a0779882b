//! The bounded words by which requests are sorted: operation type, transport, outcome.

use crate::Reason;
use serde::{Deserialize, Serialize};

/// The type of a GraphQL operation; `Unknown` when the request was refused before one was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// A read.
    Query,
    /// A write.
    Mutation,
    /// A stream of events.
    Subscription,
    /// No operation was found in the request.
    Unknown,
}

impl OperationKind {
    /// Every kind, in the order of the catalogue.
    pub const ALL: [Self; 4] = [Self::Query, Self::Mutation, Self::Subscription, Self::Unknown];

    /// The word used in stats, labels and JSON.
    pub fn label(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Subscription => "subscription",
            Self::Unknown => "unknown",
        }
    }
}

/// How the operation reached the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// An HTTP `POST` with one request in its body.
    Post,
    /// An HTTP `GET` with the request in its URL.
    Get,
    /// One of a JSON array of requests.
    Batch,
    /// A `POST` of `multipart/form-data`, with or without files.
    Upload,
    /// A request whose results are asked for as server-sent events.
    EventStream,
    /// A subscription whose results are asked for as parts of one response.
    MultipartStream,
    /// A WebSocket: its handshake, or a socket that carries no GraphQL.
    Websocket,
    /// A message of a WebSocket of the subprotocol `graphql-transport-ws`.
    GraphqlTransportWs,
    /// A message of a WebSocket of the older subprotocol `graphql-ws`.
    GraphqlWs,
    /// Any other HTTP request on a GraphQL route.
    OtherHttp,
}

impl Transport {
    /// The word used in labels and JSON.
    pub fn label(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Get => "get",
            Self::Batch => "batch",
            Self::Upload => "upload",
            Self::EventStream => "event_stream",
            Self::MultipartStream => "multipart_stream",
            Self::Websocket => "websocket",
            Self::GraphqlTransportWs => "graphql_transport_ws",
            Self::GraphqlWs => "graphql_ws",
            Self::OtherHttp => "other_http",
        }
    }
}

/// What became of a request on a GraphQL route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It went upstream.
    Allowed,
    /// The gate answered it.
    Refused,
}

impl Outcome {
    /// Every outcome, in the order of the catalogue.
    pub const ALL: [Self; 2] = [Self::Allowed, Self::Refused];

    /// The word used in stats and labels.
    pub fn label(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
        }
    }
}

/// What became of a client's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClientOutcome {
    /// It went upstream.
    Allowed,
    /// The gate answered it for what it is.
    Refused,
    /// The gate answered it for what was spent before.
    Throttled,
}

impl ClientOutcome {
    /// Every outcome, in the order of the catalogue.
    pub const ALL: [Self; 3] = [Self::Allowed, Self::Refused, Self::Throttled];

    /// The word used in stats and labels.
    pub fn label(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
            Self::Throttled => "throttled",
        }
    }
}

/// How far a client's key says who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// Anybody could have it: it comes from the address, or from a header of the client's own.
    #[default]
    Anyone,
    /// It comes from a token or a certificate that Envoy has checked.
    Authenticated,
}

impl Identity {
    /// Whether anybody could have the key.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub(crate) fn is_anyone(&self) -> bool {
        *self == Self::Anyone
    }
}

/// The class of a status by which an upstream says that it has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum StatusClass {
    /// 400 to 499.
    #[serde(rename = "4xx")]
    Client,
    /// 500 to 599.
    #[serde(rename = "5xx")]
    Server,
}

impl StatusClass {
    /// That of a status; nothing where it says that there is an answer.
    pub fn of(status: u16) -> Option<Self> {
        match status {
            400..=499 => Some(Self::Client),
            500..=599 => Some(Self::Server),
            _ => None,
        }
    }

    /// The code of an error that says nothing but its status.
    pub fn code(self) -> &'static str {
        match self {
            Self::Client => "HTTP_4XX",
            Self::Server => "HTTP_5XX",
        }
    }
}

/// What a candidate would do with a request, compared with the policy in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Difference {
    /// The same.
    Same,
    /// It would refuse what passes.
    Added,
    /// It would let pass what is refused.
    Removed,
    /// It would refuse it for another reason.
    Changed,
    /// Nobody knows: the policy in force read too little of it.
    Undecided,
}

impl Difference {
    /// Every word, in the order of the catalogue.
    pub const ALL: [Self; 5] = [Self::Same, Self::Added, Self::Removed, Self::Changed, Self::Undecided];

    /// That between two verdicts, each with the reason for which it refuses.
    pub fn between(live: Option<Reason>, candidate: Option<Reason>) -> Self {
        match (live, candidate) {
            (None, Some(_)) => Self::Added,
            (Some(_), None) => Self::Removed,
            (Some(one), Some(other)) if one != other => Self::Changed,
            (Some(_), Some(_)) | (None, None) => Self::Same,
        }
    }

    /// The word used in stats, labels and JSON.
    pub fn label(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Undecided => "undecided",
        }
    }
}

/// What a hash without its document met in the gate's memory of registered documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Persisted {
    /// Its document was there, and was judged.
    Hit,
    /// It was not; the client was told to send it.
    Miss,
    /// Document and hash came together, and the document is remembered.
    Registered,
}

impl Persisted {
    /// Every word, in the order of the catalogue.
    pub const ALL: [Self; 3] = [Self::Hit, Self::Miss, Self::Registered];

    /// The word used in stats and labels.
    pub fn label(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Registered => "registered",
        }
    }
}

/// The `extensions.code` of an error in an upstream's response, as far as it is a usual one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorCode {
    /// `GRAPHQL_PARSE_FAILED`.
    ParseFailed,
    /// `GRAPHQL_VALIDATION_FAILED`.
    ValidationFailed,
    /// `BAD_USER_INPUT`.
    BadUserInput,
    /// `UNAUTHENTICATED`.
    Unauthenticated,
    /// `FORBIDDEN`.
    Forbidden,
    /// `PERSISTED_QUERY_NOT_FOUND`.
    PersistedQueryNotFound,
    /// `INTERNAL_SERVER_ERROR`.
    InternalServerError,
    /// Any other code.
    Other,
}

impl ErrorCode {
    /// Every code, in the order of the catalogue.
    pub const ALL: [Self; 8] = [
        Self::ParseFailed,
        Self::ValidationFailed,
        Self::BadUserInput,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::PersistedQueryNotFound,
        Self::InternalServerError,
        Self::Other,
    ];

    /// The code of that text; in any case.
    pub fn named(code: &str) -> Self {
        let known = Self::ALL.into_iter().find(|known| known.code().eq_ignore_ascii_case(code));
        known.unwrap_or(Self::Other)
    }

    fn code(self) -> &'static str {
        match self {
            Self::ParseFailed => "GRAPHQL_PARSE_FAILED",
            Self::ValidationFailed => "GRAPHQL_VALIDATION_FAILED",
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::PersistedQueryNotFound => "PERSISTED_QUERY_NOT_FOUND",
            Self::InternalServerError => "INTERNAL_SERVER_ERROR",
            Self::Other => "OTHER",
        }
    }

    /// The word used in stats and labels.
    pub fn label(self) -> &'static str {
        match self {
            Self::ParseFailed => "graphql_parse_failed",
            Self::ValidationFailed => "graphql_validation_failed",
            Self::BadUserInput => "bad_user_input",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::PersistedQueryNotFound => "persisted_query_not_found",
            Self::InternalServerError => "internal_server_error",
            Self::Other => "other",
        }
    }
}
