//! One line of the corpus.

use super::multipart::Part;
use super::policy::PolicyFile;
use super::text::Text;
use super::transport::Transport;
use super::verdict::Verdicts;
use anyhow::Context as _;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What is asked, and what must come of it.
///
/// `query` makes an operation, rendered for every transport; `body` (or `body_hex`) makes a JSON body whose very bytes matter, for all
/// transports that carry one; `parts`, or any of `method`, `path`, `headers`, `packed`, makes a request that is sent as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it is called.
    pub name: String,
    /// Its number in the list of families; an honest twin has none.
    #[serde(default)]
    pub family: Option<u32>,
    /// What must come of it.
    pub(super) verdict: Verdicts,
    /// What must come of it on these transports instead.
    #[serde(default)]
    pub(super) on: BTreeMap<Transport, Verdicts>,
    /// What must come of it under these policies instead.
    #[serde(default)]
    pub(super) under: BTreeMap<PolicyFile, Verdicts>,
    /// Under which policies it is played.
    #[serde(default = "default_policy")]
    pub(super) policies: Vec<PolicyFile>,
    /// On which transports, instead of all that make sense.
    #[serde(default)]
    pub(super) transports: Option<Vec<Transport>>,
    /// On which transports not.
    #[serde(default)]
    pub(super) without: Vec<Transport>,
    /// The document.
    #[serde(default)]
    pub(super) query: Option<Text>,
    /// Which of its operations.
    #[serde(default, rename = "operationName")]
    pub(super) operation_name: Option<String>,
    /// Its variables.
    #[serde(default)]
    pub(super) variables: Option<Value>,
    /// Its variables as JSON text.
    #[serde(default)]
    pub(super) variables_text: Option<Text>,
    /// Its extensions.
    #[serde(default)]
    pub(super) extensions: Option<Value>,
    /// Variables with which the document is allowed, so that its hash can be registered.
    #[serde(default)]
    pub(super) registers: Option<Value>,
    /// The body.
    #[serde(default)]
    body: Option<Text>,
    /// The body, in hexadecimal.
    #[serde(default)]
    body_hex: Option<String>,
    /// The parts of a multipart body.
    #[serde(default)]
    pub(super) parts: Option<Vec<Part>>,
    /// How the body is packed, innermost first; `content-encoding` says so.
    #[serde(default)]
    pub(super) packed: Vec<String>,
    /// The method; POST by default.
    #[serde(default)]
    pub(super) method: Option<String>,
    /// Path and query; `/graphql` by default.
    #[serde(default)]
    pub(super) path: Option<String>,
    /// The headers, instead of the content type that suits the body.
    #[serde(default)]
    pub(super) headers: Option<Vec<(String, String)>>,
    /// Whether it is refused while it streams: the upstream may see a part, never the whole.
    #[serde(default)]
    pub(super) late: bool,
    /// Whether the shop need not understand it.
    #[serde(default)]
    pub(super) sink: bool,
}

fn default_policy() -> Vec<PolicyFile> {
    vec![PolicyFile::Default]
}

impl Case {
    /// The transports on which it is played under this policy.
    pub(super) fn transports(&self, policy: PolicyFile) -> Vec<Transport> {
        let is_played = self.policies.contains(&policy);
        // What the defaults refuse as JSON, a policy that takes bare documents refuses as such.
        let is_bare = policy == PolicyFile::Bare && self.policies.contains(&PolicyFile::Default);
        let transports = match &self.transports {
            Some(transports) if is_played => transports.clone(),
            None if is_played => self.own_transports(),
            None if is_bare && self.is_bare() => vec![Transport::Bare],
            Some(_) | None => Vec::new(),
        };
        transports.into_iter().filter(|transport| !self.without.contains(transport)).collect()
    }

    fn own_transports(&self) -> Vec<Transport> {
        if self.is_written() {
            return vec![Transport::Written];
        }
        if self.query.is_none() {
            return Transport::ENVELOPE.to_vec();
        }
        let mut transports = Transport::OPERATION.to_vec();
        if self.is_mutation() {
            transports.retain(|transport| !transport.is_get());
        }
        if self.registers.is_some() {
            transports.extend([Transport::Call, Transport::GetCall]);
        }
        transports
    }

    /// Whether it goes out as its line says.
    fn is_written(&self) -> bool {
        let is_shaped = self.method.is_some() || self.path.is_some() || self.headers.is_some();
        is_shaped || self.parts.is_some() || !self.packed.is_empty()
    }

    /// Whether it is nothing but a document.
    fn is_bare(&self) -> bool {
        let has_values = self.variables.is_some() || self.variables_text.is_some();
        let has_more = has_values || self.operation_name.is_some() || self.extensions.is_some();
        self.query.is_some() && !has_more && !self.is_written()
    }

    fn is_mutation(&self) -> bool {
        self.query.as_ref().is_some_and(|query| query.expand().trim_start().starts_with("mutation"))
    }

    /// The members of the JSON object that the operation is, each with its text.
    pub(super) fn members(&self) -> Vec<(&'static str, String)> {
        let mut members = Vec::new();
        if let Some(query) = &self.query {
            members.push(("query", Value::from(query.expand()).to_string()));
        }
        if let Some(name) = &self.operation_name {
            members.push(("operationName", Value::from(name.clone()).to_string()));
        }
        match (&self.variables, &self.variables_text) {
            (Some(variables), _) => members.push(("variables", variables.to_string())),
            (None, Some(text)) => members.push(("variables", text.expand())),
            (None, None) => {}
        }
        if let Some(extensions) = &self.extensions {
            members.push(("extensions", extensions.to_string()));
        }
        members
    }

    /// The body that is written down; `None` where there is none.
    pub(super) fn bytes(&self) -> anyhow::Result<Option<Vec<u8>>> {
        if let Some(body) = &self.body {
            return Ok(Some(body.expand().into_bytes()));
        }
        let Some(hex) = &self.body_hex else { return Ok(None) };
        let digits: Vec<_> = hex.chars().filter(char::is_ascii_hexdigit).collect();
        let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16);
        let bytes: Result<Vec<_>, _> = digits.chunks(2).map(byte).collect();
        Ok(Some(bytes.context("body_hex")?))
    }
}
