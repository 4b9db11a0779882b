//! Messages of a WebSocket that are compressed by `permessage-deflate` (RFC 7692), each for itself: no context is taken over.

use super::{InflateError, Inflated, Inflation};
use flate2::{Decompress, FlushDecompress, Status};

const CHUNK_BYTES: usize = 8 << 10;

/// What a sender leaves out at the end (§7.2.1), and an empty last block, so that it can be seen that a block ended there.
const ENDING: [u8; 9] = [0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff];

/// Inflates a whole text message; none that has a zero byte.
///
/// What a stream repeats from before its begin reads as zeros here, and as the message before to a server that keeps its window
/// although nobody may use it. No JSON has a zero byte.
///
/// # Errors
/// [`InflateError`]: nothing of a message that breaks a bound or is malformed is given.
pub fn inflate_message(message: &[u8], limit: Inflation) -> Result<Vec<u8>, InflateError> {
    let mut result = Inflated::new(message.len(), limit);
    let mut push = |bytes: &[u8]| match bytes.contains(&0) {
        true => Err(InflateError::Malformed),
        false => result.push(bytes),
    };
    let mut inflater = MessageInflater::default();
    inflater.feed(message, &mut push)?;
    inflater.finish(&mut push)?;
    Ok(result.bytes)
}

/// A message that is inflated as it passes, and not kept.
#[derive(Debug)]
pub struct MessageInflater {
    decompress: Decompress,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// After a block that says it is the last.
    Final,
    /// After the empty byte that must follow such a block (§7.2.3.4).
    Padded,
}

impl Default for MessageInflater {
    fn default() -> Self {
        Self { decompress: Decompress::new(false), state: State::Open }
    }
}

impl MessageInflater {
    /// Inflates the next bytes of the message.
    ///
    /// # Errors
    /// What `sink` says, or that they are malformed.
    pub fn feed(
        &mut self,
        bytes: &[u8],
        sink: &mut impl FnMut(&[u8]) -> Result<(), InflateError>,
    ) -> Result<(), InflateError> {
        let mut chunk = [0; CHUNK_BYTES];
        let mut rest = bytes;
        while self.state == State::Open {
            let (read, written) = (self.decompress.total_in(), self.decompress.total_out());
            let status = self.decompress.decompress(rest, &mut chunk, FlushDecompress::None);
            let status = status.map_err(|_| InflateError::Malformed)?;
            let read = super::deflate::length(self.decompress.total_in(), read);
            let written = super::deflate::length(self.decompress.total_out(), written);
            sink(chunk.get(..written).unwrap_or_default())?;
            rest = rest.get(read..).unwrap_or_default();
            match status {
                Status::StreamEnd => self.state = State::Final,
                Status::Ok | Status::BufError if read == 0 && written == 0 => break,
                Status::Ok | Status::BufError => (),
            }
        }
        match (self.state, rest) {
            (_, []) => Ok(()),
            (State::Final, [0]) => {
                self.state = State::Padded;
                Ok(())
            }
            (State::Open | State::Final | State::Padded, _) => Err(InflateError::Malformed),
        }
    }

    /// The message has ended.
    ///
    /// # Errors
    /// What `sink` says, or that the message was cut short.
    pub fn finish(
        mut self,
        sink: &mut impl FnMut(&[u8]) -> Result<(), InflateError>,
    ) -> Result<(), InflateError> {
        match self.state {
            State::Padded => Ok(()),
            State::Final => Err(InflateError::Malformed),
            State::Open => {
                self.feed(&ENDING, sink)?;
                (self.state == State::Final).then_some(()).ok_or(InflateError::Malformed)
            }
        }
    }
}
