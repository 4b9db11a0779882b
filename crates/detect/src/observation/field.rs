//! The parts of an observation that a scenario can name.

use super::{Observation, Scope};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A part that is a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Text {
    /// The client's IPv4 address, or the /64 around its IPv6 address.
    Client,
    /// The /24 around its IPv4 address, the /48 around its IPv6 address.
    Prefix,
    /// Its key.
    ClientKey,
    /// Its class.
    Class,
    /// The operation.
    Operation,
    /// The shape of the document.
    Shape,
    /// Why it was refused.
    Reason,
    /// The code of the upstream's error.
    Code,
    /// How it came.
    Transport,
}

/// A part that is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Number {
    /// The limit that was passed.
    Limit,
    /// What was found against it.
    Actual,
    /// How many times the limit that is.
    Excess,
    /// The estimated cost, in whole units.
    Cost,
    /// Bytes of the body.
    BodyBytes,
    /// Tokens of the document.
    Tokens,
    /// Its depth.
    Depth,
    /// Its fields.
    Fields,
    /// Its root fields.
    RootFields,
    /// Its aliases.
    Aliases,
    /// Its aliases of one field in one place.
    AliasesPerField,
    /// Its directives.
    Directives,
    /// How often sensitive fields stand in it.
    Sensitive,
}

impl Text {
    /// The word used in scenario files.
    pub fn label(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Prefix => "prefix",
            Self::ClientKey => "client_key",
            Self::Class => "class",
            Self::Operation => "operation",
            Self::Shape => "shape",
            Self::Reason => "reason",
            Self::Code => "code",
            Self::Transport => "transport",
        }
    }

    /// The word of an observation; nothing where it has none.
    pub(crate) fn of(self, observation: &Observation) -> Option<Cow<'_, str>> {
        let value = |scope: Option<Scope>| scope.map(|scope| Cow::Owned(scope.value()));
        match self {
            Self::Client => value(observation.client()),
            Self::Prefix => value(observation.range()),
            Self::ClientKey => value(observation.key()),
            Self::Class => observation.class.as_deref().map(Cow::Borrowed),
            Self::Operation => Some(Cow::Borrowed(observation.operation.as_str())),
            Self::Shape => observation.shape.as_deref().map(Cow::Borrowed),
            Self::Reason => observation.reason.map(|reason| Cow::Borrowed(reason.label())),
            Self::Code => observation.code.as_deref().map(Cow::Borrowed),
            Self::Transport => Some(Cow::Borrowed(observation.transport.label())),
        }
    }
}

impl Number {
    /// The number of an observation; nothing where it has none.
    pub(crate) fn of(self, observation: &Observation) -> Option<u64> {
        let measured = observation.measured.as_ref();
        match self {
            Self::Limit => observation.limit,
            Self::Actual => observation.actual,
            Self::Excess => observation.actual?.checked_div(observation.limit?),
            Self::Cost => observation.cost_milli.map(|milli| milli.div_ceil(1_000)),
            Self::BodyBytes => Some(observation.body_bytes),
            Self::Tokens => measured.map(|measured| u64::from(measured.tokens)),
            Self::Depth => measured.map(|measured| u64::from(measured.depth)),
            Self::Fields => measured.map(|measured| u64::from(measured.fields)),
            Self::RootFields => measured.map(|measured| u64::from(measured.root_fields)),
            Self::Aliases => measured.map(|measured| u64::from(measured.aliases)),
            Self::AliasesPerField => measured.map(|measured| u64::from(measured.aliases_per_field)),
            Self::Directives => measured.map(|measured| u64::from(measured.directives)),
            Self::Sensitive => Some(observation.sensitive),
        }
    }
}
