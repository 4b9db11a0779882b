//! What stands before the payload of a frame (RFC 6455 §5.2).

use super::reader::{Compression, Sender};
use super::{FrameError, Mask};

/// The longest: two bytes, eight of length, four of mask.
const LONGEST: usize = 14;

/// The longest payload of a control frame.
pub(super) const CONTROL_BYTES: usize = 125;

/// The bytes before a payload, as they came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeadBytes {
    bytes: [u8; LONGEST],
    length: usize,
}

impl HeadBytes {
    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    pub(super) fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length = self.length.saturating_add(1);
        }
    }
}

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    pub(super) fn is_control(self) -> bool {
        match self {
            Self::Close | Self::Ping | Self::Pong => true,
            Self::Continuation | Self::Text | Self::Binary => false,
        }
    }
}

/// What the bytes before a payload say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) opcode: Opcode,
    /// Whether it is the last frame of its message.
    pub(super) is_last: bool,
    pub(super) is_compressed: bool,
    pub(super) mask: Mask,
    pub(super) length: u64,
}

/// Reads a head as far as it is there; nothing when more is needed. What is wrong with it is told with the first byte that shows it.
pub(super) fn read(
    bytes: &HeadBytes,
    sender: Sender,
    compression: Compression,
) -> Result<Option<Head>, FrameError> {
    let Some((first, rest)) = bytes.as_slice().split_first() else { return Ok(None) };
    let is_last = first & 0x80 != 0;
    let opcode = opcode(first & 0xf)?;
    let is_compressed = first & 0x40 != 0;
    let takes_compressed =
        compression == Compression::Deflate && matches!(opcode, Opcode::Text | Opcode::Binary);
    if first & 0x30 != 0 || (is_compressed && !takes_compressed) {
        return Err(FrameError::ReservedBit);
    }
    if opcode.is_control() && !is_last {
        return Err(FrameError::ControlFragmented);
    }
    let Some((second, rest)) = rest.split_first() else { return Ok(None) };
    match (sender, second & 0x80 != 0) {
        (Sender::Client, true) | (Sender::Server, false) => (),
        (Sender::Client, false) => return Err(FrameError::Unmasked),
        (Sender::Server, true) => return Err(FrameError::Masked),
    }
    let short = second & 0x7f;
    if opcode.is_control() && usize::from(short) > CONTROL_BYTES {
        return Err(FrameError::ControlTooLong);
    }
    let Some((length, rest)) = length(short, rest)? else { return Ok(None) };
    let key = match sender {
        Sender::Server => Some([0; 4]),
        Sender::Client => rest.first_chunk().copied(),
    };
    Ok(key.map(|key| Head { opcode, is_last, is_compressed, mask: Mask::new(key), length }))
}

fn opcode(nibble: u8) -> Result<Opcode, FrameError> {
    match nibble {
        0x0 => Ok(Opcode::Continuation),
        0x1 => Ok(Opcode::Text),
        0x2 => Ok(Opcode::Binary),
        0x8 => Ok(Opcode::Close),
        0x9 => Ok(Opcode::Ping),
        0xa => Ok(Opcode::Pong),
        opcode => Err(FrameError::ReservedOpcode { opcode }),
    }
}

/// The length of the payload, and what follows it; nothing when more is needed.
fn length(short: u8, rest: &[u8]) -> Result<Option<(u64, &[u8])>, FrameError> {
    let (length, least, rest) = match short {
        126 => {
            let Some((bytes, rest)) = rest.split_first_chunk() else { return Ok(None) };
            (u64::from(u16::from_be_bytes(*bytes)), 126, rest)
        }
        127 => {
            if rest.first().is_some_and(|first| first & 0x80 != 0) {
                return Err(FrameError::LengthTooHigh);
            }
            let Some((bytes, rest)) = rest.split_first_chunk() else { return Ok(None) };
            (u64::from_be_bytes(*bytes), 0x1_0000, rest)
        }
        length => (u64::from(length), 0, rest),
    };
    if length < least { Err(FrameError::LengthNotMinimal) } else { Ok(Some((length, rest))) }
}
