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

/// Milliseconds that a client has to answer its close. Before, the server is not told: it would end the connection, and what the client has
/// not read by then, with bytes of its own under way, is lost to it.
const ANSWER_MS: u64 = 1_000;

/// A socket that the gate closes.
#[derive(Debug)]
pub(super) struct Closing {
    fault: Fault,
    since: Timestamp,
    /// Who knows, or cannot be told any more; the client since when.
    client: Option<Timestamp>,
    server: Told,
    /// Nobody can be told anything.
    is_lost: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Yes,
    No,
}

impl Closing {
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.is_lost || now.since(self.since) >= PATIENCE_MS
    }

    /// The clock may have been set back: nothing is later than now.
    pub(super) fn keep_up(&mut self, now: Timestamp) {
        self.since = self.since.min(now);
        self.client = self.client.map(|since| since.min(now));
    }
}

impl Socket {
    /// Holds a fault against the policy: it is counted and reported, and is an error unless it only counts.
    pub(super) fn object(&mut self, fault: Fault, turn: &mut Turn<'_, '_>) -> Result<(), Fault> {
        let (policy, reason) = (turn.world.policy, fault.reason());
        let judgement = Judgement::unparsed(fault.refusal, policy).alone();
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
        self.tally.closed(ClosedBy::Gate, Some(fault.code()));
        // Nothing of an unfinished message goes anywhere.
        self.assembly.take();
        let client = self.server.is_closed().then_some(now);
        let server = if self.client.is_closed() { Told::Yes } else { Told::No };
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
    /// server, once the client has answered its own.
    pub(super) fn dismiss_client(&mut self, bytes: &[u8], turn: &mut Turn<'_, '_>) {
        self.await_close(bytes);
        let (entropy, now) = (turn.world.entropy, turn.world.now);
        let has_closed = self.client.is_closed();
        let Some(closing) = self.closing.as_mut().filter(|closing| closing.server == Told::No) else {
            return;
        };
        let is_over = match closing.client {
            None => {
                self.mail.insist(entropy, &mut turn.out);
                has_closed
            }
            Some(since) => has_closed || now.since(since) >= ANSWER_MS,
        };
        if is_over {
            let [.., a, b, c, d] = entropy;
            let close = Frame::Close(closing.fault.code(), &closing.fault.text);
            write(close, Masking::Key([a, b, c, d]), &mut turn.out);
            closing.server = Told::Yes;
        }
    }

    /// Looks for the client's close; nothing else that it sends means anything any more.
    fn await_close(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        loop {
            match self.client.next(&mut rest) {
                Ok(Some(_)) => (),
                Err(_) if self.client.forgive() => (),
                Ok(None) | Err(_) => return,
            }
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
        let Some(closing) = self.closing.as_mut().filter(|closing| closing.client.is_none()) else {
            return;
        };
        closing.client = Some(turn.world.now);
        if let (true, Some(text)) =
            (is_between, self.graphql.as_deref().and_then(|it| it.complaint(&closing.fault)))
        {
            write(Frame::Text(&text), Masking::Off, &mut turn.out);
        }
        write(Frame::Close(closing.fault.code(), &closing.fault.text), Masking::Off, &mut turn.out);
    }

    /// Whether the client knows that its socket is closed, so that nothing more reaches it.
    pub(super) fn is_client_told(&self) -> bool {
        self.closing.as_ref().is_some_and(|closing| closing.client.is_some())
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
