//! Control frames, kept whole until they have come (RFC 6455 §5.5).

use super::head::{CONTROL_BYTES, Head, HeadBytes, Opcode};
use super::{Close, FrameError, Mask};

/// A whole control frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Control {
    /// What it is.
    pub kind: ControlKind,
    frame: Collected,
}

/// What a control frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlKind {
    /// It asks for a pong of the same payload.
    Ping,
    /// It answers a ping, or nothing.
    Pong,
    /// The last frame of its side.
    Close(Close),
}

impl Control {
    /// Its payload, unmasked.
    pub fn payload(&self) -> Vec<u8> {
        self.frame.payload()
    }

    /// Appends the very bytes that came.
    pub fn append_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.frame.came());
    }
}

/// A control frame as far as it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Collected {
    opcode: Opcode,
    head: HeadBytes,
    mask: Mask,
    bytes: [u8; CONTROL_BYTES],
    came: usize,
    length: usize,
}

impl Collected {
    pub(super) fn new(head: &Head, bytes: HeadBytes) -> Self {
        // No control frame is longer, by its head.
        let length = usize::try_from(head.length).unwrap_or(CONTROL_BYTES).min(CONTROL_BYTES);
        Self { opcode: head.opcode, head: bytes, mask: head.mask, bytes: [0; CONTROL_BYTES], came: 0, length }
    }

    /// Takes what belongs to it from the front of a chunk.
    pub(super) fn take(&mut self, chunk: &mut &[u8]) {
        let wanted = self.length.saturating_sub(self.came).min(chunk.len());
        let (taken, rest) = chunk.split_at_checked(wanted).unwrap_or((chunk, &[]));
        let space = self.bytes.get_mut(self.came..).unwrap_or_default();
        space.iter_mut().zip(taken).for_each(|(to, from)| *to = *from);
        self.came = self.came.saturating_add(wanted);
        *chunk = rest;
    }

    /// The frame, when all of it has come.
    pub(super) fn whole(&self) -> Result<Option<Control>, FrameError> {
        if self.came < self.length {
            return Ok(None);
        }
        let kind = match self.opcode {
            Opcode::Close => ControlKind::Close(Close::read(&self.payload())?),
            Opcode::Ping => ControlKind::Ping,
            // The reader collects nothing but control frames.
            Opcode::Pong | Opcode::Continuation | Opcode::Text | Opcode::Binary => ControlKind::Pong,
        };
        Ok(Some(Control { kind, frame: *self }))
    }

    /// The very bytes so far.
    pub(super) fn came(&self) -> Vec<u8> {
        [self.head.as_slice(), self.raw()].concat()
    }

    fn raw(&self) -> &[u8] {
        self.bytes.get(..self.came).unwrap_or_default()
    }

    fn payload(&self) -> Vec<u8> {
        let (mut mask, mut payload) = (self.mask, Vec::with_capacity(self.came));
        mask.apply(self.raw(), &mut payload);
        payload
    }
}
