//! Who clients are: where their identity comes from, and the classes that the operator sorts them into.

use super::{Policy, RequestHeader, Switch};
use ipnet::IpNet;
use portcullis_report::{ClassLabel, Labels};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How clients are told apart and sorted.
#[derive(Clone, Debug, PartialEq)]
pub struct Clients {
    /// Where an identity comes from; the first that a request has speaks, its address where none does.
    pub(crate) sources: Vec<Source>,
    /// How much of an IPv6 address is one client.
    pub(crate) ipv6_prefix: u8,
    /// Goes into every client key.
    pub(crate) salt: String,
    /// In order; the last is everyone else's.
    pub(crate) classes: Vec<Class>,
    /// What has to be asked of the host.
    pub(crate) properties: Vec<PropertyPath>,
}

/// A path of segments by which the host is asked for what it knows of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PropertyPath(pub(crate) Vec<String>);

/// The place of a property among those that are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Property(pub(crate) usize);

/// Where an identity comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A claim of a token that Envoy has checked.
    Jwt(Property),
    /// A header, taken as it comes.
    Header(RequestHeader),
    /// A name in the client's certificate.
    Certificate(Property),
}

/// Where the identity of one client came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// A claim of a token that Envoy has checked.
    Jwt,
    /// A header.
    Header,
    /// A name in the client's certificate.
    Certificate,
    /// The address, for want of anything better.
    Address,
}

/// Clients of which the policy speaks together.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    /// Its name, fit for a label.
    pub name: Arc<str>,
    /// What it is told.
    pub sight: Sight,
    /// What puts a client into it, any of these; the last class needs nothing.
    pub(crate) conditions: Vec<Condition>,
    /// The policy for its requests, where it is not that of all.
    pub(crate) policy: Option<Box<Policy>>,
}

/// What the clients of a class are told beyond a refusal's reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sight {
    /// How much is left for them, in headers.
    pub throttles: Switch,
    /// What their operation was estimated to cost, in `extensions.cost` of the gate's answers.
    pub cost: Switch,
}

/// What must hold of a request, all of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition(pub(crate) Vec<Trait>);

/// One thing that may hold of a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Trait {
    /// Its identity came from one of these.
    Source(Vec<SourceKind>),
    /// A claim is one of these texts.
    Claim(Property, Vec<String>),
    /// A header is one of these texts.
    Header(RequestHeader, Vec<String>),
    /// Its address is in one of these networks.
    Network(Vec<IpNet>),
    /// A name in the client's certificate begins so.
    Certificate(Property, String),
}

/// A class by its place in the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClassId(pub(crate) u8);

impl ClassId {
    /// Its place, from 0.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl From<ClassId> for ClassLabel {
    fn from(ClassId(place): ClassId) -> Self {
        Self(place)
    }
}

impl PropertyPath {
    /// Where an Envoy route names a profile: `metadata: {filter_metadata: {portcullis: {profile: strict}}}`.
    pub(crate) fn profile() -> Self {
        Self(
            ["xds", "route_metadata", "filter_metadata", "portcullis", "profile"].map(str::to_owned).to_vec(),
        )
    }

    /// The segments.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl Clients {
    /// Nobody is told apart from anybody.
    pub(crate) fn nobody() -> Self {
        Self {
            sources: Vec::new(),
            ipv6_prefix: 64,
            salt: String::new(),
            classes: Vec::new(),
            properties: Vec::new(),
        }
    }

    /// The properties that the host is to be asked for at a request's headers, in this order.
    pub fn properties(&self) -> &[PropertyPath] {
        &self.properties
    }

    /// Whether somebody before the gate has to check tokens: an identity or a class goes by a claim.
    pub fn needs_tokens(&self) -> bool {
        let by_claim = |condition: &Condition| {
            let is_claim = |has: &Trait| matches!(has, Trait::Claim(..));
            condition.0.iter().any(is_claim)
        };
        self.sources.iter().any(|source| matches!(source, Source::Jwt(_)))
            || self.classes.iter().any(|class| class.conditions.iter().any(by_claim))
    }

    /// The headers by which clients are told apart or sorted, as they come: who sends another is another.
    pub fn believed_headers(&self) -> BTreeSet<&str> {
        let sources = self.sources.iter().filter_map(|source| match source {
            Source::Header(header) => Some(header.as_str()),
            Source::Jwt(_) | Source::Certificate(_) => None,
        });
        let conditions = self.classes.iter().flat_map(|class| &class.conditions);
        let traits = conditions.flat_map(|condition| &condition.0).filter_map(|has| match has {
            Trait::Header(header, _) => Some(header.as_str()),
            Trait::Source(_) | Trait::Claim(..) | Trait::Network(_) | Trait::Certificate(..) => None,
        });
        sources.chain(traits).collect()
    }

    /// Whether the keys of clients have a salt, which is to be told to nobody.
    pub fn is_salted(&self) -> bool {
        !self.salt.is_empty()
    }

    /// The classes; the last is everyone else's.
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// A class.
    pub fn class(&self, id: ClassId) -> Option<&Class> {
        self.classes.get(id.index())
    }

    /// The class of that name.
    pub fn named(&self, name: &str) -> Option<ClassId> {
        let place = self.classes.iter().position(|class| *class.name == *name)?;
        u8::try_from(place).ok().map(ClassId)
    }

    /// The class of everyone whom nothing puts into another.
    pub fn everyone_else(&self) -> ClassId {
        ClassId(u8::try_from(self.classes.len().saturating_sub(1)).unwrap_or(u8::MAX))
    }
}

impl Policy {
    /// The names by which its classes and throttles are counted.
    pub fn labels(&self) -> Labels {
        let classes = self.clients.classes.iter().map(|class| class.name.as_ref().to_owned());
        let throttles = self.throttles.names().chain(self.websocket.names()).map(str::to_owned);
        let labels = Labels::new(classes.collect(), throttles.collect());
        if self.candidate.is_some() { labels.with_candidate() } else { labels }
    }

    /// The policy for the requests of a class.
    pub fn of(&self, class: ClassId) -> &Policy {
        self.clients.class(class).and_then(|class| class.policy.as_deref()).unwrap_or(self)
    }
}
