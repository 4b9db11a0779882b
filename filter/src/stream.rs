//! One HTTP stream: callbacks in, effects out.

use crate::host::{Moment, RequestHeld, ResponseHeld};
use crate::root::{Plugin, random};
use portcullis_gate::{Chunk, Effect, Effects, Exchange, Flow, Headers, Input, Interest, More, World};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;
use std::rc::Rc;

/// One HTTP stream.
pub(crate) struct Stream {
    plugin: Rc<Plugin>,
    exchange: Exchange,
    /// Bytes of the held body that the exchange has read.
    seen: usize,
}

impl Stream {
    pub(crate) fn new(plugin: Rc<Plugin>) -> Self {
        Self { plugin, exchange: Exchange::default(), seen: 0 }
    }

    fn decide(&mut self, input: Input<'_>, began: &Moment) -> Effects {
        let entropy = match &input {
            // Without randomness ids are easier to guess, no more.
            Input::RequestHeaders { .. } => random().unwrap_or_default(),
            Input::RequestBody { .. }
            | Input::RequestTrailers
            | Input::ResponseHeaders
            | Input::StreamEnded => [0; 10],
        };
        let held = &mut *self.plugin.held.borrow_mut();
        let desk = &mut *self.plugin.desk.borrow_mut();
        let mut world = World { now: began.timestamp(), policy: &self.plugin.policy, entropy, desk, held };
        self.exchange.on(input, &mut world)
    }

    /// One step while the request is held; `size` bytes of its body are.
    fn step(&mut self, input: Input<'_>, size: usize) -> Action {
        let began = self.plugin.host.now();
        let Effects { flow, list } = self.decide(input, &began);
        for effect in list {
            self.plugin.host.count(&effect, &self.plugin.metrics, &began);
            match effect {
                Effect::SetRequestHeader(name, value) => RequestHeld.set_header(name, &value),
                Effect::RemoveRequestHeader(name) => RequestHeld.remove_header(&name),
                Effect::Reply(answer) => RequestHeld.reply(&answer),
                Effect::Emit(event) => self.plugin.note(*event),
                Effect::DiscardBody => {
                    RequestHeld.discard_body(size);
                    self.seen = 0;
                }
                Effect::SetResponseHeader(..)
                | Effect::Property(..)
                | Effect::Count(..)
                | Effect::Time(_) => (),
            }
        }
        match flow {
            Flow::Continue => Action::Continue,
            Flow::Hold => Action::Pause,
        }
    }
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, end: bool) -> Action {
        let pairs = RequestHeld.headers();
        #[cfg(feature = "fault-injection")]
        fault_on_demand(pairs.as_deref().unwrap_or_default());
        let client = RequestHeld.client();
        let headers = pairs.as_deref().map(Headers::new);
        self.step(Input::RequestHeaders { headers, client: client.as_deref(), more: more(end) }, 0)
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        if self.exchange.interest() == Interest::None {
            return Action::Continue;
        }
        let fresh = RequestHeld.body(self.seen, size.saturating_sub(self.seen));
        self.seen = size;
        let chunk = fresh.as_deref().map_or(Chunk::Unreadable, Chunk::Bytes);
        self.step(Input::RequestBody { chunk, more: more(end) }, size)
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        match self.exchange.interest() {
            Interest::None => Action::Continue,
            Interest::Request => self.step(Input::RequestTrailers, self.seen),
        }
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        let began = self.plugin.host.now();
        for effect in self.decide(Input::ResponseHeaders, &began).list {
            if let Effect::SetResponseHeader(name, value) = effect {
                ResponseHeld.set_header(name, &value);
            }
        }
        Action::Continue
    }

    fn on_log(&mut self) {
        if self.exchange.interest() == Interest::None {
            return;
        }
        let began = self.plugin.host.now();
        for effect in self.decide(Input::StreamEnded, &began).list {
            self.plugin.host.count(&effect, &self.plugin.metrics, &began);
        }
    }
}

fn more(end: bool) -> More {
    if end { More::Ended } else { More::Follows }
}

/// Makes the VM trap when a request asks for it.
#[cfg(feature = "fault-injection")]
#[expect(clippy::panic, reason = "the trap that this feature exists for")]
fn fault_on_demand(headers: &[(String, Vec<u8>)]) {
    if headers.iter().any(|(name, value)| name == "x-portcullis-fault" && value == b"trap") {
        panic!("a fault was injected");
    }
}
