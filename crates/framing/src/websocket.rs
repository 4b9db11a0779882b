//! WebSocket frames (RFC 6455), read as they pass, and the few that the gate writes itself.
//!
//! Each direction has a reader of its own. It takes chunks as they come and gives the very bytes back, so that what is allowed
//! leaves as it came; of a control frame it keeps all, since those may be replaced, of a message nothing but where its text
//! stands in UTF-8. Knows no subprotocol and not what becomes of a frame.

mod close;
mod control;
mod error;
mod head;
mod mask;
mod reader;
mod utf8;
mod write;

pub use close::{Close, CloseCode};
pub use control::{Control, ControlKind};
pub use error::FrameError;
pub use head::HeadBytes;
pub use mask::Mask;
pub use reader::{Begin, Compression, End, FrameLimits, FrameReader, Kind, Part, Payload, Sender};
pub use utf8::Utf8;
pub use write::{Frame, Masking, write};

#[cfg(test)]
mod tests;
