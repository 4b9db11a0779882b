//! What a server says, as far as the order of things depends on it: skimmed as it passes, whatever its size.

use super::LONGEST_ID;
use crate::json::{plain, unescaped};

/// Bytes that are kept of a text; a character of an id may be written as six, or twelve of four.
const KEPT_BYTES: usize = 6 * LONGEST_ID;

/// A message of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerMessage {
    /// `connection_ack`: operations may come.
    Ack,
    /// `complete`: an operation has ended.
    Ended {
        /// Which one.
        id: String,
    },
    /// `error`: an operation has ended with errors.
    Failed {
        /// Which one.
        id: String,
    },
    /// `next` or `data`: a result of an operation.
    Result {
        /// Which one.
        id: String,
    },
    /// Anything else.
    Other,
}

/// A message of a server that is passing; whatever its pieces are, the outcome is the same.
///
/// Servers are believed: what is no JSON is no message that matters.
#[derive(Debug, Default)]
pub struct Skim {
    /// Arrays and objects that are open.
    depth: usize,
    state: State,
    /// What the text at hand is.
    role: Role,
    /// The text at hand as it is written, when it is one to be known.
    text: Vec<u8>,
    /// Which value follows the last key.
    field: Field,
    kind: Vec<u8>,
    id: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Between,
    Text,
    /// After a backslash in a text.
    Escape,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Role {
    Key,
    Value,
    #[default]
    Other,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Field {
    /// A key comes next.
    Awaited,
    Type,
    Id,
    #[default]
    Other,
}

impl Skim {
    /// Skims the next bytes of the message, without mask and inflated.
    pub fn feed(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((byte, after)) = rest.split_first() {
            rest = match self.state {
                State::Between => {
                    self.structure(*byte);
                    after
                }
                State::Escape => {
                    self.keep(&[*byte]);
                    self.state = State::Text;
                    after
                }
                State::Text => self.text(rest),
            };
        }
    }

    /// What follows of the message cannot be read, so that it says nothing.
    pub fn lose(&mut self) {
        *self = Self { depth: usize::MAX, ..Self::default() };
    }

    /// The message has ended; the next begins.
    pub fn finish(&mut self) -> ServerMessage {
        let Self { kind, id, .. } = std::mem::take(self);
        let about: fn(String) -> ServerMessage = match &*unescaped(&kind) {
            b"connection_ack" => return ServerMessage::Ack,
            b"complete" => |id| ServerMessage::Ended { id },
            b"error" => |id| ServerMessage::Failed { id },
            b"next" | b"data" => |id| ServerMessage::Result { id },
            _ => return ServerMessage::Other,
        };
        String::from_utf8(unescaped(&id).into_owned()).map_or(ServerMessage::Other, about)
    }

    fn structure(&mut self, byte: u8) {
        match byte {
            b'"' => {
                self.state = State::Text;
                self.role = match (self.depth, self.field) {
                    (1, Field::Awaited) => Role::Key,
                    (1, Field::Type | Field::Id) => Role::Value,
                    _ => Role::Other,
                };
                self.text.clear();
            }
            b'{' => {
                self.depth = self.depth.saturating_add(1);
                if self.depth == 1 {
                    self.field = Field::Awaited;
                }
            }
            b'[' => self.depth = self.depth.saturating_add(1),
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            b',' if self.depth == 1 => self.field = Field::Awaited,
            _ => (),
        }
    }

    /// Takes what belongs to a text; what follows it.
    fn text<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let (run, rest) = bytes.split_at_checked(plain(bytes)).unwrap_or((bytes, &[]));
        self.keep(run);
        let Some((byte, rest)) = rest.split_first() else { return rest };
        match byte {
            b'"' => self.end_of_text(),
            b'\\' => {
                self.keep(b"\\");
                self.state = State::Escape;
            }
            _ => self.keep(&[*byte]),
        }
        rest
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.role != Role::Other {
            let room = KEPT_BYTES.saturating_sub(self.text.len());
            self.text.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        }
    }

    fn end_of_text(&mut self) {
        self.state = State::Between;
        match (self.role, self.field) {
            (Role::Key, _) => {
                self.field = match &*unescaped(&self.text) {
                    b"type" => Field::Type,
                    b"id" => Field::Id,
                    _ => Field::Other,
                };
            }
            (Role::Value, Field::Type) => self.kind = std::mem::take(&mut self.text),
            (Role::Value, Field::Id) => self.id = std::mem::take(&mut self.text),
            (Role::Value, Field::Awaited | Field::Other) | (Role::Other, _) => (),
        }
    }
}
