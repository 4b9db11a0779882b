//! The message of a client that is not whole yet, as the very bytes that came.

use portcullis_framing::websocket::{Compression, FrameLimits, FrameReader, Part, Sender};

const ANY: FrameLimits = FrameLimits { message_bytes: u64::MAX, frames_per_message: u32::MAX };

/// A message of a client that is not whole yet.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    raw: Vec<u8>,
    is_compressed: bool,
}

/// A whole message of a client.
#[derive(Debug)]
pub(super) struct Message {
    /// All its frames, as they came.
    pub(super) raw: Vec<u8>,
    pub(super) is_compressed: bool,
}

impl Assembly {
    /// Bytes that are kept.
    pub(super) fn bytes(&self) -> usize {
        self.raw.len()
    }

    pub(super) fn begin(&mut self, is_compressed: bool) {
        self.is_compressed = is_compressed;
    }

    pub(super) fn push(&mut self, raw: &[u8]) {
        self.raw.extend_from_slice(raw);
    }

    /// All there is; nothing is kept of it.
    pub(super) fn take(&mut self) -> Message {
        Message { raw: std::mem::take(&mut self.raw), is_compressed: self.is_compressed }
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
