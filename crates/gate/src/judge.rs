//! From a body to a verdict: envelope, document, measures, cost, policy, in this order.
//!
//! `portcullis explain` calls the same functions, so that its answers are the gate's.

use portcullis_cost::{Cost, Model, Question, Supplied, Variables};
use portcullis_framing::{Envelope, EnvelopeError, Json, Nesting, Object, Request, read};
use portcullis_graphql::{
    Document, MeasureError, Measures, Operation, Scratch, ShapeHash, SyntaxError, Tape, comments_are_certain,
    measure, normalise, parse, shape,
};
use portcullis_policy::{Policy, Refusal, Verdict, judge_cost, judge_document};
use portcullis_redact::is_fit_label;
use portcullis_report::{Bounds, OperationKind, Reason};

/// What stands for the operation when nothing was parsed; no operation can have this name.
const UNPARSED: &str = "-";

/// Memory that is used again for each judgement.
#[derive(Debug, Default)]
pub struct Desk {
    tape: Tape,
    scratch: Scratch,
    costing: portcullis_cost::Scratch,
}

/// What came of judging one request.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// Type of the selected operation.
    pub kind: OperationKind,
    /// The operation's name where it is fit to be shown, else its shape hash; `-` when nothing was parsed.
    pub operation: String,
    /// What was measured, when it was parsed.
    pub measures: Option<Measures>,
    /// What the selected operation costs, when there is one.
    pub cost: Option<Cost>,
    /// Hash of the normalised document, when it was refused.
    pub shape: Option<ShapeHash>,
    /// The normalised document, when it was refused.
    pub document: Option<String>,
}

impl Judgement {
    /// A verdict on a request of which nothing was parsed.
    pub fn unparsed(refusal: Refusal) -> Self {
        Self {
            verdict: Verdict::Deny(refusal),
            kind: OperationKind::Unknown,
            operation: UNPARSED.to_owned(),
            measures: None,
            cost: None,
            shape: None,
            document: None,
        }
    }
}

/// Judges the body of a `POST`.
pub fn judge_body(policy: &Policy, body: &[u8], desk: &mut Desk) -> Judgement {
    match read(body, Nesting(policy.limits.json_nesting)) {
        Ok(Envelope::Single(request)) => judge(policy, &request, desk),
        Ok(Envelope::Batch) => Judgement::unparsed(Refusal::because(Reason::Batching)),
        Err(error) => Judgement::unparsed(envelope_refusal(error)),
    }
}

/// Judges one request.
pub fn judge(policy: &Policy, request: &Request<'_>, desk: &mut Desk) -> Judgement {
    let query = match query(policy, request) {
        Ok(query) => query,
        Err(refusal) => return Judgement::unparsed(refusal),
    };
    let document = match parse(query, policy.limits.budget, &mut desk.tape) {
        Ok(document) => document,
        Err(error) => return Judgement::unparsed(syntax_refusal(error, query)),
    };
    if !comments_are_certain(query) {
        return described(Judgement::unparsed(Refusal::because(Reason::Ambiguous)), document);
    }
    let measures = match measure(document, &mut desk.scratch) {
        Ok(measures) => measures,
        Err(error) => return refused_unmeasured(document, error),
    };
    let selected = document.select(request.operation_name.as_deref()).ok();
    let variables = request.variables.as_ref().map(variables).unwrap_or_default();
    let cost = selected.map(|operation| {
        let question =
            Question { document, operation, variables: &variables, sizes: policy.sizes, watched: &[] };
        Model::Schemaless.estimate(&question, &mut desk.costing).field
    });
    let verdict = match (judge_document(policy, &measures), cost) {
        (Verdict::Deny(refusal), _) => Verdict::Deny(refusal),
        (Verdict::Allow, None) => Verdict::Deny(Refusal::because(Reason::OperationUnresolved)),
        (Verdict::Allow, Some(cost)) => judge_cost(policy, cost),
    };
    let judgement = Judgement {
        verdict,
        kind: selected.map_or(OperationKind::Unknown, kind),
        operation: label(document, selected),
        measures: Some(measures),
        cost,
        shape: None,
        document: None,
    };
    match verdict {
        Verdict::Allow => judgement,
        Verdict::Deny(_) => described(judgement, document),
    }
}

fn query<'r>(policy: &Policy, request: &'r Request<'_>) -> Result<&'r str, Refusal> {
    let query = request.query.as_deref().unwrap_or_default();
    let hash_only = query.is_empty()
        && request.extensions.as_ref().is_some_and(|extensions| extensions.get("persistedQuery").is_some());
    let limit = policy.limits.document_bytes;
    if hash_only {
        Err(Refusal::because(Reason::PersistedQuery))
    } else if request.query.is_none() {
        Err(Refusal::because(Reason::Envelope))
    } else if query.len() > limit {
        Err(Refusal::beyond(Reason::DocumentSize, count(limit), count(query.len())))
    } else {
        Ok(query)
    }
}

fn envelope_refusal(error: EnvelopeError) -> Refusal {
    match error {
        EnvelopeError::NotUtf8 { .. } | EnvelopeError::NotJson { .. } => Refusal::because(Reason::Json),
        EnvelopeError::TooDeep { limit } => {
            Refusal { limit: Some(u64::from(limit)), ..Refusal::because(Reason::JsonNesting) }
        }
        EnvelopeError::DuplicateKey | EnvelopeError::CaseVariantKey | EnvelopeError::TwoDocuments => {
            Refusal::because(Reason::Ambiguous)
        }
        EnvelopeError::NotAnObject | EnvelopeError::WrongType { .. } => Refusal::because(Reason::Envelope),
    }
}

fn syntax_refusal(error: SyntaxError, query: &str) -> Refusal {
    let within = |reason, limit: u32| Refusal { limit: Some(u64::from(limit)), ..Refusal::because(reason) };
    match error {
        SyntaxError::TooLong { limit } => within(Reason::DocumentSize, limit),
        SyntaxError::TooManyTokens { limit, .. } => within(Reason::Tokens, limit),
        SyntaxError::TooDeep { limit, .. } => within(Reason::Nesting, limit),
        SyntaxError::Unexpected { .. }
        | SyntaxError::UnexpectedCharacter { .. }
        | SyntaxError::UnterminatedString { .. }
        | SyntaxError::InvalidEscape { .. }
        | SyntaxError::InvalidNumber { .. }
        | SyntaxError::VariableInConstant { .. }
        | SyntaxError::FragmentNamedOn { .. }
        | SyntaxError::MisplacedDescription { .. }
        | SyntaxError::TypeSystemDefinition { .. } => {
            Refusal { position: Some(error.position(query)), ..Refusal::because(Reason::Syntax) }
        }
    }
}

fn refused_unmeasured(document: Document<'_>, error: MeasureError) -> Judgement {
    let reason = match error {
        MeasureError::Cycle { .. } => Reason::FragmentCycle,
        MeasureError::DuplicateFragment { .. } | MeasureError::DuplicateOperation { .. } => {
            Reason::DuplicateDefinition
        }
    };
    described(Judgement::unparsed(Refusal::because(reason)), document)
}

/// Adds what an operator needs to recognise a refused document.
fn described(judgement: Judgement, document: Document<'_>) -> Judgement {
    let mut text = String::new();
    normalise(document, &mut text, Bounds::DOCUMENT_BYTES);
    Judgement { shape: Some(shape(document)), document: Some(text), ..judgement }
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

fn variables<'r>(supplied: &'r Object<'_>) -> Variables<'r> {
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

pub(crate) fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
