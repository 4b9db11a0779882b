//! The contract between the filter and the analyzer: what both sides call things.
//!
//! Reports go up, decisions come down, and both programs count with the metrics and give the
//! reasons of one catalogue. This crate knows names and shapes, and nothing else in the tree.

mod decision;
mod kind;
mod metric;
mod reason;
mod socket;
mod wire;

pub mod header;

pub use decision::{
    Action, Cidr, DECISION_VERSION, Decision, DecisionBounds, DecisionError, DecisionPage, Flaw, Scope,
    ScopeError,
};
pub use kind::{
    ClientOutcome, Difference, ErrorCode, Identity, OperationKind, Outcome, Persisted, StatusClass, Transport,
};
pub use metric::{
    ANALYZER_FAMILIES, ClassLabel, DecisionMetric, DecisionOrigin, EDGE_FAMILIES, Family, FamilyKind, Labels,
    Metric, Poll, SocketMetric, StatsTag, ThrottleLabel, stats_tags,
};
pub use reason::{Blame, Reason};
pub use socket::{CloseCode, ClosedBy, Handshake, MessageKind, Sender};
pub use wire::{
    Bounds, CandidateReport, ChangeRow, ClientRow, ClientsReport, Failure, Incident, Measured, Receipt,
    Report, ReportError, RollupKey, RollupRow, Sampling, SocketClient, SocketRow, SocketsReport, Spread,
    Traffic, VERSION, WorkerBoot,
};
