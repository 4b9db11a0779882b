//! Which refusals are carried out, and which only count.

use super::Policy;
use portcullis_graphql::AliasLimits;
use portcullis_report::Reason;

/// What becomes of that for which a request is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The request is refused.
    #[default]
    Enforce,
    /// It is counted and reported, and the request passes.
    Shadow,
}

/// Which refusals are carried out, and which only count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enforcement {
    /// For all reasons.
    pub(crate) mode: Mode,
    /// Reasons that only count, whatever the mode.
    pub(crate) shadowed: Vec<Reason>,
}

impl Policy {
    /// What becomes of a request for a reason. Fail-open or fail-closed is decided here and nowhere else.
    pub fn mode(&self, reason: Reason) -> Mode {
        match self.enforcement.mode {
            Mode::Shadow if left(reason) != Left::Nothing => Mode::Shadow,
            Mode::Enforce if self.enforcement.shadowed.contains(&reason) => Mode::Shadow,
            Mode::Shadow | Mode::Enforce => Mode::Enforce,
        }
    }

    /// What the aliases of documents are counted against. Where their number only counts, it does not spare finding out about those
    /// of one field.
    pub fn alias_limits(&self) -> AliasLimits {
        let all = match self.mode(Reason::Aliases) {
            Mode::Enforce => self.limits.aliases,
            Mode::Shadow => u32::MAX,
        };
        AliasLimits { all, per_field: self.limits.aliases_per_field }
    }
}

/// What a reason leaves of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// A request that can be held against all other reasons.
    Judgeable,
    /// A request that can pass, unjudged.
    Passable,
    /// Nothing that could pass without breaking what always holds of the gate: a worker holds a bounded number of bytes,
    /// and a hash or an id that it cannot judge never goes upstream.
    Nothing,
}

/// What a reason leaves of a request.
pub(crate) fn left(reason: Reason) -> Left {
    match reason {
        Reason::Depth
        | Reason::Fields
        | Reason::RootFields
        | Reason::Aliases
        | Reason::AliasesPerField
        | Reason::Directives
        | Reason::Introspection
        | Reason::IntrospectionDepth
        | Reason::Cost
        | Reason::TypeCost
        | Reason::Slicing
        | Reason::UnknownField
        | Reason::SensitiveField
        | Reason::UntrustedDocument
        | Reason::Extension
        | Reason::GetMutation
        | Reason::Throttled
        | Reason::Quota
        | Reason::Streams
        | Reason::Blocked
        | Reason::SocketOrigin
        | Reason::SocketOriginMissing
        | Reason::SocketCookies
        | Reason::SocketAttempts
        | Reason::SocketCount
        | Reason::SocketControls
        | Reason::SocketMessages
        | Reason::SocketIdle
        | Reason::SocketLifetime
        | Reason::SocketInitTimeout
        | Reason::SocketUnanswered
        | Reason::SocketOperations => Left::Judgeable,
        Reason::Syntax
        | Reason::FragmentCycle
        | Reason::DuplicateDefinition
        | Reason::OperationUnresolved
        | Reason::Tokens
        | Reason::DocumentSize
        | Reason::Nesting
        | Reason::Batching
        | Reason::BatchLength
        | Reason::Json
        | Reason::JsonNesting
        | Reason::Ambiguous
        | Reason::Envelope
        | Reason::BodySize
        | Reason::UrlSize
        | Reason::ContentType
        | Reason::ContentEncoding
        | Reason::EncodedBody
        | Reason::Inflation
        | Reason::Csrf
        | Reason::Multipart
        | Reason::UploadLimit
        | Reason::UploadMap
        | Reason::Method
        | Reason::UnknownProfile
        | Reason::Contention
        | Reason::SocketHandshake
        | Reason::SocketVersion
        | Reason::SocketSubprotocol
        | Reason::SocketFraming
        | Reason::SocketText
        | Reason::SocketFrames
        | Reason::SocketBinary
        | Reason::SocketMessageSize
        | Reason::SocketInflation
        | Reason::SocketMessage
        | Reason::SocketInitSize
        | Reason::SocketEarly
        | Reason::SocketInits
        | Reason::SocketIdInUse
        | Reason::SocketChoice
        | Reason::SocketUpstream => Left::Passable,
        Reason::PersistedQuery
        | Reason::PersistedQueryUnsupported
        | Reason::PersistedQueryMismatch
        | Reason::UntrustedId
        | Reason::Overloaded
        | Reason::SocketMemory
        | Reason::Unreadable => Left::Nothing,
    }
}
