//! Errors that a server tells on a socket: read as they pass, and counted and told of the client as those of responses over HTTP.
//!
//! Nothing is kept of a message but the codes of its errors, and nothing at all where nobody asks for them.

use super::running::Running;
use crate::clients::{ClientEvent, ClientNews, Found, Outcome, Who};
use crate::effect::Effect;
use crate::response::DEPTH;
use crate::tally::Errors;
use crate::time::Timestamp;
use portcullis_framing::subprotocol::ServerMessage;
use portcullis_framing::{Event, Events, Jobs, Scanner, Suggestions};
use portcullis_policy::{Responses, Switch};
use portcullis_report::Metric;

/// The errors of the message that is passing.
#[derive(Debug)]
pub(super) struct Listening {
    scanner: Scanner,
    errors: Errors,
}

impl Default for Listening {
    fn default() -> Self {
        // What is said in a frame stays as long as its head says.
        let jobs = Jobs { suggestions: Suggestions::Keep, events: Events::On };
        Self { scanner: Scanner::of_message(jobs, DEPTH), errors: Errors::default() }
    }
}

impl Listening {
    /// Nothing where nobody asks for errors.
    pub(super) fn under(responses: Responses) -> Option<Box<Self>> {
        match responses.count_errors {
            Switch::On => Some(Box::default()),
            Switch::Off => None,
        }
    }

    /// Reads more of the message, without mask and inflated.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        let Self { scanner, errors } = self;
        // It passes as it is.
        drop(scanner.feed(bytes, &mut |event| errors.on(event)));
    }

    /// The message has ended, and with it what there is to know of its errors; the next begins.
    pub(super) fn end(&mut self, message: &ServerMessage) -> Option<Errors> {
        let Self { mut errors, .. } = std::mem::take(self);
        match message {
            ServerMessage::Failed { .. } if errors.counts().is_empty() => {
                // The older protocol has one error there, and no list.
                errors.on(Event::Error);
                Some(errors)
            }
            ServerMessage::Failed { .. } | ServerMessage::Result { .. } => Some(errors),
            ServerMessage::Ack | ServerMessage::Ended { .. } | ServerMessage::Other => None,
        }
        .filter(|errors| !errors.is_none())
    }
}

/// What is counted, and told of the client, of errors that an operation met.
pub(super) fn complained(mut errors: Errors, of: Option<&Running>, who: Who, at: Timestamp) -> Vec<Effect> {
    let counts = errors.counts().iter();
    let mut list: Vec<Effect> =
        counts.map(|(code, count)| Effect::Count(Metric::ResponseErrors(*code), *count)).collect();
    let told = errors.told();
    let found = |code, count| {
        let mut found = of.map(Running::found).unwrap_or_else(Running::unknown);
        (found.code, found.count) = (code, count);
        found
    };
    let failures: Vec<Found> = told.kinds.into_iter().map(|kind| found(kind.code, kind.count)).collect();
    let news = ClientNews::Answered(Outcome { status: None, suggestions: 0, failures, merged: told.merged });
    list.push(Effect::Client(Box::new(ClientEvent { at, who, news })));
    list
}
