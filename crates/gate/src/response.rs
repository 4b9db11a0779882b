//! The response to a judged request: its id, and what is counted of it while it passes.

use crate::case::Case;
use crate::correlation::CorrelationId;
use crate::effect::{Effect, Effects, Flow};
use crate::event::Event;
use crate::exchange::Interest;
use crate::headers::Headers;
use crate::input::{Chunk, More};
use crate::judge::Judgement;
use portcullis_policy::{Policy, Verdict};
use portcullis_report::{Metric, OperationKind, Transport, header};

/// A response that is awaited, or on its way.
#[derive(Debug)]
pub(crate) struct Awaited {
    correlation: CorrelationId,
    wish: Wish,
    /// What is told to the worker once the response has been read.
    pending: Vec<Event>,
}

/// What is wanted of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// Nothing.
    Nothing,
    /// Its headers: it may be a stream.
    Headers,
    /// It is a stream, and its end is to be counted.
    Stream,
}

impl Awaited {
    pub(crate) fn new(case: &Case, judgement: &Judgement, _policy: &Policy) -> Self {
        let may_stream = matches!(case.transport, Transport::EventStream | Transport::MultipartStream)
            || judgement.operations.iter().any(|judged| judged.kind == OperationKind::Subscription);
        let wish = match judgement.verdict {
            Verdict::Allow if may_stream => Wish::Headers,
            Verdict::Allow | Verdict::Deny(_) => Wish::Nothing,
        };
        Self { correlation: case.correlation.clone(), wish, pending: Vec::new() }
    }

    pub(crate) fn interest(&self) -> Interest {
        match self.wish {
            Wish::Nothing => Interest::None,
            Wish::Headers => Interest::ResponseHeaders,
            Wish::Stream => Interest::End,
        }
    }

    /// Hands over the events of the request: they go out at once, or with what the response tells.
    pub(crate) fn report(&mut self, events: Vec<Event>) -> Vec<Effect> {
        events.into_iter().map(|event| Effect::Emit(Box::new(event))).collect()
    }

    pub(crate) fn on_headers(&mut self, headers: Option<Headers<'_>>, more: More) -> Effects {
        let mut list =
            vec![Effect::SetResponseHeader(header::CORRELATION_ID, self.correlation.as_str().to_owned())];
        let is_stream = headers.is_some_and(|headers| headers.all("content-type").any(is_stream));
        if self.wish == Wish::Headers {
            self.wish = if is_stream && more == More::Follows { Wish::Stream } else { Wish::Nothing };
        }
        if self.wish == Wish::Stream {
            list.push(Effect::Count(Metric::StreamsOpened, 1));
            list.push(Effect::Count(Metric::Streams, 1));
        }
        Effects { flow: Flow::Continue, list }
    }

    pub(crate) fn on_body(&mut self, _chunk: Chunk<'_>, _more: More) -> Effects {
        Effects::default()
    }

    pub(crate) fn on_end(self) -> Vec<Effect> {
        let mut list: Vec<Effect> =
            self.pending.into_iter().map(|event| Effect::Emit(Box::new(event))).collect();
        if self.wish == Wish::Stream {
            list.push(Effect::Lower(Metric::Streams, 1));
        }
        list
    }
}

/// Whether results come one after the other, without an end in sight.
fn is_stream(content_type: &[u8]) -> bool {
    let kind = content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    [&b"text/event-stream"[..], b"multipart/mixed"].iter().any(|known| kind.eq_ignore_ascii_case(known))
}
