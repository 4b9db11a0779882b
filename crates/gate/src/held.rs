//! Bytes that a worker holds for all its unfinished requests, and for all its sockets.

/// Bytes of the bodies that a worker holds until their requests are complete, and of what it keeps for its sockets.
#[derive(Debug, Default)]
pub struct Held {
    bytes: usize,
    socket_bytes: usize,
}

impl Held {
    pub(crate) fn has_room(&self, bytes: usize, limit: usize) -> bool {
        self.bytes.saturating_add(bytes) <= limit
    }

    /// One exchange holds `after` bytes where it held `before`.
    pub(crate) fn change(&mut self, before: usize, after: usize) {
        self.bytes = self.bytes.saturating_sub(before).saturating_add(after);
    }

    pub(crate) fn has_socket_room(&self, bytes: usize, limit: usize) -> bool {
        self.socket_bytes.saturating_add(bytes) <= limit
    }

    /// One socket holds `after` bytes where it held `before`.
    pub(crate) fn change_socket(&mut self, before: usize, after: usize) {
        self.socket_bytes = self.socket_bytes.saturating_sub(before).saturating_add(after);
    }
}
