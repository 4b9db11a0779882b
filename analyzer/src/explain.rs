//! What the gate would say of a document: its measures, its cost, its verdict, by the very code of the gate.
//!
//! Turns judgements into JSON or into lines for people; decides nothing, reads no files.

mod compare;
mod fit;
mod json;
mod notes;
mod rows;
mod text;
mod tree;

pub use compare::{Comparison, Summary};

use portcullis_cost::{Breakdown, Cost, Question};
use portcullis_framing::{BatchLength, Envelope, IdKeys, Nesting, Parameters, Request, read_by};
use portcullis_gate::{
    Desk, Form, Judged, Judgement, Method, hold_to_capacity, id_of_url, judge, judge_body, judge_envelope,
    judge_url, profile_of_url, variables,
};
use portcullis_graphql::{Measures, Scratch, Tape, introspection_depth, measure, parse};
use portcullis_policy::{ClassId, Policy, ProfileId, Refusal, Switch, Under, Verdict};
use portcullis_report::{Persisted, Reason};
use std::borrow::Cow;

/// Most places of an operation that are laid out to show where its cost goes.
const PLACES: usize = 20_000;

/// Judges documents under one policy, one after the other, as one worker of a gate does.
#[derive(Debug)]
pub struct Explainer {
    /// The policy with all its profiles.
    whole: Policy,
    class: ClassId,
    profile: Option<ProfileId>,
    /// What holds for that class under that profile.
    policy: Policy,
    desk: Desk,
}

/// What the gate would say of one request.
#[derive(Debug)]
pub struct Explanation<'p> {
    policy: &'p Policy,
    judgement: Judgement,
    /// What is known of each operation, where it was asked for.
    details: Vec<Detail>,
}

/// One operation, judged alone.
#[derive(Debug)]
struct Detail {
    verdict: Verdict,
    judged: Judged,
    introspection_depth: u32,
    /// Whether its document was at hand to be laid out.
    has_document: bool,
    /// Where its cost goes, unless it is too large to be laid out.
    breakdown: Option<Breakdown>,
}

impl Explainer {
    /// Judges under `policy`, as the requests of clients whom nobody knows.
    pub fn new(policy: Policy) -> Self {
        let class = policy.clients.everyone_else();
        Self::under(policy, class, None)
    }

    /// Judges under `policy`, as the requests of the clients of a class; nothing when there is no such class.
    pub fn of_class(policy: &Policy, class: &str) -> Option<Self> {
        let class = policy.clients.named(class)?;
        Some(Self::under(policy.clone(), class, None))
    }

    /// Judges as on routes with a profile; nothing when there is no such profile.
    pub fn with_profile(self, profile: &str) -> Option<Self> {
        let profile = self.whole.profiles.id(profile)?;
        Some(Self::under(self.whole, self.class, Some(profile)))
    }

    /// What another policy would say is another explainer's.
    fn under(whole: Policy, class: ClassId, profile: Option<ProfileId>) -> Self {
        let policy = Policy { candidate: None, ..whole.under(Under { profile, class }).clone() };
        Self { whole, class, profile, policy, desk: Desk::default() }
    }

    /// Judges a request given as the body of a `POST`, without details.
    pub fn body(&mut self, body: &[u8]) -> Explanation<'_> {
        let judgement = match self.beyond(body) {
            Some(judgement) => judgement,
            None => judge_body(&self.policy, body, &mut self.desk),
        };
        let judgement = self.held(judgement);
        Explanation { policy: &self.policy, judgement, details: Vec::new() }
    }

    /// Judges the body of a `POST`, with details; `document` is sent along with every hash that comes without its document, as
    /// clients do when they are told that it is not known.
    pub fn body_in_detail(&mut self, body: &[u8], document: Option<&str>) -> Explanation<'_> {
        let limits = &self.policy.limits;
        let is_read = body.len() <= limits.body_bytes;
        let ids = IdKeys::Named(&self.policy.id_keys);
        let envelope =
            is_read.then(|| read_by(body, Nesting(limits.json_nesting), BatchLength(limits.batch), ids));
        let Some(Ok(envelope)) = envelope else { return self.body(body) };
        let envelope = match envelope {
            Envelope::Single(request) => Envelope::Single(with_document(request, document)),
            Envelope::Batch(requests) => Envelope::Batch(
                requests.into_iter().map(|request| with_document(request, document)).collect(),
            ),
        };
        let judgement = judge_envelope(&self.policy, &envelope, &mut self.desk);
        let judgement = self.held(judgement);
        let requests = match &envelope {
            Envelope::Single(request) => std::slice::from_ref(request),
            Envelope::Batch(requests) => requests,
        };
        let details = details(&self.policy, requests, &judgement);
        Explanation { policy: &self.policy, judgement, details }
    }

    /// Judges a request whose parts are given, with details.
    pub fn request(&mut self, request: &Request<'_>) -> Explanation<'_> {
        let judgement = judge(&self.policy, request, Method::Post, &mut self.desk);
        let judgement = self.held(judgement);
        let details = details(&self.policy, std::slice::from_ref(request), &judgement);
        Explanation { policy: &self.policy, judgement, details }
    }

    /// Judges a `GET` of a URL, or of the first route with a query string alone, with details, by the profile of its route unless
    /// another is asked for; nothing when the URL's path is not under the policy.
    pub fn url(&mut self, url: &str) -> Option<Explanation<'_>> {
        let is_target = url.starts_with('/') || url.contains("://");
        let mut judged = self.whole.routes.iter().filter(|route| route.judged == Switch::On);
        let route = judged.next().map_or("/", |route| route.path.as_str());
        let url = if is_target {
            Cow::Borrowed(url)
        } else {
            Cow::Owned(format!("{route}?{}", url.trim_start_matches('?')))
        };
        let profile = profile_of_url(&self.whole, url.as_bytes())?;
        if self.profile.is_none() && profile.is_some() {
            *self = Self::under(self.whole.clone(), self.class, profile);
        }
        let judgement = judge_url(&self.policy, url.as_bytes(), &mut self.desk)?;
        let judgement = self.held(judgement);
        let query = url.split('#').next().and_then(|url| url.split_once('?')).map_or("", |(_, query)| query);
        let parameters =
            Parameters::read_by(query.as_bytes(), IdKeys::Named(&self.policy.id_keys)).unwrap_or_default();
        let request = parameters.request(Nesting(self.policy.limits.json_nesting)).unwrap_or_default();
        let id = id_of_url(&self.whole, url.as_bytes()).map(Cow::Owned);
        let request = Request { document_id: request.document_id.or(id), ..request };
        let details = details(&self.policy, std::slice::from_ref(&request), &judgement);
        Some(Explanation { policy: &self.policy, judgement, details })
    }

    /// The same, refused where a throttle never holds as much.
    fn held(&self, judgement: Judgement) -> Judgement {
        hold_to_capacity(judgement, self.class, &self.policy)
    }

    /// The refusal of a body that is too large to be read.
    fn beyond(&self, body: &[u8]) -> Option<Judgement> {
        let limit = self.policy.limits.body_bytes;
        let count = |length| u64::try_from(length).unwrap_or(u64::MAX);
        let refusal = || Refusal::beyond(Reason::BodySize, count(limit), count(body.len()));
        (body.len() > limit).then(|| Judgement::unparsed(refusal(), &self.policy))
    }
}

impl Explanation<'_> {
    /// Whether the request may go upstream.
    pub fn is_allowed(&self) -> bool {
        self.judgement.verdict == Verdict::Allow
    }

    /// The operation that stands for all of them: the only one, or the one for which all are refused.
    fn judged(&self) -> Option<&Judged> {
        self.judgement.operations.first()
    }

    /// What is charged; of a batch with details all of it, also where the gate stopped at the first that is refused.
    fn cost(&self) -> Option<Cost> {
        let costs = self.details.iter().filter_map(|detail| detail.judged.cost());
        let sum = costs.reduce(|sum, cost| sum + cost);
        if self.is_batch() { sum.or(self.judgement.cost) } else { self.judgement.cost }
    }

    fn is_batch(&self) -> bool {
        matches!(self.judgement.form, Form::Batch(_))
    }
}

fn with_document<'r>(request: Request<'r>, document: Option<&'r str>) -> Request<'r> {
    let is_hash = matches!(request.persisted(), Ok(Some(_)));
    match document {
        Some(text) if is_hash && request.query.is_none() && request.document_id.is_none() => {
            Request { query: Some(Cow::Borrowed(text)), ..request }
        }
        Some(_) | None => request,
    }
}

/// Each operation, judged alone where the gate stopped at the first that is refused.
fn details(policy: &Policy, requests: &[Request<'_>], judgement: &Judgement) -> Vec<Detail> {
    let detail = |request: &Request<'_>, verdict: Verdict, judged: &Judged| {
        let laid_out = laid_out(policy, request, judged);
        let has_document = laid_out.is_some();
        let LaidOut { introspection_depth, measures, breakdown } = laid_out.unwrap_or_default();
        // What is too much to be counted exactly is no number; the gate's own is.
        let exact = measures.filter(|found| found.aliases_per_field < u32::MAX);
        let judged = Judged { measures: exact.or(judged.measures), ..judged.clone() };
        Detail { verdict, judged, introspection_depth, has_document, breakdown }
    };
    if judgement.operations.len() == requests.len() {
        let pairs = requests.iter().zip(&judgement.operations);
        return pairs.map(|(request, judged)| detail(request, judgement.verdict, judged)).collect();
    }
    let alone = |request: &Request<'_>| {
        let alone = judge(policy, request, Method::Post, &mut Desk::default());
        let judged = alone.operations.into_iter().next()?;
        // Nothing of a refused batch is remembered.
        let persisted = judged.persisted.filter(|found| *found != Persisted::Registered);
        Some(detail(request, alone.verdict, &Judged { persisted, ..judged }))
    };
    requests.iter().filter_map(alone).collect()
}

/// What the gate does not find out of an operation.
#[derive(Default)]
struct LaidOut {
    /// How deep it asks about the schema.
    introspection_depth: u32,
    /// The measures with the exact number of aliases of one field.
    measures: Option<Measures>,
    /// Where its cost goes.
    breakdown: Option<Breakdown>,
}

/// Nothing when the gate costed nothing of an operation.
fn laid_out(policy: &Policy, request: &Request<'_>, judged: &Judged) -> Option<LaidOut> {
    judged.estimate.as_ref()?;
    let listed = || {
        let id = match (&request.document_id, request.persisted()) {
            (Some(id), _) => id.to_string(),
            (None, Ok(Some(hash))) => hash.to_string(),
            (None, Ok(None) | Err(_)) => return None,
        };
        policy.trusted.document(&id)
    };
    let text = request.query.as_deref().filter(|text| !text.is_empty()).or_else(listed)?;
    let mut tape = Tape::default();
    let document = parse(text, policy.limits.budget, &mut tape).ok()?;
    let operation = document.select(request.operation_name.as_deref()).ok()?;
    let variables = request.variables.as_ref().map(variables).unwrap_or_default();
    let question =
        Question { document, operation, variables: &variables, sizes: policy.cost.sizes, watched: &[] };
    let measures = measure(document, &mut Scratch::default()).ok();
    let introspection_depth =
        measures.filter(|found| found.introspection).map_or(0, |_| introspection_depth(document));
    let breakdown = policy.cost.model().breakdown(&question, PLACES);
    Some(LaidOut { introspection_depth, measures, breakdown })
}

#[cfg(test)]
mod tests;
