//! The policy file as it is written: names, defaults, and the one way from there to a [`Policy`].

use crate::policy::{
    Analyzer, CorrelationTrust, Disclosure, Introspection, Limits, Policy, RoutePath, Token,
};
use crate::{Mistake, Mistakes, strict};
use portcullis_cost::{Cost, Sizes};
use portcullis_graphql::Budget;
use serde::Deserialize;

const MIB: u64 = 1024 * 1024;

impl Policy {
    /// Reads a policy from YAML or JSON; an empty text is the default policy.
    ///
    /// # Errors
    /// The first mistake of form with path and line, or else every value that makes no sense with its path.
    pub fn parse(text: &str) -> Result<Self, Mistakes> {
        Self::try_from(strict::read::<PolicyFile>(text)?)
    }
}

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PolicyFile {
    /// Where requests are judged; everything else passes untouched.
    routes: Vec<RouteSection>,
    /// What a GraphQL request may be.
    graphql: GraphqlSection,
    /// How requests are followed through the system.
    correlation: CorrelationSection,
    /// What answers of the gate look like.
    responses: ResponsesSection,
    /// Where reports go; without it none are sent.
    analyzer: Option<AnalyzerSection>,
}

impl Default for PolicyFile {
    fn default() -> Self {
        Self {
            routes: vec![RouteSection { path: "/graphql".to_owned() }],
            graphql: GraphqlSection::default(),
            correlation: CorrelationSection::default(),
            responses: ResponsesSection::default(),
            analyzer: None,
        }
    }
}

/// One path under the policy.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteSection {
    /// The path in normal form; requests are matched after percent-decoding, dot segments and doubled slashes are undone.
    path: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct GraphqlSection {
    /// Highest allowed values, inclusive; beyond one the request is refused.
    limits: LimitsSection,
    /// Whether `__schema` and `__type` may be asked for: `deny` or `allow`.
    introspection: IntrospectionChoice,
    /// What operations may cost.
    cost: CostSection,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LimitsSection {
    /// Bytes of the request's body; beyond it 413.
    body_bytes: u64,
    /// Bytes of all bodies that one worker holds at once; beyond it 429.
    held_bytes: u64,
    /// Bytes of the document.
    document_bytes: u64,
    /// Lexical tokens of the document.
    tokens: u32,
    /// Brackets of the document open at once.
    nesting: u32,
    /// Depth of the operation; a root field has depth 1, fragments add none.
    depth: u32,
    /// Fields of the operation, fragments expanded.
    fields: u32,
    /// Root fields of the operation, fragments expanded.
    root_fields: u32,
    /// Aliased fields of the operation, fragments expanded.
    aliases: u32,
    /// Aliases of one field in one place.
    aliases_per_field: u32,
    /// Directives, every occurrence.
    directives: u32,
    /// JSON arrays and objects of the body inside each other.
    json_nesting: u32,
}

impl Default for LimitsSection {
    fn default() -> Self {
        Self {
            body_bytes: 256 * 1024,
            held_bytes: 64 * 1024 * 1024,
            document_bytes: 64 * 1024,
            tokens: 5_000,
            nesting: 200,
            depth: 15,
            fields: 2_000,
            root_fields: 20,
            aliases: 60,
            aliases_per_field: 10,
            directives: 50,
            json_nesting: 64,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum IntrospectionChoice {
    Allow,
    #[default]
    Deny,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CostSection {
    /// Highest cost of a request in cost units; beyond it 400.
    max: u64,
    /// Size of a list whose slicing argument has no known value.
    default_list_size: u32,
    /// Size of a list whose slicing argument was given something other than an integer.
    max_list_size: u32,
}

impl Default for CostSection {
    fn default() -> Self {
        let Sizes { default, unreadable } = Sizes::default();
        Self { max: 20_000, default_list_size: default, max_list_size: unreadable }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CorrelationSection {
    /// Keep a well-formed `x-correlation-id` that came with the request.
    trust_incoming: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ResponsesSection {
    /// Tell the client the limit that was passed, and the value found.
    expose_limits: bool,
}

impl Default for ResponsesSection {
    fn default() -> Self {
        Self { expose_limits: true }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnalyzerSection {
    /// Name of the Envoy cluster of the analyzer.
    cluster: String,
    /// The edge's bearer token; Envoy's config_dump shows it.
    token: Option<String>,
    /// Environment variable of the VM that holds the token.
    token_env: Option<String>,
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
        let PolicyFile { routes, graphql, correlation, responses, analyzer } = file;
        let GraphqlSection { limits, introspection, cost } = graphql;
        let policy = Self {
            routes: found.routes(routes),
            limits: found.limits(&limits),
            introspection: match introspection {
                IntrospectionChoice::Allow => Introspection::Allow,
                IntrospectionChoice::Deny => Introspection::Deny,
            },
            cost_max: Cost::from_units(found.within("graphql.cost.max", cost.max, 1, 1_000_000_000)),
            sizes: Sizes {
                default: found.within("graphql.cost.default_list_size", cost.default_list_size, 1, 1_000_000),
                unreadable: found.within("graphql.cost.max_list_size", cost.max_list_size, 1, 1_000_000_000),
            },
            correlation: match correlation.trust_incoming {
                true => CorrelationTrust::Incoming,
                false => CorrelationTrust::Nobody,
            },
            disclosure: if responses.expose_limits { Disclosure::Limits } else { Disclosure::Reason },
            analyzer: analyzer.and_then(|section| found.analyzer(section)),
        };
        Mistakes::none_of(found.0)?;
        Ok(policy)
    }
}

/// Collects what makes no sense, so that all of it is said at once.
#[derive(Default)]
struct Found(Vec<Mistake>);

impl Found {
    fn say(&mut self, path: impl Into<String>, problem: impl Into<String>) {
        self.0.push(Mistake { path: path.into(), problem: problem.into() });
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

    fn limits(&mut self, section: &LimitsSection) -> Limits {
        let mut limit = |name: &str, value: u32, high: u32| {
            self.within(&format!("graphql.limits.{name}"), value, 1, high)
        };
        let budget = Budget {
            tokens: limit("tokens", section.tokens, 1_000_000),
            nesting: limit("nesting", section.nesting, 10_000),
        };
        let json_nesting = limit("json_nesting", section.json_nesting, 100);
        let limits = Limits {
            body_bytes: 0,
            held_bytes: 0,
            document_bytes: 0,
            budget,
            depth: limit("depth", section.depth, 10_000),
            fields: limit("fields", section.fields, 1_000_000_000),
            root_fields: limit("root_fields", section.root_fields, 1_000_000_000),
            aliases: limit("aliases", section.aliases, 1_000_000_000),
            aliases_per_field: limit("aliases_per_field", section.aliases_per_field, 4_000),
            directives: limit("directives", section.directives, 1_000_000_000),
            json_nesting: u8::try_from(json_nesting).unwrap_or(u8::MAX),
        };
        Limits {
            body_bytes: self.bytes("graphql.limits.body_bytes", section.body_bytes, 1, 8 * MIB),
            held_bytes: self.bytes("graphql.limits.held_bytes", section.held_bytes, MIB, 512 * MIB),
            document_bytes: self.bytes("graphql.limits.document_bytes", section.document_bytes, 1, 8 * MIB),
            ..limits
        }
    }

    fn bytes(&mut self, path: &str, value: u64, low: u64, high: u64) -> usize {
        usize::try_from(self.within(path, value, low, high)).unwrap_or(usize::MAX)
    }

    fn routes(&mut self, sections: Vec<RouteSection>) -> Vec<RoutePath> {
        if sections.is_empty() {
            self.say("routes", "must name at least one path");
        }
        for (index, RouteSection { path }) in sections.iter().enumerate() {
            if let Some(problem) = unfit(path) {
                self.say(
                    format!("routes[{index}].path"),
                    format!("{problem}, got `{}`", path.escape_debug()),
                );
            }
        }
        sections.into_iter().map(|section| RoutePath(section.path)).collect()
    }

    fn analyzer(&mut self, section: AnalyzerSection) -> Option<Analyzer> {
        let AnalyzerSection { cluster, token, token_env } = section;
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
        token.map(|token| Analyzer { cluster, token })
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
