//! One HTTP stream: callbacks in, effects out.

use crate::host::{Moment, RequestHeld, ResponseChunk, ResponseHeld, Shared};
use crate::root::{Plugin, random};
use portcullis_gate::{Chunk, Effect, Effects, Exchange, Flow, Headers, Input, Interest, More, Peer, World};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;
use std::rc::Rc;

/// One HTTP stream.
pub(crate) struct Stream {
    plugin: Rc<Plugin>,
    exchange: Exchange,
    /// Bytes of what the host holds of the request's body that the exchange has read.
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
            | Input::ResponseHeaders { .. }
            | Input::ResponseBody { .. }
            | Input::ResponseTrailers
            | Input::StreamEnded => [0; 10],
        };
        let held = &mut *self.plugin.held.borrow_mut();
        let desk = &mut *self.plugin.desk.borrow_mut();
        let live = &mut *self.plugin.live.borrow_mut();
        let Plugin { policy, places, .. } = &*self.plugin;
        let now = began.timestamp();
        let mut world = World { now, policy, entropy, desk, held, places, live, buckets: &mut Shared };
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
                // Performed above, or not of this phase.
                Effect::SetResponseHeader(..)
                | Effect::RemoveResponseHeader(_)
                | Effect::ReplaceResponseChunk(_)
                | Effect::Property(..)
                | Effect::HandOver(_)
                | Effect::Count(..)
                | Effect::Lower(..)
                | Effect::Time(_) => (),
            }
        }
        match flow {
            Flow::Continue => {
                // What the host held is gone; the next callback tells the size of its own chunk.
                self.seen = 0;
                Action::Continue
            }
            Flow::Hold => Action::Pause,
        }
    }

    /// One step of the response, which always goes on; `size` bytes of its body came.
    fn respond(&mut self, input: Input<'_>, size: usize) -> Action {
        let began = self.plugin.host.now();
        for effect in self.decide(input, &began).list {
            self.plugin.host.count(&effect, &self.plugin.metrics, &began);
            match effect {
                Effect::SetResponseHeader(name, value) => ResponseHeld.set_header(name, &value),
                Effect::RemoveResponseHeader(name) => ResponseHeld.remove_header(name),
                Effect::ReplaceResponseChunk(bytes) => ResponseChunk.replace(size, &bytes),
                Effect::Emit(event) => self.plugin.note(*event),
                // Performed above, or not of this phase.
                Effect::SetRequestHeader(..)
                | Effect::RemoveRequestHeader(_)
                | Effect::DiscardBody
                | Effect::Reply(_)
                | Effect::Property(..)
                | Effect::HandOver(_)
                | Effect::Count(..)
                | Effect::Lower(..)
                | Effect::Time(_) => (),
            }
        }
        Action::Continue
    }
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, end: bool) -> Action {
        let pairs = RequestHeld.headers();
        #[cfg(feature = "fault-injection")]
        fault_on_demand(pairs.as_deref().unwrap_or_default());
        let address = RequestHeld.address();
        let properties = RequestHeld.properties(self.plugin.policy.clients.properties());
        let peer = Peer { address: address.as_deref(), properties: &properties };
        let headers = pairs.as_deref().map(Headers::new);
        self.step(Input::RequestHeaders { headers, peer, more: more(end) }, 0)
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        if !self.exchange.wants(Interest::Request) {
            return Action::Continue;
        }
        let fresh = RequestHeld.body(self.seen, size.saturating_sub(self.seen));
        self.seen = size;
        let chunk = fresh.as_deref().map_or(Chunk::Unreadable, Chunk::Bytes);
        self.step(Input::RequestBody { chunk, more: more(end) }, size)
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        if !self.exchange.wants(Interest::Request) {
            return Action::Continue;
        }
        self.step(Input::RequestTrailers, self.seen)
    }

    fn on_http_response_headers(&mut self, _: usize, end: bool) -> Action {
        let wanted = self.exchange.wants(Interest::ResponseHeaders);
        let pairs = if wanted { ResponseHeld.headers() } else { None };
        let headers = pairs.as_deref().map(Headers::new);
        self.respond(Input::ResponseHeaders { headers, more: more(end) }, 0)
    }

    fn on_http_response_body(&mut self, size: usize, end: bool) -> Action {
        if !self.exchange.wants(Interest::ResponseBody) {
            return Action::Continue;
        }
        let bytes = ResponseChunk.bytes(size);
        let chunk = bytes.as_deref().map_or(Chunk::Unreadable, Chunk::Bytes);
        self.respond(Input::ResponseBody { chunk, more: more(end) }, size)
    }

    fn on_http_response_trailers(&mut self, _: usize) -> Action {
        if !self.exchange.wants(Interest::ResponseBody) {
            return Action::Continue;
        }
        self.respond(Input::ResponseTrailers, 0)
    }

    fn on_log(&mut self) {
        if self.exchange.wants(Interest::End) {
            self.respond(Input::StreamEnded, 0);
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
