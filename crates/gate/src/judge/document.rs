//! One document and its variables: what is measured, what it costs, what the policy says of both.

use super::refusals::syntax_refusal;
use super::{Judged, Method};
use portcullis_cost::{Question, Supplied, Variables};
use portcullis_framing::{Json, Object, Request};
use portcullis_graphql::{
    Document, MeasureError, Operation, Scratch, Tape, comments_are_certain, introspection_depth,
    measure_against, normalise, parse_executable, shape,
};
use portcullis_policy::{
    Policy, Refusal, Shadow, Switch, Verdict, judge_document, judge_estimate, judge_introspection,
};
use portcullis_redact::is_fit_label;
use portcullis_report::{Bounds, OperationKind, Reason};

/// Places of a response that are counted for the actual cost; an operation that asks for more is not counted.
const PLACES: usize = 4_000;

/// Memory that judging uses again each time.
pub(super) struct Tools<'d> {
    pub(super) tape: &'d mut Tape,
    pub(super) scratch: &'d mut Scratch,
    pub(super) costing: &'d mut portcullis_cost::Scratch,
}

/// Judges the document of a request, wherever it came from.
pub(super) fn judge_text(
    policy: &Policy,
    request: &Request<'_>,
    text: &str,
    method: Method,
    tools: Tools<'_>,
    shadow: &mut Shadow,
) -> (Verdict, Judged) {
    let document = match parse_executable(text, policy.limits.budget, tools.tape) {
        Ok(document) => document,
        Err(error) => return (Verdict::Deny(syntax_refusal(error, text)), Judged::unparsed()),
    };
    let unmeasured =
        |reason| (Verdict::Deny(Refusal::because(reason)), described(Judged::unparsed(), document));
    if !comments_are_certain(text) {
        return unmeasured(Reason::Ambiguous);
    }
    let measures = match measure_against(document, policy.alias_limits(), tools.scratch) {
        Ok(measures) => measures,
        Err(MeasureError::Cycle { .. }) => return unmeasured(Reason::FragmentCycle),
        Err(MeasureError::DuplicateFragment { .. } | MeasureError::DuplicateOperation { .. }) => {
            return unmeasured(Reason::DuplicateDefinition);
        }
    };
    let selected = document.select(request.operation_name.as_deref()).ok();
    let kind = selected.map_or(OperationKind::Unknown, kind);
    let variables = request.variables.as_ref().map(variables).unwrap_or_default();
    let (sizes, watched) = (policy.cost.sizes, policy.sensitive.watched());
    let question =
        selected.map(|operation| Question { document, operation, variables: &variables, sizes, watched });
    let model = policy.cost.model();
    let estimate = question.map(|question| model.estimate(&question, tools.costing));
    let asked = if measures.introspection { introspection_depth(document) } else { 0 };
    let verdict = match judge_document(policy, &measures, shadow) {
        Verdict::Allow => judge_introspection(policy, asked, shadow),
        Verdict::Deny(refusal) => Verdict::Deny(refusal),
    };
    let verdict = match (verdict, kind, method) {
        (Verdict::Allow, OperationKind::Mutation, Method::Get) => {
            shadow.weigh(policy, Refusal::because(Reason::GetMutation))
        }
        (verdict, ..) => verdict,
    };
    let verdict = match (verdict, &estimate) {
        (Verdict::Deny(refusal), _) => Verdict::Deny(refusal),
        (Verdict::Allow, None) => Verdict::Deny(Refusal::because(Reason::OperationUnresolved)),
        (Verdict::Allow, Some(estimate)) => judge_estimate(policy, estimate, shadow),
    };
    let operation = label(document, selected);
    let mut judged = Judged { kind, operation, measures: Some(measures), estimate, ..Judged::unparsed() };
    if policy.throttles.know_operations() {
        judged.name = selected.and_then(Operation::name).map(str::to_owned);
        judged.shape = Some(shape(document));
    }
    let judged = match (verdict, shadow.0) {
        (Verdict::Allow, None) => judged,
        (Verdict::Allow, Some(_)) | (Verdict::Deny(_), _) => described(judged, document),
    };
    match verdict {
        Verdict::Allow if policy.responses.actual_cost == Switch::On => {
            let limit = usize::try_from(policy.limits.fields).unwrap_or(usize::MAX);
            let plan = question.and_then(|question| model.plan(&question, limit.min(PLACES)));
            (verdict, Judged { plan, ..judged })
        }
        Verdict::Allow | Verdict::Deny(_) => (verdict, judged),
    }
}

/// Adds what an operator needs to recognise a document that was refused, or would have been.
fn described(judged: Judged, document: Document<'_>) -> Judged {
    let mut text = String::new();
    normalise(document, &mut text, Bounds::DOCUMENT_BYTES);
    Judged { shape: Some(shape(document)), document: Some(text), ..judged }
}

/// A name that may be shown, else the shape hash.
fn label(document: Document<'_>, selected: Option<Operation<'_>>) -> String {
    let name = selected.and_then(Operation::name);
    let fit = name.filter(|name| name.len() <= Bounds::OPERATION_BYTES && is_fit_label(name));
    fit.map_or_else(|| shape(document).to_string(), str::to_owned)
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
