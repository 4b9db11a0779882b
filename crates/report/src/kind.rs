//! The bounded words by which requests are sorted: operation type, transport, outcome.

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
    /// An HTTP `POST` with a body.
    Post,
    /// Any other HTTP request on a GraphQL route.
    OtherHttp,
}

impl Transport {
    /// The word used in labels and JSON.
    pub fn label(self) -> &'static str {
        match self {
            Self::Post => "post",
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
