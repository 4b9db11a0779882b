//! The policies under which the corpus is played.

use serde::Deserialize;

/// A policy in `tests/corpus/policies`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyFile {
    /// Nothing said: the defaults.
    Default,
    /// The defaults, and `application/graphql`.
    Bare,
    /// Every transport but plain POST is off.
    Closed,
    /// Only documents of a list.
    Trusted,
    /// Introspection is allowed.
    Introspective,
    /// With the table of the shop's schema.
    Schema,
    /// Clients and operations are throttled.
    Throttled,
}

impl PolicyFile {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Default,
        Self::Bare,
        Self::Closed,
        Self::Trusted,
        Self::Introspective,
        Self::Schema,
        Self::Throttled,
    ];

    /// The word for it in the corpus.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Bare => "bare",
            Self::Closed => "closed",
            Self::Trusted => "trusted",
            Self::Introspective => "introspective",
            Self::Schema => "schema",
            Self::Throttled => "throttled",
        }
    }

    /// The file; `{{schema}}` in it stands for what `portcullis compile` makes of the shop's schema.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Default => include_str!("../../../tests/corpus/policies/default.yaml"),
            Self::Bare => include_str!("../../../tests/corpus/policies/bare.yaml"),
            Self::Closed => include_str!("../../../tests/corpus/policies/closed.yaml"),
            Self::Trusted => include_str!("../../../tests/corpus/policies/trusted.yaml"),
            Self::Introspective => include_str!("../../../tests/corpus/policies/introspective.yaml"),
            Self::Schema => include_str!("../../../tests/corpus/policies/schema.yaml"),
            Self::Throttled => include_str!("../../../tests/corpus/policies/throttled.yaml"),
        }
    }

    /// What the table of abuse says of it; nothing for the defaults.
    pub(super) fn note(self) -> &'static str {
        match self {
            Self::Default => "",
            Self::Bare => "`application_graphql: true`",
            Self::Closed => "with transports switched off",
            Self::Trusted => "with `trusted_documents: {mode: require}`",
            Self::Introspective => "with `introspection: allow`",
            Self::Schema => "with a cost table",
            Self::Throttled => "with throttles",
        }
    }
}
