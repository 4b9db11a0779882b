//! The names under which is stored what is counted of sockets.

use portcullis_report::{CloseCode, Reason};

/// One thing that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    /// Attempts that the upstream took.
    Opened,
    /// Attempts that the upstream did not take.
    Failed,
    /// Attempts that the gate refused.
    Refused(Reason),
    /// Sockets and messages that the gate turned away.
    Rejected(Reason),
    /// Sockets that ended with this code.
    Closed(CloseCode),
    /// What clients sent.
    ClientMessages,
    ClientBytes,
    /// What upstreams sent.
    ServerMessages,
    ServerBytes,
    /// Operations that went upstream.
    Operations,
    /// Operations that were refused.
    OperationsRefused,
    /// Sockets by how long they lived, by the place of the bound.
    Duration(usize),
    /// The sum of that, in milliseconds.
    DurationSum,
    /// Sockets by how many messages they carried, by the place of the bound.
    Messages(usize),
    /// The sum of that.
    MessagesSum,
}

impl Count {
    /// Its name.
    pub(super) fn name(self) -> String {
        match self {
            Self::Opened => "opened".to_owned(),
            Self::Failed => "failed".to_owned(),
            Self::Refused(reason) => format!("refused/{}", reason.label()),
            Self::Rejected(reason) => format!("rejected/{}", reason.label()),
            Self::Closed(code) => format!("closed/{}", code.label()),
            Self::ClientMessages => "client_messages".to_owned(),
            Self::ClientBytes => "client_bytes".to_owned(),
            Self::ServerMessages => "server_messages".to_owned(),
            Self::ServerBytes => "server_bytes".to_owned(),
            Self::Operations => "operations".to_owned(),
            Self::OperationsRefused => "operations_refused".to_owned(),
            Self::Duration(place) => format!("duration/{place}"),
            Self::DurationSum => "duration_sum".to_owned(),
            Self::Messages(place) => format!("messages/{place}"),
            Self::MessagesSum => "messages_sum".to_owned(),
        }
    }

    /// What a name stands for; nothing for one of another version.
    pub(super) fn named(name: &str) -> Option<Self> {
        let (kind, which) = name.split_once('/').unwrap_or((name, ""));
        let reason = || Reason::ALL.iter().copied().find(|reason| reason.label() == which);
        match kind {
            "opened" => Some(Self::Opened),
            "failed" => Some(Self::Failed),
            "refused" => reason().map(Self::Refused),
            "rejected" => reason().map(Self::Rejected),
            "closed" => CloseCode::ALL.iter().copied().find(|code| code.label() == which).map(Self::Closed),
            "client_messages" => Some(Self::ClientMessages),
            "client_bytes" => Some(Self::ClientBytes),
            "server_messages" => Some(Self::ServerMessages),
            "server_bytes" => Some(Self::ServerBytes),
            "operations" => Some(Self::Operations),
            "operations_refused" => Some(Self::OperationsRefused),
            "duration" => which.parse().ok().map(Self::Duration),
            "duration_sum" => Some(Self::DurationSum),
            "messages" => which.parse().ok().map(Self::Messages),
            "messages_sum" => Some(Self::MessagesSum),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_was_written() {
        let all = [
            Count::Opened,
            Count::Failed,
            Count::Refused(Reason::SocketOrigin),
            Count::Rejected(Reason::SocketMessages),
            Count::Closed(CloseCode::BadMessage),
            Count::ClientMessages,
            Count::ClientBytes,
            Count::ServerMessages,
            Count::ServerBytes,
            Count::Operations,
            Count::OperationsRefused,
            Count::Duration(3),
            Count::DurationSum,
            Count::Messages(0),
            Count::MessagesSum,
        ];
        for count in all {
            assert_eq!(Count::named(&count.name()), Some(count));
        }
        assert_eq!(Count::named("refused/of_another_version"), None);
    }
}
