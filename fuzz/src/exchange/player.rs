//! Plays a host: hands inputs over, does as it is told, and looks whether that is allowed.

use super::request::Request;
use portcullis_gate::{
    Answer, Chunk, Desk, Effect, Effects, Event, Exchange, Flow, Headers, Held, Input, Interest, More,
    Timestamp, World,
};
use portcullis_policy::Policy;
use portcullis_policy::throttles::{Live, Places, Seed, Shelf};
use portcullis_report::Metric;

/// By what a request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    LastChunk,
    EmptyChunk,
    Trailers,
}

/// What came of one exchange.
#[derive(Debug, PartialEq)]
pub(super) struct Outcome {
    pub(super) answer: Option<Answer>,
    pub(super) events: Vec<Event>,
    /// It is not under the policy.
    pub(super) passed_untouched: bool,
}

pub(super) struct Player<'p> {
    policy: &'p Policy,
    desk: Desk,
    exchange: Exchange,
    held: Held,
    places: Places,
    shelf: Shelf,
    live: Live,
    /// What has been let through of the request.
    flows: Vec<Flow>,
    outcome: Outcome,
    /// Streams that are open by what was counted.
    streams: i64,
    response: Vec<u8>,
}

impl<'p> Player<'p> {
    pub(super) fn new(policy: &'p Policy) -> Self {
        let mut shelf = Shelf::default();
        let places = Places::prepare(policy, Seed([7; 32]), &mut shelf);
        Self {
            policy,
            places,
            shelf,
            live: Live::default(),
            desk: Desk::default(),
            exchange: Exchange::default(),
            held: Held::default(),
            flows: Vec::new(),
            outcome: Outcome { answer: None, events: Vec::new(), passed_untouched: false },
            streams: 0,
            response: Vec::new(),
        }
    }

    /// A part of the request; after an answer the host hands over no more of it.
    pub(super) fn request(&mut self, input: Input<'_>) {
        if self.outcome.answer.is_some() || self.outcome.passed_untouched {
            return;
        }
        let is_last = match input {
            Input::RequestHeaders { more, .. } | Input::RequestBody { more, .. } => more == More::Ended,
            _ => true,
        };
        let effects = self.any(input);
        if self.flows.is_empty() && !self.exchange.wants(Interest::End) && !self.is_settled() {
            self.outcome.passed_untouched = true;
        }
        self.flows.push(effects.flow);
        let is_allowed = self.outcome.answer.is_none();
        if is_last && !self.outcome.passed_untouched {
            assert!(!self.holds() || !is_allowed, "the request has ended and nothing comes of it");
        }
    }

    fn holds(&self) -> bool {
        self.flows.last() == Some(&Flow::Hold)
    }

    fn is_settled(&self) -> bool {
        self.outcome.answer.is_some() || !self.outcome.events.is_empty()
    }

    /// The response, whoever makes it, and the end.
    pub(super) fn respond(&mut self, request: &Request<'_>, ending: Ending) {
        let headers = Some(Headers::new(&request.response));
        self.any(Input::ResponseHeaders { headers, more: More::Follows });
        if self.exchange.wants(Interest::ResponseBody) {
            let text = br#"{"errors":[{"message":"x. Did you mean y?","extensions":{"code":"A"}}],"data":{"a":[1,2]}}"#;
            for chunk in text.chunks(7) {
                self.any(Input::ResponseBody { chunk: Chunk::Bytes(chunk), more: More::Follows });
            }
            self.any(match ending {
                Ending::LastChunk | Ending::EmptyChunk => {
                    Input::ResponseBody { chunk: Chunk::Bytes(b""), more: More::Ended }
                }
                Ending::Trailers => Input::ResponseTrailers,
            });
            assert!(!self.exchange.wants(Interest::End), "a response that has ended is awaited");
            assert!(self.response.len() <= text.len(), "the response has grown");
        }
        self.end();
    }

    /// The end of the stream: nothing is left of it.
    pub(super) fn end(&mut self) {
        self.any(Input::StreamEnded);
        assert_eq!(format!("{:?}", self.held), format!("{:?}", Held::default()), "bytes stay held");
        assert!(self.streams <= 0, "a stream stays counted");
        assert_eq!(format!("{:?}", self.live), format!("{:?}", Live::default()), "a stream stays open");
    }

    /// Any input, in any order.
    pub(super) fn any(&mut self, input: Input<'_>) -> Effects {
        let now = Timestamp::from_millis(1_000);
        let Self { policy, desk, held, places, shelf, live, .. } = self;
        let mut world = World {
            now,
            policy,
            decisions: &Default::default(),
            entropy: [7; 10],
            desk,
            held,
            places,
            live,
            buckets: shelf,
        };
        let effects = self.exchange.on(input, &mut world);
        for effect in &effects.list {
            match effect {
                Effect::Reply(answer) => {
                    assert_eq!(effects.flow, Flow::Hold, "it goes on although it is answered");
                    assert!(answer.status >= 200 && answer.status < 500, "status {}", answer.status);
                    assert!(serde_json::from_slice::<serde_json::Value>(&answer.body).is_ok());
                    self.outcome.answer = Some(answer.clone());
                }
                Effect::Emit(event) => self.outcome.events.push((**event).clone()),
                Effect::Count(Metric::Streams, amount) => self.streams += i64::try_from(*amount).unwrap(),
                Effect::Lower(Metric::Streams, amount) => self.streams -= i64::try_from(*amount).unwrap(),
                Effect::ReplaceResponseChunk(bytes) => self.response.extend_from_slice(bytes),
                _ => (),
            }
        }
        effects
    }

    pub(super) fn outcome(self) -> Outcome {
        self.outcome
    }
}
