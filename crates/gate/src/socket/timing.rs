//! What must happen in time, and what becomes of a socket on which it does not.

use super::fault::Fault;
use super::{Heard, Socket, Turn};
use crate::time::Timestamp;
use portcullis_framing::subprotocol::Violation;
use portcullis_policy::decisions::Effect as Decided;
use portcullis_report::Reason;

/// When things happened.
#[derive(Debug)]
pub(super) struct Timing {
    opened: Timestamp,
    /// The last whole frame of either side.
    frame: Timestamp,
    /// The last byte of the server.
    heard: Timestamp,
    /// The first byte of what the client has not finished.
    begun: Option<Timestamp>,
    /// What was late and only counts; said once.
    noted: Vec<Reason>,
}

/// How far a client is with what it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// A frame or a message has begun.
    Unfinished,
    /// All of it is whole.
    Done,
}

impl Timing {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { opened: now, frame: now, heard: now, begun: None, noted: Vec::new() }
    }

    pub(super) fn age(&self, now: Timestamp) -> u64 {
        now.since(self.opened)
    }

    /// A frame is whole.
    pub(super) fn frame(&mut self, now: Timestamp) {
        self.frame = now;
    }

    /// Something of the server has come.
    pub(super) fn heard(&mut self, now: Timestamp) {
        self.heard = now;
    }

    /// The clock may have been set back: nothing is later than now, so that no time to wait becomes longer than it is.
    fn keep_up(&mut self, now: Timestamp) {
        for moment in [&mut self.opened, &mut self.frame, &mut self.heard].into_iter().chain(&mut self.begun)
        {
            *moment = now.min(*moment);
        }
    }

    /// How far the client is with what it sends.
    pub(super) fn client(&mut self, progress: Progress, now: Timestamp) {
        self.begun = match progress {
            Progress::Unfinished => self.begun.or(Some(now)),
            Progress::Done => None,
        };
    }
}

impl Socket {
    /// Closes a socket on which something did not happen in time.
    pub(super) fn keep_time(&mut self, turn: &mut Turn<'_, '_>) {
        let now = turn.world.now;
        self.timing.keep_up(now);
        self.mail.keep_up(now);
        if let Some(closing) = &mut self.closing {
            closing.keep_up(now);
            return;
        }
        let Some(fault) = self.late(turn) else { return };
        let reason = fault.reason();
        match self.object(fault, turn) {
            Ok(()) => self.timing.noted.push(reason),
            Err(fault) => self.close(fault, now),
        }
    }

    fn late(&self, turn: &Turn<'_, '_>) -> Option<Fault> {
        let (now, limits) = (turn.world.now, &turn.world.policy.websocket.limits);
        let awaits_init = self.graphql.as_ref().is_some_and(|graphql| graphql.session.awaits_init());
        let is_idle = now.since(self.timing.frame) >= limits.idle_ms
            || self.timing.begun.is_some_and(|begun| now.since(begun) >= limits.idle_ms);
        let within = match self.heard {
            Heard::Messages => None,
            Heard::Frames | Heard::Part => Some(self.timing.heard),
        };
        let ruling = turn.world.decisions.find(self.opened.address, self.opened.client.key, now);
        let is_blocked = ruling.is_some_and(|ruling| ruling.effect == Decided::Block);
        let checks = [
            (is_blocked, Fault::of(Reason::Blocked)),
            (self.mail.is_overdue(within, now), Fault::of(Reason::SocketUnanswered)),
            (
                awaits_init && self.timing.age(now) >= limits.init_timeout_ms,
                Fault::of_session(&Violation::InitTimeout),
            ),
            (is_idle, Fault::of(Reason::SocketIdle)),
            (self.timing.age(now) >= limits.lifetime_ms, Fault::of(Reason::SocketLifetime)),
        ];
        let mut late = checks.into_iter().filter_map(|(is_late, fault)| is_late.then_some(fault));
        late.find(|fault| !self.timing.noted.contains(&fault.reason()))
    }
}
