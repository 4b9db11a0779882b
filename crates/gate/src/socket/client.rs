//! What a client sends: held until it is whole, judged, and let through as it came.

use super::assembly::Message;
use super::fault::Fault;
use super::operation::Asked;
use super::running::Running;
use super::timing::Progress;
use super::{Graphql, Seen, Socket, Turn};
use crate::number::count;
use crate::throttle::{self, spend_message};
use portcullis_framing::subprotocol::{ClientMessage, Violation, read_client};
use portcullis_framing::websocket::{Begin, Control, ControlKind, End, Kind, Part, Utf8};
use portcullis_framing::{IdKeys, InflateError, Inflation, MessageInflater, Nesting, inflate_message};
use portcullis_policy::{Policy, Refusal};
use portcullis_report::{ClosedBy, MessageKind, Reason, Sender};
use std::borrow::Cow;

/// Bytes that a compressed message may become for each of its own.
const INFLATION_RATIO: usize = 100;

/// Ids of stopped operations that are remembered before the server is asked what it has seen.
const STOPPED: usize = 16;

/// What becomes of a whole message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// It goes to the server.
    Passes,
    /// The client is told why it does not.
    TurnedAway,
}

impl Socket {
    pub(super) fn on_client(&mut self, bytes: &[u8], turn: &mut Turn<'_, '_>) {
        self.tally.bytes(Sender::Client, bytes.len());
        let [seen, _] = self.sight;
        match (&self.closing, seen) {
            (Some(_), _) => return self.dismiss_client(bytes, turn),
            (None, Seen::Nothing) => return turn.out.extend_from_slice(bytes),
            (None, Seen::Frames) => (),
        }
        let mut rest = bytes;
        loop {
            let step = match self.client.next(&mut rest) {
                Ok(None) => break,
                Ok(Some(part)) => self.client_part(&part, turn),
                Err(error) => match self.object(Fault::of_frame(error), turn) {
                    Ok(()) => return self.overlook_client(rest, turn),
                    Err(fault) => Err(fault),
                },
            };
            if let Err(fault) = step {
                self.close(fault, turn.world.now);
                return self.dismiss_client(rest, turn);
            }
        }
        let is_unfinished = !self.assembly.is_empty() || !self.client.withheld().is_empty();
        let progress = if is_unfinished { Progress::Unfinished } else { Progress::Done };
        self.timing.client(progress, turn.world.now);
    }

    /// From here on nobody reads what the client sends.
    fn overlook_client(&mut self, rest: &[u8], turn: &mut Turn<'_, '_>) {
        turn.out.append(&mut self.assembly.take().raw);
        turn.out.append(&mut self.client.withheld());
        turn.out.extend_from_slice(rest);
        let [seen, _] = &mut self.sight;
        *seen = Seen::Nothing;
        self.timing.client(Progress::Done, turn.world.now);
        if let Some(graphql) = &mut self.graphql {
            // Whether it comes is not seen any more.
            graphql.session.assume();
        }
    }

    fn client_part(&mut self, part: &Part<'_>, turn: &mut Turn<'_, '_>) -> Result<(), Fault> {
        match part {
            Part::Begin(begin) => self.client_begins(begin, turn),
            Part::Payload(payload) => {
                self.make_room(payload.raw.len(), turn)?;
                self.assembly.push(payload.raw);
                Ok(())
            }
            Part::End(End::Frame) => {
                self.timing.frame(turn.world.now);
                Ok(())
            }
            Part::End(End::Message) => {
                self.timing.frame(turn.world.now);
                self.timing.client(Progress::Done, turn.world.now);
                let mut message = self.assembly.take();
                match self.client_message(&message, turn)? {
                    Course::Passes => {
                        turn.out.append(&mut message.raw);
                        self.settle(turn);
                    }
                    Course::TurnedAway => self.mail.ping(turn.world.entropy, &mut turn.out),
                }
                Ok(())
            }
            Part::Control(control) => self.client_control(control, turn),
        }
    }

    fn client_begins(&mut self, begin: &Begin, turn: &mut Turn<'_, '_>) -> Result<(), Fault> {
        if begin.is_first {
            let kind = match begin.kind {
                Kind::Text => MessageKind::Text,
                Kind::Binary => MessageKind::Binary,
            };
            self.tally.message(Sender::Client, kind);
            self.assembly.begin(begin);
            self.spend_message(turn)?;
            if begin.kind == Kind::Binary && self.graphql.is_some() {
                self.object(Fault::of(Reason::SocketBinary), turn)?;
            }
        }
        let head = begin.head.as_slice();
        self.make_room(head.len(), turn)?;
        self.assembly.push(head);
        Ok(())
    }

    /// A message is taken from the bucket of the socket, and from those that all sockets of the client share.
    fn spend_message(&mut self, turn: &mut Turn<'_, '_>) -> Result<(), Fault> {
        if !self.pace.takes_message(turn.world.now) {
            return self.object(Fault::of(Reason::SocketMessages), turn);
        }
        let (spent, noticed) = spend_message(&self.opened.client, turn.world);
        turn.list.extend(noticed);
        spent.or_else(|refusal| self.object(Fault::with(refusal), turn))
    }

    /// Makes sure that the worker may hold so many bytes more.
    fn make_room(&mut self, bytes: usize, turn: &mut Turn<'_, '_>) -> Result<(), Fault> {
        let policy = turn.world.policy;
        if self.has_message_room(bytes, turn.world.held, policy) {
            return Ok(());
        }
        let limit = policy.websocket.limits.socket_bytes;
        let refusal = Refusal { limit: Some(count(limit)), ..Refusal::because(Reason::SocketMemory) };
        self.object(Fault::with(refusal), turn)
    }

    fn client_control(&mut self, control: &Control, turn: &mut Turn<'_, '_>) -> Result<(), Fault> {
        self.timing.frame(turn.world.now);
        if self.assembly.is_empty() {
            self.timing.client(Progress::Done, turn.world.now);
        }
        let kind = match control.kind {
            ControlKind::Ping => {
                self.mail.relay();
                MessageKind::Ping
            }
            ControlKind::Pong => MessageKind::Pong,
            ControlKind::Close(close) => {
                self.tally.closed(ClosedBy::Client, close.code);
                MessageKind::Close
            }
        };
        self.tally.message(Sender::Client, kind);
        if kind != MessageKind::Close && !self.pace.takes_control(turn.world.now) {
            self.object(Fault::of(Reason::SocketControls), turn)?;
        }
        control.append_to(&mut turn.out);
        Ok(())
    }

    /// Judges a whole message. What is wrong with it and only counts lets it pass.
    fn client_message(&mut self, message: &Message, turn: &mut Turn<'_, '_>) -> Result<Course, Fault> {
        let policy = turn.world.policy;
        let Some(protocol) = self.graphql.as_deref().map(|graphql| graphql.protocol) else {
            let found = fits(message, policy);
            return found.or_else(|fault| self.object(fault, turn)).map(|()| Course::Passes);
        };
        let payload = message.payload();
        let text = match text(&payload, message, policy) {
            Ok(text) => text,
            Err(fault) => return self.object(fault, turn).map(|()| Course::Passes),
        };
        let (nesting, ids) = (Nesting(policy.limits.json_nesting), IdKeys::Named(&policy.id_keys));
        match read_client(&text, protocol, nesting, ids) {
            Err(_) => self.object(Fault::of_session(&Violation::Message), turn).map(|()| Course::Passes),
            Ok(ClientMessage::Init { payload_bytes }) => self.client_init(payload_bytes, turn),
            Ok(ClientMessage::Start { id, request }) => {
                self.start(&id, Asked { request, text: &text, protocol }, turn)
            }
            Ok(ClientMessage::Stop { id }) => {
                let mark = self.mail.mark();
                let stopped = self.graphql.as_mut().and_then(|graphql| graphql.session.stop(&id, mark));
                let lease = stopped.and_then(Running::into_lease);
                turn.list.extend(throttle::end(lease, turn.world));
                Ok(Course::Passes)
            }
            Ok(ClientMessage::Ping | ClientMessage::Pong | ClientMessage::Terminate) => Ok(Course::Passes),
        }
    }

    /// Asks the server how much it has seen, where many ids are remembered until that is known.
    fn settle(&mut self, turn: &mut Turn<'_, '_>) {
        if self.graphql.as_ref().is_some_and(|graphql| graphql.session.stopped() >= STOPPED) {
            self.mail.ping(turn.world.entropy, &mut turn.out);
        }
    }

    fn client_init(&mut self, payload_bytes: usize, turn: &mut Turn<'_, '_>) -> Result<Course, Fault> {
        let limit = turn.world.policy.websocket.limits.init_payload_bytes;
        if payload_bytes > limit {
            let refusal = Refusal::beyond(Reason::SocketInitSize, count(limit), count(payload_bytes));
            self.object(Fault::with(refusal), turn)?;
        }
        if let Some(Err(fault)) = self.graphql.as_deref_mut().map(Graphql::init) {
            self.object(fault, turn)?;
        }
        Ok(Course::Passes)
    }
}

impl Graphql {
    fn init(&mut self) -> Result<(), Fault> {
        self.session.init().map_err(|violation| Fault::of_session(&violation))
    }
}

/// The text of a message of GraphQL.
fn text<'p>(payload: &'p [u8], message: &Message, policy: &Policy) -> Result<Cow<'p, [u8]>, Fault> {
    if !message.is_compressed {
        return Ok(Cow::Borrowed(payload));
    }
    let text = inflate_message(payload, inflation(policy)).map_err(|error| inflated(error, policy))?;
    match std::str::from_utf8(&text) {
        Ok(_) => Ok(Cow::Owned(text)),
        Err(_) => Err(Fault::of(Reason::SocketText)),
    }
}

/// Whether a message that means nothing here is within its bounds when it is inflated, and then the text that it says it is.
fn fits(message: &Message, policy: &Policy) -> Result<(), Fault> {
    if !message.is_compressed {
        return Ok(());
    }
    let payload = message.payload();
    let limit = inflation(policy).bytes;
    let (mut room, mut text, mut is_text) = (limit, Utf8::default(), true);
    let mut look = |bytes: &[u8]| {
        room = room.checked_sub(bytes.len()).ok_or(InflateError::TooLarge { limit })?;
        is_text = is_text && text.feed(bytes) == bytes.len();
        Ok(())
    };
    let mut inflater = MessageInflater::default();
    let fed = inflater.feed(&payload, &mut look);
    fed.and_then(|()| inflater.finish(&mut look)).map_err(|error| inflated(error, policy))?;
    match message.kind {
        Kind::Text if !(is_text && text.is_whole()) => Err(Fault::of(Reason::SocketText)),
        Kind::Text | Kind::Binary => Ok(()),
    }
}

fn inflation(policy: &Policy) -> Inflation {
    Inflation { bytes: policy.websocket.limits.message_bytes, ratio: INFLATION_RATIO }
}

fn inflated(error: InflateError, policy: &Policy) -> Fault {
    let limit = match error {
        InflateError::TooLarge { .. }
        | InflateError::TooDense { .. }
        | InflateError::WindowTooLarge { .. } => Some(count(policy.websocket.limits.message_bytes)),
        InflateError::Malformed => None,
    };
    Fault::with(Refusal { limit, ..Refusal::because(Reason::SocketInflation) })
}
