//! The shapes of `crates/report` for the document: that crate does not know it, and tests hold the two together.
#![expect(dead_code, reason = "they are there to be described")]

use utoipa::ToSchema;

/// What is to happen to the requests of a client: `"block"`, `{"throttle": {"factor_milli": 250}}` or `"allow"`.
#[derive(ToSchema)]
#[schema(as = Action, rename_all = "snake_case")]
pub(crate) enum Action {
    /// They are refused, and open sockets are closed.
    Block,
    /// Their throttles hold and refill this much of what the policy says.
    Throttle {
        /// Thousandths.
        #[schema(minimum = 1, maximum = 999)]
        factor_milli: u16,
    },
    /// No other decision touches them.
    Allow,
}

/// Whom a decision is about.
#[derive(ToSchema)]
#[schema(as = edge::Scope, rename_all = "snake_case")]
pub(crate) enum Scope {
    /// One address.
    Ip(String),
    /// A range of addresses, by its first and the length of its prefix.
    Cidr(String),
    /// The client that the policy knows by this pseudonym, 32 hex digits.
    ClientKey(String),
}

/// What is to happen to requests of a client, until when.
#[derive(ToSchema)]
#[schema(as = edge::Decision)]
pub(crate) struct Decision {
    id: u64,
    action: Action,
    scope: Scope,
    expires_at_ms: u64,
    reason: String,
    origin: String,
}

/// What is new since the revision that the edge named, or everything.
#[derive(ToSchema)]
#[schema(as = edge::DecisionPage)]
pub(crate) struct DecisionPage {
    version: u32,
    /// What the edge has once it took this page.
    revision: u64,
    /// Whether this begins the whole set.
    full: bool,
    /// What was taken back up to here is not told any more; who asks for the rest of a full set names it.
    floor: u64,
    /// Whether there is more to fetch at once.
    more: bool,
    decisions: Vec<Decision>,
    /// Ids of those that hold no longer.
    removed: Vec<u64>,
}

/// Everything one worker saw in one window of time; `crates/report` says what its members have in them.
#[derive(ToSchema)]
#[schema(as = edge::Report)]
pub(crate) struct Report {
    version: u32,
    /// One life of one worker.
    #[schema(value_type = String, format = "uuid")]
    boot: (),
    #[schema(minimum = 1)]
    sequence: u64,
    from_ms: u64,
    to_ms: u64,
    /// Every request of the window, in one row or another.
    #[schema(value_type = Vec<Object>, max_items = 1200)]
    rollup: Vec<()>,
    /// Requests that were refused or would have been, one by one.
    #[schema(value_type = Vec<Object>, max_items = 128)]
    incidents: Vec<()>,
    incidents_dropped: u64,
    #[schema(value_type = Option<Object>)]
    sockets: Option<()>,
    #[schema(value_type = Option<Object>)]
    candidate: Option<()>,
}

/// What became of a report.
#[derive(ToSchema)]
#[schema(as = edge::Receipt)]
pub(crate) struct Receipt {
    outcome: Outcome,
}

#[derive(ToSchema)]
#[schema(as = edge::Outcome, rename_all = "snake_case")]
enum Outcome {
    /// It is stored.
    Stored,
    /// The same was stored before.
    Duplicate,
}

/// What bouncers are told.
#[derive(ToSchema)]
#[schema(as = crowdsec::Message)]
pub(crate) struct Message {
    message: String,
}
