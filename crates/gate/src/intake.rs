//! How the operations of a request come, what is still to be read of it, and the judgement once it is complete.

use crate::input::More;
use crate::judge::{Judgement, Method, envelope, envelope_refusal, judge_as_read};
use crate::number::count;
use crate::upload::{Progress, Upload};
use crate::world::World;
use portcullis_framing::{
    Coding, Envelope, IdKeys, InflateError, Inflation, Nesting, Parameters, Request, inflate,
};
use portcullis_policy::{Policy, Refusal};
use portcullis_report::Reason;
use std::borrow::Cow;

/// Bytes that a compressed body may become for each of its own; most JSON stays below 20.
const INFLATION_RATIO: usize = 100;

/// What the request target says beside its path.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The query string.
    pub(crate) query: Vec<u8>,
    /// The document id at the end of the path.
    pub(crate) id: Option<String>,
}

/// How the operations of a request come, with what is held of its body.
#[derive(Debug)]
pub(crate) enum Intake {
    /// In the URL.
    Get(Place),
    /// As JSON.
    Json(Place, Option<Coding>, Vec<u8>),
    /// As a bare document.
    Graphql(Place, Option<Coding>, Vec<u8>),
    /// As an upload.
    Upload(Box<Upload>),
}

impl Intake {
    /// Bytes of the body that it holds.
    pub(crate) fn held(&self) -> usize {
        match self {
            Self::Get(_) => 0,
            Self::Json(_, _, body) | Self::Graphql(_, _, body) => body.len(),
            Self::Upload(upload) => upload.held(),
        }
    }

    /// Takes more of the body.
    pub(crate) fn take(&mut self, bytes: &[u8], world: &World<'_>) -> Result<(), Refusal> {
        let limits = &world.policy.limits;
        let room = || {
            let refusal =
                || Refusal { limit: Some(count(limits.held_bytes)), ..Refusal::because(Reason::Overloaded) };
            world.held.has_room(bytes.len(), limits.held_bytes).then_some(()).ok_or_else(refusal)
        };
        match self {
            // Servers differ in what they make of a body there.
            Self::Get(_) if bytes.is_empty() => Ok(()),
            Self::Get(_) => Err(Refusal::because(Reason::Ambiguous)),
            Self::Json(_, _, body) | Self::Graphql(_, _, body) => {
                let length = body.len().saturating_add(bytes.len());
                if length > limits.body_bytes {
                    let (limit, actual) = (count(limits.body_bytes), count(length));
                    return Err(Refusal::beyond(Reason::BodySize, limit, actual));
                }
                room()?;
                body.extend_from_slice(bytes);
                Ok(())
            }
            Self::Upload(upload) => {
                room()?;
                upload.take(bytes)
            }
        }
    }

    /// Judges what was read, once the request is complete.
    pub(crate) fn judge(self, world: &mut World<'_>) -> Judgement {
        let judged = match self {
            Self::Get(place) => Ok(judge_get(&place, world)),
            Self::Json(place, coding, body) => judge_json(&place, coding, &body, world),
            Self::Graphql(place, coding, body) => judge_graphql(&place, coding, &body, world),
            Self::Upload(mut upload) => match upload.progress(More::Ended, world) {
                Progress::Judged(judgement) => Ok(judgement),
                Progress::Refused(refusal) => Err(refusal),
                Progress::Unclear => Err(Refusal::because(Reason::Multipart)),
            },
        };
        judged.unwrap_or_else(|refusal| Judgement::unparsed(refusal, world.policy))
    }
}

fn judge_get(place: &Place, world: &mut World<'_>) -> Judgement {
    let live = world.policy;
    let parameters = |policy: &Policy| {
        Parameters::read_by(&place.query, IdKeys::Named(&policy.id_keys)).map_err(envelope_refusal)
    };
    let candidate = live.candidate.as_deref().filter(|candidate| candidate.id_keys != live.id_keys);
    let (found, beside) = (parameters(live), candidate.map(parameters));
    let read = |policy: &Policy| {
        let found = beside.as_ref().filter(|_| !std::ptr::eq(policy, live)).unwrap_or(&found);
        let parameters = found.as_ref().map_err(|refusal| *refusal)?;
        let request = parameters.request(Nesting(policy.limits.json_nesting)).map_err(envelope_refusal)?;
        Ok(Envelope::Single(with_id(request, place)?))
    };
    judge_as_read(live, (Method::Get, (0, Reason::BodySize)), read(live), read, world.desk)
}

fn judge_json(
    place: &Place,
    coding: Option<Coding>,
    body: &[u8],
    world: &mut World<'_>,
) -> Result<Judgement, Refusal> {
    let body = inflated(coding, body, world.policy)?;
    let read = |policy: &Policy| match (envelope(&body, policy)?, &place.id) {
        (envelope, None) => Ok(envelope),
        (Envelope::Single(request), Some(_)) => Ok(Envelope::Single(with_id(request, place)?)),
        (Envelope::Batch(_), Some(_)) => Err(Refusal::because(Reason::Ambiguous)),
    };
    let (policy, size) = (world.policy, size(coding, &body));
    Ok(judge_as_read(policy, (Method::Post, size), read(policy), read, world.desk))
}

fn judge_graphql(
    place: &Place,
    coding: Option<Coding>,
    body: &[u8],
    world: &mut World<'_>,
) -> Result<Judgement, Refusal> {
    let body = inflated(coding, body, world.policy)?;
    let text = std::str::from_utf8(&body).map_err(|_| Refusal::because(Reason::Envelope))?;
    let read = |_: &Policy| {
        let request = Request { query: Some(Cow::Borrowed(text)), ..Request::default() };
        Ok(Envelope::Single(with_id(request, place)?))
    };
    let (policy, size) = (world.policy, size(coding, text.as_bytes()));
    Ok(judge_as_read(policy, (Method::Post, size), read(policy), read, world.desk))
}

/// The size of a body as it is read, and the reason for which it would be too large.
fn size(coding: Option<Coding>, body: &[u8]) -> (usize, Reason) {
    (body.len(), coding.map_or(Reason::BodySize, |_| Reason::Inflation))
}

/// The request with the id of its path; an id there and a document, or another id, in the request are two documents.
fn with_id<'r>(request: Request<'r>, place: &'r Place) -> Result<Request<'r>, Refusal> {
    match &place.id {
        None => Ok(request),
        Some(id) if request.query.is_none() && request.document_id.is_none() => {
            Ok(Request { document_id: Some(Cow::Borrowed(id)), ..request })
        }
        Some(_) => Err(Refusal::because(Reason::Ambiguous)),
    }
}

fn inflated<'b>(coding: Option<Coding>, body: &'b [u8], policy: &Policy) -> Result<Cow<'b, [u8]>, Refusal> {
    let Some(coding) = coding else { return Ok(Cow::Borrowed(body)) };
    let limit = Inflation { bytes: policy.limits.body_bytes, ratio: INFLATION_RATIO };
    inflate(coding, body, limit).map(Cow::Owned).map_err(|error| match error {
        InflateError::TooLarge { .. }
        | InflateError::TooDense { .. }
        | InflateError::WindowTooLarge { .. } => {
            Refusal { limit: Some(count(limit.bytes)), ..Refusal::because(Reason::Inflation) }
        }
        InflateError::Malformed => Refusal::because(Reason::EncodedBody),
    })
}
