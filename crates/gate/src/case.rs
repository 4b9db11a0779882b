//! What is known of a request before its body.

use crate::clients::{Who, identity};
use crate::correlation::CorrelationId;
use crate::headers::Headers;
use crate::input::Peer;
use crate::throttle::Throttled;
use crate::world::World;
use portcullis_framing::{Accepts, Streams, accepts};
use portcullis_policy::decisions::{Effect as Decided, Ruling, Share};
use portcullis_policy::{Client, CorrelationTrust, Evidence, ProfileId, Refusal, Sight, Switch, Told, Under};
use portcullis_report::{DecisionMetric, Metric, Reason, Transport, header};
use std::net::IpAddr;
use std::sync::Arc;

/// What is known of a request before its body.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) correlation: CorrelationId,
    pub(crate) address: Option<IpAddr>,
    pub(crate) client: Client,
    /// What is decided about the client.
    pub(crate) ruling: Option<Ruling>,
    /// The profile by which it is judged.
    pub(crate) profile: Option<ProfileId>,
    /// The name of the client's class.
    pub(crate) class: Arc<str>,
    /// What the client is told.
    pub(crate) sight: Sight,
    /// What the throttles said.
    pub(crate) throttled: Throttled,
    /// Why the candidate would refuse it by its headers alone.
    pub(crate) candidate: Option<Refusal>,
    pub(crate) transport: Transport,
    /// In which form of stream it takes results that come one after the other.
    pub(crate) streams: Streams,
    pub(crate) accepts: Accepts,
    pub(crate) body_bytes: u64,
}

impl Case {
    pub(crate) fn new(headers: Headers<'_>, peer: Peer<'_>, world: &World<'_>) -> Self {
        let incoming = match world.policy.correlation {
            CorrelationTrust::Incoming => headers.only(header::CORRELATION_ID).and_then(CorrelationId::parse),
            CorrelationTrust::Nobody => None,
        };
        let address = peer.address.and_then(address);
        let header = |name: &str| headers.only(name);
        let clients = &world.policy.clients;
        let client = clients.identify(&Evidence { header: &header, properties: peer.properties, address });
        let class = clients.class(client.class);
        Self {
            correlation: incoming.unwrap_or_else(|| CorrelationId::new(world.now, world.entropy)),
            address,
            client,
            ruling: None,
            profile: None,
            class: class.map(|class| Arc::clone(&class.name)).unwrap_or_default(),
            sight: class.map_or(Sight { throttles: Switch::Off, cost: Switch::Off }, |class| class.sight),
            throttled: Throttled::default(),
            candidate: None,
            transport: Transport::OtherHttp,
            streams: Streams::None,
            accepts: headers.only("accept").map_or(Accepts::Json, accepts),
            body_bytes: 0,
        }
    }
}

impl Case {
    /// Whose request it is.
    pub(crate) fn who(&self) -> Who {
        Who {
            correlation: self.correlation.clone(),
            address: self.address,
            key: self.client.key,
            identity: identity(&self.client),
            class: Arc::clone(&self.class),
        }
    }

    /// Looks up what is decided about the client.
    pub(crate) fn ask(&mut self, world: &World<'_>) {
        self.ruling = world.decisions.find(self.address, self.client.key, world.now);
    }

    /// Whether a decision refuses it, whatever it is.
    pub(crate) fn ruled(&self) -> Result<(), Refusal> {
        match self.ruling.map(|ruling| ruling.effect) {
            Some(Decided::Block) => Err(Refusal::because(Reason::Blocked)),
            Some(Decided::Throttle(_) | Decided::Allow) | None => Ok(()),
        }
    }

    /// How much the client keeps of its throttles.
    pub(crate) fn share(&self) -> Share {
        match self.ruling.map(|ruling| ruling.effect) {
            Some(Decided::Throttle(share)) => share,
            Some(Decided::Block | Decided::Allow) | None => Share::ALL,
        }
    }

    /// What is counted of a decision that touches it.
    pub(crate) fn touched(&self) -> Option<Metric> {
        let Ruling { effect, origin } = self.ruling?;
        match effect {
            Decided::Block => Some(Metric::Decision(DecisionMetric::Blocked(origin))),
            Decided::Throttle(_) => Some(Metric::Decision(DecisionMetric::Throttled(origin))),
            Decided::Allow => None,
        }
    }

    /// The same request, for another mention of it; its throttles have said all.
    pub(crate) fn again(&self) -> Self {
        Self {
            correlation: self.correlation.clone(),
            client: self.client,
            class: Arc::clone(&self.class),
            throttled: Throttled::default(),
            ..*self
        }
    }

    /// Takes the profile by which it is judged: the Envoy route is where the request goes, a path is only what it looks like.
    pub(crate) fn choose(&mut self, by_path: Option<ProfileId>, peer: Peer<'_>, world: &World<'_>) -> Told {
        let told = world.policy.profiles.told(peer.properties);
        self.profile = match told {
            Told::Nothing => by_path,
            Told::Profile(profile) => Some(profile),
            Told::Unknown => None,
        };
        told
    }

    /// By which policy it is judged.
    pub(crate) fn under(&self) -> Under {
        Under { profile: self.profile, class: self.client.class }
    }
}

#[cfg(test)]
impl Case {
    /// A request of nobody in particular.
    pub(crate) fn unknown(policy: &portcullis_policy::Policy) -> Self {
        let world = World {
            now: crate::time::Timestamp::default(),
            policy,
            decisions: &portcullis_policy::decisions::DecisionSet::default(),
            entropy: [0; 10],
            desk: &mut crate::judge::Desk::default(),
            held: &mut crate::held::Held::default(),
            places: &portcullis_policy::throttles::Places::default(),
            live: &mut portcullis_policy::throttles::Live::default(),
            buckets: &mut portcullis_policy::throttles::Shelf::default(),
        };
        Self::new(Headers::new(&[]), Peer::default(), &world)
    }
}

/// `ip:port` without the port; brackets around an IPv6 address go too.
fn address(client: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(client).ok()?;
    let (host, _port) = text.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.parse().ok()
}
