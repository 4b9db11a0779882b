//! Where requests are judged, and by which of several policies: routes, and the profiles that differ from the policy of all.

use super::clients::{ClassId, Property};
use super::{Policy, Switch};
use std::sync::Arc;

/// A path in normal form, such as `/graphql`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoutePath(pub(crate) String);

impl RoutePath {
    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A path at which requests are judged, or are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The path.
    pub path: RoutePath,
    /// How far it reaches.
    pub reach: Reach,
    /// The profile by which requests are judged.
    pub profile: Option<ProfileId>,
    /// Whether they are judged.
    pub judged: Switch,
}

/// How far a route reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Its path alone.
    Exact,
    /// Its path and everything beneath.
    Prefix,
}

/// A profile by its place in the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProfileId(pub(crate) u8);

/// Policies that differ from that of all, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profiles {
    pub(crate) named: Vec<(Arc<str>, Policy)>,
    /// What the host is asked for, to know which one the Envoy route names.
    pub(crate) told: Option<Property>,
}

/// Which profile an Envoy route names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// None.
    Nothing,
    /// One of the policy's.
    Profile(ProfileId),
    /// One that the policy does not have.
    Unknown,
}

/// By which policy a request is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Under {
    /// The profile; nothing means the policy of all.
    pub profile: Option<ProfileId>,
    /// The client's class.
    pub class: ClassId,
}

impl From<ClassId> for Under {
    fn from(class: ClassId) -> Self {
        Self { profile: None, class }
    }
}

impl Profiles {
    /// The names, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.named.iter().map(|(name, _)| name.as_ref())
    }

    /// The profile of that name.
    pub fn id(&self, name: &str) -> Option<ProfileId> {
        let place = self.names().position(|known| known == name)?;
        u8::try_from(place).ok().map(ProfileId)
    }

    /// The name of a profile.
    pub fn name(&self, ProfileId(place): ProfileId) -> Option<&str> {
        self.named.get(usize::from(place)).map(|(name, _)| name.as_ref())
    }

    /// The profile that the Envoy route names, by what the host said to each of [`super::Clients::properties`].
    pub fn told(&self, properties: &[Option<Vec<u8>>]) -> Told {
        let said = self.told.and_then(|Property(place)| properties.get(place)?.as_deref());
        match said {
            None => Told::Nothing,
            Some(name) => std::str::from_utf8(name)
                .ok()
                .and_then(|name| self.id(name))
                .map_or(Told::Unknown, Told::Profile),
        }
    }
}

impl Policy {
    /// The policy for the requests of a class under a profile.
    pub fn under(&self, under: impl Into<Under>) -> &Policy {
        let Under { profile, class } = under.into();
        let own = profile.and_then(|ProfileId(place)| self.profiles.named.get(usize::from(place)));
        own.map_or(self, |(_, policy)| policy).of(class)
    }
}
