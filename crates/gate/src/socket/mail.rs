//! What the gate has to say to a client, until it can be said, and the ping whose pong brings the occasion.

use crate::time::Timestamp;
use portcullis_framing::websocket::{Control, ControlKind, Frame, Masking, write};

/// Milliseconds for which something may wait.
const LONGEST_WAIT_MS: u64 = 5_000;

/// What waits to be said to a client.
#[derive(Debug, Default)]
pub(super) struct Mail {
    frames: Vec<u8>,
    /// Since when the first of them waits.
    since: Option<Timestamp>,
    /// How the payload of every ping of this socket begins; nobody but the server sees it.
    tag: Option<[u8; 8]>,
    pings: u16,
    ping: Ping,
}

/// Whether a ping is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Ping {
    #[default]
    None,
    Sent,
}

/// There is no more room.
pub(super) struct Full;

impl Mail {
    pub(super) fn bytes(&self) -> usize {
        self.frames.len()
    }

    /// Puts a message where it waits, within so many bytes of all that do.
    pub(super) fn post(&mut self, text: &str, room: usize, now: Timestamp) -> Result<(), Full> {
        if self.frames.len().saturating_add(text.len()) > room {
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
        if self.ping == Ping::Sent {
            return;
        }
        let [fresh @ .., _, _] = entropy;
        let [.., a, b, c, d] = entropy;
        let tag = self.tag.get_or_insert(fresh);
        self.pings = self.pings.wrapping_add(1);
        let payload = [&tag[..], &self.pings.to_be_bytes()].concat();
        write(Frame::Ping(&payload), Masking::Key([a, b, c, d]), out);
        self.ping = Ping::Sent;
    }

    /// Whether a frame of the server is the pong to such a ping, which the client has no part in.
    pub(super) fn is_answered_by(&mut self, control: &Control) -> bool {
        if control.kind != ControlKind::Pong {
            return false;
        }
        // A server may answer the last of several pings only (RFC 6455 §5.5.3).
        self.ping = Ping::None;
        self.tag.is_some_and(|tag| control.payload().starts_with(&tag))
    }
}
