//! What leaves in place of one chunk.

use std::borrow::Cow;

/// The chunk, less what is cut out of it, plus what was held back before it and what is added.
#[derive(Debug)]
pub(super) struct Output<'c> {
    chunk: &'c [u8],
    /// What leaves before the rest of the chunk.
    before: Vec<u8>,
    /// Where the rest of the chunk begins, and where it ends.
    from: usize,
    to: usize,
}

impl<'c> Output<'c> {
    pub(super) fn new(chunk: &'c [u8]) -> Self {
        Self { chunk, before: Vec::new(), from: 0, to: chunk.len() }
    }

    /// Lets bytes of an earlier chunk leave; nothing of this chunk has been cut yet.
    pub(super) fn release(&mut self, bytes: &[u8]) {
        self.before.extend_from_slice(bytes);
    }

    /// Cuts out what lies between two offsets, in order.
    pub(super) fn cut(&mut self, start: usize, end: usize) {
        // What a cut at its very beginning leaves of the chunk can be borrowed.
        if start > self.from {
            self.before.extend_from_slice(self.chunk.get(self.from..start).unwrap_or_default());
        }
        self.from = end;
    }

    /// Adds bytes before what stands at an offset, in order.
    pub(super) fn add(&mut self, at: usize, bytes: &[u8]) {
        self.cut(at, at);
        self.before.extend_from_slice(bytes);
    }

    /// Holds back what is left from an offset on.
    pub(super) fn hold(&mut self, start: usize) {
        self.to = start;
    }

    pub(super) fn finish(mut self) -> Cow<'c, [u8]> {
        let rest = self.chunk.get(self.from..self.to).unwrap_or_default();
        if self.before.is_empty() {
            return Cow::Borrowed(rest);
        }
        self.before.extend_from_slice(rest);
        Cow::Owned(self.before)
    }
}
