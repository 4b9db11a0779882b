//! `graphql`: what a GraphQL request may be, and what it may cost.

use super::Found;
use super::limits::LimitsSection;
use super::partial::{Partial, section, whole};
use super::transports::{EncodingChoice, PersistedQueriesSection, TransportsSection, UploadsSection};
use crate::policy::{
    CostPolicy, CostTable, Encoding, Introspection, Limits, PersistedQueries, Sensitive, SensitiveFields,
    Transports, TrustedDocuments, TrustedMode, UnknownFields, Uploads, manifest,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis_cost::{Cost, Sizes};
use serde::Deserialize;
use std::collections::BTreeMap;

section!(GraphqlSection, GraphqlPart {
    /// Highest allowed values, inclusive; beyond one the request is refused.
    limits: LimitsSection = LimitsSection::default(),
    /// Whether `__schema` and `__type` may be asked for: `deny` or `allow`.
    introspection: IntrospectionChoice = IntrospectionChoice::default(),
    /// How operations may come beside a `POST` of one JSON object.
    transports: TransportsSection = TransportsSection::default(),
    /// Encodings that bodies are inflated from to be judged: `gzip`, `deflate`, `br`, `zstd`; any other is refused.
    content_encodings: Vec<EncodingChoice> = EncodingChoice::ALL.to_vec(),
    /// What an upload may be.
    uploads: UploadsSection = UploadsSection::default(),
    /// Hashes in place of documents (automatic persisted queries).
    persisted_queries: PersistedQueriesSection = PersistedQueriesSection::default(),
    /// Documents that the operator knows, by id.
    trusted_documents: TrustedDocumentsSection = TrustedDocumentsSection::default(),
    /// Keys of a request's `extensions` that no client needs; a request with one is refused.
    denied_extensions: Vec<String> = vec!["tracing".to_owned()],
    /// What operations may cost.
    cost: CostSection = CostSection::default(),
    /// What becomes of fields that the compiled schema does not have: `count` or `refuse`.
    unknown_fields: UnknownFieldsChoice = UnknownFieldsChoice::default(),
    /// Fields with a limit of their own, such as `Mutation.login`; takes a compiled schema.
    sensitive_fields: Vec<SensitiveSection> = Vec::new(),
});

whole!(IntrospectionChoice, TrustedModeChoice, UnknownFieldsChoice);

impl GraphqlSection {
    /// Costs by another table than the file says.
    pub(super) fn cost_by(&mut self, table: CostTable) {
        self.cost.table = Some(table);
    }

    /// Costs by what is laid over it.
    pub(super) fn cost_by_its_own(&mut self) {
        self.cost.table = None;
    }

    /// Whether it brings what to cost by.
    pub(super) fn has_schema(&self) -> bool {
        self.cost.schema.is_some() || self.cost.table.is_some()
    }
}

impl GraphqlPart {
    /// Whether it brings what to cost by.
    pub(super) fn has_schema(&self) -> bool {
        self.cost.as_ref().is_some_and(|cost| cost.schema.is_some())
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum IntrospectionChoice {
    Allow,
    #[default]
    Deny,
}

impl IntrospectionChoice {
    pub(super) fn read(self) -> Introspection {
        match self {
            Self::Allow => Introspection::Allow,
            Self::Deny => Introspection::Deny,
        }
    }
}

section!(TrustedDocumentsSection, TrustedDocumentsPart {
    /// What becomes of other documents: `off`, `log` (they pass and are counted), `require` (they are refused).
    mode: TrustedModeChoice = TrustedModeChoice::Off,
    /// Documents by id.
    documents: BTreeMap<String, String> = BTreeMap::new(),
    /// The JSON text of a manifest, as Apollo's, Relay's and the code generator's tools write it.
    manifest: Option<String> = None,
    /// The keys by which the upstream takes ids: judged by the list, whatever the mode, and refused beside a `query`.
    id_keys: Vec<String> = vec!["documentId".to_owned()],
});

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum TrustedModeChoice {
    #[default]
    Off,
    Log,
    Require,
}

section!(CostSection, CostPart {
    /// The model's version that the limits were chosen for, such as `schemaless/1`; the filter refuses to start with another.
    model: Option<String> = None,
    /// Highest cost of a request in cost units; beyond it 400.
    max: u64 = 20_000,
    /// Highest type cost of a request in cost units; takes a compiled schema; beyond it 400.
    type_max: u64 = 20_000,
    /// The compiled schema in base64: what `portcullis compile --base64` prints.
    schema: Option<String> = None,
    /// A table that is used in place of `schema`, whatever that says.
    #[serde(skip)]
    table: Option<CostTable> = None,
    /// Size of a list whose slicing argument has no known value.
    default_list_size: u32 = Sizes::default().default,
    /// Size of a list whose slicing argument was given something other than an integer.
    max_list_size: u32 = Sizes::default().unreadable,
});

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum UnknownFieldsChoice {
    #[default]
    Count,
    Refuse,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct SensitiveSection {
    /// Type and field, `Mutation.login`.
    field: String,
    /// How often it may stand in one request, fragments expanded, all of a batch together.
    aliases: u32,
}

/// The section without its mistakes.
pub(super) struct Graphql {
    pub(super) limits: Limits,
    pub(super) introspection: Introspection,
    pub(super) transports: Transports,
    pub(super) encodings: Vec<Encoding>,
    pub(super) uploads: Uploads,
    pub(super) persisted: PersistedQueries,
    pub(super) trusted: TrustedDocuments,
    pub(super) id_keys: Vec<String>,
    pub(super) denied_extensions: Vec<String>,
    pub(super) cost: CostPolicy,
    pub(super) unknown_fields: UnknownFields,
    pub(super) sensitive: SensitiveFields,
}

impl Found {
    pub(super) fn graphql(&mut self, mut section: GraphqlSection) -> Graphql {
        let limits = self.limits(&section.limits);
        let id_keys = self.id_keys(std::mem::take(&mut section.trusted_documents.id_keys));
        let cost = self.cost(section.cost);
        Graphql {
            limits,
            introspection: section.introspection.read(),
            transports: section.transports.read(),
            encodings: section.content_encodings.into_iter().map(EncodingChoice::read).collect(),
            uploads: self.uploads(&section.uploads),
            persisted: self.persisted(&section.persisted_queries),
            trusted: self.trusted(section.trusted_documents),
            id_keys,
            denied_extensions: section.denied_extensions,
            unknown_fields: match section.unknown_fields {
                UnknownFieldsChoice::Count => UnknownFields::Count,
                UnknownFieldsChoice::Refuse => UnknownFields::Refuse,
            },
            sensitive: self.sensitive(section.sensitive_fields, &cost),
            cost,
        }
    }

    fn trusted(&mut self, section: TrustedDocumentsSection) -> TrustedDocuments {
        let TrustedDocumentsSection { mode, documents, manifest: text, id_keys: _ } = section;
        let mode = match mode {
            TrustedModeChoice::Off => TrustedMode::Off,
            TrustedModeChoice::Log => TrustedMode::Log,
            TrustedModeChoice::Require => TrustedMode::Require,
        };
        let listed = match text.as_deref().map(manifest) {
            Some(Ok(listed)) => listed,
            Some(Err(error)) => {
                self.say("graphql.trusted_documents.manifest", error.to_string());
                return TrustedDocuments::default();
            }
            None => Vec::new(),
        };
        let trusted = match TrustedDocuments::new(mode, documents.into_iter().chain(listed)) {
            Ok(trusted) => trusted,
            Err(error) => {
                self.say("graphql.trusted_documents", error.to_string());
                return TrustedDocuments::default();
            }
        };
        if mode == TrustedMode::Require && trusted.is_empty() {
            self.say("graphql.trusted_documents", "requires documents and lists none");
        }
        trusted
    }

    fn cost(&mut self, section: CostSection) -> CostPolicy {
        let policy = CostPolicy {
            max: Cost::from_units(self.within("graphql.cost.max", section.max, 1, 1_000_000_000)),
            type_max: Cost::from_units(self.within(
                "graphql.cost.type_max",
                section.type_max,
                1,
                1_000_000_000,
            )),
            sizes: Sizes {
                default: self.within(
                    "graphql.cost.default_list_size",
                    section.default_list_size,
                    1,
                    1_000_000,
                ),
                unreadable: self.within(
                    "graphql.cost.max_list_size",
                    section.max_list_size,
                    1,
                    1_000_000_000,
                ),
            },
            table: match (section.table, section.schema) {
                (Some(given), _) => Some(given),
                (None, schema) => schema.and_then(|schema| self.table(&schema)),
            },
        };
        let version = policy.model().version();
        if let Some(model) = section.model.filter(|model| model != version) {
            let problem = format!(
                "this build estimates by `{version}`, not by `{}`; read docs/cost.md, review the limits, then name it",
                model.escape_debug()
            );
            self.say("graphql.cost.model", problem);
        }
        policy
    }

    /// A compiled schema from base64, in one line or in several.
    fn table(&mut self, schema: &str) -> Option<CostTable> {
        let path = "graphql.cost.schema";
        let text: String = schema.split_ascii_whitespace().collect();
        let bytes = match STANDARD.decode(text) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.say(
                    path,
                    format!("must be base64, as `portcullis compile --base64` prints it: {error}"),
                );
                return None;
            }
        };
        CostTable::load(bytes).map_err(|error| self.say(path, error.to_string())).ok()
    }

    fn sensitive(&mut self, sections: Vec<SensitiveSection>, cost: &CostPolicy) -> SensitiveFields {
        let mut found = SensitiveFields::default();
        for (index, SensitiveSection { field, aliases }) in sections.into_iter().enumerate() {
            let path = format!("graphql.sensitive_fields[{index}].field");
            let Some(table) = &cost.table else {
                self.say(path, "takes a compiled schema in `graphql.cost.schema`");
                continue;
            };
            match table.table().coordinate(&field) {
                Some(id) => found.add(Sensitive { coordinate: field, limit: aliases }, id),
                None => self.say(path, format!("the schema has no field `{}`", field.escape_debug())),
            }
        }
        found
    }
}
