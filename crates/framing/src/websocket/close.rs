//! Why a socket is closed, as both sides tell it (RFC 6455 §5.5.1, §7.4).

use super::FrameError;
use super::utf8::Utf8;

/// The code of a close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CloseCode(pub u16);

impl CloseCode {
    /// Nothing is wrong.
    pub const NORMAL: Self = Self(1000);
    /// Whoever says so goes away.
    pub const GOING_AWAY: Self = Self(1001);
    /// A frame breaks RFC 6455.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// A message of a kind that is not taken.
    pub const UNSUPPORTED: Self = Self(1003);
    /// A text that is not UTF-8.
    pub const NOT_UTF8: Self = Self(1007);
    /// The policy says no.
    pub const POLICY: Self = Self(1008);
    /// A message that is too large.
    pub const TOO_LARGE: Self = Self(1009);
    /// A server met what it did not expect.
    pub const INTERNAL: Self = Self(1011);
    /// Too much at the moment.
    pub const TRY_AGAIN_LATER: Self = Self(1013);

    /// Whether it may stand in a close; the others mean that there was none, or nothing.
    pub fn is_sendable(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

/// What a close says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Close {
    /// Its code; nothing when its payload is empty.
    pub code: Option<CloseCode>,
}

impl Close {
    /// Reads the payload of a close.
    pub(super) fn read(payload: &[u8]) -> Result<Self, FrameError> {
        let (code, reason) = match payload {
            [] => return Ok(Self { code: None }),
            [_] => return Err(FrameError::CloseTooShort),
            [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
        };
        if !CloseCode(code).is_sendable() {
            return Err(FrameError::CloseCode { code });
        }
        let mut text = Utf8::default();
        if text.feed(reason) < reason.len() || !text.is_whole() {
            return Err(FrameError::NotUtf8);
        }
        Ok(Self { code: Some(CloseCode(code)) })
    }
}
