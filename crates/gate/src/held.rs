//! Bytes that a worker holds for all its unfinished requests.

/// Bytes of the bodies that a worker holds until their requests are complete.
#[derive(Debug, Default)]
pub struct Held {
    bytes: usize,
}

impl Held {
    pub(crate) fn has_room(&self, bytes: usize, limit: usize) -> bool {
        self.bytes.saturating_add(bytes) <= limit
    }

    /// One exchange holds `after` bytes where it held `before`.
    pub(crate) fn change(&mut self, before: usize, after: usize) {
        self.bytes = self.bytes.saturating_sub(before).saturating_add(after);
    }
}
