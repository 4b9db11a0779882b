//! From a body to a verdict: envelope, document, measures, cost, policy, in this order.
//!
//! `portcullis explain` calls the same functions, so that its answers are the gate's.

mod document;
mod memory;
mod refusals;
mod source;

pub use document::variables;
pub(crate) use refusals::envelope_refusal;
pub use source::Standing;

use document::{Tools, judge_text};
use memory::Memory;
use portcullis_cost::{Cost, Estimate, Plan};
use portcullis_framing::{
    BatchLength, Envelope, EnvelopeError, IdKeys, Nesting, Request, Sha256Hash, read_by,
};
use portcullis_graphql::{Measures, Scratch, ShapeHash, Tape};
use portcullis_policy::{
    Charge, Mode, PersistedQueries, Policy, Refusal, Shadow, Switch, Verdict, judge_charge,
};
use portcullis_report::{OperationKind, Persisted, Reason, Transport};
use source::source;

/// What stands for the operation when nothing was parsed; no operation can have this name.
const UNPARSED: &str = "-";

/// Memory that outlives one judgement: what is used again for each, and the documents of known hashes.
#[derive(Debug, Default)]
pub struct Desk {
    tape: Tape,
    scratch: Scratch,
    costing: portcullis_cost::Scratch,
    memory: Memory,
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
    /// Documents forgotten to make room for those that came with their hash.
    pub forgotten: u64,
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
    /// Hash of the normalised document, when it was refused or throttles know operations.
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
        Self::of(Verdict::Allow, Judged::unparsed()).refused(refusal, policy)
    }

    fn of(verdict: Verdict, judged: Judged) -> Self {
        Self { verdict, cost: judged.cost(), form: Form::Single, operations: vec![judged], forgotten: 0 }
    }

    /// Whether its response may be a stream.
    pub(crate) fn may_stream(&self, transport: Transport) -> bool {
        matches!(transport, Transport::EventStream | Transport::MultipartStream)
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
    pub(crate) fn spared(self, refusal: Refusal) -> Self {
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
    match envelope(body, policy) {
        Ok(envelope) => judge_envelope(policy, &envelope, desk),
        Err(refusal) => Judgement::unparsed(refusal, policy),
    }
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

/// Judges what a `POST` holds, a batch as a whole.
pub fn judge_envelope(policy: &Policy, envelope: &Envelope<'_>, desk: &mut Desk) -> Judgement {
    match (envelope, policy.transports.batch) {
        (Envelope::Single(request), _) => judge(policy, request, Method::Post, desk),
        (Envelope::Batch(requests), Switch::On) => batch(policy, requests, desk),
        (Envelope::Batch(_), Switch::Off) => Judgement::unparsed(Refusal::because(Reason::Batching), policy),
    }
}

/// Judges one request.
pub fn judge(policy: &Policy, request: &Request<'_>, method: Method, desk: &mut Desk) -> Judgement {
    let (verdict, judged, register) = judge_one(policy, request, method, desk);
    let mut judgement = Judgement::of(verdict, judged);
    if let (Verdict::Allow, Some(hash)) = (verdict, register) {
        judgement.remember(policy, hash, Some(request), 0, desk);
    }
    judgement
}

/// Judges every request of a batch: refused with the first that is refused, or when they cost too much together.
fn batch(policy: &Policy, requests: &[Request<'_>], desk: &mut Desk) -> Judgement {
    let form = Form::Batch(requests.len());
    let mut operations = Vec::with_capacity(requests.len());
    let mut fresh = Vec::new();
    let mut unknown = None;
    let mut charge = Charge::default();
    for (index, request) in requests.iter().enumerate() {
        let (verdict, judged, register) = judge_one(policy, request, Method::Post, desk);
        match verdict {
            Verdict::Allow => fresh.extend(register.map(|hash| (index, hash))),
            // Another one may be worse than unknown.
            Verdict::Deny(refusal) if refusal.reason.status() == 200 => {
                unknown.get_or_insert((refusal, judged.clone()));
            }
            Verdict::Deny(_) => return Judgement { form, ..Judgement::of(verdict, judged) },
        }
        judged.estimate.iter().for_each(|estimate| charge.add(estimate));
        operations.push(judged);
    }
    if let Some((refusal, judged)) = unknown {
        return Judgement { form, ..Judgement::of(Verdict::Deny(refusal), judged) };
    }
    let sum = charge.field;
    let judgement = Judgement { verdict: Verdict::Allow, cost: Some(sum), form, operations, forgotten: 0 };
    let mut shadow = Shadow::default();
    match judge_charge(policy, &charge, &mut shadow) {
        Verdict::Allow => {
            let mut judgement = match shadow.0 {
                Some(refusal) => judgement.noted(refusal),
                None => judgement,
            };
            for (index, hash) in fresh {
                judgement.remember(policy, hash, requests.get(index), index, desk);
            }
            judgement
        }
        Verdict::Deny(refusal) => judgement.spared(refusal),
    }
}

impl Judgement {
    /// Keeps the document of an allowed request, the operation at `index`, for the hash that came with it.
    fn remember(
        &mut self,
        policy: &Policy,
        hash: Sha256Hash,
        request: Option<&Request<'_>>,
        index: usize,
        desk: &mut Desk,
    ) {
        let text = request.and_then(|request| request.query.as_deref());
        let (PersistedQueries::Remember { bytes }, Some(text)) = (policy.persisted, text) else { return };
        if let Some(forgotten) = desk.memory.keep(hash, text, bytes) {
            self.forgotten = self.forgotten.saturating_add(forgotten);
            if let Some(judged) = self.operations.get_mut(index) {
                judged.persisted = Some(Persisted::Registered);
            }
        }
    }
}

/// Verdict and findings, and the hash under which the document is to be remembered once all of its request is allowed.
type One = (Verdict, Judged, Option<Sha256Hash>);

fn judge_one(policy: &Policy, request: &Request<'_>, method: Method, desk: &mut Desk) -> One {
    let mut shadow = Shadow::default();
    let (verdict, judged, register) = held_against(policy, request, method, desk, &mut shadow);
    // What ends the judging is weighed here, for nothing comes after it.
    let (weighed, register) = match verdict {
        Verdict::Allow => (Verdict::Allow, register),
        Verdict::Deny(refusal) => (shadow.weigh(policy, refusal), None),
    };
    (weighed, Judged { shadowed: shadow.0, ..judged }, register)
}

fn held_against(
    policy: &Policy,
    request: &Request<'_>,
    method: Method,
    desk: &mut Desk,
    shadow: &mut Shadow,
) -> One {
    let denied = |refusal| (Verdict::Deny(refusal), Judged::unparsed(), None);
    if let Some(extensions) = &request.extensions
        && policy.denied_extensions.iter().any(|name| extensions.get(name).is_some())
    {
        match shadow.weigh(policy, Refusal::because(Reason::Extension)) {
            Verdict::Allow => (),
            Verdict::Deny(refusal) => return denied(refusal),
        }
    }
    let Desk { tape, scratch, costing, memory } = desk;
    match source(policy, request, memory, shadow) {
        Ok(source) => {
            let tools = Tools { tape, scratch, costing };
            let (verdict, judged) = judge_text(policy, request, source.text, method, tools, shadow);
            let (standing, persisted) = (source.standing, source.persisted);
            (verdict, Judged { standing, persisted, ..judged }, source.register)
        }
        Err(refusal) => {
            let persisted = (refusal.reason == Reason::PersistedQuery).then_some(Persisted::Miss);
            let (verdict, judged, register) = denied(refusal);
            (verdict, Judged { persisted, ..judged }, register)
        }
    }
}

#[cfg(test)]
mod tests;
