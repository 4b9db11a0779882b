//! The bounded words by which what happens on WebSockets is sorted.

use serde::{Deserialize, Serialize};

/// What became of an attempt to open a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Handshake {
    /// The upstream took it.
    Opened,
    /// The gate refused it.
    Refused,
    /// The upstream did not take it, or never answered.
    Failed,
}

impl Handshake {
    /// Every word, in the order of the catalogue.
    pub const ALL: [Self; 3] = [Self::Opened, Self::Refused, Self::Failed];

    /// The word used in stats and labels.
    pub fn label(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// Who sent something over a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sender {
    /// The client.
    Client,
    /// The upstream.
    Server,
}

impl Sender {
    /// Both, in the order of the catalogue.
    pub const ALL: [Self; 2] = [Self::Client, Self::Server];

    /// The word used in stats and labels.
    pub fn label(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// What a message is to the WebSocket protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageKind {
    /// Text, in one frame or several.
    Text,
    /// Bytes, in one frame or several.
    Binary,
    /// A ping.
    Ping,
    /// A pong.
    Pong,
    /// A close.
    Close,
}

impl MessageKind {
    /// Every kind, in the order of the catalogue.
    pub const ALL: [Self; 5] = [Self::Text, Self::Binary, Self::Ping, Self::Pong, Self::Close];

    /// The word used in stats and labels.
    pub fn label(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Binary => "binary",
            Self::Ping => "ping",
            Self::Pong => "pong",
            Self::Close => "close",
        }
    }

    /// Whether it carries something; control frames do not.
    pub fn is_message(self) -> bool {
        match self {
            Self::Text | Self::Binary => true,
            Self::Ping | Self::Pong | Self::Close => false,
        }
    }
}

/// Who ended a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClosedBy {
    /// The client sent the first close.
    Client,
    /// The upstream did.
    Server,
    /// The gate closed or reset it.
    Gate,
    /// The connection broke off without a close.
    Nobody,
}

impl ClosedBy {
    /// Every word, in the order of the catalogue.
    pub const ALL: [Self; 4] = [Self::Client, Self::Server, Self::Gate, Self::Nobody];

    /// The word used in stats and labels.
    pub fn label(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Gate => "gate",
            Self::Nobody => "nobody",
        }
    }
}

/// Declares the codes that are told apart: variant, code, label.
macro_rules! close_codes {
    ($($variant:ident, $code:literal, $label:literal;)+) => {
        /// The code with which a socket was closed, as far as it is a usual one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum CloseCode {
            $(
                #[doc = concat!("Code ", $label, ".")]
                #[serde(rename = $label)]
                $variant,
            )+
            /// Any other code.
            #[serde(rename = "other")]
            Other,
            /// It ended without a code: a close without one, or none at all.
            #[serde(rename = "none")]
            None,
        }

        impl CloseCode {
            /// Every code, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+ Self::Other, Self::None];

            /// By what a code is counted.
            pub fn of(code: Option<u16>) -> Self {
                match code {
                    None => Self::None,
                    $(Some($code) => Self::$variant,)+
                    Some(_) => Self::Other,
                }
            }

            /// The word used in stats, labels and JSON.
            pub fn label(self) -> &'static str {
                match self {
                    $(Self::$variant => $label,)+
                    Self::Other => "other",
                    Self::None => "none",
                }
            }
        }
    };
}

close_codes! {
    Normal, 1000, "1000";
    GoingAway, 1001, "1001";
    ProtocolError, 1002, "1002";
    Unsupported, 1003, "1003";
    InvalidPayload, 1007, "1007";
    PolicyViolation, 1008, "1008";
    TooBig, 1009, "1009";
    InternalError, 1011, "1011";
    Restart, 1012, "1012";
    TryAgainLater, 1013, "1013";
    BadMessage, 4400, "4400";
    Unauthorized, 4401, "4401";
    Forbidden, 4403, "4403";
    Subprotocol, 4406, "4406";
    InitTimeout, 4408, "4408";
    IdInUse, 4409, "4409";
    TooManyInits, 4429, "4429";
    ServerError, 4500, "4500";
    AckTimeout, 4504, "4504";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_counted_under_its_number_or_as_another() {
        let label = |code| CloseCode::of(code).label();
        assert_eq!((label(Some(4429)), label(Some(3000)), label(None)), ("4429", "other", "none"));
    }

    #[test]
    fn the_label_is_the_json_form() {
        for code in CloseCode::ALL {
            assert_eq!(serde_json::to_string(code).unwrap(), format!("\"{}\"", code.label()));
        }
    }
}
