//! A policy that makes sense: past this type nobody checks a configured value again.

mod clients;
mod enforcement;
mod requests;
mod routes;
mod schema;
mod throttles;
mod trusted;
mod websocket;

pub use clients::{Class, ClassId, Clients, PropertyPath, Sight, SourceKind};
pub(crate) use clients::{Condition, Property, Source, Trait};
pub use enforcement::{Enforcement, Mode};
pub(crate) use enforcement::{Left, left};
pub use requests::{
    Encoding, Limits, PersistedQueries, RequestHeader, Switch, Transports, UnknownFields, Uploads,
};
pub use routes::{ProfileId, Profiles, Reach, Route, RoutePath, Told, Under};
pub use schema::{CostTable, Sensitive, SensitiveFields};
pub(crate) use throttles::ThrottleId;
pub use throttles::{Per, StreamLimit, Throttle, Throttles, Unit};
pub(crate) use trusted::manifest;
pub use trusted::{ManifestError, TrustedDocuments, TrustedMode};
pub use websocket::{Asked, Compression, Cookies, Origins, SocketLimits, Subprotocol, WebSockets};
pub(crate) use websocket::{Origin, Port};

use portcullis_cost::{Cost, Model, Sizes};
use std::sync::Arc;

/// What the operator allows.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// What is carried out, and what only counts.
    pub enforcement: Enforcement,
    /// Paths on which requests are judged; everything else passes untouched.
    pub routes: Vec<Route>,
    /// How large a request may be, measure by measure.
    pub limits: Limits,
    /// Whether clients may ask for the schema.
    pub introspection: Introspection,
    /// How operations may come.
    pub transports: Transports,
    /// The encodings that bodies are inflated from; any other is refused.
    pub encodings: Vec<Encoding>,
    /// What an upload may be.
    pub uploads: Uploads,
    /// What is done with hashes in place of documents.
    pub persisted: PersistedQueries,
    /// The documents that the operator knows.
    pub trusted: TrustedDocuments,
    /// The keys by which the upstream takes ids of documents.
    pub id_keys: Vec<String>,
    /// Keys of `extensions` for which a request is refused.
    pub denied_extensions: Vec<String>,
    /// What operations may cost.
    pub cost: CostPolicy,
    /// What becomes of fields that the compiled schema does not have.
    pub unknown_fields: UnknownFields,
    /// Fields with a limit of their own.
    pub sensitive: SensitiveFields,
    /// Whose correlation ids are kept.
    pub correlation: CorrelationTrust,
    /// What answers look like, and what is read of responses.
    pub responses: Responses,
    /// Where reports go; `None` sends none.
    pub analyzer: Option<Analyzer>,
    /// Who clients are, and what the classes among them are allowed.
    pub clients: Clients,
    /// What clients may spend over time.
    pub throttles: Throttles,
    /// What WebSockets may be.
    pub websocket: WebSockets,
    /// The policy that is judged beside this one, and decides nothing.
    pub candidate: Option<Arc<Policy>>,
    /// What differs on some routes.
    pub profiles: Profiles,
}

/// What operations may cost, and how that is estimated.
#[derive(Clone, Debug, PartialEq)]
pub struct CostPolicy {
    /// The highest cost of a request; inclusive.
    pub max: Cost,
    /// The highest type cost of a request, which takes a compiled schema; inclusive.
    pub type_max: Cost,
    /// List sizes where the request does not tell.
    pub sizes: Sizes,
    /// The compiled schema, where there is one.
    pub table: Option<CostTable>,
}

impl CostPolicy {
    /// By what operations are costed.
    pub fn model(&self) -> Model<'_> {
        self.table.as_ref().map_or(Model::Schemaless, |table| Model::Schema(table.table()))
    }
}

/// What answers of the gate look like, and what is read of the upstream's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Responses {
    /// How much a refusal tells.
    pub disclosure: Disclosure,
    /// What a refusal answers that servers give while validating.
    pub validation_status: ValidationStatus,
    /// Whether suggestions are cut out of error messages.
    pub strip_suggestions: Switch,
    /// Whether errors are counted by code.
    pub count_errors: Switch,
    /// Whether the entries of lists are counted for the actual cost.
    pub actual_cost: Switch,
}

impl Responses {
    /// Whether anything is read of the upstream's responses.
    pub fn are_read(self) -> bool {
        [self.strip_suggestions, self.count_errors, self.actual_cost].contains(&Switch::On)
    }

    /// Whether errors are looked for in them.
    pub fn find_errors(self) -> bool {
        [self.strip_suggestions, self.count_errors].contains(&Switch::On)
    }
}

/// The status of refusals that servers give while validating.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValidationStatus {
    /// 400, as most servers do.
    BadRequest,
    /// 422, as the draft of GraphQL over HTTP says.
    UnprocessableContent,
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

/// Where reports go, and where decisions come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Analyzer {
    /// Name of the Envoy cluster of the analyzer.
    pub cluster: String,
    /// Whether its decisions about clients are fetched and carried out.
    pub decisions: Switch,
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
