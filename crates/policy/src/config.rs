//! The policy file as it is written: names, defaults, and the one way from there to a [`Policy`].

mod candidate;
mod clients;
#[cfg(feature = "schema")]
mod described;
mod enforcement;
mod graphql;
mod id_keys;
mod limits;
mod partial;
mod routes;
mod terms;
mod throttles;
mod transports;
#[cfg(feature = "schema")]
mod warnings;
mod websocket;

use crate::policy::{
    Analyzer, CorrelationTrust, CostTable, Disclosure, Policy, Profiles, PropertyPath, Responses, Switch,
    Token, ValidationStatus,
};
use crate::{Mistake, Mistakes, strict};
use candidate::CandidateSection;
use clients::ClientsSection;
use enforcement::ModeChoice;
use graphql::GraphqlSection;
use partial::section;
use routes::GraphqlRouteSection;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use terms::{Candidate, ProfileSection, Rest, Terms};
use throttles::ThrottlesSection;
use websocket::WebsocketSection;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

impl Policy {
    /// Reads a policy from YAML or JSON; an empty text is the default policy.
    ///
    /// # Errors
    /// The first mistake of form with path and line, or else every value that makes no sense with its path.
    pub fn parse(text: &str) -> Result<Self, Mistakes> {
        Self::try_from(strict::read::<PolicyFile>(text)?)
    }

    /// Reads a policy, which then costs by `table` whatever its `graphql.cost.schema` says.
    ///
    /// # Errors
    /// Those of [`Policy::parse`].
    pub fn parse_with(text: &str, table: CostTable) -> Result<Self, Mistakes> {
        let mut file = strict::read::<PolicyFile>(text)?;
        if let Some(candidate) = &mut file.candidate {
            candidate.graphql.cost_by(table.clone());
        }
        file.graphql.cost_by(table);
        Self::try_from(file)
    }
}

/// The whole file.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct PolicyFile {
    /// Whether what the policy forbids is refused, or only counted and reported: `enforce` or `shadow`.
    mode: ModeChoice,
    /// Reasons that only count where the mode is `enforce`; those beyond which judging goes on.
    shadow_reasons: Vec<String>,
    /// Where requests are judged; everything else passes untouched.
    routes: Vec<GraphqlRouteSection>,
    /// Who clients are, and the classes that pick what they may do.
    clients: ClientsSection,
    /// What a GraphQL request may be.
    graphql: GraphqlSection,
    /// How much clients may spend over time.
    throttles: ThrottlesSection,
    /// Who may open a WebSocket, how fast, and what it may carry.
    websocket: WebsocketSection,
    /// How requests are followed through the system.
    correlation: CorrelationSection,
    /// What answers of the gate look like.
    responses: ResponsesSection,
    /// Where reports go and decisions come from; without it none are sent or fetched.
    analyzer: Option<AnalyzerSection>,
    /// A second policy, whole but for `routes`, `clients`, `profiles`, `websocket` and `analyzer`: judged beside this one, which alone decides; what it would change is counted and reported.
    candidate: Option<CandidateSection>,
    /// What is different on some routes, by the name that a route of this file or of Envoy gives: `lower-case letters and _`.
    profiles: BTreeMap<String, ProfileSection>,
}

impl Default for PolicyFile {
    fn default() -> Self {
        Self {
            mode: ModeChoice::default(),
            shadow_reasons: Vec::new(),
            routes: vec![GraphqlRouteSection::usual()],
            clients: ClientsSection::default(),
            graphql: GraphqlSection::default(),
            throttles: ThrottlesSection::default(),
            websocket: WebsocketSection::default(),
            correlation: CorrelationSection::default(),
            responses: ResponsesSection::default(),
            analyzer: None,
            candidate: None,
            profiles: BTreeMap::new(),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct CorrelationSection {
    /// Keep a well-formed `x-correlation-id` that came with the request.
    trust_incoming: bool,
}

section!(
    ResponsesSection,
    ResponsesPart {
        /// Tell the client the limit that was passed, and the value found.
        expose_limits: bool = true,
        /// Status of refusals that servers give while validating: 400 or 422.
        validation_status: u16 = 400,
        /// Cut `Did you mean ...?` out of error messages, also in streams.
        strip_suggestions: bool = false,
        /// Count errors by `extensions.code`, also in streams.
        count_errors: bool = false,
        /// Count the entries of lists in responses for the actual cost.
        actual_cost: bool = false,
    }
);

#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct AnalyzerSection {
    /// Name of the Envoy cluster of the analyzer.
    cluster: String,
    /// The edge's bearer token; Envoy's config_dump shows it.
    token: Option<String>,
    /// Environment variable of the VM that holds the token.
    token_env: Option<String>,
    /// Fetch what the analyzer has decided about clients, and carry it out: block, throttle, allow.
    #[serde(default = "on")]
    decisions: bool,
}

fn on() -> bool {
    true
}

impl std::fmt::Debug for AnalyzerSection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AnalyzerSection").field("cluster", &self.cluster).finish_non_exhaustive()
    }
}

impl TryFrom<PolicyFile> for Policy {
    type Error = Mistakes;

    fn try_from(file: PolicyFile) -> Result<Self, Mistakes> {
        let mut found = Found::default();
        let PolicyFile {
            mode,
            shadow_reasons,
            routes,
            clients,
            graphql,
            throttles,
            websocket,
            correlation,
            responses,
            analyzer,
            candidate,
            profiles,
        } = file;
        let names: Vec<&str> = profiles.keys().map(String::as_str).collect();
        let routes = found.routes(routes, &names);
        let mut drafts = found.clients(clients);
        let correlation = match correlation.trust_incoming {
            true => CorrelationTrust::Incoming,
            false => CorrelationTrust::Nobody,
        };
        let throttles = found.throttles(throttles, &drafts.names());
        let websocket = found.websocket(websocket, &routes, &drafts.names(), &throttles);
        let terms = Terms { mode, shadow_reasons, graphql, responses };
        let rest = Rest { routes, correlation, analyzer: None, throttles, websocket };
        let mut policy = found.policy(terms.clone(), rest, None);
        policy.analyzer = analyzer.and_then(|section| found.analyzer(section));
        let candidate = candidate
            .map(|section| found.beneath("candidate", |found| found.candidate(section, &policy, &drafts)));
        let told = (!profiles.is_empty()).then(|| drafts.ask_for(PropertyPath::profile()));
        let named = found.profiles(&profiles, (&terms, &policy), candidate.as_ref(), &drafts);
        let beside = candidate.as_ref().map(Candidate::base);
        policy.candidate = beside.as_ref().map(|(base, _)| Arc::clone(base));
        let of_classes = beside.as_ref().map(|(base, said)| (base, said.as_slice()));
        policy.clients = drafts.classes(&policy, &[], of_classes, &mut found);
        policy.profiles = Profiles { named, told };
        Mistakes::none_of(found.mistakes)?;
        Ok(policy)
    }
}

/// Collects what makes no sense, so that all of it is said at once.
#[derive(Default)]
struct Found {
    mistakes: Vec<Mistake>,
    /// What goes before the path of each.
    above: String,
}

impl Found {
    fn say(&mut self, path: impl Into<String>, problem: impl Into<String>) {
        let path = format!("{}{}", self.above, path.into());
        self.mistakes.push(Mistake { path, problem: problem.into() });
    }

    /// Reads a part of the file that is written as if it were a file.
    fn beneath<T>(&mut self, path: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let above = format!("{}{path}.", self.above);
        let above = std::mem::replace(&mut self.above, above);
        let found = read(self);
        self.above = above;
        found
    }

    fn within<N: PartialOrd + std::fmt::Display + Copy>(
        &mut self,
        path: &str,
        value: N,
        low: N,
        high: N,
    ) -> N {
        if value < low {
            self.say(path, format!("must be at least {low}, got {value}"));
        } else if value > high {
            self.say(path, format!("must be at most {high}, got {value}"));
        }
        value
    }

    fn responses(&mut self, section: &ResponsesSection) -> Responses {
        let validation_status = match section.validation_status {
            400 => ValidationStatus::BadRequest,
            422 => ValidationStatus::UnprocessableContent,
            other => {
                self.say("responses.validation_status", format!("must be 400 or 422, got {other}"));
                ValidationStatus::BadRequest
            }
        };
        Responses {
            disclosure: if section.expose_limits { Disclosure::Limits } else { Disclosure::Reason },
            validation_status,
            strip_suggestions: switch(section.strip_suggestions),
            count_errors: switch(section.count_errors),
            actual_cost: switch(section.actual_cost),
        }
    }

    fn bytes(&mut self, path: &str, value: u64, low: u64, high: u64) -> usize {
        usize::try_from(self.within(path, value, low, high)).unwrap_or(usize::MAX)
    }

    fn analyzer(&mut self, section: AnalyzerSection) -> Option<Analyzer> {
        let AnalyzerSection { cluster, token, token_env, decisions } = section;
        if cluster.is_empty() {
            self.say("analyzer.cluster", "must name an Envoy cluster");
        }
        let token = match (token, token_env) {
            (Some(token), None) => self.token("analyzer.token", token).map(Token::Inline),
            (None, Some(name)) => self.token("analyzer.token_env", name).map(Token::Environment),
            (Some(_), Some(_)) => {
                self.say("analyzer", "takes `token` or `token_env`, not both");
                None
            }
            (None, None) => {
                self.say(
                    "analyzer",
                    "needs `token` or `token_env`; make one with `portcullis keys add --role edge`",
                );
                None
            }
        };
        token.map(|token| Analyzer { cluster, decisions: switch(decisions), token })
    }

    /// A text that may stand in a header.
    fn token(&mut self, path: &str, text: String) -> Option<String> {
        let fit = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !fit {
            self.say(path, "must be visible ASCII without spaces, and not empty");
        }
        fit.then_some(text)
    }
}

fn switch(on: bool) -> Switch {
    if on { Switch::On } else { Switch::Off }
}

#[cfg(test)]
mod tests;
