//! Bytes that a worker holds for all its unfinished requests, and for all its sockets.
//!
//! All sockets together keep no more than one limit. New ones find room up to three quarters of it, operations on those that are open up
//! to seven eighths: whoever opens sockets takes nothing from messages on those that are open already.

/// Bytes of the bodies that a worker holds until their requests are complete, and of what it keeps for its sockets.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Held {
    bytes: usize,
    sockets: Kept,
}

/// Bytes that are kept for sockets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// What they are, and what runs on them.
    pub(crate) state: usize,
    /// Messages that are not whole, and what waits to be said.
    pub(crate) messages: usize,
}

impl Held {
    /// Bytes that are kept for sockets.
    pub fn socket_bytes(&self) -> usize {
        self.sockets.all()
    }

    pub(crate) fn has_room(&self, bytes: usize, limit: usize) -> bool {
        self.bytes.saturating_add(bytes) <= limit
    }

    /// One exchange holds `after` bytes where it held `before`.
    pub(crate) fn change(&mut self, before: usize, after: usize) {
        self.bytes = self.bytes.saturating_sub(before).saturating_add(after);
    }

    /// Whether one more socket of so many bytes may be opened.
    pub(crate) fn has_socket_room(&self, bytes: usize, limit: usize) -> bool {
        self.sockets.state.saturating_add(bytes) <= for_sockets(limit)
    }

    /// Whether what runs on sockets may take so many bytes more.
    pub(crate) fn has_operation_room(&self, bytes: usize, limit: usize) -> bool {
        self.sockets.state.saturating_add(bytes) <= limit.saturating_sub(limit / 8)
    }

    /// Whether messages may take so many bytes more; what sockets keep beside leaves them a quarter in any case.
    pub(crate) fn has_message_room(&self, bytes: usize, limit: usize) -> bool {
        let taken = self.sockets.state.min(for_sockets(limit));
        self.sockets.messages.saturating_add(bytes) <= limit.saturating_sub(taken)
    }

    /// One socket holds `after` where it held `before`.
    pub(crate) fn change_socket(&mut self, before: Kept, after: Kept) {
        let changed =
            |all: usize, before: usize, after: usize| all.saturating_sub(before).saturating_add(after);
        let Kept { state, messages } = self.sockets;
        self.sockets = Kept {
            state: changed(state, before.state, after.state),
            messages: changed(messages, before.messages, after.messages),
        };
    }
}

impl Kept {
    pub(crate) fn all(self) -> usize {
        self.state.saturating_add(self.messages)
    }
}

/// Bytes that sockets may take before their messages.
fn for_sockets(limit: usize) -> usize {
    limit.saturating_sub(limit / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_leave_room_for_operations_and_these_for_messages() {
        let full = |state| Held { bytes: 0, sockets: Kept { state, messages: 0 } };
        assert_eq!([74, 75, 76].map(|bytes| full(0).has_socket_room(bytes, 100)), [true, true, false]);
        assert_eq!([12, 13, 14].map(|bytes| full(75).has_operation_room(bytes, 100)), [true, true, false]);
        assert_eq!([24, 25, 26].map(|bytes| full(90).has_message_room(bytes, 100)), [true, true, false]);
        assert_eq!([99, 100, 101].map(|bytes| full(0).has_message_room(bytes, 100)), [true, true, false]);
    }
}
