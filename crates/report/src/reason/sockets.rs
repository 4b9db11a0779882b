//! The reasons for which sockets are refused or closed, and the close codes that tell them to the client.

use super::Reason;

impl Reason {
    /// Whether it is about a WebSocket as such, and not about an operation on it.
    pub fn is_of_sockets(self) -> bool {
        self.place() != Place::Request
    }

    /// The code with which a socket is closed for it; nothing where no socket is open, or where it lives on.
    pub fn close_code(self) -> Option<u16> {
        match self.place() {
            Place::Socket(code) => Some(code),
            // A decision about the client ends its open sockets as well.
            Place::Request if self == Self::Blocked => Some(1008),
            Place::Request | Place::Handshake | Place::Operation => None,
        }
    }

    /// What it ends.
    fn place(self) -> Place {
        match self {
            Self::SocketHandshake
            | Self::SocketVersion
            | Self::SocketOrigin
            | Self::SocketOriginMissing
            | Self::SocketCookies
            | Self::SocketSubprotocol
            | Self::SocketAttempts
            | Self::SocketCount => Place::Handshake,
            Self::SocketOperations => Place::Operation,
            Self::SocketFraming | Self::SocketUpstream => Place::Socket(1002),
            Self::SocketBinary => Place::Socket(1003),
            Self::SocketText => Place::Socket(1007),
            Self::SocketControls | Self::SocketMessages | Self::SocketFrames => Place::Socket(1008),
            Self::SocketMessageSize | Self::SocketInflation => Place::Socket(1009),
            Self::SocketIdle | Self::SocketLifetime => Place::Socket(1001),
            Self::SocketMemory | Self::SocketUnanswered => Place::Socket(1013),
            Self::SocketMessage | Self::SocketInitSize => Place::Socket(4400),
            Self::SocketEarly => Place::Socket(4401),
            Self::SocketChoice => Place::Socket(4406),
            Self::SocketInitTimeout => Place::Socket(4408),
            Self::SocketIdInUse => Place::Socket(4409),
            Self::SocketInits => Place::Socket(4429),
            Self::Syntax
            | Self::FragmentCycle
            | Self::DuplicateDefinition
            | Self::OperationUnresolved
            | Self::Tokens
            | Self::DocumentSize
            | Self::Nesting
            | Self::Depth
            | Self::Fields
            | Self::RootFields
            | Self::Aliases
            | Self::AliasesPerField
            | Self::Directives
            | Self::Cost
            | Self::TypeCost
            | Self::Slicing
            | Self::UnknownField
            | Self::SensitiveField
            | Self::Introspection
            | Self::IntrospectionDepth
            | Self::PersistedQuery
            | Self::PersistedQueryUnsupported
            | Self::PersistedQueryMismatch
            | Self::UntrustedId
            | Self::UntrustedDocument
            | Self::Batching
            | Self::BatchLength
            | Self::Json
            | Self::JsonNesting
            | Self::Ambiguous
            | Self::Envelope
            | Self::Extension
            | Self::BodySize
            | Self::UrlSize
            | Self::ContentType
            | Self::ContentEncoding
            | Self::EncodedBody
            | Self::Inflation
            | Self::Csrf
            | Self::Multipart
            | Self::UploadLimit
            | Self::UploadMap
            | Self::Method
            | Self::GetMutation
            | Self::Throttled
            | Self::Streams
            | Self::Blocked
            | Self::Quota
            | Self::UnknownProfile
            | Self::Contention
            | Self::Overloaded
            | Self::Unreadable => Place::Request,
        }
    }
}

/// What a reason ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A request, or an operation however it came.
    Request,
    /// An attempt to open a socket.
    Handshake,
    /// An operation on a socket, which lives on.
    Operation,
    /// A socket, by this code.
    Socket(u16),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CloseCode;

    #[test]
    fn every_code_of_a_reason_is_counted_by_its_number() {
        for reason in Reason::ALL {
            let label = CloseCode::of(reason.close_code()).label();
            let expected = reason.close_code().map_or("none".to_owned(), |code| code.to_string());
            assert_eq!(label, expected, "{reason:?}");
        }
    }

    #[test]
    fn a_message_fits_a_close_frame() {
        for reason in Reason::ALL.iter().filter(|reason| reason.close_code().is_some()) {
            assert!(reason.message().len() <= 123, "{reason:?}");
        }
    }

    #[test]
    fn reasons_of_sockets_are_called_so() {
        for reason in Reason::ALL {
            assert_eq!(reason.label().starts_with("socket_"), reason.is_of_sockets(), "{reason:?}");
        }
    }
}
