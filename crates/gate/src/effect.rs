//! What the gate asks its shell to do.

use crate::answer::Answer;
use crate::clients::ClientEvent;
use crate::crowd::SocketEvent;
use crate::event::Event;
use portcullis_report::Metric;

/// Whether what the host holds may go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flow {
    /// It goes on.
    #[default]
    Continue,
    /// The host keeps headers and body for later.
    Hold,
}

/// Everything that one input leads to; performed in order, the flow last.
#[derive(Debug, Default, PartialEq)]
pub struct Effects {
    /// Whether what the host holds may go on.
    pub flow: Flow,
    /// What is to be done before.
    pub list: Vec<Effect>,
}

/// One thing to do.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Sets a header of the request, replacing all of that name.
    SetRequestHeader(&'static str, String),
    /// Removes all headers of a name from the request.
    RemoveRequestHeader(String),
    /// Sets a header of the response, replacing all of that name.
    SetResponseHeader(&'static str, String),
    /// Removes all headers of a name from the response.
    RemoveResponseHeader(&'static str),
    /// Empties what the host holds of the request's body.
    DiscardBody,
    /// Puts these bytes in the place of the chunk of the request's body that just came.
    ReplaceRequestChunk(Vec<u8>),
    /// Puts these bytes in the place of the chunk of the response's body that just came.
    ReplaceResponseChunk(Vec<u8>),
    /// Answers the client in place of the upstream.
    Reply(Answer),
    /// Puts a value where access logs find it: `wasm.<name>` in the filter state.
    Property(&'static str, String),
    /// Tells Envoy's `ratelimit` filter how many hits the request is.
    HandOver(u32),
    /// Adds to a counter, or records a value in a histogram.
    Count(Metric, u64),
    /// Lowers a gauge.
    Lower(Metric, u64),
    /// Records the time since this callback began, in microseconds, in a histogram.
    Time(Metric),
    /// Hands a judged request to the worker.
    Emit(Box<Event>),
    /// Hands what a client did beside that, or what came of it, to the worker.
    Client(Box<ClientEvent>),
    /// Hands what happened to a socket to the worker.
    Socket(Box<SocketEvent>),
    /// Cuts the stream off in both directions.
    Reset,
}
