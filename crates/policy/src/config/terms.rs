//! What is held against requests, as it is written: by the file, by a profile of it, by a candidate; and the policies they make.
//!
//! A profile says what is different; it is laid over the file, and over the candidate beside it, so that a candidate is
//! compared on each route with what holds there. What is wrong is told where it is written.

use super::candidate::CandidateSection;
use super::clients::{Drafts, Said};
use super::enforcement::ModeChoice;
use super::graphql::{Graphql, GraphqlPart, GraphqlSection};
use super::partial::Partial as _;
use super::{Found, ResponsesPart, ResponsesSection};
use crate::Mistake;
use crate::policy::{
    Analyzer, Clients, CorrelationTrust, Enforcement, Policy, Profiles, Responses, Route, Switch, Throttles,
    WebSockets,
};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Profiles of one policy: each has a policy for each class.
const PROFILES: usize = 16;

/// What is held against requests.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) mode: ModeChoice,
    pub(super) shadow_reasons: Vec<String>,
    pub(super) graphql: GraphqlSection,
    pub(super) responses: ResponsesSection,
}

/// What else a policy has, whatever is held against its requests.
#[derive(Clone, Debug)]
pub(super) struct Rest {
    pub(super) routes: Vec<Route>,
    pub(super) correlation: CorrelationTrust,
    pub(super) analyzer: Option<Analyzer>,
    pub(super) throttles: Throttles,
    pub(super) websocket: WebSockets,
}

/// What is different under a profile; what is not there is as in the file.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct ProfileSection {
    /// Whether what is forbidden is refused, or only counted and reported: `enforce` or `shadow`.
    mode: Option<ModeChoice>,
    /// Reasons that only count.
    shadow_reasons: Option<Vec<String>>,
    /// What a GraphQL request may be.
    graphql: GraphqlPart,
    /// What answers of the gate look like.
    responses: ResponsesPart,
    /// What is different for the clients of a class, by the class's name, in place of what the class has.
    classes: Said,
}

/// A candidate as it is written, and the policy that it is without classes and profiles.
pub(super) struct Candidate {
    terms: Terms,
    classes: Said,
    base: Policy,
}

impl Terms {
    /// The same with what is different under a profile.
    fn under(&self, profile: &ProfileSection) -> Self {
        let mut terms = self.clone();
        if profile.graphql.has_schema() {
            terms.graphql.cost_by_its_own();
        }
        terms.graphql.lay(profile.graphql.clone());
        terms.responses.lay(profile.responses.clone());
        terms.mode = profile.mode.unwrap_or(terms.mode);
        if let Some(reasons) = &profile.shadow_reasons {
            terms.shadow_reasons.clone_from(reasons);
        }
        terms
    }
}

impl Found {
    /// The policy that terms make, without classes; one that costs by the same schema as another has its table.
    pub(super) fn policy(&mut self, terms: Terms, rest: Rest, other: Option<&Policy>) -> Policy {
        let Terms { mode, shadow_reasons, graphql, responses } = terms;
        let enforcement = self.enforcement(mode, &shadow_reasons);
        let graphql = self.graphql(graphql);
        let responses = self.responses(&responses);
        let mut policy = graphql.into_policy(enforcement, responses, rest);
        if let Some(other) = other.filter(|other| other.cost.table == policy.cost.table) {
            policy.cost.table.clone_from(&other.cost.table);
        }
        policy
    }

    /// The candidate beside `live`.
    pub(super) fn candidate(
        &mut self,
        section: CandidateSection,
        live: &Policy,
        drafts: &Drafts,
    ) -> Candidate {
        let (mut terms, classes, throttles) = section.into_terms();
        if let Some(table) = live.cost.table.clone().filter(|_| !terms.graphql.has_schema()) {
            terms.graphql.cost_by(table);
        }
        let base = self.policy(terms.clone(), Rest::of_candidate(live), Some(live));
        self.throttles(throttles, &drafts.names());
        drafts.check(&classes, &base, self);
        Candidate { terms, classes, base: of_candidate(base) }
    }

    /// The policies of profiles, each with its own for classes, and with the candidate as it is under it.
    pub(super) fn profiles(
        &mut self,
        sections: &BTreeMap<String, ProfileSection>,
        (terms, live): (&Terms, &Policy),
        candidate: Option<&Candidate>,
        drafts: &Drafts,
    ) -> Vec<(Arc<str>, Policy)> {
        self.at_most("profiles", sections.len(), PROFILES);
        let mut profiles = Vec::with_capacity(sections.len());
        for (name, section) in sections {
            self.name(&format!("profiles.{name}"), name);
            let mut own = Self { above: format!("profiles.{name}."), ..Self::default() };
            let mut policy = own.policy(terms.under(section), Rest::of(live), Some(live));
            drafts.check(&section.classes, &policy, &mut own);
            let mut beside = Self { above: own.above.clone(), ..Self::default() };
            let candidate = candidate.map(|candidate| {
                let rest = Rest::of_candidate(live);
                let base = beside.policy(candidate.terms.under(section), rest, Some(&policy));
                (Arc::new(of_candidate(base)), [&candidate.classes, &section.classes])
            });
            self.tell_what_is_new(own, "");
            self.tell_what_is_new(beside, "candidate.");
            policy.candidate = candidate.as_ref().map(|(base, _)| Arc::clone(base));
            let of_classes = candidate.as_ref().map(|(base, said)| (base, said.as_slice()));
            policy.clients = drafts.classes(&policy, &[&section.classes], of_classes, &mut Self::default());
            profiles.push((name.as_str().into(), policy));
        }
        profiles
    }

    /// Takes over what was found under a profile, but for what is wrong without it: at the same path of what it lies over.
    fn tell_what_is_new(&mut self, own: Self, beneath: &str) {
        for mistake in own.mistakes {
            let path = mistake.path.strip_prefix(&own.above).unwrap_or(&mistake.path);
            let without = format!("{beneath}{path}");
            let is_known = |known: &Mistake| {
                [&without, &mistake.path].contains(&&known.path) && known.problem == mistake.problem
            };
            if !self.mistakes.iter().any(is_known) {
                self.mistakes.push(mistake);
            }
        }
    }
}

impl Candidate {
    /// The candidate for requests under no profile, and what it says of classes.
    pub(super) fn base(&self) -> (Arc<Policy>, [&Said; 1]) {
        (Arc::new(self.base.clone()), [&self.classes])
    }
}

/// Nothing that a candidate finds is told to anybody but its operator.
fn of_candidate(base: Policy) -> Policy {
    Policy { responses: Responses { actual_cost: Switch::Off, ..base.responses }, ..base }
}

impl Rest {
    /// What a policy has that profiles do not change.
    fn of(policy: &Policy) -> Self {
        Self {
            routes: policy.routes.clone(),
            correlation: policy.correlation,
            analyzer: policy.analyzer.clone(),
            throttles: policy.throttles.clone(),
            websocket: policy.websocket.clone(),
        }
    }

    fn of_candidate(live: &Policy) -> Self {
        let correlation = live.correlation;
        let (throttles, websocket) = (Throttles::none(), live.websocket.clone());
        Self { routes: Vec::new(), correlation, analyzer: None, throttles, websocket }
    }
}

impl Graphql {
    /// A policy with these, of no classes.
    fn into_policy(self, enforcement: Enforcement, responses: Responses, rest: Rest) -> Policy {
        let Rest { routes, correlation, analyzer, throttles, websocket } = rest;
        Policy {
            enforcement,
            routes,
            limits: self.limits,
            introspection: self.introspection,
            transports: self.transports,
            encodings: self.encodings,
            uploads: self.uploads,
            persisted: self.persisted,
            trusted: self.trusted,
            id_keys: self.id_keys,
            denied_extensions: self.denied_extensions,
            cost: self.cost,
            unknown_fields: self.unknown_fields,
            sensitive: self.sensitive,
            correlation,
            responses,
            analyzer,
            clients: Clients::nobody(),
            throttles,
            websocket,
            candidate: None,
            profiles: Profiles::default(),
        }
    }
}

#[cfg(test)]
mod tests;
