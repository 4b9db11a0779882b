//! One document and its variables: what is measured, what it costs, what the policy says of both.

use super::refusals::syntax_refusal;
use super::{Documents, Judged, Method, Weighing};
use portcullis_cost::{Estimate, Question, Supplied, Variables};
use portcullis_framing::{Json, Object, Request};
use portcullis_graphql::{
    AliasLimits, Document, MeasureError, Measures, Operation, Scratch, ShapeHash, Tape, comments_are_certain,
    introspection_depth, measure_against, normalise, parse_executable, shape,
};
use portcullis_policy::{
    Mode, Policy, Refusal, Switch, Verdict, judge_document, judge_estimate, judge_introspection,
};
use portcullis_redact::is_fit_label;
use portcullis_report::{Bounds, OperationKind, Reason};
use std::cell::{LazyCell, OnceCell};

/// Places of a response that are counted for the actual cost; an operation that asks for more is not counted.
const PLACES: usize = 4_000;

/// Memory that judging uses again each time.
pub(super) struct Tools<'d> {
    pub(super) tape: &'d mut Tape,
    pub(super) scratch: &'d mut Scratch,
    pub(super) costing: &'d mut portcullis_cost::Scratch,
    pub(super) documents: Documents,
}

/// A text that is to be judged, wherever it came from, and how it came.
#[derive(Clone, Copy)]
pub(super) struct Sent<'s> {
    pub(super) request: &'s Request<'s>,
    pub(super) text: &'s str,
    pub(super) method: Method,
}

/// How far a text can be read as a document.
#[derive(Clone)]
enum Read<'d> {
    /// It is none, or is too long for one.
    Unparsed(Refusal),
    /// It is one of which nothing can be measured.
    Unmeasured(Document<'d>, Reason),
    /// It is one.
    Whole(Whole<'d>),
}

/// A document, and all that is found of it before it is held against a policy.
#[derive(Clone)]
struct Whole<'d> {
    document: Document<'d>,
    selected: Option<Operation<'d>>,
    variables: &'d Variables<'d>,
    measures: Measures,
    /// How deep it asks about the schema.
    asked: u32,
    estimate: Option<Estimate>,
}

/// Judges the document of a request.
pub(super) fn judge_text(
    live: &mut Weighing<'_>,
    sent: Sent<'_>,
    tools: &mut Tools<'_>,
) -> (Verdict, Judged) {
    let variables = OnceCell::new();
    let Tools { tape, scratch, costing, documents } = tools;
    let mut read = read(live.policy, sent, &variables, (tape, scratch));
    read.cost(live.policy, costing);
    hold(live, read, sent.method, *documents)
}

/// Judges the document of a request by two policies; it is read, measured and costed once where that serves both.
pub(super) fn judge_text_by_both(
    live: &mut Weighing<'_>,
    candidate: &mut Weighing<'_>,
    sent: Sent<'_>,
    tools: &mut Tools<'_>,
) -> [(Verdict, Judged); 2] {
    let variables = OnceCell::new();
    let Tools { tape, scratch, costing, documents } = tools;
    let mut first = read(live.policy, sent, &variables, (tape, scratch));
    first.cost(live.policy, costing);
    let second = again(&first, live.policy, candidate.policy, (scratch, costing));
    let said = hold(live, first, sent.method, *documents);
    let other = match second {
        Some(read) => {
            let verdict = decide(candidate, &read, sent.method);
            let is_added = matches!((said.0, verdict), (Verdict::Allow, Verdict::Deny(_)));
            (verdict, in_brief(read, is_added))
        }
        None => judge_text(candidate, sent, tools),
    };
    [said, other]
}

fn read<'d>(
    policy: &Policy,
    sent: Sent<'d>,
    variables: &'d OnceCell<Variables<'d>>,
    (tape, scratch): (&'d mut Tape, &mut Scratch),
) -> Read<'d> {
    let Sent { request, text, .. } = sent;
    let document = match parse_executable(text, policy.limits.budget, tape) {
        Ok(document) => document,
        Err(error) => return Read::Unparsed(syntax_refusal(error, text)),
    };
    if !comments_are_certain(text) {
        return Read::Unmeasured(document, Reason::Ambiguous);
    }
    let measures = match measure_against(document, policy.alias_limits(), scratch) {
        Ok(measures) => measures,
        Err(MeasureError::Cycle { .. }) => return Read::Unmeasured(document, Reason::FragmentCycle),
        Err(MeasureError::DuplicateFragment { .. } | MeasureError::DuplicateOperation { .. }) => {
            return Read::Unmeasured(document, Reason::DuplicateDefinition);
        }
    };
    if document.declares_twice() {
        return Read::Unmeasured(document, Reason::DuplicateDefinition);
    }
    let selected = document.select(request.operation_name.as_deref()).ok();
    let supplied = || request.variables.as_ref().map(self::variables).unwrap_or_default();
    let variables: &Variables<'_> = variables.get_or_init(supplied);
    let asked = if measures.introspection { introspection_depth(document) } else { 0 };
    Read::Whole(Whole { document, selected, variables, measures, asked, estimate: None })
}

impl Read<'_> {
    fn cost(&mut self, policy: &Policy, costing: &mut portcullis_cost::Scratch) {
        match self {
            Self::Whole(whole) => whole.estimate = whole.cost(policy, costing),
            Self::Unmeasured(..) | Self::Unparsed(_) => (),
        }
    }
}

impl<'d> Whole<'d> {
    fn question<'p>(&self, policy: &'p Policy) -> Option<Question<'p, 'd>> {
        let Self { document, variables, .. } = *self;
        let (sizes, watched) = (policy.cost.sizes, policy.sensitive.watched());
        self.selected.map(|operation| Question { document, operation, variables, sizes, watched })
    }

    fn cost(&self, policy: &Policy, costing: &mut portcullis_cost::Scratch) -> Option<Estimate> {
        self.question(policy).map(|question| policy.cost.model().estimate(&question, costing))
    }

    /// The same measures for a candidate. Aliases of one field are counted again where what the policy in force asked for does not
    /// tell whether there are too many: that count has a budget, and what it says beyond it is no number.
    fn measures(&self, live: AliasLimits, candidate: AliasLimits, scratch: &mut Scratch) -> Option<Measures> {
        let found = self.measures;
        let most = found.aliases_per_field;
        let is_exact = live.per_field <= candidate.per_field && found.aliases <= live.all && most < u32::MAX;
        // Never less than there are; and where there are too many of all fields, that speaks first.
        let is_enough = most <= candidate.per_field || found.aliases > candidate.all;
        match live == candidate || is_exact || is_enough {
            true => Some(found),
            false => measure_against(self.document, candidate, scratch).ok(),
        }
    }
}

/// The same text as the candidate reads it, when it need not be parsed again for that.
fn again<'d>(
    first: &Read<'d>,
    live: &Policy,
    candidate: &Policy,
    (scratch, costing): (&mut Scratch, &mut portcullis_cost::Scratch),
) -> Option<Read<'d>> {
    let (had, wants) = (live.limits.budget, candidate.limits.budget);
    let is_as_far = wants.tokens >= had.tokens && wants.nesting >= had.nesting;
    match first {
        Read::Unparsed(_) => (had == wants).then(|| first.clone()),
        Read::Unmeasured(..) => is_as_far.then(|| first.clone()),
        Read::Whole(whole) => {
            let is_as_far =
                is_as_far || (wants.nesting >= had.nesting && whole.measures.tokens <= wants.tokens);
            let is_costed_alike = live.cost.sizes == candidate.cost.sizes
                && live.sensitive.watched() == candidate.sensitive.watched()
                && match (&live.cost.table, &candidate.cost.table) {
                    (Some(one), Some(other)) => one.is(other),
                    (None, None) => true,
                    (Some(_), None) | (None, Some(_)) => false,
                };
            if !is_as_far {
                return None;
            }
            let measures = whole.measures(live.alias_limits(), candidate.alias_limits(), scratch)?;
            let estimate = match is_costed_alike {
                true => whole.estimate.clone(),
                false => whole.cost(candidate, costing),
            };
            Some(Read::Whole(Whole { measures, estimate, ..*whole }))
        }
    }
}

/// Holds what was read against a policy, and tells all of it.
fn hold(
    weighing: &mut Weighing<'_>,
    read: Read<'_>,
    method: Method,
    documents: Documents,
) -> (Verdict, Judged) {
    let verdict = decide(weighing, &read, method);
    let (policy, shadow) = (weighing.policy, weighing.shadow);
    let is_described = match verdict {
        Verdict::Deny(refusal) if policy.mode(refusal.reason) == Mode::Enforce => {
            documents == Documents::Kept
        }
        // What only counts is told once its response is there, and there may be room by then.
        Verdict::Deny(_) | Verdict::Allow => true,
    };
    let mut whole = match read {
        Read::Whole(whole) => whole,
        Read::Unmeasured(..) if !is_described => return (verdict, Judged::unparsed()),
        Read::Unmeasured(document, _) => {
            return (verdict, described(Judged::unparsed(), document, &shape_of(document)));
        }
        Read::Unparsed(_) => return (verdict, Judged::unparsed()),
    };
    let Whole { document, selected, measures, .. } = whole;
    let shape = shape_of(document);
    let (operation, estimate) = (label(selected, &shape), whole.estimate.take());
    let kind = selected.map_or(OperationKind::Unknown, kind);
    let mut judged = Judged { kind, operation, measures: Some(measures), estimate, ..Judged::unparsed() };
    if policy.throttles.know_operations() {
        judged.name = selected.and_then(Operation::name).map(str::to_owned);
    }
    if policy.throttles.know_operations() || policy.responses.find_errors() {
        judged.shape = Some(*shape);
    }
    let judged = match (verdict, shadow.0) {
        (Verdict::Allow, None) => judged,
        (Verdict::Allow, Some(_)) | (Verdict::Deny(_), _) if is_described => {
            described(judged, document, &shape)
        }
        (Verdict::Allow, Some(_)) | (Verdict::Deny(_), _) => judged,
    };
    match verdict {
        Verdict::Allow if policy.responses.actual_cost == Switch::On => {
            let limit = usize::try_from(policy.limits.fields).unwrap_or(usize::MAX);
            let question = whole.question(policy);
            let plan = question.and_then(|question| policy.cost.model().plan(&question, limit.min(PLACES)));
            (verdict, Judged { plan, ..judged })
        }
        Verdict::Allow | Verdict::Deny(_) => (verdict, judged),
    }
}

/// What is told of a document that a candidate judged: what it costs, and what it is where the candidate alone refuses it.
fn in_brief(read: Read<'_>, is_added: bool) -> Judged {
    let (document, selected, estimate) = match read {
        Read::Whole(Whole { document, selected, estimate, .. }) => (document, selected, estimate),
        Read::Unmeasured(document, _) => (document, None, None),
        Read::Unparsed(_) => return Judged::unparsed(),
    };
    let judged = Judged { estimate, ..Judged::unparsed() };
    if !is_added {
        return judged;
    }
    let kind = selected.map_or(OperationKind::Unknown, kind);
    let shape = shape_of(document);
    described(Judged { kind, operation: label(selected, &shape), ..judged }, document, &shape)
}

fn decide(weighing: &mut Weighing<'_>, read: &Read<'_>, method: Method) -> Verdict {
    let Weighing { policy, shadow, .. } = weighing;
    let whole = match read {
        Read::Whole(whole) => whole,
        Read::Unmeasured(_, reason) => return Verdict::Deny(Refusal::because(*reason)),
        Read::Unparsed(refusal) => return Verdict::Deny(*refusal),
    };
    let verdict = match judge_document(policy, &whole.measures, shadow) {
        Verdict::Allow => judge_introspection(policy, whole.asked, shadow),
        Verdict::Deny(refusal) => Verdict::Deny(refusal),
    };
    let verdict = match (verdict, whole.selected.map(kind), method) {
        (Verdict::Allow, Some(OperationKind::Mutation), Method::Get) => {
            shadow.weigh(policy, Refusal::because(Reason::GetMutation))
        }
        (verdict, ..) => verdict,
    };
    match (verdict, &whole.estimate) {
        (Verdict::Deny(refusal), _) => Verdict::Deny(refusal),
        (Verdict::Allow, None) => Verdict::Deny(Refusal::because(Reason::OperationUnresolved)),
        (Verdict::Allow, Some(estimate)) => judge_estimate(policy, estimate, shadow),
    }
}

/// A shape, found by who asks first.
type Shape<Find> = LazyCell<ShapeHash, Find>;

fn shape_of(document: Document<'_>) -> Shape<impl FnOnce() -> ShapeHash> {
    LazyCell::new(move || shape(document))
}

/// Adds what an operator needs to recognise a document that was refused, or would have been.
fn described(judged: Judged, document: Document<'_>, shape: &Shape<impl FnOnce() -> ShapeHash>) -> Judged {
    let mut text = String::new();
    normalise(document, &mut text, Bounds::DOCUMENT_BYTES);
    Judged { shape: Some(**shape), document: Some(text), ..judged }
}

/// A name that may be shown, else the shape hash.
fn label(selected: Option<Operation<'_>>, shape: &Shape<impl FnOnce() -> ShapeHash>) -> String {
    let name = selected.and_then(Operation::name);
    let fit = name.filter(|name| name.len() <= Bounds::OPERATION_BYTES && is_fit_label(name));
    fit.map_or_else(|| shape.to_string(), str::to_owned)
}

fn kind(operation: Operation<'_>) -> OperationKind {
    match operation.kind() {
        portcullis_graphql::OperationKind::Query => OperationKind::Query,
        portcullis_graphql::OperationKind::Mutation => OperationKind::Mutation,
        portcullis_graphql::OperationKind::Subscription => OperationKind::Subscription,
    }
}

/// The variables of a request as they are costed.
pub fn variables<'r>(supplied: &'r Object<'_>) -> Variables<'r> {
    supplied.entries().map(|(name, value)| (name, supplied_value(value))).collect()
}

/// Recursive: `framing` bounds how deep JSON nests.
fn supplied_value<'r>(value: &'r Json<'_>) -> Supplied<'r> {
    match value {
        Json::Null => Supplied::Null,
        Json::Bool(value) => Supplied::Bool(*value),
        Json::Int(value) => Supplied::Int(*value),
        Json::Float | Json::Text(_) => Supplied::Other,
        Json::List(entries) => Supplied::List(entries.iter().map(supplied_value).collect()),
        Json::Object(object) => {
            Supplied::object(object.entries().map(|(name, value)| (name, supplied_value(value))))
        }
    }
}
