//! What the gate has to say to a client, until it can be said, and the ping whose pong brings the occasion.

use crate::time::Timestamp;
use portcullis_framing::subprotocol::Mark;
use portcullis_framing::websocket::{Control, ControlKind, Frame, Masking, write};

/// Milliseconds for which something may wait.
const LONGEST_WAIT_MS: u64 = 5_000;

/// Bytes of the longest head of a frame of a server.
const LONGEST_HEAD: usize = 10;

/// What waits to be said to a client.
#[derive(Debug, Default)]
pub(super) struct Mail {
    frames: Vec<u8>,
    /// Since when the first of them waits.
    since: Option<Timestamp>,
    /// How the payload of every ping of this socket begins; nobody but the server sees it.
    tag: Option<[u8; 8]>,
    /// Pings that were sent.
    pings: u32,
    ping: Ping,
}

/// Whether a ping is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Ping {
    #[default]
    None,
    Sent,
    /// One of the client's.
    Relayed,
}

/// There is no more room.
pub(super) struct Full;

impl Mail {
    pub(super) fn bytes(&self) -> usize {
        self.frames.capacity()
    }

    /// Puts a message where it waits, within so many bytes for all that do.
    pub(super) fn post(&mut self, text: &str, room: usize, now: Timestamp) -> Result<(), Full> {
        let length = text.len().saturating_add(LONGEST_HEAD);
        let all = self.frames.len().saturating_add(length);
        if all > room {
            return Err(Full);
        }
        if all > self.frames.capacity() {
            // Twice as much as before, but no more than there is room for.
            let wanted = self.frames.capacity().saturating_mul(2).clamp(all, room);
            self.frames.reserve_exact(wanted.saturating_sub(self.frames.len()));
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

    /// Whether something waits that could not be said in time; while the server is in the middle of a message, since it was `heard`.
    pub(super) fn is_overdue(&self, heard: Option<Timestamp>, now: Timestamp) -> bool {
        let since = self.since.map(|since| heard.map_or(since, |heard| since.max(heard)));
        since.is_some_and(|since| now.since(since) >= LONGEST_WAIT_MS)
    }

    /// The clock may have been set back: nothing is later than now.
    pub(super) fn keep_up(&mut self, now: Timestamp) {
        self.since = self.since.map(|since| since.min(now));
    }

    /// Sends a ping to the server, unless one is under way; any answer of the server is an occasion. One that is the client's is as good:
    /// a server that answers only the last of several would leave the client without its pong.
    pub(super) fn ping(&mut self, entropy: [u8; 10], out: &mut Vec<u8>) {
        if self.ping == Ping::None {
            self.ask(entropy, out);
        }
    }

    /// Sends a ping of its own to the server, unless one is under way.
    pub(super) fn insist(&mut self, entropy: [u8; 10], out: &mut Vec<u8>) {
        if self.ping != Ping::Sent {
            self.ask(entropy, out);
        }
    }

    /// A ping of the client goes to the server.
    pub(super) fn relay(&mut self) {
        if self.ping == Ping::None {
            self.ping = Ping::Relayed;
        }
    }

    /// Sends a ping to the server, whatever is under way: its pong tells that what went before it was seen.
    pub(super) fn ask(&mut self, entropy: [u8; 10], out: &mut Vec<u8>) {
        let [fresh @ .., _, _] = entropy;
        let [.., a, b, c, d] = entropy;
        let tag = self.tag.get_or_insert(fresh);
        self.pings = self.pings.saturating_add(1);
        let payload = [&tag[..], &self.pings.to_be_bytes()].concat();
        write(Frame::Ping(&payload), Masking::Key([a, b, c, d]), out);
        self.ping = Ping::Sent;
    }

    /// What the server will have seen when it answers the next ping: all that goes before it.
    pub(super) fn mark(&self) -> Mark {
        Mark(self.pings.saturating_add(1))
    }

    /// Whether a frame of the server is the pong to such a ping, in which the client has no part; what the server has seen then.
    pub(super) fn answered_by(&mut self, control: &Control) -> Option<Mark> {
        if control.kind != ControlKind::Pong {
            return None;
        }
        // A server may answer the last of several pings only (RFC 6455 §5.5.3).
        self.ping = Ping::None;
        let payload = control.payload();
        let (tag, number) = payload.split_first_chunk::<8>()?;
        let number = number.try_into().map_or(0, u32::from_be_bytes);
        // A server cannot have seen what was not sent.
        let seen = if number <= self.pings { number } else { 0 };
        (self.tag == Some(*tag)).then_some(Mark(seen))
    }
}
