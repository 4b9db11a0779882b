//! How many bytes a socket keeps: what it is, what runs on it, and what waits to be said.
//!
//! Beside the message that is not whole yet it is never more than [`STATE_BYTES`], whatever both sides send: an operation for which there is
//! no room left does not begin, and what finds no room to be said closes the socket.

use super::{Graphql, Socket};
use crate::handshake::{Deflate, Purpose};
use crate::held::{Held, Kept};
use portcullis_policy::Policy;

/// Bytes that a socket keeps at most, beside the message that is not whole yet.
const STATE_BYTES: usize = 64 << 10;

/// Bytes that may always wait to be said.
const LEAST_MAIL_BYTES: usize = 4 << 10;

/// Bytes of what inflates a message: a window of 32 KiB and tables.
const INFLATER_BYTES: usize = 44 << 10;

/// Bytes of what is small and bounded by itself: texts that are skimmed, codes of errors, control frames that are not whole, the words of a close.
const OTHER_BYTES: usize = 6 << 10;

impl Socket {
    /// Bytes that it keeps.
    pub(super) fn kept(&self) -> Kept {
        Kept { state: self.keeps(), messages: self.messages() }
    }

    /// Tells the worker what it keeps.
    pub(crate) fn tell_held(&mut self, held: &mut Held) {
        self.tell(self.kept(), held);
    }

    /// Tells the worker that it keeps nothing any more.
    pub(super) fn tell_ended(&mut self, held: &mut Held) {
        self.tell(Kept::default(), held);
    }

    fn tell(&mut self, kept: Kept, held: &mut Held) {
        held.change_socket(self.held, kept);
        self.held = kept;
    }

    /// Whether the worker may hold so many bytes more of messages.
    pub(super) fn has_message_room(&self, bytes: usize, held: &Held, policy: &Policy) -> bool {
        let more = self.messages().saturating_sub(self.held.messages).saturating_add(bytes);
        held.has_message_room(more, policy.websocket.limits.socket_bytes)
    }

    /// Bytes that may wait to be said. What waits takes no room from the next operation.
    pub(super) fn mail_room(&self) -> usize {
        STATE_BYTES.saturating_sub(self.would_keep())
    }

    /// Whether one more operation may be kept, by this socket and by the worker.
    pub(super) fn has_operation_room(&self, held: &Held, policy: &Policy) -> bool {
        let more = self.would_keep().saturating_sub(self.held.state);
        let fits = sum([self.would_keep(), self.mail.bytes().max(LEAST_MAIL_BYTES)]) <= STATE_BYTES;
        fits && held.has_operation_room(more, policy.websocket.limits.socket_bytes)
    }

    fn messages(&self) -> usize {
        sum([self.assembly.bytes(), self.mail.bytes()])
    }

    /// Bytes that it would keep beside messages with one operation more.
    fn would_keep(&self) -> usize {
        sum([self.keeps_beside(), self.graphql.as_deref().map_or(0, Graphql::with_one_more)])
    }

    /// Bytes that it keeps beside messages.
    fn keeps(&self) -> usize {
        sum([self.keeps_beside(), self.graphql.as_deref().map_or(0, Graphql::running)])
    }

    /// Bytes that it keeps beside messages and operations: itself, and what it takes to follow compressed messages of the server.
    fn keeps_beside(&self) -> usize {
        let purpose = if self.graphql.is_some() { Purpose::Graphql } else { Purpose::Anything };
        idle_bytes(purpose, self.opened.terms.deflate)
    }
}

/// Bytes that a socket keeps on which nothing runs.
pub(crate) fn idle_bytes(purpose: Purpose, deflate: Deflate) -> usize {
    let (graphql, inflater) = match (purpose, deflate) {
        (Purpose::Graphql, Deflate::Offered) => (size_of::<Graphql>(), INFLATER_BYTES),
        (Purpose::Graphql, Deflate::Withheld) => (size_of::<Graphql>(), 0),
        (Purpose::Anything, Deflate::Offered | Deflate::Withheld) => (0, 0),
    };
    sum([size_of::<Socket>(), OTHER_BYTES, graphql, inflater])
}

impl Graphql {
    /// Bytes of what runs.
    fn running(&self) -> usize {
        sum([self.session.bytes(), self.shared.bytes()])
    }

    /// Bytes of what would run with one operation more.
    fn with_one_more(&self) -> usize {
        sum([self.session.bytes_with_one_more(), self.shared.bytes_with_one_more()])
    }
}

fn sum<const N: usize>(parts: [usize; N]) -> usize {
    parts.into_iter().fold(0, usize::saturating_add)
}
