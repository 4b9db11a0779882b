//! The message of a client that is not whole yet, as the very bytes that came.

use portcullis_framing::websocket::{Begin, Compression, FrameLimits, FrameReader, Kind, Part, Sender};

const ANY: FrameLimits = FrameLimits { message_bytes: u64::MAX, frames_per_message: u32::MAX };

/// A message of a client that is not whole yet.
#[derive(Debug)]
pub(super) struct Assembly {
    raw: Vec<u8>,
    kind: Kind,
    is_compressed: bool,
}

impl Default for Assembly {
    fn default() -> Self {
        Self { raw: Vec::new(), kind: Kind::Text, is_compressed: false }
    }
}

/// A whole message of a client.
#[derive(Debug)]
pub(super) struct Message {
    /// All its frames, as they came.
    pub(super) raw: Vec<u8>,
    pub(super) kind: Kind,
    pub(super) is_compressed: bool,
}

impl Assembly {
    /// Bytes that are kept.
    pub(super) fn bytes(&self) -> usize {
        self.raw.capacity()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }

    /// A message begins.
    pub(super) fn begin(&mut self, begin: &Begin) {
        (self.kind, self.is_compressed) = (begin.kind, begin.is_compressed);
    }

    pub(super) fn push(&mut self, raw: &[u8]) {
        self.raw.extend_from_slice(raw);
    }

    /// All there is; nothing is kept of it.
    pub(super) fn take(&mut self) -> Message {
        let Self { kind, is_compressed, .. } = *self;
        Message { raw: std::mem::take(&mut self.raw), kind, is_compressed }
    }
}

impl Message {
    /// Its payload, without masks; as it is compressed, where it is.
    pub(super) fn payload(&self) -> Vec<u8> {
        let compression = if self.is_compressed { Compression::Deflate } else { Compression::Off };
        let mut reader = FrameReader::new(Sender::Client, compression, ANY);
        let (mut rest, mut payload) = (self.raw.as_slice(), Vec::with_capacity(self.raw.len()));
        // It was read like this before, so that there is nothing wrong with it.
        while let Ok(Some(part)) = reader.next(&mut rest) {
            match part {
                Part::Payload(piece) => piece.append_to(&mut payload),
                Part::Begin(_) | Part::End(_) | Part::Control(_) => (),
            }
        }
        payload
    }
}
