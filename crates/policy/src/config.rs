//! The policy file as it is written: names, defaults, and the one way from there to a [`Policy`].

mod candidate;
mod clients;
#[cfg(feature = "schema")]
mod described;
mod enforcement;
mod graphql;
mod id_keys;
mod limits;
mod throttles;
mod transports;
mod websocket;

use crate::policy::{
    Analyzer, Clients, CorrelationTrust, CostTable, Disclosure, Policy, Responses, RoutePath, Switch, Token,
    ValidationStatus,
};
use crate::{Mistake, Mistakes, strict};
use candidate::CandidateSection;
use clients::ClientsSection;
use enforcement::ModeChoice;
use graphql::GraphqlSection;
use serde::Deserialize;
use std::sync::Arc;
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
    routes: Vec<RouteSection>,
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
    /// A second policy, whole but for routes, clients and analyzer: judged beside this one, which alone decides; what it would change is counted and reported.
    candidate: Option<CandidateSection>,
}

impl Default for PolicyFile {
    fn default() -> Self {
        Self {
            mode: ModeChoice::default(),
            shadow_reasons: Vec::new(),
            routes: vec![RouteSection { path: "/graphql".to_owned() }],
            clients: ClientsSection::default(),
            graphql: GraphqlSection::default(),
            throttles: ThrottlesSection::default(),
            websocket: WebsocketSection::default(),
            correlation: CorrelationSection::default(),
            responses: ResponsesSection::default(),
            analyzer: None,
            candidate: None,
        }
    }
}

/// One path under the policy.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RouteSection {
    /// The path in normal form; requests are matched after percent-decoding, dot segments and doubled slashes are undone.
    path: String,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct CorrelationSection {
    /// Keep a well-formed `x-correlation-id` that came with the request.
    trust_incoming: bool,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct ResponsesSection {
    /// Tell the client the limit that was passed, and the value found.
    expose_limits: bool,
    /// Status of refusals that servers give while validating: 400 or 422.
    validation_status: u16,
    /// Cut `Did you mean ...?` out of error messages.
    strip_suggestions: bool,
    /// Count errors by `extensions.code`.
    count_errors: bool,
    /// Count the entries of lists in responses for the actual cost.
    actual_cost: bool,
}

impl Default for ResponsesSection {
    fn default() -> Self {
        Self {
            expose_limits: true,
            validation_status: 400,
            strip_suggestions: false,
            count_errors: false,
            actual_cost: false,
        }
    }
}

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
        } = file;
        let enforcement = found.enforcement(mode, &shadow_reasons);
        let routes = found.routes(routes);
        let drafts = found.clients(clients);
        let graphql = found.graphql(graphql);
        let throttles = found.throttles(throttles, &drafts.names());
        let websocket = found.websocket(websocket, &routes, &drafts.names(), &throttles);
        let mut policy = Self {
            enforcement,
            routes,
            limits: graphql.limits,
            introspection: graphql.introspection,
            transports: graphql.transports,
            encodings: graphql.encodings,
            uploads: graphql.uploads,
            persisted: graphql.persisted,
            trusted: graphql.trusted,
            id_keys: graphql.id_keys,
            denied_extensions: graphql.denied_extensions,
            cost: graphql.cost,
            unknown_fields: graphql.unknown_fields,
            sensitive: graphql.sensitive,
            correlation: match correlation.trust_incoming {
                true => CorrelationTrust::Incoming,
                false => CorrelationTrust::Nobody,
            },
            responses: found.responses(&responses),
            analyzer: analyzer.and_then(|section| found.analyzer(section)),
            clients: Clients::nobody(),
            throttles,
            websocket,
            candidate: None,
        };
        let candidates = candidate
            .map(|section| found.beneath("candidate", |found| found.candidate(section, &policy, &drafts)));
        policy.candidate = candidates.as_ref().map(|candidates| Arc::clone(&candidates.base));
        let of_classes = candidates.as_ref().map(|candidates| candidates.classes.as_slice());
        policy.clients = drafts.finish(&policy, of_classes, &mut found);
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

    fn routes(&mut self, sections: Vec<RouteSection>) -> Vec<RoutePath> {
        if sections.is_empty() {
            self.say("routes", "must name at least one path");
        }
        self.paths("routes", sections)
    }

    /// The paths of a list of routes.
    fn paths(&mut self, list: &str, sections: Vec<RouteSection>) -> Vec<RoutePath> {
        for (index, RouteSection { path }) in sections.iter().enumerate() {
            if let Some(problem) = unfit(path) {
                let problem = format!("{problem}, got `{}`", path.escape_debug());
                self.say(format!("{list}[{index}].path"), problem);
            }
        }
        sections.into_iter().map(|section| RoutePath(section.path)).collect()
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

/// What keeps a path from ever being matched: requests are matched in normal form.
fn unfit(path: &str) -> Option<&'static str> {
    let segments = || path.split('/').skip(1);
    if !path.starts_with('/') {
        Some("must start with `/`")
    } else if path.contains(['?', '#', ';', '%', '\\']) || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        Some("must be a plain path of visible ASCII without `?`, `#`, `;`, `%` and `\\`")
    } else if path != "/" && segments().any(|segment| matches!(segment, "" | "." | "..")) {
        Some("must have no empty segment, no `.` and no `..`, and not end in `/`")
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
