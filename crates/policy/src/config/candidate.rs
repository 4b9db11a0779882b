//! `candidate`: a second policy, judged beside the first one, that refuses nothing.
//!
//! Routes, clients and the analyzer are those of the policy in force: both are asked about the same request. What would
//! only be told to clients, or taken from buckets, is read and checked so that a whole file can stand here, and not used.

use super::clients::{Changed, Drafts};
use super::enforcement::ModeChoice;
use super::graphql::GraphqlSection;
use super::throttles::ThrottlesSection;
use super::{CorrelationSection, Found, ResponsesSection};
use crate::policy::{Clients, Policy, Switch, Throttles};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

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
    classes: BTreeMap<String, Changed>,
    /// Checked and not used: both are compared before throttles are asked.
    throttles: ThrottlesSection,
    /// Checked and not used.
    correlation: CorrelationSection,
    /// Checked and not used.
    responses: ResponsesSection,
}

/// A candidate for each class.
pub(super) struct Candidates {
    /// For those classes that have none of their own.
    pub(super) base: Arc<Policy>,
    /// One for each class, in their order.
    pub(super) classes: Vec<Arc<Policy>>,
}

impl Found {
    /// The candidate beside `live`, which has no classes yet.
    pub(super) fn candidate(
        &mut self,
        mut section: CandidateSection,
        live: &Policy,
        drafts: &Drafts,
    ) -> Candidates {
        if let Some(table) = live.cost.table.clone().filter(|_| !section.graphql.has_schema()) {
            section.graphql.cost_by(table);
        }
        let CandidateSection { mode, shadow_reasons, graphql, classes, throttles, responses, .. } = section;
        let enforcement = self.enforcement(mode, &shadow_reasons);
        let graphql = self.graphql(graphql);
        self.throttles(throttles, &drafts.names());
        self.responses(&responses);
        let base = Policy {
            enforcement,
            routes: Vec::new(),
            correlation: live.correlation,
            responses: crate::policy::Responses { actual_cost: Switch::Off, ..live.responses },
            analyzer: None,
            clients: Clients::nobody(),
            throttles: Throttles::none(),
            candidate: None,
            ..graphql.into_policy(live)
        };
        for name in classes.keys().filter(|name| !drafts.names().contains(&name.as_str())) {
            self.say(format!("classes.{name}"), format!("no class is called `{}`", name.escape_debug()));
        }
        let classes = drafts.candidates(&base, &classes, self);
        let base = Arc::new(base);
        let shared = |own: Policy| if own == *base { Arc::clone(&base) } else { Arc::new(own) };
        Candidates { classes: classes.into_iter().map(shared).collect(), base }
    }
}

#[cfg(test)]
mod tests;
