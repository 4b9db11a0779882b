//! What the upstream answers to a handshake, held against what was offered.

use super::offer::{Deflate, Taken, bound, taken};
use super::{Carries, Opening, Purpose, Terms};
use crate::effect::Effect;
use crate::headers::Headers;
use portcullis_policy::{Mode, Policy, Refusal, Subprotocol};
use portcullis_report::Reason;

/// What came of asking the upstream.
pub(crate) enum Answered {
    /// The socket is open.
    Opened {
        /// By what it is read.
        terms: Terms,
        /// What the client is told beside what the upstream says.
        told: Option<Effect>,
    },
    /// There is no socket.
    Failed,
    /// The upstream chose what was not offered.
    Unfit(Refusal),
}

/// What the headers of a response say to an attempt.
pub(crate) fn answered(headers: Option<Headers<'_>>, opening: &Opening, policy: &Policy) -> Answered {
    // What cannot be read cannot be held against anything.
    let unfit = || Answered::Unfit(Refusal::because(Reason::SocketChoice));
    let Some(headers) = headers else { return unfit() };
    if headers.only(":status") != Some(b"101") {
        return Answered::Failed;
    }
    let mut chosen = headers.all("sec-websocket-protocol").map(<[u8]>::trim_ascii);
    let name = chosen.next();
    let is_offered = chosen.next().is_none() && name.is_none_or(|name| opening.offer.has(name));
    let carries = match (opening.purpose, name.and_then(Subprotocol::named)) {
        (Purpose::Graphql, Some(subprotocol)) => Some(Carries::Graphql(subprotocol)),
        (Purpose::Graphql, None) => None,
        (Purpose::Anything, _) => Some(Carries::Anything),
    };
    let extensions = taken(headers, opening.offer.deflate);
    let is_fit = is_offered && carries.is_some() && extensions != Taken::Otherwise;
    if !is_fit && policy.mode(Reason::SocketChoice) == Mode::Enforce {
        return unfit();
    }
    let (deflate, told) = match extensions {
        Taken::No | Taken::Otherwise => (Deflate::Withheld, None),
        Taken::Deflate { client_told: true } => (Deflate::Offered, None),
        Taken::Deflate { client_told: false } => (Deflate::Offered, Some(bound())),
    };
    let is_readable = extensions != Taken::Otherwise;
    let carries = carries.filter(|_| is_readable).unwrap_or(Carries::Anything);
    Answered::Opened { terms: Terms { carries, deflate }, told }
}
