//! What can be wrong with a frame.

use super::CloseCode;

/// Why a direction of a socket cannot be read on. Its text is fit to be the reason of a close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A client's frame without a mask.
    #[error("a frame of a client is not masked")]
    Unmasked,
    /// A server's frame with a mask.
    #[error("a frame of a server is masked")]
    Masked,
    /// A reserved bit is set that no extension gave a meaning.
    #[error("a reserved bit is set")]
    ReservedBit,
    /// An opcode that has no meaning.
    #[error("the opcode {opcode} is reserved")]
    ReservedOpcode {
        /// Which one.
        opcode: u8,
    },
    /// A length that fits fewer bytes.
    #[error("a length is not written as short as it can be")]
    LengthNotMinimal,
    /// A length of 2^63 or more.
    #[error("a length has its highest bit set")]
    LengthTooHigh,
    /// A control frame that is not its own last.
    #[error("a control frame is fragmented")]
    ControlFragmented,
    /// A control frame of more than 125 bytes.
    #[error("a control frame is longer than 125 bytes")]
    ControlTooLong,
    /// A frame that continues nothing.
    #[error("a frame continues no message")]
    NothingToContinue,
    /// A message begins inside another.
    #[error("a message begins before the one before it has ended")]
    Interleaved,
    /// The payload of a close is a single byte.
    #[error("the code of a close is cut short")]
    CloseTooShort,
    /// A close with a code that is never on the wire.
    #[error("the code {code} of a close is not allowed")]
    CloseCode {
        /// Which one.
        code: u16,
    },
    /// A text, or the reason of a close, is not UTF-8.
    #[error("a text is not UTF-8")]
    NotUtf8,
    /// A message has more bytes than allowed.
    #[error("a message has more than {limit} bytes")]
    TooLarge {
        /// How many are allowed.
        limit: u64,
    },
    /// A message comes in more frames than allowed.
    #[error("a message has more than {limit} frames")]
    TooManyFrames {
        /// How many are allowed.
        limit: u32,
    },
}

impl FrameError {
    /// The code by which whoever sent it is told (RFC 6455 §7.4.1).
    pub fn code(self) -> CloseCode {
        match self {
            Self::Unmasked
            | Self::Masked
            | Self::ReservedBit
            | Self::ReservedOpcode { .. }
            | Self::LengthNotMinimal
            | Self::LengthTooHigh
            | Self::ControlFragmented
            | Self::ControlTooLong
            | Self::NothingToContinue
            | Self::Interleaved
            | Self::CloseTooShort
            | Self::CloseCode { .. } => CloseCode::PROTOCOL_ERROR,
            Self::NotUtf8 => CloseCode::NOT_UTF8,
            Self::TooLarge { .. } => CloseCode::TOO_LARGE,
            Self::TooManyFrames { .. } => CloseCode::POLICY,
        }
    }
}
