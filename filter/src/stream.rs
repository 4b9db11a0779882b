//! One HTTP stream: callbacks in, effects out.

use crate::host::{Moment, RequestHeld, ResponseChunk, ResponseHeld};
use crate::root::Plugin;
use portcullis_gate::{Chunk, Effect, Effects, Exchange, Flow, Headers, Input, Interest, More, Peer};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;
use std::cell::RefCell;
use std::rc::Rc;

/// What is known of a stream, by its callbacks and by the worker's ticks.
pub(crate) type StreamState = Rc<RefCell<Exchange>>;

/// One HTTP stream.
pub(crate) struct Stream {
    plugin: Rc<Plugin>,
    context: u32,
    exchange: StreamState,
    /// Bytes of what the host holds of the request's body that the exchange has read.
    seen: usize,
}

impl Stream {
    pub(crate) fn new(plugin: Rc<Plugin>, context: u32) -> Self {
        Self { plugin, context, exchange: StreamState::default(), seen: 0 }
    }

    fn decide(&mut self, input: Input<'_>, began: &Moment) -> Effects {
        self.plugin.decide(&self.exchange, input, began)
    }

    fn wants(&self, part: Interest) -> bool {
        self.exchange.borrow().wants(part)
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
                Effect::Client(event) => self.plugin.note_client(*event),
                Effect::Socket(event) => self.plugin.note_socket(*event),
                Effect::ReplaceRequestChunk(bytes) => RequestHeld.replace_body(size, &bytes),
                Effect::Reset => self.plugin.host.reset(),
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

    /// One step of the response; `size` bytes of its body came.
    fn respond(&mut self, input: Input<'_>, size: usize) -> Action {
        let began = self.plugin.host.now();
        let Effects { flow, list } = self.decide(input, &began);
        for effect in list {
            self.plugin.host.count(&effect, &self.plugin.metrics, &began);
            match effect {
                Effect::SetResponseHeader(name, value) => ResponseHeld.set_header(name, &value),
                Effect::RemoveResponseHeader(name) => ResponseHeld.remove_header(name),
                Effect::ReplaceResponseChunk(bytes) => ResponseChunk.replace(size, &bytes),
                Effect::Emit(event) => self.plugin.note(*event),
                Effect::Client(event) => self.plugin.note_client(*event),
                Effect::Socket(event) => self.plugin.note_socket(*event),
                Effect::Reply(answer) => ResponseHeld.reply(&answer),
                Effect::Reset => self.plugin.host.reset(),
                // Performed above, or not of this phase.
                Effect::SetRequestHeader(..)
                | Effect::RemoveRequestHeader(_)
                | Effect::ReplaceRequestChunk(_)
                | Effect::DiscardBody
                | Effect::Property(..)
                | Effect::HandOver(_)
                | Effect::Count(..)
                | Effect::Lower(..)
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
        let address = RequestHeld.address();
        let properties = RequestHeld.properties(self.plugin.policy.clients.properties());
        let headers = pairs.as_deref().map(Headers::new);
        let protocol = headers.filter(|headers| headers.upgrades()).and_then(|_| RequestHeld.protocol());
        let (address, protocol) = (address.as_deref(), protocol.as_deref());
        let peer = Peer { address, protocol, properties: &properties };
        self.step(Input::RequestHeaders { headers, peer, more: more(end) }, 0)
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        if !self.wants(Interest::Request) {
            return Action::Continue;
        }
        let fresh = RequestHeld.body(self.seen, size.saturating_sub(self.seen));
        self.seen = size;
        let chunk = fresh.as_deref().map_or(Chunk::Unreadable, Chunk::Bytes);
        self.step(Input::RequestBody { chunk, more: more(end) }, size)
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        if !self.wants(Interest::Request) {
            return Action::Continue;
        }
        self.step(Input::RequestTrailers, self.seen)
    }

    fn on_http_response_headers(&mut self, _: usize, end: bool) -> Action {
        let wanted = self.wants(Interest::ResponseHeaders);
        let pairs = if wanted { ResponseHeld.headers() } else { None };
        let headers = pairs.as_deref().map(Headers::new);
        let action = self.respond(Input::ResponseHeaders { headers, more: more(end) }, 0);
        if self.wants(Interest::Ticks) {
            self.plugin.sockets.borrow_mut().add(self.context, Rc::clone(&self.exchange));
        }
        action
    }

    fn on_http_response_body(&mut self, size: usize, end: bool) -> Action {
        if !self.wants(Interest::ResponseBody) {
            return Action::Continue;
        }
        let bytes = ResponseChunk.bytes(size);
        let chunk = bytes.as_deref().map_or(Chunk::Unreadable, Chunk::Bytes);
        self.respond(Input::ResponseBody { chunk, more: more(end) }, size)
    }

    fn on_http_response_trailers(&mut self, _: usize) -> Action {
        if !self.wants(Interest::ResponseBody) {
            return Action::Continue;
        }
        self.respond(Input::ResponseTrailers, 0)
    }

    fn on_log(&mut self) {
        self.plugin.sockets.borrow_mut().remove(self.context);
        if self.wants(Interest::End) {
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
