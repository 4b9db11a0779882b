//! The handshake of a WebSocket: who may open one, and what of the request reaches the upstream.
//!
//! Everything that can be refused is refused before the upstream hears of it, with a status of its own; what the upstream
//! then chooses is held against what was offered. Knows no frames.

mod answered;
mod form;
mod offer;

pub(crate) use answered::{Answered, answered};
pub use offer::Deflate;

use crate::admission::{asks, is_upgrade, stripped, too_long};
use crate::case::Case;
use crate::effect::Effect;
use crate::headers::Headers;
use crate::input::{More, Peer};
use crate::number::count;
use crate::route::{Routed, routed, target};
use crate::socket::idle_bytes;
use crate::throttle::{attempt, open_socket};
use crate::world::World;
use offer::Offer;
use portcullis_policy::{Asked, Cookies, Mode, Policy, ProfileId, Refusal, Subprotocol, Switch, Told};
use portcullis_report::{Reason, Transport, header};

/// What the headers of a request are to the sockets of the policy.
pub(crate) enum Knock {
    /// No attempt to open a socket where the policy takes some.
    None,
    /// An attempt that is refused.
    Refuse(Box<Case>, Refusal),
    /// An attempt that the upstream is asked about.
    Ask(Box<Opening>, Vec<Effect>),
}

/// An attempt that the upstream was asked about.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) case: Case,
    /// What was offered.
    pub(crate) offer: Offer,
    /// Whether the socket is to carry GraphQL.
    pub(crate) purpose: Purpose,
    /// Why it would have been refused, had the policy not said that this only counts; the first of it.
    pub(crate) shadowed: Option<Refusal>,
}

/// What the sockets of a route are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// GraphQL, by one of the subprotocols of the policy.
    Graphql,
    /// Anything.
    Anything,
}

/// What an open socket carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carries {
    /// GraphQL by this subprotocol.
    Graphql(Subprotocol),
    /// Messages that are nobody's business.
    Anything,
}

/// By what an open socket is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What it carries.
    pub carries: Carries,
    /// Whether its messages may be compressed, each on its own.
    pub deflate: Deflate,
}

/// Sorts a request by whether it is an attempt to open a socket, and holds it against the policy.
pub(crate) fn knock(headers: Headers<'_>, peer: Peer<'_>, more: More, world: &mut World<'_>) -> Knock {
    if !is_upgrade(headers) {
        return Knock::None;
    }
    let asked = headers.only(":path").and_then(|raw| Some((raw, purpose(raw, world.policy)?)));
    let Some((raw, (purpose, profile))) = asked else { return Knock::None };
    let mut case = Case::new(headers, peer, world);
    case.transport = Transport::Websocket;
    case.ask(world);
    let known = match (purpose, case.choose(profile, peer, world)) {
        (Purpose::Graphql, Told::Unknown) => Err(Refusal::because(Reason::UnknownProfile)),
        (Purpose::Graphql, Told::Nothing | Told::Profile(_)) | (Purpose::Anything, _) => Ok(()),
    };
    // One server takes the first for its client, another the last: whose throttles would hold?
    let unclear = world.policy.clients.headers().any(|name| headers.is_unclear(name));
    let clear = if unclear { Err(Refusal::because(Reason::Ambiguous)) } else { Ok(()) };
    let world = &mut world.of(case.under());
    let mut hurdles = Hurdles { policy: world.policy, shadowed: None };
    let identified = hurdles.weigh(known, &mut case).and_then(|()| hurdles.weigh(clear, &mut case));
    match identified.and_then(|()| hurdles.clear(headers, peer, more, raw, purpose, &mut case, world)) {
        Err(refusal) => Knock::Refuse(Box::new(case), refusal),
        Ok(offer) => {
            let mut list = stripped(headers);
            list.push(Effect::SetRequestHeader(header::CORRELATION_ID, case.correlation.as_str().to_owned()));
            list.extend(
                form::key(headers, peer, world.entropy).map(|key| Effect::SetRequestHeader(form::KEY, key)),
            );
            list.extend(offer.extensions_header(headers));
            let shadowed = hurdles.shadowed;
            Knock::Ask(Box::new(Opening { case, offer, purpose, shadowed }), list)
        }
    }
}

/// What sockets at a path are for, and the profile that its route names, where the policy takes some.
fn purpose(raw: &[u8], policy: &Policy) -> Option<(Purpose, Option<ProfileId>)> {
    let target = target(raw);
    match routed(&target, &policy.routes) {
        // The id of a document ends the path: nothing that a socket is opened at.
        Some(Routed { id: Some(_), .. }) => None,
        Some(Routed { profile, id: None }) => {
            (policy.websocket.graphql == Switch::On).then_some((Purpose::Graphql, profile))
        }
        None => {
            let mut routes = policy.websocket.routes.iter();
            routes.any(|route| target.is_at(route.as_str())).then_some((Purpose::Anything, None))
        }
    }
}

/// Whether the worker may keep one more socket.
pub(crate) fn room(purpose: Purpose, deflate: Deflate, world: &World<'_>) -> Result<(), Refusal> {
    let limit = world.policy.websocket.limits.socket_bytes;
    match world.held.has_socket_room(idle_bytes(purpose, deflate), limit) {
        true => Ok(()),
        false => Err(Refusal { limit: Some(count(limit)), ..Refusal::because(Reason::SocketMemory) }),
    }
}

/// What an attempt is held against, one after the other.
struct Hurdles<'p> {
    policy: &'p Policy,
    shadowed: Option<Refusal>,
}

impl Hurdles<'_> {
    /// What it offers, once nothing is against it.
    #[expect(clippy::too_many_arguments, reason = "all that there is to know of a request")]
    fn clear(
        &mut self,
        headers: Headers<'_>,
        peer: Peer<'_>,
        more: More,
        raw: &[u8],
        purpose: Purpose,
        case: &mut Case,
        world: &mut World<'_>,
    ) -> Result<Offer, Refusal> {
        let length =
            if raw.len() > self.policy.limits.url_bytes { Err(too_long(raw, self.policy)) } else { Ok(()) };
        self.weigh(case.ruled(), case)?;
        self.weigh(length, case)?;
        self.weigh(self.silent(raw, purpose), case)?;
        self.weigh(form::check(headers, peer, more).map_err(Refusal::because), case)?;
        self.weigh(self.origin(headers), case)?;
        let deflate = Deflate::by(self.policy.websocket.compression);
        let offer = Offer::read(headers, deflate);
        let is_fit = match purpose {
            Purpose::Graphql => offer.is_among(&self.policy.websocket.subprotocols),
            Purpose::Anything => offer.is_well_formed(),
        };
        let fit = if is_fit { Ok(()) } else { Err(Refusal::because(Reason::SocketSubprotocol)) };
        self.weigh(fit, case)?;
        self.weigh(room(purpose, offer.deflate, world), case)?;
        let attempted = attempt(case, world);
        self.weigh(attempted, case)?;
        let opened = open_socket(case, world);
        self.weigh(opened, case)?;
        Ok(offer)
    }

    /// Whoever opens a socket has asked nothing yet: an upstream that takes no sockets there would answer the request.
    fn silent(&self, raw: &[u8], purpose: Purpose) -> Result<(), Refusal> {
        match purpose {
            Purpose::Graphql if asks(target(raw).query, self.policy) => {
                Err(Refusal::because(Reason::Ambiguous))
            }
            Purpose::Graphql | Purpose::Anything => Ok(()),
        }
    }

    fn origin(&self, headers: Headers<'_>) -> Result<(), Refusal> {
        let cookies = if headers.all("cookie").next().is_some() { Cookies::Sent } else { Cookies::None };
        let authority = headers.only(":authority").or_else(|| headers.only("host"));
        let asked = Asked { origin: headers.all("origin").next(), authority, cookies };
        self.policy.websocket.origins.judge(asked).map_err(Refusal::because)
    }

    /// Goes on in spite of a refusal where the policy says that it only counts.
    fn weigh(&mut self, found: Result<(), Refusal>, case: &mut Case) -> Result<(), Refusal> {
        let Err(refusal) = found else { return Ok(()) };
        match self.policy.mode(refusal.reason) {
            Mode::Enforce => Err(refusal),
            Mode::Shadow => {
                case.throttled.only_count();
                self.shadowed = self.shadowed.or(Some(refusal));
                Ok(())
            }
        }
    }
}
