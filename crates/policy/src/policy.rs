//! A policy that makes sense: past this type nobody checks a configured value again.

use portcullis_cost::{Cost, Sizes};
use portcullis_graphql::Budget;

/// What the operator allows.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Paths on which requests are judged; everything else passes untouched.
    pub routes: Vec<RoutePath>,
    /// How large a request may be, measure by measure.
    pub limits: Limits,
    /// Whether clients may ask for the schema.
    pub introspection: Introspection,
    /// The highest cost of a request; inclusive.
    pub cost_max: Cost,
    /// List sizes of the schema-less cost model.
    pub sizes: Sizes,
    /// Whose correlation ids are kept.
    pub correlation: CorrelationTrust,
    /// How much a refusal tells.
    pub disclosure: Disclosure,
    /// Where reports go; `None` sends none.
    pub analyzer: Option<Analyzer>,
}

/// A path in normal form, such as `/graphql`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoutePath(pub(crate) String);

impl RoutePath {
    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The highest allowed value of each measure; all inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the request's body.
    pub body_bytes: usize,
    /// Bytes of all bodies that one worker holds at once.
    pub held_bytes: usize,
    /// Bytes of the document.
    pub document_bytes: usize,
    /// Tokens of the document, and brackets open at once in it.
    pub budget: Budget,
    /// Depth; a root field has depth 1, fragments add none.
    pub depth: u32,
    /// Fields, fragments expanded.
    pub fields: u32,
    /// Root fields, fragments expanded.
    pub root_fields: u32,
    /// Aliased fields, fragments expanded.
    pub aliases: u32,
    /// Aliases of one field in one place.
    pub aliases_per_field: u32,
    /// Directives, every occurrence.
    pub directives: u32,
    /// JSON arrays and objects inside each other.
    pub json_nesting: u8,
}

/// Whether clients may ask for the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Introspection {
    /// `__schema` and `__type` are fields like others.
    Allow,
    /// A document with one of them is refused.
    Deny,
}

/// Whose correlation ids are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CorrelationTrust {
    /// A well-formed id that came with the request is kept.
    Incoming,
    /// Every request gets a new id.
    Nobody,
}

/// How much a refusal tells the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disclosure {
    /// The limit that was passed, and by how much.
    Limits,
    /// The reason only.
    Reason,
}

/// Where reports go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Analyzer {
    /// Name of the Envoy cluster of the analyzer.
    pub cluster: String,
    /// How the edge shows who it is.
    pub token: Token,
}

/// Where the edge's bearer token comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum Token {
    /// It stands in the policy, so Envoy's config_dump shows it.
    Inline(String),
    /// It is in this environment variable of the VM (`vm_config.environment_variables`).
    Environment(String),
}

impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Inline(_) => formatter.write_str("Inline(…)"),
            Self::Environment(name) => write!(formatter, "Environment({name})"),
        }
    }
}
