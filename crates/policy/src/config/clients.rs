//! `clients`: where a client's identity comes from, and the classes that pick what it may do.

mod conditions;
mod overrides;

use super::enforcement::ModeChoice;
use super::{Found, switch};
use crate::policy::{Class, Clients, Disclosure, Policy, Property, PropertyPath, Sight, Source};
use conditions::ConditionSection;
use overrides::OverridesSection;
use serde::Deserialize;

/// Names that a policy may have in its lists, and classes.
const CLASSES: usize = 16;
const SOURCES: usize = 8;
const PROPERTIES: usize = 16;
/// Bytes of a class's or a throttle's name.
const NAME_BYTES: usize = 32;
/// Bytes of a segment of a property's path.
const SEGMENT_BYTES: usize = 256;
/// Segments of a claim's path.
const SEGMENTS: usize = 8;

/// The class of those whom nothing puts into another.
pub(super) const ANONYMOUS: &str = "anonymous";

/// Where `jwt_authn` puts a token's claims when its provider says `payload_in_metadata: jwt_payload`.
const JWT_METADATA: &str = "jwt_payload";

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct ClientsSection {
    /// Where an identity comes from; the first that a request has speaks, and its address where none does.
    identity: Vec<IdentitySection>,
    /// Goes into every client key; the same at all edges that are to know a client by the same key.
    key_salt: String,
    /// In order; a client is of the first class that has a condition which holds.
    classes: Vec<ClassSection>,
    /// What is different for all other clients.
    anonymous: AnonymousSection,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum IdentitySection {
    /// A claim of a token that Envoy's `jwt_authn` has checked.
    Jwt(ClaimSection),
    /// A header, taken as it comes: only where something before the gate checks it.
    Header(String),
    /// A name in the client's certificate: `uri` or `dns`.
    Certificate(SanChoice),
    /// The client's address as Envoy sees it.
    Address(AddressSection),
}

#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct ClaimSection {
    /// The provider's `payload_in_metadata`.
    #[serde(default = "jwt_metadata")]
    metadata: String,
    /// The path to the claim, key by key: `[sub]`.
    claim: Vec<String>,
}

fn jwt_metadata() -> String {
    JWT_METADATA.to_owned()
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum SanChoice {
    Uri,
    Dns,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct AddressSection {
    /// Bits of an IPv6 address that are one client.
    ipv6_prefix: u8,
}

impl Default for AddressSection {
    fn default() -> Self {
        Self { ipv6_prefix: 64 }
    }
}

#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct ClassSection {
    /// Its name: lower-case letters and `_`.
    name: String,
    /// What puts a client into it: any of these.
    when: Vec<ConditionSection>,
    /// Whether what its requests may not be is refused or only counted; as for all unless it says otherwise.
    mode: Option<ModeChoice>,
    /// What is different for it.
    #[serde(default)]
    limits: OverridesSection,
    /// What its clients are told.
    #[serde(default)]
    sees: SightSection,
}

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct AnonymousSection {
    /// Whether what its requests may not be is refused or only counted; as for all unless it says otherwise.
    mode: Option<ModeChoice>,
    /// What is different for it.
    limits: OverridesSection,
    /// What its clients are told.
    sees: SightSection,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct SightSection {
    /// The limit that was passed, and the value found; `responses.expose_limits` unless it says otherwise, for
    /// `anonymous` only where the policy has no class.
    limits: Option<bool>,
    /// `RateLimit` and `RateLimit-Policy`: all classes but `anonymous` unless it says otherwise.
    throttles: Option<bool>,
    /// `extensions.cost` in the gate's answers, and in the responses that pass.
    cost: bool,
}

/// A class before the policy of all is known.
struct Draft {
    class: Class,
    mode: Option<ModeChoice>,
    overrides: OverridesSection,
    path: String,
    limits: Option<bool>,
}

/// The section without its mistakes, once the policy of all is known.
pub(super) struct Drafts {
    clients: Clients,
    drafts: Vec<Draft>,
}

impl Found {
    pub(super) fn clients(&mut self, section: ClientsSection) -> Drafts {
        let ClientsSection { identity, key_salt, classes, anonymous } = section;
        self.at_most("clients.identity", identity.len(), SOURCES);
        self.at_most("clients.classes", classes.len().saturating_add(1), CLASSES);
        if key_salt.len() > SEGMENT_BYTES {
            self.say("clients.key_salt", format!("must have at most {SEGMENT_BYTES} bytes"));
        }
        let mut properties = Vec::new();
        let ipv6_prefix = self.prefix(&identity);
        let sources = self.sources(identity, &mut properties);
        let has_classes = !classes.is_empty();
        let mut drafts: Vec<Draft> = Vec::with_capacity(classes.len());
        for (index, section) in classes.into_iter().enumerate() {
            let draft = self.class(&format!("clients.classes[{index}]"), section, &mut properties);
            if drafts.iter().any(|known| known.class.name == draft.class.name) {
                self.say(format!("{}.name", draft.path), format!("`{}` is there twice", draft.class.name));
            }
            drafts.push(draft);
        }
        let AnonymousSection { mode, limits: overrides, sees } = anonymous;
        let limits = if has_classes { Some(sees.limits.unwrap_or(false)) } else { sees.limits };
        let class = Class {
            name: ANONYMOUS.into(),
            sight: Sight { throttles: switch(sees.throttles.unwrap_or(false)), cost: switch(sees.cost) },
            conditions: Vec::new(),
            policy: None,
        };
        drafts.push(Draft { class, mode, overrides, path: "clients.anonymous".to_owned(), limits });
        self.at_most("clients", properties.len(), PROPERTIES);
        let clients = Clients { sources, ipv6_prefix, salt: key_salt, classes: Vec::new(), properties };
        Drafts { clients, drafts }
    }

    fn class(&mut self, path: &str, section: ClassSection, properties: &mut Vec<PropertyPath>) -> Draft {
        let ClassSection { name, when, mode, limits: overrides, sees } = section;
        self.name(&format!("{path}.name"), &name);
        if name == ANONYMOUS {
            self.say(
                format!("{path}.name"),
                "`anonymous` is the class of everyone else: see `clients.anonymous`",
            );
        }
        let class = Class {
            name: name.into(),
            sight: Sight { throttles: switch(sees.throttles.unwrap_or(true)), cost: switch(sees.cost) },
            conditions: self.conditions(&format!("{path}.when"), when, properties),
            policy: None,
        };
        Draft { class, mode, overrides, path: path.to_owned(), limits: sees.limits }
    }

    /// A name that is a label and stands in headers.
    pub(super) fn name(&mut self, path: &str, name: &str) {
        let is_fit = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        if !(1..=NAME_BYTES).contains(&name.len()) || !name.bytes().all(is_fit) {
            let problem = format!("must be 1 to {NAME_BYTES} of a-z and _, got `{}`", name.escape_debug());
            self.say(path, problem);
        }
    }

    pub(super) fn at_most(&mut self, path: &str, length: usize, limit: usize) {
        if length > limit {
            self.say(path, format!("must have at most {limit} entries, got {length}"));
        }
    }

    fn prefix(&mut self, identity: &[IdentitySection]) -> u8 {
        let mut prefix = AddressSection::default().ipv6_prefix;
        for (index, section) in identity.iter().enumerate() {
            if let IdentitySection::Address(AddressSection { ipv6_prefix }) = section {
                prefix = self.within(
                    &format!("clients.identity[{index}].address.ipv6_prefix"),
                    *ipv6_prefix,
                    1,
                    128,
                );
                if index.saturating_add(1) < identity.len() {
                    let problem = "every request has an address, so what follows is never asked: put it last";
                    self.say(format!("clients.identity[{index}]"), problem);
                }
            }
        }
        prefix
    }

    fn sources(&mut self, identity: Vec<IdentitySection>, properties: &mut Vec<PropertyPath>) -> Vec<Source> {
        let mut sources = Vec::with_capacity(identity.len());
        for (index, section) in identity.into_iter().enumerate() {
            let path = format!("clients.identity[{index}]");
            match section {
                IdentitySection::Jwt(claim) => {
                    sources.push(Source::Jwt(self.claim(&format!("{path}.jwt"), claim, properties)));
                }
                IdentitySection::Header(name) => {
                    sources.push(Source::Header(self.header(&format!("{path}.header"), &name)));
                }
                IdentitySection::Certificate(choice) => {
                    sources.push(Source::Certificate(property(choice.path(), properties)));
                }
                IdentitySection::Address(_) => (),
            }
        }
        sources
    }

    fn claim(&mut self, path: &str, section: ClaimSection, properties: &mut Vec<PropertyPath>) -> Property {
        let ClaimSection { metadata, claim } = section;
        self.segment(&format!("{path}.metadata"), &metadata);
        if claim.is_empty() {
            self.say(format!("{path}.claim"), "must name a claim");
        }
        self.at_most(&format!("{path}.claim"), claim.len(), SEGMENTS);
        for (index, key) in claim.iter().enumerate() {
            self.segment(&format!("{path}.claim[{index}]"), key);
        }
        let above = ["metadata", "filter_metadata", "envoy.filters.http.jwt_authn"].map(str::to_owned);
        let segments = above.into_iter().chain([metadata]).chain(claim).collect();
        property(PropertyPath(segments), properties)
    }

    /// A text that can be one segment of a property's path; the host takes NUL for the end of one.
    fn segment(&mut self, path: &str, text: &str) {
        if !(1..=SEGMENT_BYTES).contains(&text.len()) || text.contains(char::is_control) {
            self.say(path, format!("must be 1 to {SEGMENT_BYTES} bytes without control characters"));
        }
    }
}

impl SanChoice {
    fn path(self) -> PropertyPath {
        let name = match self {
            Self::Uri => "uri_san_peer_certificate",
            Self::Dns => "dns_san_peer_certificate",
        };
        PropertyPath(["connection", name].map(str::to_owned).to_vec())
    }
}

/// The place of a path among those that are asked for; each once.
fn property(path: PropertyPath, properties: &mut Vec<PropertyPath>) -> Property {
    let place = properties.iter().position(|known| *known == path);
    Property(place.unwrap_or_else(|| {
        properties.push(path);
        properties.len().saturating_sub(1)
    }))
}

impl Drafts {
    /// The names of the classes, in their order.
    pub(super) fn names(&self) -> Vec<&str> {
        self.drafts.iter().map(|draft| draft.class.name.as_ref()).collect()
    }

    /// Gives each class that differs a policy of its own, made from that of all.
    pub(super) fn finish(self, base: &Policy, found: &mut Found) -> Clients {
        let Self { clients, drafts } = self;
        let classes = drafts.into_iter().map(|draft| {
            let Draft { class, mode, overrides, path, limits } = draft;
            let mut own = base.clone();
            if let Some(mode) = mode {
                own.enforcement.mode = mode.read();
            }
            overrides.apply(&path, &mut own, found);
            if let Some(shown) = limits {
                own.responses.disclosure = if shown { Disclosure::Limits } else { Disclosure::Reason };
            }
            let policy = (own != *base).then(|| Box::new(own));
            Class { policy, ..class }
        });
        let classes = classes.collect();
        Clients { classes, ..clients }
    }
}

#[cfg(test)]
mod tests;
