//! A socket that the gate closes: both sides are told when there is an occasion, and what has not ended then is reset.

use super::fault::Fault;
use super::{Graphql, Heard, Seen, Socket, Turn};
use crate::conclude::events;
use crate::effect::Effect;
use crate::judge::Judgement;
use crate::time::Timestamp;
use portcullis_framing::subprotocol::Subprotocol;
use portcullis_framing::websocket::{Frame, Masking, write};
use portcullis_policy::Mode;
use portcullis_report::{ClosedBy, Metric, Reason};
use serde_json::json;

/// Milliseconds until a socket is reset that has not ended.
const PATIENCE_MS: u64 = 5_000;

/// A socket that the gate closes.
#[derive(Debug)]
pub(super) struct Closing {
    fault: Fault,
    since: Timestamp,
    /// Who knows, or cannot be told any more.
    pub(super) client: Told,
    server: Told,
    /// Nobody can be told anything.
    is_lost: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Yes,
    No,
}

impl Closing {
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.is_lost || now.since(self.since) >= PATIENCE_MS
    }
}

impl Socket {
    /// Holds a fault against the policy: it is counted and reported, and is an error unless it only counts.
    pub(super) fn object(&mut self, fault: Fault, turn: &mut Turn<'_, '_>) -> Result<(), Fault> {
        let (policy, reason) = (turn.world.policy, fault.reason());
        let judgement = Judgement::unparsed(fault.refusal, policy);
        let emitted = events(self.opened.case(), judgement, turn.world.now).into_iter();
        turn.list.extend(emitted.map(|event| Effect::Emit(Box::new(event))));
        match policy.mode(reason) {
            Mode::Enforce => {
                turn.list.push(Effect::Count(Metric::refused(reason), 1));
                Err(fault)
            }
            Mode::Shadow => {
                turn.list.push(Effect::Count(Metric::Shadowed(reason), 1));
                Ok(())
            }
        }
    }

    /// Begins to close.
    pub(super) fn close(&mut self, fault: Fault, now: Timestamp) {
        let told = |is_closed: bool| if is_closed { Told::Yes } else { Told::No };
        self.tally.closed(ClosedBy::Gate, Some(fault.code()));
        // Nothing of an unfinished message goes anywhere.
        self.assembly.take();
        let (client, server) = (told(self.server.is_closed()), told(self.client.is_closed()));
        self.closing.get_or_insert(Closing { fault, since: now, client, server, is_lost: false });
    }

    /// The host does not give the bytes: they cannot be judged, nor followed.
    pub(super) fn lose(&mut self, turn: &mut Turn<'_, '_>) {
        if let Err(fault) = self.object(Fault::of(Reason::Unreadable), turn) {
            self.close(fault, turn.world.now);
        }
        self.give_up();
    }

    /// Nobody can be told anything any more.
    pub(super) fn give_up(&mut self) {
        if let Some(closing) = &mut self.closing {
            closing.is_lost = true;
        }
    }

    /// In the place of what a client sends while its socket is closed: what brings the occasion to tell it so, or the close for the
    /// server, once the client has its own.
    pub(super) fn dismiss_client(&mut self, turn: &mut Turn<'_, '_>) {
        let entropy = turn.world.entropy;
        let Some(closing) = &mut self.closing else { return };
        match (closing.client, closing.server) {
            (Told::No, Told::No) => self.mail.ping(entropy, &mut turn.out),
            (Told::Yes, Told::No) => {
                let [.., a, b, c, d] = entropy;
                let close = Frame::Close(closing.fault.code(), &closing.fault.text);
                write(close, Masking::Key([a, b, c, d]), &mut turn.out);
                closing.server = Told::Yes;
            }
            // The server has the client's own close, and will answer it.
            (Told::No | Told::Yes, Told::Yes) => (),
        }
    }

    /// Says to the client what waits, where a frame may begin.
    pub(super) fn speak(&mut self, turn: &mut Turn<'_, '_>) {
        let [_, seen] = self.sight;
        if seen == Seen::Nothing || self.heard == Heard::Part || self.server.is_closed() {
            return;
        }
        let is_between = self.heard == Heard::Messages;
        if is_between {
            self.mail.deliver(&mut turn.out);
        }
        let Some(closing) = self.closing.as_mut().filter(|closing| closing.client == Told::No) else {
            return;
        };
        closing.client = Told::Yes;
        if let (true, Some(text)) =
            (is_between, self.graphql.as_deref().and_then(|it| it.complaint(&closing.fault)))
        {
            write(Frame::Text(&text), Masking::Off, &mut turn.out);
        }
        write(Frame::Close(closing.fault.code(), &closing.fault.text), Masking::Off, &mut turn.out);
    }

    /// Whether the client knows that its socket is closed, so that nothing more reaches it.
    pub(super) fn is_client_told(&self) -> bool {
        self.closing.as_ref().is_some_and(|closing| closing.client == Told::Yes)
    }
}

impl Graphql {
    /// What clients of the older protocol are told before a close.
    fn complaint(&self, fault: &Fault) -> Option<String> {
        let payload = json!({ "message": fault.text, "extensions": { "code": fault.reason().code() } });
        match self.protocol {
            Subprotocol::Legacy => {
                Some(json!({ "type": "connection_error", "payload": payload }).to_string())
            }
            Subprotocol::TransportWs => None,
        }
    }
}
