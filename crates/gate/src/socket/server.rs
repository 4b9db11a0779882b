//! What a server sends: it passes at once, is followed for what begins and ends, and makes place for what the gate has to say.

use super::errors::complained;
use super::fault::Fault;
use super::running::Running;
use super::{Graphql, Heard, Opened, Seen, Socket, Turn};
use crate::effect::Effect;
use crate::throttle;
use crate::time::Timestamp;
use portcullis_framing::MessageInflater;
use portcullis_framing::subprotocol::ServerMessage;
use portcullis_framing::websocket::{Begin, Control, ControlKind, End, Kind, Part};
use portcullis_report::{ClosedBy, MessageKind, Reason, Sender};

impl Socket {
    pub(super) fn on_server(&mut self, bytes: &[u8], turn: &mut Turn<'_, '_>) {
        self.tally.bytes(Sender::Server, bytes.len());
        self.timing.heard(turn.world.now);
        let [_, seen] = self.sight;
        if seen == Seen::Nothing {
            turn.out.extend_from_slice(bytes);
            return;
        }
        self.speak(turn);
        let mut rest = bytes;
        while !self.is_client_told() || self.server.is_closed() {
            match self.server.next(&mut rest) {
                Ok(None) => return,
                Ok(Some(part)) => self.server_part(&part, turn),
                Err(_) => {
                    if self.closing.is_none() {
                        match self.object(Fault::of(Reason::SocketUpstream), turn) {
                            Ok(()) => return self.overlook_server(rest, turn),
                            Err(fault) => self.close(fault, turn.world.now),
                        }
                    }
                    if self.heard == Heard::Part {
                        return self.give_up();
                    }
                }
            }
            self.speak(turn);
        }
    }

    /// From here on nobody reads what the server sends.
    fn overlook_server(&mut self, rest: &[u8], turn: &mut Turn<'_, '_>) {
        turn.out.append(&mut self.server.withheld());
        turn.out.extend_from_slice(rest);
        let [_, seen] = &mut self.sight;
        *seen = Seen::Nothing;
        if let Some(graphql) = &mut self.graphql {
            // Whether it comes is not seen any more.
            graphql.session.assume();
        }
    }

    fn server_part(&mut self, part: &Part<'_>, turn: &mut Turn<'_, '_>) {
        match part {
            Part::Begin(begin) => self.server_begins(begin, turn),
            Part::Payload(payload) => {
                turn.out.extend_from_slice(payload.raw);
                if let Some(graphql) = &mut self.graphql {
                    graphql.skim(payload.raw);
                }
            }
            Part::End(end) => {
                self.timing.frame(turn.world.now);
                match end {
                    End::Frame => self.heard = Heard::Frames,
                    End::Message => {
                        self.heard = Heard::Messages;
                        self.server_message(turn);
                    }
                }
            }
            Part::Control(control) => self.server_control(control, turn),
        }
    }

    fn server_begins(&mut self, begin: &Begin, turn: &mut Turn<'_, '_>) {
        self.heard = Heard::Part;
        turn.out.extend_from_slice(begin.head.as_slice());
        if !begin.is_first {
            return;
        }
        let kind = match begin.kind {
            Kind::Text => MessageKind::Text,
            Kind::Binary => MessageKind::Binary,
        };
        self.tally.message(Sender::Server, kind);
        if let Some(graphql) = &mut self.graphql {
            graphql.inflater = begin.is_compressed.then(MessageInflater::default);
        }
    }

    fn server_message(&mut self, turn: &mut Turn<'_, '_>) {
        let Some(graphql) = &mut self.graphql else { return };
        graphql.inflater = None;
        let message = graphql.skim.finish();
        turn.list.extend(graphql.complaints(&message, &self.opened, turn.world.now));
        let ended = graphql.session.heard(&message);
        turn.list.extend(throttle::end(ended.and_then(Running::into_lease), turn.world));
    }

    fn server_control(&mut self, control: &Control, turn: &mut Turn<'_, '_>) {
        if let Some(seen) = self.mail.answered_by(control) {
            if let Some(graphql) = &mut self.graphql {
                graphql.session.settle(seen);
            }
            return;
        }
        self.timing.frame(turn.world.now);
        let kind = match control.kind {
            ControlKind::Ping => MessageKind::Ping,
            ControlKind::Pong => MessageKind::Pong,
            ControlKind::Close(close) => {
                self.tally.closed(ClosedBy::Server, close.code);
                MessageKind::Close
            }
        };
        self.tally.message(Sender::Server, kind);
        control.append_to(&mut turn.out);
    }
}

impl Graphql {
    /// What is to be said of the errors in a message that has passed, where somebody asks for them.
    fn complaints(&mut self, message: &ServerMessage, opened: &Opened, now: Timestamp) -> Vec<Effect> {
        let Some(errors) = self.listening.as_mut().and_then(|listening| listening.end(message)) else {
            return Vec::new();
        };
        let of = match message {
            ServerMessage::Failed { id } | ServerMessage::Result { id } => self.session.operation(id),
            ServerMessage::Ack | ServerMessage::Ended { .. } | ServerMessage::Other => None,
        };
        complained(errors, of, opened.case().who(), now)
    }

    /// Follows what passes of a message; one that does not inflate says nothing.
    fn skim(&mut self, bytes: &[u8]) {
        let (skim, listening) = (&mut self.skim, &mut self.listening);
        let mut read = |text: &[u8]| {
            skim.feed(text);
            listening.iter_mut().for_each(|listening| listening.feed(text));
        };
        match &mut self.inflater {
            None => read(bytes),
            Some(inflater) => {
                let mut feed = |text: &[u8]| {
                    read(text);
                    Ok(())
                };
                if inflater.feed(bytes, &mut feed).is_err() {
                    skim.lose();
                }
            }
        }
    }
}
