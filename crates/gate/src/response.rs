//! The response to a judged request: its id, and what is counted, cut and added while it passes. Nothing of it is held.

mod complaint;

use crate::case::Case;
use crate::correlation::CorrelationId;
use crate::effect::{Effect, Effects, Flow};
use crate::event::Event;
use crate::exchange::Interest;
use crate::headers::Headers;
use crate::input::{Chunk, More};
use crate::judge::{Form, Judgement};
use crate::tally::{Costs, Errors};
use crate::throttle;
use complaint::Complaint;
use portcullis_cost::{Cost, Plan};
use portcullis_framing::{
    Addition, ContentType, Events as ScanEvents, Jobs, Scanner, StreamForm, StreamScanner, Suggestions,
    content_type,
};
use portcullis_policy::throttles::{Lease, RateLimit, Taken};
use portcullis_policy::{Policy, Responses, Switch, Verdict};
use portcullis_report::{Metric, header};
use std::borrow::Cow;

/// Arrays and objects inside each other, beyond which a response is not read on.
pub(crate) const DEPTH: usize = 256;

/// Headers that are true only of the body as the upstream made it.
const OF_THE_BODY: [&str; 5] = ["content-length", "content-digest", "repr-digest", "digest", "content-md5"];

/// A response that is awaited, or on its way.
#[derive(Debug)]
pub(crate) struct Awaited {
    correlation: CorrelationId,
    wish: Wish,
    /// What the worker is told of the request, as long as something of it is still to be found in the response.
    untold: Vec<Event>,
    /// What each operation cost, once the whole response has passed.
    costs: Vec<Option<Cost>>,
    /// What the client is told of its throttles.
    limit: Option<RateLimit>,
    /// What was taken from its buckets, until it is known what was spent.
    taken: Taken,
    /// The stream that it may be, until it is over or turns out to be none.
    lease: Option<Lease>,
    /// What each operation cost, for the buckets.
    spent: Option<Vec<Option<Cost>>>,
    /// What is told of the client for what the upstream says; nothing where responses are not read.
    complaint: Option<Complaint>,
}

/// What is wanted of a response.
#[derive(Debug)]
enum Wish {
    /// Nothing.
    Nothing,
    /// Its headers: they say whether it is a stream, and whether it can be read.
    Headers(Box<Asked>),
    /// It is being read.
    Body(Box<Reading>),
    /// It is a stream, whose end is to be counted, and in which errors may be looked for.
    Stream(Option<Box<Watching>>),
}

/// What is to become of a response whose headers have not come.
#[derive(Debug)]
struct Asked {
    responses: Responses,
    plans: Vec<Option<Plan>>,
    /// What its client is told of the cost.
    addition: Option<Addition>,
}

/// A response that is being read.
#[derive(Debug)]
struct Reading {
    responses: Responses,
    scanner: Scanner,
    costs: Costs,
    errors: Errors,
    /// All of it has passed.
    whole: bool,
}

/// A stream that is being read for its errors; what it costs is not counted.
#[derive(Debug)]
struct Watching {
    scanner: StreamScanner,
    errors: Errors,
}

impl Awaited {
    pub(crate) fn new(case: &mut Case, judgement: &mut Judgement, policy: &Policy) -> Self {
        let may_stream = judgement.may_stream(case.streams);
        let addition = addition(case, judgement, policy);
        let wish = match judgement.verdict {
            Verdict::Allow if may_stream || policy.responses.are_read() || addition.is_some() => {
                let plans = judgement.operations.iter_mut().map(|judged| judged.plan.take()).collect();
                Wish::Headers(Box::new(Asked { responses: policy.responses, plans, addition }))
            }
            Verdict::Allow | Verdict::Deny(_) => Wish::Nothing,
        };
        let is_read = judgement.verdict == Verdict::Allow && policy.responses.find_errors();
        let limit = match judgement.verdict {
            Verdict::Allow => throttle::told(case, policy),
            // The answer says it.
            Verdict::Deny(_) => None,
        };
        Self {
            correlation: case.correlation.clone(),
            wish,
            untold: Vec::new(),
            costs: Vec::new(),
            limit,
            taken: case.throttled.take(),
            lease: case.throttled.lease(),
            spent: None,
            complaint: is_read.then(Complaint::default),
        }
    }

    /// What was taken and what was spent, once that is known.
    pub(crate) fn spent(&mut self) -> Option<(Taken, Vec<Option<Cost>>)> {
        let spent = self.spent.take()?;
        Some((std::mem::take(&mut self.taken), spent))
    }

    /// The stream that it was taken for, once it is over or is none.
    pub(crate) fn over(&mut self) -> Option<Lease> {
        match self.wish {
            Wish::Nothing => self.lease.take(),
            Wish::Headers(_) | Wish::Body(_) | Wish::Stream(_) => None,
        }
    }

    pub(crate) fn wants(&self, part: Interest) -> bool {
        if part == Interest::ResponseHeaders && self.limit.is_some() {
            return true;
        }
        match self.wish {
            Wish::Nothing => false,
            Wish::Headers(_) => matches!(part, Interest::ResponseHeaders | Interest::End),
            Wish::Body(_) => matches!(part, Interest::ResponseBody | Interest::End),
            Wish::Stream(None) => part == Interest::End,
            Wish::Stream(Some(_)) => matches!(part, Interest::ResponseBody | Interest::End),
        }
    }

    /// Hands over the events of the request, once it is judged for good: they go out with what the response costs, at
    /// once where that is known or not asked for.
    pub(crate) fn report(&mut self, events: Vec<Event>) -> Vec<Effect> {
        if let Some(complaint) = &mut self.complaint {
            complaint.of(&events);
        }
        self.untold = events;
        let mut list = self.told();
        list.extend(self.complained());
        list
    }

    pub(crate) fn on_headers(&mut self, headers: Option<Headers<'_>>, more: More) -> Effects {
        let mut list =
            vec![Effect::SetResponseHeader(header::CORRELATION_ID, self.correlation.as_str().to_owned())];
        // What an upstream says of its own limits must be seen before anything is said beside it.
        if let (Some(limit), Some(headers)) = (self.limit.take(), headers) {
            list.extend(throttle::response_headers(limit, headers));
        }
        if let Some(complaint) = &mut self.complaint {
            complaint.head(headers);
        }
        self.wish = match std::mem::replace(&mut self.wish, Wish::Nothing) {
            Wish::Headers(asked) => wish_by_headers(*asked, headers, more, &mut list),
            other @ (Wish::Nothing | Wish::Body(_) | Wish::Stream(_)) => other,
        };
        list.extend(self.told());
        list.extend(self.complained());
        Effects { flow: Flow::Continue, list }
    }

    pub(crate) fn on_body(&mut self, chunk: Chunk<'_>, more: More) -> Effects {
        let mut list = Vec::new();
        let is_over = match (&mut self.wish, chunk) {
            (Wish::Body(reading), Chunk::Bytes(bytes)) => {
                list.extend(reading.read(bytes, more).map(Effect::ReplaceResponseChunk));
                more == More::Ended
            }
            // What is missing here cannot be read on behind it.
            (Wish::Body(_), Chunk::Unreadable) => true,
            (Wish::Stream(Some(watching)), Chunk::Bytes(bytes)) => {
                list.extend(watching.read(bytes, more));
                more == More::Ended
            }
            // What is missing here is missing in a line; the next event, or part, can be read again.
            (Wish::Stream(Some(_)), Chunk::Unreadable) => more == More::Ended,
            (Wish::Nothing | Wish::Headers(_) | Wish::Stream(None), _) => false,
        };
        if is_over {
            list.extend(self.on_end());
        }
        Effects { flow: Flow::Continue, list }
    }

    /// The body has ended, with trailers behind it. What was held back of a text that never ended is lost with it.
    pub(crate) fn on_trailers(&mut self) -> Effects {
        match &mut self.wish {
            Wish::Body(reading) => drop(reading.read(&[], More::Ended)),
            Wish::Stream(Some(_)) => (),
            Wish::Nothing | Wish::Headers(_) | Wish::Stream(None) => return Effects::default(),
        }
        Effects { flow: Flow::Continue, list: self.on_end() }
    }

    /// The response is over; what was found in it is counted and told.
    pub(crate) fn on_end(&mut self) -> Vec<Effect> {
        let mut list = Vec::new();
        match std::mem::replace(&mut self.wish, Wish::Nothing) {
            Wish::Body(mut reading) => {
                self.costs = reading.count(&mut list);
                if let Some(complaint) = &mut self.complaint {
                    complaint.body(u64::from(reading.scanner.has_cut()), reading.errors.told());
                }
            }
            Wish::Stream(watching) => {
                list.push(Effect::Lower(Metric::Streams, 1));
                list.extend(watching.into_iter().flat_map(|watching| watching.end()));
            }
            Wish::Nothing | Wish::Headers(_) => (),
        }
        list.extend(self.told());
        list.extend(self.complained());
        list
    }

    /// Tells the worker what the upstream said against the request, once nothing more comes.
    fn complained(&mut self) -> Option<Effect> {
        let complaint = self.complaint.as_mut()?;
        match self.wish {
            Wish::Nothing => complaint.end(),
            Wish::Headers(_) | Wish::Body(_) | Wish::Stream(_) => (),
        }
        complaint.told()
    }

    /// Tells the worker of the request with what it cost, unless that is still to be found.
    fn told(&mut self) -> Vec<Effect> {
        if self.untold.is_empty() || self.is_costing() {
            return Vec::new();
        }
        let costs = std::mem::take(&mut self.costs);
        self.spent = (!costs.is_empty()).then(|| costs.clone());
        let mut costs = costs.into_iter();
        let mut total: Option<Cost> = None;
        let mut list = Vec::with_capacity(self.untold.len());
        for mut event in std::mem::take(&mut self.untold) {
            // Where an object could have been of several types, a plan takes the dearest.
            let actual = costs.next().flatten();
            event.actual = actual.map(|actual| event.cost.map_or(actual, |estimate| actual.min(estimate)));
            list.extend(event.actual.map(|cost| Effect::Count(Metric::ActualCost, cost.units())));
            total = event.actual.map(|cost| total.unwrap_or_default() + cost).or(total);
            list.push(Effect::Emit(Box::new(event)));
        }
        list.extend(total.map(|total| Effect::Property("portcullis_actual_cost", total.units().to_string())));
        list
    }

    fn is_costing(&self) -> bool {
        let responses = match &self.wish {
            Wish::Headers(asked) => &asked.responses,
            Wish::Body(reading) => &reading.responses,
            Wish::Nothing | Wish::Stream(_) => return false,
        };
        responses.actual_cost == Switch::On
    }
}

/// What the client of an allowed request is told in its response, where its class is told that. Each response of a
/// batch would say it of the whole batch, so none does.
fn addition(case: &Case, judgement: &Judgement, policy: &Policy) -> Option<Addition> {
    match (judgement.verdict, judgement.form) {
        (Verdict::Allow, Form::Single) => {
            let cost = throttle::cost(case, judgement.cost, policy)?;
            Some(Addition::new("cost", cost.to_string()))
        }
        // The answer says it.
        (Verdict::Deny(_), _) | (Verdict::Allow, Form::Batch(_)) => None,
    }
}

fn wish_by_headers(asked: Asked, headers: Option<Headers<'_>>, more: More, list: &mut Vec<Effect>) -> Wish {
    let Asked { responses, addition, .. } = &asked;
    let form = headers.and_then(|headers| headers.all("content-type").find_map(stream_form));
    match (form, more) {
        (_, More::Ended) => Wish::Nothing,
        (Some(form), More::Follows) => {
            list.push(Effect::Count(Metric::StreamsOpened, 1));
            list.push(Effect::Count(Metric::Streams, 1));
            Wish::Stream(Watching::begin(form, *responses, headers, list))
        }
        (None, More::Follows) if !responses.are_read() && addition.is_none() => Wish::Nothing,
        (None, More::Follows) if !headers.is_some_and(is_readable) => {
            list.push(Effect::Count(Metric::ResponsesUnread, 1));
            Wish::Nothing
        }
        (None, More::Follows) => {
            if responses.strip_suggestions == Switch::On || addition.is_some() {
                list.extend(untrue(headers));
            }
            // What an upstream did before it failed, or turned away, its answer does not tell.
            let plans = if headers.is_some_and(is_success) { asked.plans } else { Vec::new() };
            Wish::Body(Box::new(Reading::new(Asked { plans, ..asked })))
        }
    }
}

/// The headers that are no longer true of a body that may become shorter, or longer.
fn untrue(headers: Option<Headers<'_>>) -> impl Iterator<Item = Effect> {
    let is_said = move |name: &&str| headers.is_some_and(|headers| headers.all(name).next().is_some());
    OF_THE_BODY.into_iter().filter(is_said).map(Effect::RemoveResponseHeader)
}

/// How results come one after the other, without an end in sight, if they do.
fn stream_form(content_type: &[u8]) -> Option<StreamForm> {
    let kind = content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let known = [(&b"text/event-stream"[..], StreamForm::Events), (b"multipart/mixed", StreamForm::Parts)];
    known.into_iter().find(|(name, _)| kind.eq_ignore_ascii_case(name)).map(|(_, form)| form)
}

/// Whether the status says that the request was carried out.
fn is_success(headers: Headers<'_>) -> bool {
    let status = headers.only(":status").unwrap_or_default();
    status.len() == 3 && status.starts_with(b"2") && status.iter().all(u8::is_ascii_digit)
}

/// Whether it is JSON as it is.
fn is_readable(headers: Headers<'_>) -> bool {
    let is_json = |value| {
        let kind: &[u8] = <[u8]>::split(value, |byte| *byte == b';').next().unwrap_or_default();
        let is_graphql = kind.trim_ascii().eq_ignore_ascii_case(b"application/graphql-response+json");
        is_graphql || content_type(value) == ContentType::Json
    };
    headers.only("content-type").is_some_and(is_json) && is_plain(headers)
}

fn is_plain(headers: Headers<'_>) -> bool {
    headers.all("content-encoding").all(|value| value.eq_ignore_ascii_case(b"identity"))
}

/// What is to be done with errors.
fn jobs(strip_suggestions: Switch, events: ScanEvents) -> Jobs {
    let suggestions = match strip_suggestions {
        Switch::On => Suggestions::Strip,
        Switch::Off => Suggestions::Keep,
    };
    Jobs { suggestions, events }
}

impl Watching {
    /// Nothing where nobody asks for its errors, or they cannot be read.
    fn begin(
        form: StreamForm,
        responses: Responses,
        headers: Option<Headers<'_>>,
        list: &mut Vec<Effect>,
    ) -> Option<Box<Self>> {
        let events = match (responses.strip_suggestions, responses.count_errors) {
            (Switch::Off, Switch::Off) => return None,
            (Switch::On, Switch::Off) => ScanEvents::Off,
            (Switch::On | Switch::Off, Switch::On) => ScanEvents::On,
        };
        if !headers.is_some_and(is_plain) {
            list.push(Effect::Count(Metric::ResponsesUnread, 1));
            return None;
        }
        if responses.strip_suggestions == Switch::On {
            list.extend(untrue(headers));
        }
        let scanner = StreamScanner::new(form, jobs(responses.strip_suggestions, events), DEPTH);
        Some(Box::new(Self { scanner, errors: Errors::default() }))
    }

    /// Reads a chunk; what is to stand in its place, and its errors: the stream may last for days.
    fn read(&mut self, bytes: &[u8], more: More) -> Vec<Effect> {
        let Self { scanner, errors } = self;
        let passed = scanner.feed(bytes, &mut |event| errors.on(event));
        let held_back = match more {
            More::Follows => Vec::new(),
            More::Ended => scanner.finish(),
        };
        let is_same = held_back.is_empty() && matches!(passed, Cow::Borrowed(_));
        let mut list = Vec::new();
        if !is_same {
            list.push(Effect::ReplaceResponseChunk([passed.as_ref(), &held_back].concat()));
        }
        list.extend(self.count());
        list
    }

    fn count(&mut self) -> impl Iterator<Item = Effect> {
        let settled = self.errors.take_settled().into_iter();
        settled.map(|(code, count)| Effect::Count(Metric::ResponseErrors(code), count))
    }

    fn end(mut self) -> Vec<Effect> {
        self.errors.counts();
        let mut list: Vec<Effect> = self.count().collect();
        list.extend(self.scanner.has_cut().then_some(Effect::Count(Metric::SuggestionsStripped, 1)));
        list
    }
}

impl Reading {
    fn new(asked: Asked) -> Self {
        let Asked { responses, plans, addition } = asked;
        let counts = [responses.count_errors, responses.actual_cost].contains(&Switch::On);
        let events = if counts { ScanEvents::On } else { ScanEvents::Off };
        let jobs = jobs(responses.strip_suggestions, events);
        Self {
            responses,
            scanner: Scanner::new(jobs, DEPTH).adding(addition),
            costs: Costs::new(plans),
            errors: Errors::default(),
            whole: false,
        }
    }

    /// Reads a chunk; what is to stand in its place, if that is something else.
    fn read(&mut self, bytes: &[u8], more: More) -> Option<Vec<u8>> {
        let Self { scanner, costs, errors, .. } = self;
        let passed = scanner.feed(bytes, &mut |event| {
            costs.on(event);
            errors.on(event);
        });
        let held_back = match more {
            More::Follows => Vec::new(),
            More::Ended => scanner.finish(),
        };
        let is_same =
            passed.len() == bytes.len() && held_back.is_empty() && matches!(passed, Cow::Borrowed(_));
        self.whole = more == More::Ended;
        (!is_same).then(|| [passed.as_ref(), &held_back].concat())
    }

    /// Counts what was found; what each operation cost, when all of it was read.
    fn count(&mut self, list: &mut Vec<Effect>) -> Vec<Option<Cost>> {
        if self.scanner.has_cut() {
            list.push(Effect::Count(Metric::SuggestionsStripped, 1));
        }
        if self.responses.count_errors == Switch::On {
            let counts = self.errors.counts().iter();
            list.extend(counts.map(|(code, count)| Effect::Count(Metric::ResponseErrors(*code), *count)));
        }
        if !self.whole || !self.scanner.is_complete() {
            list.push(Effect::Count(Metric::ResponsesUnread, 1));
            return Vec::new();
        }
        self.costs.sums().collect()
    }
}
