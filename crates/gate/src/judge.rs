//! From a body to a verdict: envelope, document, measures, cost, policy, in this order.
//!
//! `portcullis explain` calls the same functions, so that its answers are the gate's.

mod candidate;
mod document;
mod memory;
mod refusals;
mod sitting;
mod source;

use candidate::reads_alike;
pub use candidate::{Change, Compared};
pub use document::variables;
pub(crate) use refusals::envelope_refusal;
pub use source::Standing;

use crate::number::count;
use memory::{Memory, Pending};
use portcullis_cost::{Cost, Estimate, Plan};
use portcullis_framing::{BatchLength, Envelope, EnvelopeError, IdKeys, Nesting, Request, Streams, read_by};
use portcullis_graphql::{Measures, Scratch, ShapeHash, Tape};
use portcullis_policy::{Mode, Policy, Refusal, Switch, Verdict};
use portcullis_report::{OperationKind, Persisted, Reason};
use sitting::{Weighing, judge_all, judge_aside};

/// What stands for the operation when nothing was parsed; no operation can have this name.
const UNPARSED: &str = "-";

/// Memory that outlives one judgement: what is used again for each, and the documents of known hashes.
#[derive(Debug, Default)]
pub struct Desk {
    tape: Tape,
    scratch: Scratch,
    costing: portcullis_cost::Scratch,
    memory: Memory,
    documents: Documents,
}

/// Whether somebody keeps what is told of refused documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Documents {
    /// They are described for the incidents that they become.
    #[default]
    Kept,
    /// There is room for no more incidents, or nobody to tell: they are counted, as are incidents that are dropped.
    Dropped,
}

impl Desk {
    /// From now on documents that are refused are described, or are not.
    pub fn describe(&mut self, documents: Documents) {
        self.documents = documents;
    }

    /// What holds for a policy: a candidate has something to tell of its own.
    fn documents(&self, policy: &Policy) -> Documents {
        if policy.candidate.is_some() { Documents::Kept } else { self.documents }
    }
}

/// By which method a request came; only `POST` may change anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`.
    Get,
    /// `POST`.
    Post,
}

/// What came of judging one HTTP request.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The verdict on all of it.
    pub verdict: Verdict,
    /// What its operations cost together, when all were costed.
    pub cost: Option<Cost>,
    /// Whether it is one request or several.
    pub form: Form,
    /// Each operation of an allowed request, or the one for which it was refused; at least one.
    pub operations: Vec<Judged>,
    /// What its hashes ask of the memory of documents, once it is let through.
    pending: Vec<Pending>,
    /// Documents forgotten to make room for those that came with their hash.
    pub forgotten: u64,
    /// What the candidate says of it, where the policy has one.
    pub compared: Option<Compared>,
}

/// Whether a body held one GraphQL request or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One.
    Single,
    /// A JSON array of that many.
    Batch(usize),
}

/// What came of judging one operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Type of the selected operation.
    pub kind: OperationKind,
    /// The operation's name where it is fit to be shown, else its shape hash; `-` when nothing was parsed.
    pub operation: String,
    /// What was measured, when it was parsed.
    pub measures: Option<Measures>,
    /// What the selected operation costs, when there is one.
    pub estimate: Option<Estimate>,
    /// The operation's own name, where throttles know operations.
    pub name: Option<String>,
    /// Hash of the normalised document, when it was refused, throttles know operations, or errors of responses are counted.
    pub shape: Option<ShapeHash>,
    /// The normalised document, when it was refused.
    pub document: Option<String>,
    /// Why it would have been refused, had the policy not said that this only counts; the first of it.
    pub shadowed: Option<Refusal>,
    /// Whether it passes although the operator's list does not have it.
    pub standing: Standing,
    /// What its hash met.
    pub persisted: Option<Persisted>,
    /// What each place of its response costs, where the policy counts that.
    pub plan: Option<Plan>,
}

impl Judgement {
    /// A verdict on a request of which nothing was parsed: it is refused, unless the policy says that this only counts.
    pub fn unparsed(refusal: Refusal, policy: &Policy) -> Self {
        Self::of(Verdict::Allow, Judged::unparsed()).refused(refusal, policy).unread(refusal, policy)
    }

    fn of(verdict: Verdict, judged: Judged) -> Self {
        Self {
            verdict,
            cost: judged.cost(),
            form: Form::Single,
            operations: vec![judged],
            pending: Vec::new(),
            forgotten: 0,
            compared: None,
        }
    }

    /// Whether its response may be a stream.
    pub(crate) fn may_stream(&self, wanted: Streams) -> bool {
        wanted != Streams::None
            || self.operations.iter().any(|judged| judged.kind == OperationKind::Subscription)
    }

    /// Why it would have been refused, had the policy not said that this only counts.
    pub fn shadowed(&self) -> Option<Refusal> {
        match self.verdict {
            Verdict::Allow => self.operations.iter().find_map(|judged| judged.shadowed),
            Verdict::Deny(_) => None,
        }
    }

    /// The same request, refused unless the policy says that this only counts.
    pub(crate) fn refused(self, refusal: Refusal, policy: &Policy) -> Self {
        match policy.mode(refusal.reason) {
            Mode::Enforce => Self { verdict: Verdict::Deny(refusal), ..self },
            Mode::Shadow => self.noted(refusal),
        }
    }

    /// The same request, of which it is noted that it would have been refused, unless something was noted before: its
    /// heaviest operation stands for it.
    pub(crate) fn noted(mut self, refusal: Refusal) -> Self {
        let is_first = self.shadowed().is_none();
        let heaviest = self.operations.iter_mut().max_by_key(|judged| judged.cost());
        if let Some(judged) = heaviest.filter(|_| is_first) {
            judged.shadowed = Some(refusal);
        }
        self
    }

    /// The same request, refused for what all of it costs: its heaviest operation stands for it.
    pub(crate) fn refused_as_whole(self, refusal: Refusal) -> Self {
        let heaviest = self.operations.into_iter().max_by_key(Judged::cost);
        let operations = vec![heaviest.unwrap_or_else(Judged::unparsed)];
        Self { verdict: Verdict::Deny(refusal), operations, ..self }
    }
}

impl Judged {
    /// What it is charged, when it was costed.
    pub fn cost(&self) -> Option<Cost> {
        self.estimate.as_ref().map(|estimate| estimate.field)
    }

    /// How often sensitive fields of the policy stand in it.
    pub(crate) fn sensitive(&self) -> u64 {
        let watched = self.estimate.iter().flat_map(|estimate| &estimate.watched);
        watched.fold(0, |sum, count| sum.saturating_add(u64::from(*count)))
    }

    fn unparsed() -> Self {
        Self {
            kind: OperationKind::Unknown,
            operation: UNPARSED.to_owned(),
            measures: None,
            estimate: None,
            name: None,
            shape: None,
            document: None,
            shadowed: None,
            standing: Standing::Trusted,
            persisted: None,
            plan: None,
        }
    }
}

/// Judges the body of a `POST`.
pub fn judge_body(policy: &Policy, body: &[u8], desk: &mut Desk) -> Judgement {
    let size = (body.len(), Reason::BodySize);
    let read = |policy: &Policy| envelope(body, policy);
    judge_as_read(policy, (Method::Post, size), read(policy), read, desk).remembered(policy, desk)
}

/// Reads a JSON body by the limits of the policy.
pub(crate) fn envelope<'b>(body: &'b [u8], policy: &Policy) -> Result<Envelope<'b>, Refusal> {
    let limits = &policy.limits;
    let (nesting, batch) = (Nesting(limits.json_nesting), BatchLength(limits.batch));
    read_by(body, nesting, batch, IdKeys::Named(&policy.id_keys)).map_err(|error| {
        match (error, policy.transports.batch) {
            // However long: there is no length that would be taken.
            (EnvelopeError::BatchTooLong { .. }, Switch::Off) => Refusal::because(Reason::Batching),
            (error, Switch::Off | Switch::On) => envelope_refusal(error),
        }
    })
}

/// Judges what was read of a body of that many bytes by the limits of a policy. The candidate reads for itself only what it
/// may read otherwise, and nothing that it holds too large, for which the reason comes with the size.
pub(crate) fn judge_as_read<'e>(
    policy: &Policy,
    (method, (bytes, too_large)): (Method, (usize, Reason)),
    envelope: Result<Envelope<'e>, Refusal>,
    read: impl Fn(&Policy) -> Result<Envelope<'e>, Refusal>,
    desk: &mut Desk,
) -> Judgement {
    let Some(candidate) = policy.candidate.as_deref() else {
        return match envelope {
            Ok(envelope) => judge_by(policy, None, &envelope, method, desk),
            Err(refusal) => Judgement::unparsed(refusal, policy),
        };
    };
    let limit = candidate.limits.body_bytes;
    let is_read = bytes <= limit;
    let judgement = match &envelope {
        Ok(envelope) if is_read && reads_alike(policy, candidate) => {
            return judge_by(policy, Some(candidate), envelope, method, desk);
        }
        Ok(envelope) => judge_by(policy, None, envelope, method, desk),
        Err(refusal) => Judgement::unparsed(*refusal, policy),
    };
    let beside = match is_read {
        true => judge_read_aside(candidate, read(candidate), method, desk),
        false => Judgement::unparsed(Refusal::beyond(too_large, count(limit), count(bytes)), candidate),
    };
    judgement.beside(&beside)
}

/// What a candidate says of what it has read for itself.
fn judge_read_aside(
    candidate: &Policy,
    read: Result<Envelope<'_>, Refusal>,
    method: Method,
    desk: &mut Desk,
) -> Judgement {
    let all = read.as_ref().map_err(|refusal| *refusal).and_then(|envelope| all_of(candidate, envelope));
    match all {
        Ok((requests, form)) => judge_aside(candidate, requests, (form, method), desk),
        Err(refusal) => Judgement::unparsed(refusal, candidate),
    }
}

/// Judges what a `POST` holds, a batch as a whole.
pub fn judge_envelope(policy: &Policy, envelope: &Envelope<'_>, desk: &mut Desk) -> Judgement {
    judge_by(policy, policy.candidate.as_deref(), envelope, Method::Post, desk).remembered(policy, desk)
}

/// Judges one request.
pub fn judge(policy: &Policy, request: &Request<'_>, method: Method, desk: &mut Desk) -> Judgement {
    judge_request(policy, request, method, desk).remembered(policy, desk)
}

/// Judges one request, of which nothing is remembered yet.
pub(crate) fn judge_request(
    policy: &Policy,
    request: &Request<'_>,
    method: Method,
    desk: &mut Desk,
) -> Judgement {
    let requests = std::slice::from_ref(request);
    judge_all(policy, policy.candidate.as_deref(), requests, (Form::Single, method), desk)
}

fn judge_by(
    policy: &Policy,
    candidate: Option<&Policy>,
    envelope: &Envelope<'_>,
    method: Method,
    desk: &mut Desk,
) -> Judgement {
    let beside = candidate.map(|candidate| (candidate, all_of(candidate, envelope)));
    match (all_of(policy, envelope), beside) {
        (Ok((requests, form)), None) => judge_all(policy, None, requests, (form, method), desk),
        (Ok((requests, form)), Some((candidate, Ok(_)))) => {
            judge_all(policy, Some(candidate), requests, (form, method), desk)
        }
        (Ok((requests, form)), Some((candidate, Err(refusal)))) => {
            let judgement = judge_all(policy, None, requests, (form, method), desk);
            judgement.beside(&Judgement::unparsed(refusal, candidate))
        }
        (Err(refusal), None) => Judgement::unparsed(refusal, policy),
        (Err(refusal), Some((candidate, Ok((requests, form))))) => Judgement::unparsed(refusal, policy)
            .beside(&judge_aside(candidate, requests, (form, method), desk)),
        (Err(refusal), Some((candidate, Err(other)))) => {
            Judgement::unparsed(refusal, policy).beside(&Judgement::unparsed(other, candidate))
        }
    }
}

/// The requests that a body holds, where the policy takes as many.
fn all_of<'e, 'b>(policy: &Policy, envelope: &'e Envelope<'b>) -> Result<(&'e [Request<'b>], Form), Refusal> {
    match envelope {
        Envelope::Single(request) => Ok((std::slice::from_ref(request), Form::Single)),
        Envelope::Batch(_) if policy.transports.batch == Switch::Off => {
            Err(Refusal::because(Reason::Batching))
        }
        Envelope::Batch(requests) if requests.len() > policy.limits.batch => {
            Err(Refusal::beyond(Reason::BatchLength, count(policy.limits.batch), count(requests.len())))
        }
        Envelope::Batch(requests) => Ok((requests, Form::Batch(requests.len()))),
    }
}

#[cfg(test)]
mod tests;
