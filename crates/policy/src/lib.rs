//! What the operator allows: the policy file, and the verdict on what was measured.
//!
//! Knows configuration and verdicts; knows no bytes, no Envoy and nothing of how a verdict is carried out.

pub mod budget;
mod config;
pub mod decisions;
mod identity;
mod mistake;
mod policy;
mod strict;
pub mod throttles;
mod time;
mod verdict;

pub use identity::{Client, ClientKey, Evidence, LONGEST_IDENTITY};
pub use mistake::{Mistake, Mistakes};
pub use policy::{
    Analyzer, Asked, Class, ClassId, Clients, Compression, Cookies, CorrelationTrust, CostPolicy, CostTable,
    Disclosure, Encoding, Enforcement, Introspection, Limits, ManifestError, Mode, Origins, Per,
    PersistedQueries, Policy, ProfileId, Profiles, PropertyPath, Reach, RequestHeader, Responses, Route,
    RoutePath, Sensitive, SensitiveFields, Sight, SocketLimits, SourceKind, StreamLimit, Subprotocol, Switch,
    Throttle, Throttles, Token, Told, Transports, TrustedDocuments, TrustedMode, Under, Unit, UnknownFields,
    Uploads, ValidationStatus, WebSockets,
};
pub use strict::{Malformed, read};
pub use time::Timestamp;
pub use verdict::{
    Charge, Refusal, Shadow, Verdict, judge_charge, judge_document, judge_estimate, judge_introspection,
};
