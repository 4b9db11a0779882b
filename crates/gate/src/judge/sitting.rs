//! The requests of one exchange before one policy, or before two: each alone, and then all of them together.

use super::document::{Sent, Tools, judge_text, judge_text_by_both};
use super::source::{Source, source};
use super::{Compared, Desk, Documents, Form, Judged, Judgement, Memory, Method, Pending};
use portcullis_framing::{Request, Sha256Hash};
use portcullis_policy::{Charge, Policy, Refusal, Shadow, Verdict, judge_charge};
use portcullis_report::{Persisted, Reason};

/// The requests of one exchange before one policy.
struct Sitting<'p> {
    policy: &'p Policy,
    form: Form,
    operations: Vec<Judged>,
    /// What its hashes ask of the memory once all is let through.
    pending: Vec<Pending>,
    /// The first whose hash the gate does not know, which another may be worse than.
    unknown: Option<(Refusal, Judged)>,
    refused: Option<(Refusal, Judged)>,
    charge: Charge,
}

/// What came of one request.
struct One {
    verdict: Verdict,
    judged: Judged,
    /// The hash under which the document is to be remembered once all of its exchange is allowed.
    register: Option<Sha256Hash>,
    /// The hash by which the document was remembered.
    recalled: Option<Sha256Hash>,
}

/// One request while it is held against one policy.
pub(super) struct Weighing<'s> {
    pub(super) policy: &'s Policy,
    pub(super) shadow: Shadow,
    source: Result<Source<'s>, Refusal>,
}

/// Judges all requests of an exchange, and for the candidate beside them.
pub(super) fn judge_all(
    live: &Policy,
    candidate: Option<&Policy>,
    requests: &[Request<'_>],
    (form, method): (Form, Method),
    desk: &mut Desk,
) -> Judgement {
    let documents = desk.documents(live);
    let mut sitting = Sitting::new(live, form, requests.len());
    let mut beside = candidate.map(|candidate| Sitting::new(candidate, form, requests.len()));
    for (index, request) in requests.iter().enumerate() {
        let second = beside.as_mut().filter(|second| second.refused.is_none());
        let one = match (sitting.refused.is_some(), second) {
            (false, None) => judge_one(live, request, (method, documents), desk),
            (false, Some(second)) => {
                let [one, other] = judge_one_by_both(live, second.policy, request, method, desk);
                second.take(other);
                one
            }
            (true, Some(second)) => {
                second.take(judge_one(second.policy, request, (method, documents), desk));
                continue;
            }
            (true, None) => break,
        };
        sitting.remember(index, &one, request);
        sitting.take(one);
    }
    let mut judgement = sitting.close();
    judgement.compared = beside.map(|beside| Compared::between(&judgement, &beside.close()));
    judgement
}

/// Judges all requests of an exchange by a candidate alone, for which nothing is remembered.
pub(super) fn judge_aside(
    candidate: &Policy,
    requests: &[Request<'_>],
    (form, method): (Form, Method),
    desk: &mut Desk,
) -> Judgement {
    let mut sitting = Sitting::new(candidate, form, requests.len());
    for request in requests {
        if sitting.refused.is_none() {
            sitting.take(judge_one(candidate, request, (method, Documents::Kept), desk));
        }
    }
    sitting.close()
}

impl<'p> Sitting<'p> {
    fn new(policy: &'p Policy, form: Form, length: usize) -> Self {
        Self {
            policy,
            form,
            operations: Vec::with_capacity(length),
            pending: Vec::new(),
            unknown: None,
            refused: None,
            charge: Charge::default(),
        }
    }

    /// Notes what an allowed request's hash asks of the memory.
    fn remember(&mut self, index: usize, one: &One, request: &Request<'_>) {
        match (one.verdict, one.recalled, one.register, request.query.as_deref()) {
            (Verdict::Allow, Some(hash), _, _) => self.pending.push(Pending::Touch(hash)),
            (Verdict::Allow, None, Some(hash), Some(text)) => {
                self.pending.push(Pending::Keep { hash, text: text.into(), operation: index });
            }
            (Verdict::Allow | Verdict::Deny(_), ..) => (),
        }
    }

    fn take(&mut self, one: One) {
        let One { verdict, judged, register: _, recalled: _ } = one;
        match verdict {
            Verdict::Allow => (),
            Verdict::Deny(refusal) if refusal.reason.status() == 200 => {
                self.unknown.get_or_insert_with(|| (refusal, judged.clone()));
            }
            Verdict::Deny(refusal) => {
                self.refused = Some((refusal, judged));
                return;
            }
        }
        if let (Form::Batch(_), Some(estimate)) = (self.form, &judged.estimate) {
            self.charge.add(estimate);
        }
        self.operations.push(judged);
    }

    /// The verdict on all: refused with the first that is refused, or when they cost too much together.
    fn close(self) -> Judgement {
        let Self { policy, form, operations, pending, charge, .. } = self;
        if let Some((refusal, judged)) = self.refused.or(self.unknown) {
            return Judgement { form, ..Judgement::of(Verdict::Deny(refusal), judged) };
        }
        let cost = match form {
            Form::Single => operations.first().and_then(Judged::cost),
            Form::Batch(_) => Some(charge.field),
        };
        let judgement = Judgement {
            verdict: Verdict::Allow,
            cost,
            form,
            operations,
            pending,
            forgotten: 0,
            compared: None,
        };
        match form {
            // It was charged when it was judged.
            Form::Single => judgement,
            Form::Batch(_) => {
                let mut shadow = Shadow::default();
                match (judge_charge(policy, &charge, &mut shadow), shadow.0) {
                    (Verdict::Deny(refusal), _) => judgement.refused_as_whole(refusal),
                    (Verdict::Allow, Some(refusal)) => judgement.noted(refusal),
                    (Verdict::Allow, None) => judgement,
                }
            }
        }
    }
}

fn judge_one(
    policy: &Policy,
    request: &Request<'_>,
    (method, documents): (Method, Documents),
    desk: &mut Desk,
) -> One {
    let Desk { tape, scratch, costing, memory, .. } = desk;
    let mut weighing = Weighing::open(policy, request, memory);
    let said = weighing.judge(request, method, &mut Tools { tape, scratch, costing, documents });
    weighing.close(said)
}

fn judge_one_by_both(
    live: &Policy,
    candidate: &Policy,
    request: &Request<'_>,
    method: Method,
    desk: &mut Desk,
) -> [One; 2] {
    let Desk { tape, scratch, costing, memory, .. } = desk;
    let tools = &mut Tools { tape, scratch, costing, documents: Documents::Kept };
    let mut one = Weighing::open(live, request, memory);
    let mut other = Weighing::open(candidate, request, memory);
    let [said, beside] = match (one.source, other.source) {
        (Ok(first), Ok(second)) if std::ptr::eq(first.text, second.text) => {
            let sent = Sent { request, text: first.text, method };
            judge_text_by_both(&mut one, &mut other, sent, tools)
        }
        (_, _) => [one.judge(request, method, tools), other.judge(request, method, tools)],
    };
    [one.close(said), other.close(beside)]
}

impl<'s> Weighing<'s> {
    fn open(policy: &'s Policy, request: &'s Request<'_>, memory: &'s Memory) -> Self {
        let mut shadow = Shadow::default();
        let source = extensions(policy, request, &mut shadow)
            .and_then(|()| source(policy, request, memory, &mut shadow));
        Self { policy, shadow, source }
    }

    fn judge(&mut self, request: &Request<'_>, method: Method, tools: &mut Tools<'_>) -> (Verdict, Judged) {
        match self.source {
            Ok(source) => judge_text(self, Sent { request, text: source.text, method }, tools),
            Err(refusal) => {
                let persisted = (refusal.reason == Reason::PersistedQuery).then_some(Persisted::Miss);
                (Verdict::Deny(refusal), Judged { persisted, ..Judged::unparsed() })
            }
        }
    }

    fn close(mut self, (verdict, judged): (Verdict, Judged)) -> One {
        // What ends the judging is weighed here, for nothing comes after it.
        let (weighed, found) = match verdict {
            Verdict::Allow => (Verdict::Allow, self.source.ok()),
            Verdict::Deny(refusal) => (self.shadow.weigh(self.policy, refusal), None),
        };
        let judged = Judged { shadowed: self.shadow.0, ..judged };
        let judged = match self.source {
            Ok(Source { standing, persisted, .. }) => Judged { standing, persisted, ..judged },
            Err(_) => judged,
        };
        let recalled = self.source.ok().and_then(|source| source.recalled);
        One { verdict: weighed, judged, register: found.and_then(|source| source.register), recalled }
    }
}

fn extensions(policy: &Policy, request: &Request<'_>, shadow: &mut Shadow) -> Result<(), Refusal> {
    let Some(sent) = &request.extensions else { return Ok(()) };
    if policy.denied_extensions.iter().all(|name| sent.get(name).is_none()) {
        return Ok(());
    }
    match shadow.weigh(policy, Refusal::because(Reason::Extension)) {
        Verdict::Allow => Ok(()),
        Verdict::Deny(refusal) => Err(refusal),
    }
}
