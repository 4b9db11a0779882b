//! `candidate`: a second policy, judged beside the first one, that refuses nothing.
//!
//! Routes, clients, profiles, sockets and the analyzer are those of the policy in force: both are asked about the same request. What would
//! only be told to clients, or taken from buckets, is read and checked so that a whole file can stand here, and not used.

use super::clients::Said;
use super::enforcement::ModeChoice;
use super::graphql::GraphqlSection;
use super::terms::Terms;
use super::throttles::ThrottlesSection;
use super::{CorrelationSection, ResponsesSection};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct CandidateSection {
    /// Whether it would refuse what it forbids: `enforce` or `shadow`.
    mode: ModeChoice,
    /// Reasons that would only count in it.
    shadow_reasons: Vec<String>,
    /// What a GraphQL request may be. Without a schema of its own it costs by the policy's.
    pub(super) graphql: GraphqlSection,
    /// What is different in it for the clients of a class, by the class's name, in place of what the class has.
    classes: Said,
    /// Checked and not used: both are compared before throttles are asked.
    throttles: ThrottlesSection,
    /// Checked and not used.
    correlation: CorrelationSection,
    /// Checked and not used.
    responses: ResponsesSection,
}

impl CandidateSection {
    /// What it holds against requests, what it says of classes, and what is only checked.
    pub(super) fn into_terms(self) -> (Terms, Said, ThrottlesSection) {
        let Self { mode, shadow_reasons, graphql, classes, throttles, correlation: _, responses } = self;
        (Terms { mode, shadow_reasons, graphql, responses }, classes, throttles)
    }
}

#[cfg(test)]
mod tests;
