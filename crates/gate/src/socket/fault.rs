//! What ends a socket: a reason of the catalogue, and the words for the client.

use portcullis_framing::subprotocol::Violation;
use portcullis_framing::websocket::{CloseCode, FrameError};
use portcullis_policy::Refusal;
use portcullis_report::Reason;
use std::borrow::Cow;

/// What ends a socket.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fault {
    pub(super) refusal: Refusal,
    /// What the client is told.
    pub(super) text: Cow<'static, str>,
}

impl Fault {
    pub(super) fn of(reason: Reason) -> Self {
        Self::with(Refusal::because(reason))
    }

    pub(super) fn with(refusal: Refusal) -> Self {
        Self { refusal, text: Cow::Borrowed(refusal.reason.message()) }
    }

    /// What is wrong with a frame of the client.
    pub(super) fn of_frame(error: FrameError) -> Self {
        let within = |reason, limit| Self::with(Refusal { limit: Some(limit), ..Refusal::because(reason) });
        match error {
            FrameError::TooLarge { limit } => within(Reason::SocketMessageSize, limit),
            FrameError::TooManyFrames { limit } => within(Reason::SocketFrames, u64::from(limit)),
            FrameError::NotUtf8 => Self::of(Reason::SocketText),
            FrameError::Unmasked
            | FrameError::Masked
            | FrameError::ReservedBit
            | FrameError::ReservedOpcode { .. }
            | FrameError::LengthNotMinimal
            | FrameError::LengthTooHigh
            | FrameError::ControlFragmented
            | FrameError::ControlTooLong
            | FrameError::NothingToContinue
            | FrameError::Interleaved
            | FrameError::CloseTooShort
            | FrameError::CloseCode { .. } => Self::of(Reason::SocketFraming),
        }
    }

    /// What is wrong with the order of messages.
    pub(super) fn of_session(violation: &Violation<'_>) -> Self {
        let reason = match violation {
            Violation::Message => Reason::SocketMessage,
            Violation::Early => Reason::SocketEarly,
            Violation::InitTimeout => Reason::SocketInitTimeout,
            Violation::Inits => Reason::SocketInits,
            Violation::IdInUse { .. } => Reason::SocketIdInUse,
        };
        Self { refusal: Refusal::because(reason), text: Cow::Owned(violation.reason()) }
    }

    pub(super) fn reason(&self) -> Reason {
        self.refusal.reason
    }

    pub(super) fn code(&self) -> CloseCode {
        self.refusal.reason.close_code().map_or(CloseCode::POLICY, CloseCode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_has_the_codes_and_words_of_the_protocols() {
        for violation in [Violation::Message, Violation::Early, Violation::InitTimeout, Violation::Inits] {
            let fault = Fault::of_session(&violation);
            assert_eq!((fault.code(), fault.text.as_ref()), (violation.code(), fault.reason().message()));
        }
        let id = Violation::IdInUse { id: "7" };
        assert_eq!(Fault::of_session(&id).code(), id.code());
        for error in [
            FrameError::Unmasked,
            FrameError::NotUtf8,
            FrameError::TooLarge { limit: 1 },
            FrameError::TooManyFrames { limit: 1 },
        ] {
            assert_eq!(Fault::of_frame(error).code(), error.code(), "{error:?}");
        }
    }
}
