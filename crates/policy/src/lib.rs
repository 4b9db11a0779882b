//! What the operator allows: the policy file, and the verdict on what was measured.
//!
//! Knows configuration and verdicts; knows no bytes, no Envoy and nothing of how a verdict is carried out.

pub mod budget;
mod config;
mod mistake;
mod policy;
mod strict;
mod time;
mod verdict;

pub use mistake::{Mistake, Mistakes};
pub use policy::{
    Analyzer, CorrelationTrust, CostPolicy, CostTable, Disclosure, Encoding, Introspection, Limits,
    ManifestError, PersistedQueries, Policy, RequestHeader, Responses, RoutePath, Sensitive, SensitiveFields,
    Switch, Token, Transports, TrustedDocuments, TrustedMode, UnknownFields, Uploads, ValidationStatus,
};
pub use strict::{Malformed, read};
pub use time::Timestamp;
pub use verdict::{
    Charge, Refusal, Verdict, judge_charge, judge_document, judge_estimate, judge_introspection,
};
