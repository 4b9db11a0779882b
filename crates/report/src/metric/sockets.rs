//! What is counted of WebSockets.

use super::{ClassLabel, FamilyKind, Labels};
use crate::{ClientOutcome, CloseCode, ClosedBy, Handshake, MessageKind, OperationKind, Reason, Sender};

/// One thing that is counted of sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SocketMetric {
    /// `portcullis.websocket.sockets`.
    Active(ClassLabel),
    /// `portcullis.websocket.attempts`.
    Attempts(Handshake),
    /// `portcullis.websocket.rejections`.
    Rejections(Reason),
    /// `portcullis.websocket.messages`.
    Messages(Sender, MessageKind),
    /// `portcullis.websocket.bytes`.
    Bytes(Sender),
    /// `portcullis.websocket.operations`.
    Operations(OperationKind, ClientOutcome),
    /// `portcullis.websocket.closes`.
    Closes(CloseCode, ClosedBy),
    /// `portcullis.websocket.duration_ms`.
    Duration,
    /// `portcullis.websocket.messages_per_socket`.
    MessagesPerSocket,
}

impl SocketMetric {
    pub(super) fn all(labels: &Labels) -> Vec<Self> {
        let mut all = vec![Self::Duration, Self::MessagesPerSocket];
        all.extend(labels.classes().map(Self::Active));
        all.extend(Handshake::ALL.map(Self::Attempts));
        let reasons = Reason::ALL.iter().filter(|reason| reason.is_of_sockets());
        all.extend(reasons.map(|reason| Self::Rejections(*reason)));
        for sender in Sender::ALL {
            all.push(Self::Bytes(sender));
            all.extend(MessageKind::ALL.map(|kind| Self::Messages(sender, kind)));
        }
        for kind in OperationKind::ALL {
            all.extend(ClientOutcome::ALL.map(|outcome| Self::Operations(kind, outcome)));
        }
        for code in CloseCode::ALL {
            all.extend(ClosedBy::ALL.map(|by| Self::Closes(*code, by)));
        }
        all
    }

    pub(super) fn family_name(self) -> &'static str {
        match self {
            Self::Active(_) => "portcullis.websocket.sockets",
            Self::Attempts(_) => "portcullis.websocket.attempts",
            Self::Rejections(_) => "portcullis.websocket.rejections",
            Self::Messages(..) => "portcullis.websocket.messages",
            Self::Bytes(_) => "portcullis.websocket.bytes",
            Self::Operations(..) => "portcullis.websocket.operations",
            Self::Closes(..) => "portcullis.websocket.closes",
            Self::Duration => "portcullis.websocket.duration_ms",
            Self::MessagesPerSocket => "portcullis.websocket.messages_per_socket",
        }
    }

    pub(super) fn kind(self) -> FamilyKind {
        match self {
            Self::Active(_) => FamilyKind::Gauge,
            Self::Duration | Self::MessagesPerSocket => FamilyKind::Histogram,
            Self::Attempts(_)
            | Self::Rejections(_)
            | Self::Messages(..)
            | Self::Bytes(_)
            | Self::Operations(..)
            | Self::Closes(..) => FamilyKind::Counter,
        }
    }

    pub(super) fn stat_name(self, labels: &Labels) -> String {
        let family = self.family_name();
        match self {
            Self::Active(class) => format!("{family}.{}", labels.class(class)),
            Self::Attempts(handshake) => format!("{family}.{}", handshake.label()),
            Self::Rejections(reason) => format!("{family}.{}", reason.label()),
            Self::Messages(sender, kind) => format!("{family}.{}.{}", sender.label(), kind.label()),
            Self::Bytes(sender) => format!("{family}.{}", sender.label()),
            Self::Operations(kind, outcome) => format!("{family}.{}.{}", kind.label(), outcome.label()),
            Self::Closes(code, by) => format!("{family}.{}.{}", code.label(), by.label()),
            Self::Duration | Self::MessagesPerSocket => family.to_owned(),
        }
    }
}
