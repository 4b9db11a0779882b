//! `clients`: where a client's identity comes from, and the classes that pick what it may do.

mod conditions;
mod identity;
mod overrides;

use super::enforcement::ModeChoice;
use super::{Found, switch};
use crate::policy::{Class, Clients, Disclosure, Policy, Property, PropertyPath, Sight};
use conditions::ConditionSection;
use identity::{IdentitySection, SEGMENT_BYTES, property};
use overrides::OverridesSection;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Names that a policy may have in its lists, and classes.
const CLASSES: usize = 16;
const SOURCES: usize = 8;
const PROPERTIES: usize = 16;
/// Bytes of a class's or a throttle's name.
const NAME_BYTES: usize = 32;

/// The class of those whom nothing puts into another.
pub(super) const ANONYMOUS: &str = "anonymous";
/// What stands in reports for whatever found no row of its own.
const OTHER: &str = "other";

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

/// What is different for the clients of a class.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct Changed {
    /// Whether what its requests may not be is refused or only counted; as for all unless it says otherwise.
    mode: Option<ModeChoice>,
    /// What is different for it.
    limits: OverridesSection,
}

impl Changed {
    /// The policy for a class, made from that of all.
    fn of(&self, base: &Policy, path: &str, found: &mut Found) -> Policy {
        let mut own = base.clone();
        if let Some(mode) = self.mode {
            own.enforcement.mode = mode.read();
        }
        self.limits.apply(path, &mut own, found);
        own
    }
}

/// What is different for classes, by their names.
pub(super) type Said = BTreeMap<String, Changed>;

/// A class before the policy of all is known.
struct Draft {
    class: Class,
    changed: Changed,
    path: String,
    sees_limits: Option<bool>,
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
        let AnonymousSection { mode, limits, sees } = anonymous;
        let changed = Changed { mode, limits };
        let sees_limits = if has_classes { Some(sees.limits.unwrap_or(false)) } else { sees.limits };
        let class = Class {
            name: ANONYMOUS.into(),
            sight: Sight { throttles: switch(sees.throttles.unwrap_or(false)), cost: switch(sees.cost) },
            conditions: Vec::new(),
            policy: None,
        };
        drafts.push(Draft { class, changed, path: "clients.anonymous".to_owned(), sees_limits });
        self.at_most("clients", properties.len(), PROPERTIES);
        let clients = Clients { sources, ipv6_prefix, salt: key_salt, classes: Vec::new(), properties };
        Drafts { clients, drafts }
    }

    fn class(&mut self, path: &str, section: ClassSection, properties: &mut Vec<PropertyPath>) -> Draft {
        let ClassSection { name, when, mode, limits, sees } = section;
        self.name(&format!("{path}.name"), &name);
        if name == ANONYMOUS {
            self.say(
                format!("{path}.name"),
                "`anonymous` is the class of everyone else: see `clients.anonymous`",
            );
        }
        if name == OTHER {
            self.say(
                format!("{path}.name"),
                "`other` stands in reports for every class that found no row: take another name",
            );
        }
        let class = Class {
            name: name.into(),
            sight: Sight { throttles: switch(sees.throttles.unwrap_or(true)), cost: switch(sees.cost) },
            conditions: self.conditions(&format!("{path}.when"), when, properties),
            policy: None,
        };
        Draft { class, changed: Changed { mode, limits }, path: path.to_owned(), sees_limits: sees.limits }
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
}

impl Drafts {
    /// The names of the classes, in their order.
    pub(super) fn names(&self) -> Vec<&str> {
        self.drafts.iter().map(|draft| draft.class.name.as_ref()).collect()
    }

    /// Asks the host for something about each request.
    pub(super) fn ask_for(&mut self, path: PropertyPath) -> Property {
        property(path, &mut self.clients.properties)
    }

    /// Says what is wrong with what is said of classes.
    pub(super) fn check(&self, said: &Said, base: &Policy, found: &mut Found) {
        let names = self.names();
        for (name, changed) in said {
            if !names.contains(&name.as_str()) {
                let problem = format!("no class is called `{}`", name.escape_debug());
                found.say(format!("classes.{name}"), problem);
            }
            changed.of(base, &format!("classes.{name}"), found);
        }
    }

    /// Gives each class that differs a policy of its own, made from that of all: with what the first that speaks of it says,
    /// else with what the class has. `candidate` is that of all, and who speaks of classes in it.
    pub(super) fn classes(
        &self,
        base: &Policy,
        said: &[&Said],
        candidate: Option<(&Arc<Policy>, &[&Said])>,
        found: &mut Found,
    ) -> Clients {
        let classes = self.drafts.iter().map(|draft| {
            let mut own = draft.under(base, said, found);
            if let Some(shown) = draft.sees_limits {
                own.responses.disclosure = if shown { Disclosure::Limits } else { Disclosure::Reason };
            }
            own.candidate = candidate.map(|(base, said)| {
                // What is wrong with it is told where it is written.
                let own = draft.under(base, said, &mut Found::default());
                if own == **base { Arc::clone(base) } else { Arc::new(own) }
            });
            let policy = (own != *base).then(|| Box::new(own));
            Class { policy, ..draft.class.clone() }
        });
        let classes = classes.collect();
        Clients { classes, ..self.clients.clone() }
    }
}

impl Draft {
    fn under(&self, base: &Policy, said: &[&Said], found: &mut Found) -> Policy {
        match said.iter().find_map(|said| said.get(&*self.class.name)) {
            Some(changed) => changed.of(base, "", &mut Found::default()),
            None => self.changed.of(base, &self.path, found),
        }
    }
}

#[cfg(test)]
mod tests;
