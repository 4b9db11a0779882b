//! One HTTP exchange: from the request's headers to the verdict, and the response's headers after it.
//!
//! Headers and body are held until the request has ended, by its last body callback or by its trailers. A refusal is
//! answered at that point too, the body being discarded until then within bounds: an HTTP/2 client that is answered
//! while it still sends gets a reset and may never show the answer.

use crate::answer::answer;
use crate::correlation::CorrelationId;
use crate::effect::{Effect, Effects, Flow};
use crate::event::Event;
use crate::headers::Headers;
use crate::judge::{Desk, Judgement, count, judge_body};
use crate::route::target;
use crate::time::Timestamp;
use portcullis_framing::{Accepts, ContentType, QueryString, accepts, content_type, query_string};
use portcullis_policy::{CorrelationTrust, Policy, Refusal, RoutePath, Verdict};
use portcullis_report::{Metric, Outcome, Reason, Transport, header};

/// Bytes of a refused request that are read and thrown away before it is answered anyway.
const DRAIN_BYTES: usize = 8 * 1024 * 1024;

/// What the host tells of one exchange, in its order.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// The request's headers.
    RequestHeaders {
        /// All of them; nothing when the host did not give them.
        headers: Option<Headers<'a>>,
        /// The client's address as the host tells it, `ip:port`.
        client: Option<&'a [u8]>,
        /// Whether a body or trailers follow.
        more: More,
    },
    /// More of the request's body.
    RequestBody {
        /// What is new.
        chunk: Chunk<'a>,
        /// Whether more follows.
        more: More,
    },
    /// The request's trailers: the body has ended.
    RequestTrailers,
    /// The response's headers, whoever answers.
    ResponseHeaders,
    /// The stream is over, whatever became of it.
    StreamEnded,
}

/// Whether more of a request follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum More {
    /// More follows.
    Follows,
    /// This was the last of it.
    Ended,
}

/// A piece of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunk<'a> {
    /// The bytes.
    Bytes(&'a [u8]),
    /// The host did not give them.
    Unreadable,
}

/// What one input is judged by.
#[derive(Debug)]
pub struct World<'w> {
    /// The wall clock.
    pub now: Timestamp,
    /// What the operator allows.
    pub policy: &'w Policy,
    /// Fresh randomness; used for a new correlation id.
    pub entropy: [u8; 10],
    /// Memory for judging.
    pub desk: &'w mut Desk,
    /// What the worker holds for all its exchanges.
    pub held: &'w mut Held,
}

/// Bytes of the bodies that a worker holds until their requests are complete.
#[derive(Debug, Default)]
pub struct Held {
    bytes: usize,
}

impl Held {
    fn has_room(&self, bytes: usize, limit: usize) -> bool {
        self.bytes.saturating_add(bytes) <= limit
    }

    /// One exchange holds `after` bytes where it held `before`.
    fn change(&mut self, before: usize, after: usize) {
        self.bytes = self.bytes.saturating_sub(before).saturating_add(after);
    }
}

/// One HTTP exchange.
#[derive(Debug, Default)]
pub struct Exchange {
    phase: Phase,
}

#[derive(Debug, Default)]
enum Phase {
    /// Nothing came yet.
    #[default]
    Fresh,
    /// Not under the policy.
    Untouched,
    /// The body is being read.
    Reading(Case, Vec<u8>),
    /// Refused; the rest of the body is being thrown away.
    Draining(Case, Refusal, usize),
    /// Judged; the response is awaited.
    Judged(CorrelationId),
}

/// What is known of a request before its body.
#[derive(Debug)]
struct Case {
    correlation: CorrelationId,
    client: Option<String>,
    transport: Transport,
    accepts: Accepts,
    body_bytes: u64,
}

/// What an exchange still wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// More of the request.
    Request,
    /// Nothing more of the request.
    None,
}

impl Exchange {
    /// What it still wants to see; the host need not fetch the rest.
    pub fn interest(&self) -> Interest {
        match self.phase {
            Phase::Fresh | Phase::Reading(..) | Phase::Draining(..) => Interest::Request,
            Phase::Untouched | Phase::Judged(_) => Interest::None,
        }
    }

    /// Takes one input; what it leads to is to be done before the next.
    pub fn on(&mut self, input: Input<'_>, world: &mut World<'_>) -> Effects {
        let phase = std::mem::take(&mut self.phase);
        let held = phase.held();
        let (phase, effects) = match input {
            Input::RequestHeaders { headers, client, more } => on_headers(headers, client, more, world),
            Input::RequestBody { chunk, more } => phase.on_body(chunk, more, world),
            Input::RequestTrailers => phase.on_body(Chunk::Bytes(&[]), More::Ended, world),
            Input::ResponseHeaders => phase.on_response_headers(),
            Input::StreamEnded => phase.on_end(),
        };
        world.held.change(held, phase.held());
        self.phase = phase;
        effects
    }
}

fn on_headers(
    headers: Option<Headers<'_>>,
    client: Option<&[u8]>,
    more: More,
    world: &World<'_>,
) -> (Phase, Effects) {
    let Some(headers) = headers else {
        // Nobody can tell that it is not the route.
        let case = case(Headers::new(&[]), client, b"", world);
        return refuse(case, Refusal::because(Reason::Unreadable), world);
    };
    // Without a path it is a `CONNECT`.
    let Some(raw) = headers.only(":path") else { return (Phase::Untouched, Effects::default()) };
    let method = headers.only(":method").unwrap_or_default();
    let target = target(raw);
    let is_routed = |route: &RoutePath| target.is_at(route.as_str());
    if !world.policy.routes.iter().any(is_routed) {
        return (Phase::Untouched, Effects::default());
    }
    let list = stripped(headers);
    if method == b"OPTIONS" && more == More::Ended && query_string(target.query) == QueryString::Unrelated {
        // A preflight: it has neither a body nor parameters to run.
        return (Phase::Untouched, Effects { flow: Flow::Continue, list });
    }
    let case = case(headers, client, method, world);
    let refusal = refuse_by_headers(headers, method, target.query, world.policy);
    match (refusal, more) {
        (None, More::Follows) => (Phase::Reading(case, Vec::new()), Effects { flow: Flow::Hold, list }),
        (None, More::Ended) => refuse(case, Refusal::because(Reason::Json), world),
        (Some(refusal), More::Follows) if !is_upgrade(headers) => {
            (Phase::Draining(case, refusal, 0), Effects { flow: Flow::Hold, list: Vec::new() })
        }
        (Some(refusal), More::Follows | More::Ended) => refuse(case, refusal, world),
    }
}

/// Headers in which only the gate may speak, in every spelling that an upstream may take for them.
fn stripped(headers: Headers<'_>) -> Vec<Effect> {
    let forged = headers.names_like(header::GRAPHQL_PREFIX);
    let ids = headers.names_like(header::CORRELATION_ID).filter(|name| name.contains('_'));
    forged.chain(ids).map(|name| Effect::RemoveRequestHeader(name.to_owned())).collect()
}

fn case(headers: Headers<'_>, client: Option<&[u8]>, method: &[u8], world: &World<'_>) -> Case {
    let incoming = match world.policy.correlation {
        CorrelationTrust::Incoming => headers.only(header::CORRELATION_ID).and_then(CorrelationId::parse),
        CorrelationTrust::Nobody => None,
    };
    Case {
        correlation: incoming.unwrap_or_else(|| CorrelationId::new(world.now, world.entropy)),
        client: client.and_then(address),
        transport: if method == b"POST" { Transport::Post } else { Transport::OtherHttp },
        accepts: headers.only("accept").map_or(Accepts::Json, accepts),
        body_bytes: 0,
    }
}

/// `ip:port` without the port; brackets around an IPv6 address go too.
fn address(client: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(client).ok()?;
    let (host, _port) = text.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.parse::<std::net::IpAddr>().ok().map(|address| address.to_string())
}

/// What the headers alone rule out; the first thing found speaks.
fn refuse_by_headers(headers: Headers<'_>, method: &[u8], query: &[u8], policy: &Policy) -> Option<Refusal> {
    if method != b"POST" || is_upgrade(headers) {
        return Some(Refusal::because(Reason::Method));
    }
    if query_string(query) == QueryString::Graphql {
        return Some(Refusal::because(Reason::Ambiguous));
    }
    match headers.only("content-type").map(content_type) {
        Some(ContentType::Json) => (),
        Some(ContentType::Multipart(_) | ContentType::Graphql | ContentType::Other) | None => {
            return Some(Refusal::because(Reason::ContentType));
        }
    }
    if headers.all("content-encoding").any(|value| !value.eq_ignore_ascii_case(b"identity")) {
        return Some(Refusal::because(Reason::ContentEncoding));
    }
    let length =
        headers.only("content-length").and_then(|value| std::str::from_utf8(value).ok()?.parse::<u64>().ok());
    let limit = count(policy.limits.body_bytes);
    length.filter(|length| *length > limit).map(|length| Refusal::beyond(Reason::BodySize, limit, length))
}

/// A stream without an end of its own: neither is it a request to judge, nor can its end be awaited.
fn is_upgrade(headers: Headers<'_>) -> bool {
    headers.all("upgrade").next().is_some()
}

impl Phase {
    fn on_body(self, chunk: Chunk<'_>, more: More, world: &mut World<'_>) -> (Self, Effects) {
        match self {
            Self::Reading(case, body) => read_on(case, body, chunk, more, world),
            Self::Draining(case, refusal, drained) => {
                let length = match chunk {
                    Chunk::Bytes(bytes) => bytes.len(),
                    Chunk::Unreadable => 0,
                };
                drain_on(case, refusal, drained.saturating_add(length), more, world)
            }
            Self::Fresh | Self::Untouched | Self::Judged(_) => (self, Effects::default()),
        }
    }

    /// Bytes of the body that it holds.
    fn held(&self) -> usize {
        match self {
            Self::Reading(_, body) => body.len(),
            Self::Fresh | Self::Untouched | Self::Draining(..) | Self::Judged(_) => 0,
        }
    }

    fn on_end(self) -> (Self, Effects) {
        let list = match self {
            Self::Reading(..) | Self::Draining(..) => vec![Effect::Count(Metric::Unjudged, 1)],
            Self::Fresh | Self::Untouched | Self::Judged(_) => Vec::new(),
        };
        (Self::Untouched, Effects { flow: Flow::Continue, list })
    }

    fn on_response_headers(self) -> (Self, Effects) {
        let list = match &self {
            Self::Judged(id) => {
                vec![Effect::SetResponseHeader(header::CORRELATION_ID, id.as_str().to_owned())]
            }
            Self::Fresh | Self::Untouched | Self::Reading(..) | Self::Draining(..) => Vec::new(),
        };
        (self, Effects { flow: Flow::Continue, list })
    }
}

fn read_on(
    mut case: Case,
    mut body: Vec<u8>,
    chunk: Chunk<'_>,
    more: More,
    world: &mut World<'_>,
) -> (Phase, Effects) {
    let Chunk::Bytes(bytes) = chunk else {
        return refuse(case, Refusal::because(Reason::Unreadable), world);
    };
    let length = body.len().saturating_add(bytes.len());
    case.body_bytes = count(length);
    let limit = world.policy.limits.body_bytes;
    if length > limit {
        let refusal = Refusal::beyond(Reason::BodySize, count(limit), count(length));
        return drain_on(case, refusal, bytes.len(), more, world);
    }
    if !world.held.has_room(bytes.len(), world.policy.limits.held_bytes) {
        let limit = count(world.policy.limits.held_bytes);
        let refusal = Refusal { limit: Some(limit), ..Refusal::because(Reason::Overloaded) };
        return drain_on(case, refusal, bytes.len(), more, world);
    }
    body.extend_from_slice(bytes);
    match more {
        More::Follows => (Phase::Reading(case, body), Effects { flow: Flow::Hold, list: Vec::new() }),
        More::Ended => {
            let judgement = judge_body(world.policy, &body, world.desk);
            conclude(case, judgement, world)
        }
    }
}

fn drain_on(
    mut case: Case,
    refusal: Refusal,
    drained: usize,
    more: More,
    world: &World<'_>,
) -> (Phase, Effects) {
    case.body_bytes = case.body_bytes.max(count(drained));
    match more {
        More::Follows if drained <= DRAIN_BYTES => {
            let effects = Effects { flow: Flow::Hold, list: vec![Effect::DiscardBody] };
            (Phase::Draining(case, refusal, drained), effects)
        }
        More::Follows | More::Ended => refuse(case, refusal, world),
    }
}

fn refuse(case: Case, refusal: Refusal, world: &World<'_>) -> (Phase, Effects) {
    conclude(case, Judgement::unparsed(refusal), world)
}

/// Carries out a verdict: lets the request go on with its headers, or answers it; counts and reports it either way.
fn conclude(case: Case, judgement: Judgement, world: &World<'_>) -> (Phase, Effects) {
    let correlation = case.correlation.clone();
    let mut list = counts(&judgement);
    list.extend(properties(&correlation, &judgement));
    let flow = match judgement.verdict {
        Verdict::Allow => {
            let cost = judgement.cost.unwrap_or_default().units();
            list.push(Effect::SetRequestHeader(header::CORRELATION_ID, correlation.as_str().to_owned()));
            list.push(Effect::SetRequestHeader(header::GRAPHQL_OPERATION, judgement.operation.clone()));
            list.push(Effect::SetRequestHeader(header::GRAPHQL_COST, cost.to_string()));
            Flow::Continue
        }
        Verdict::Deny(refusal) => {
            list.push(Effect::Reply(answer(
                &refusal,
                case.accepts,
                &correlation,
                world.policy.responses.disclosure,
            )));
            Flow::Hold
        }
    };
    list.push(Effect::Time(Metric::ValidationTime));
    list.push(Effect::Emit(Box::new(event(case, judgement, world.now))));
    (Phase::Judged(correlation), Effects { flow, list })
}

fn counts(judgement: &Judgement) -> Vec<Effect> {
    let mut list = Vec::with_capacity(16);
    let outcome = match judgement.verdict {
        Verdict::Allow => Outcome::Allowed,
        Verdict::Deny(refusal) => {
            list.push(Effect::Count(Metric::Refusals(refusal.reason), 1));
            Outcome::Refused
        }
    };
    list.push(Effect::Count(Metric::Requests(judgement.kind, outcome), 1));
    if let Some(measures) = &judgement.measures {
        list.push(Effect::Count(Metric::Depth, u64::from(measures.depth)));
        list.push(Effect::Count(Metric::Fields, u64::from(measures.fields)));
        list.push(Effect::Count(Metric::Aliases, u64::from(measures.aliases)));
        list.push(Effect::Count(Metric::Tokens, u64::from(measures.tokens)));
    }
    list.extend(judgement.cost.map(|cost| Effect::Count(Metric::Cost, cost.units())));
    list
}

fn properties(correlation: &CorrelationId, judgement: &Judgement) -> Vec<Effect> {
    let verdict = match judgement.verdict {
        Verdict::Allow => "allowed",
        Verdict::Deny(refusal) => refusal.reason.label(),
    };
    let mut list = vec![
        Effect::Property("portcullis_correlation_id", correlation.as_str().to_owned()),
        Effect::Property("portcullis_operation", judgement.operation.clone()),
        Effect::Property("portcullis_verdict", verdict.to_owned()),
    ];
    list.extend(judgement.cost.map(|cost| Effect::Property("portcullis_cost", cost.units().to_string())));
    list
}

fn event(case: Case, judgement: Judgement, now: Timestamp) -> Event {
    Event {
        at: now,
        correlation: case.correlation,
        client: case.client,
        transport: case.transport,
        kind: judgement.kind,
        operation: judgement.operation,
        refusal: match judgement.verdict {
            Verdict::Allow => None,
            Verdict::Deny(refusal) => Some(refusal),
        },
        measures: judgement.measures,
        cost: judgement.cost,
        shape: judgement.shape,
        document: judgement.document,
        body_bytes: case.body_bytes,
    }
}
