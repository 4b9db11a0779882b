//! The frames that the gate makes itself.

use super::head::CONTROL_BYTES;
use super::{CloseCode, Mask};

/// A frame that the gate makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'p> {
    /// A whole message.
    Text(&'p str),
    /// Asks for a pong of the same payload, of which at most 125 bytes are sent.
    Ping(&'p [u8]),
    /// Ends its side; of the reason at most 123 bytes are sent, and no half of a character.
    Close(CloseCode, &'p str),
}

/// Whether a frame is masked, as those of clients are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Masking {
    /// A server's frame.
    Off,
    /// A client's, with this key.
    Key([u8; 4]),
}

/// Appends a frame to `out`.
pub fn write(frame: Frame<'_>, masking: Masking, out: &mut Vec<u8>) {
    match frame {
        Frame::Text(text) => put(0x81, &[], text.as_bytes(), masking, out),
        Frame::Ping(payload) => put(0x89, &[], payload.get(..CONTROL_BYTES).unwrap_or(payload), masking, out),
        Frame::Close(code, reason) => {
            let end = reason.floor_char_boundary(CONTROL_BYTES.saturating_sub(2));
            let reason = reason.get(..end).unwrap_or_default();
            put(0x88, &code.0.to_be_bytes(), reason.as_bytes(), masking, out);
        }
    }
}

fn put(first: u8, front: &[u8], back: &[u8], masking: Masking, out: &mut Vec<u8>) {
    let (bit, key) = match masking {
        Masking::Off => (0, None),
        Masking::Key(key) => (0x80, Some(key)),
    };
    out.push(first);
    let length = front.len().saturating_add(back.len());
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..=125), _) => out.push(bit | short),
        (_, Ok(medium)) => {
            out.push(bit | 126);
            out.extend_from_slice(&medium.to_be_bytes());
        }
        (_, Err(_)) => {
            out.push(bit | 127);
            out.extend_from_slice(&u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes());
        }
    }
    out.extend(key.into_iter().flatten());
    let mut mask = Mask::new(key.unwrap_or_default());
    mask.apply(front, out);
    mask.apply(back, out);
}
