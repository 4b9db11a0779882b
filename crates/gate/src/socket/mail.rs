//! What the gate has to say to a client, until it can be said, and the ping whose pong brings the occasion.

use crate::time::Timestamp;
use portcullis_framing::websocket::{Control, ControlKind, Frame, Masking, write};

/// Bytes that may wait.
const MOST_BYTES: usize = 48 << 10;

/// Milliseconds for which something may wait.
const LONGEST_WAIT_MS: u64 = 5_000;

/// What waits to be said to a client.
#[derive(Debug, Default)]
pub(super) struct Mail {
    frames: Vec<u8>,
    /// Since when the first of them waits.
    since: Option<Timestamp>,
    /// The payload of the ping that is under way.
    nonce: Option<[u8; 8]>,
}

/// There is no more room.
pub(super) struct Full;

impl Mail {
    pub(super) fn bytes(&self) -> usize {
        self.frames.len()
    }

    /// Puts a message where it waits.
    pub(super) fn post(&mut self, text: &str, now: Timestamp) -> Result<(), Full> {
        if self.frames.len().saturating_add(text.len()) > MOST_BYTES {
            return Err(Full);
        }
        write(Frame::Text(text), Masking::Off, &mut self.frames);
        self.since.get_or_insert(now);
        Ok(())
    }

    /// Everything that waits; the client is between two messages of the server.
    pub(super) fn deliver(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.frames);
        self.frames = Vec::new();
        self.since = None;
    }

    /// Whether something waits that could not be said in time.
    pub(super) fn is_overdue(&self, now: Timestamp) -> bool {
        self.since.is_some_and(|since| now.since(since) >= LONGEST_WAIT_MS)
    }

    /// Sends a ping to the server, unless one is under way; any answer of the server is an occasion.
    pub(super) fn ping(&mut self, entropy: [u8; 10], out: &mut Vec<u8>) {
        if self.nonce.is_none() {
            let [nonce @ .., _, _] = entropy;
            let [.., a, b, c, d] = entropy;
            self.nonce = Some(nonce);
            write(Frame::Ping(&nonce), Masking::Key([a, b, c, d]), out);
        }
    }

    /// Whether a frame of the server is the pong to that ping, which the client has no part in.
    pub(super) fn is_answered_by(&mut self, control: &Control) -> bool {
        let is_pong = control.kind == ControlKind::Pong;
        let is_own = is_pong && self.nonce.is_some_and(|nonce| control.payload() == nonce);
        if is_own {
            self.nonce = None;
        }
        is_own
    }
}
