//! One direction of a socket, cut into frames as its bytes pass.

use super::control::Collected;
use super::head::{Head, HeadBytes, Opcode, read};
use super::utf8::Utf8;
use super::{Control, ControlKind, FrameError, Mask};

/// Bytes of a payload that are unmasked at once to be looked at.
const BLOCK_BYTES: usize = 512;

/// Who sends what is read; clients mask, servers do not (RFC 6455 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// The side that opened the socket.
    Client,
    /// The side that accepted it.
    Server,
}

/// Whether messages may be compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// None may.
    Off,
    /// Any may be, by `permessage-deflate` (RFC 7692).
    Deflate,
}

/// What a message may be, on the wire; all limits are inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameLimits {
    /// Bytes of one message, over all its frames.
    pub message_bytes: u64,
    /// Frames of one message.
    pub frames_per_message: u32,
}

/// What comes next in a direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part<'c> {
    /// A frame of a message begins.
    Begin(Begin),
    /// Some of its payload.
    Payload(Payload<'c>),
    /// The frame has ended.
    End(End),
    /// A whole control frame.
    Control(Control),
}

/// The begin of a frame of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begin {
    /// What the message is.
    pub kind: Kind,
    /// Whether the message is compressed.
    pub is_compressed: bool,
    /// Whether the message begins with it.
    pub is_first: bool,
    /// The bytes before its payload.
    pub head: HeadBytes,
    /// What its payload is masked with.
    pub mask: Mask,
    /// Bytes of its payload.
    pub length: u64,
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text; of what is not compressed the reader knows that it is UTF-8.
    Text,
    /// Bytes.
    Binary,
}

/// Some of the payload of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload<'c> {
    /// The bytes as they came.
    pub raw: &'c [u8],
    /// What they are masked with.
    pub mask: Mask,
}

impl Payload<'_> {
    /// Appends the bytes without their mask.
    pub fn append_to(mut self, out: &mut Vec<u8>) {
        self.mask.apply(self.raw, out);
    }
}

/// What ended with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The frame; more of its message follows.
    Frame,
    /// The message too.
    Message,
}

/// One direction of a socket; whatever its chunks are, the outcome is the same.
#[derive(Debug)]
pub struct FrameReader {
    sender: Sender,
    compression: Compression,
    limits: FrameLimits,
    state: State,
    message: Option<Message>,
}

#[derive(Debug)]
enum State {
    Head(HeadBytes),
    Payload(Open),
    Control(Box<Collected>),
    /// After a close; nothing that follows means anything.
    Closed,
    Failed(Box<Failure>),
}

/// Why a direction is not read on.
#[derive(Debug)]
struct Failure {
    error: FrameError,
    /// The bytes that were read and not given back.
    withheld: Vec<u8>,
    /// From where its frames can be followed all the same, where they can.
    resume: Option<State>,
    message: Option<Message>,
}

/// A frame of a message that is being read.
#[derive(Clone, Copy, Debug)]
struct Open {
    left: u64,
    mask: Mask,
    is_last: bool,
}

impl Open {
    fn of(head: &Head) -> Self {
        Self { left: head.length, mask: head.mask, is_last: head.is_last }
    }
}

/// A message that is being read.
#[derive(Debug)]
struct Message {
    kind: Kind,
    is_compressed: bool,
    bytes: u64,
    frames: u32,
    text: Utf8,
}

impl FrameReader {
    /// Starts after the handshake.
    pub fn new(sender: Sender, compression: Compression, limits: FrameLimits) -> Self {
        Self { sender, compression, limits, state: State::Head(HeadBytes::default()), message: None }
    }

    /// Reads from the front of a chunk; nothing when all of it was read and says nothing yet.
    ///
    /// # Errors
    /// [`FrameError`]: the direction cannot be read on. Every further call fails with the same error.
    pub fn next<'c>(&mut self, chunk: &mut &'c [u8]) -> Result<Option<Part<'c>>, FrameError> {
        let part = self.step(chunk);
        if let Err(error) = part
            && !matches!(self.state, State::Failed(_))
        {
            let (withheld, resume) = (self.withheld(), self.resume(error));
            let message = self.message.take().filter(|_| matches!(resume, Some(State::Payload(_))));
            self.state = State::Failed(Box::new(Failure { error, withheld, resume, message }));
        }
        part
    }

    /// Goes on after an error that leaves no doubt about where frames begin, so that a close is found; messages are not held
    /// against anything any more. Whether there is no such doubt.
    pub fn forgive(&mut self) -> bool {
        let State::Failed(failure) = &mut self.state else { return false };
        let Some(resume) = failure.resume.take() else { return false };
        self.limits = FrameLimits { message_bytes: u64::MAX, frames_per_message: u32::MAX };
        // Nobody asks whether bytes are text.
        self.message = failure.message.take().map(|message| Message { kind: Kind::Binary, ..message });
        self.state = resume;
        true
    }

    /// From where frames can be followed after an error.
    fn resume(&self, error: FrameError) -> Option<State> {
        match (error, &self.state) {
            (FrameError::TooLarge { .. } | FrameError::TooManyFrames { .. }, State::Head(bytes)) => {
                let head = read(bytes, self.sender, self.compression).ok()??;
                Some(State::Payload(Open::of(&head)))
            }
            (FrameError::NotUtf8, State::Payload(open)) => Some(State::Payload(*open)),
            (FrameError::NotUtf8, State::Head(_)) => Some(State::Head(HeadBytes::default())),
            (
                FrameError::NotUtf8 | FrameError::CloseTooShort | FrameError::CloseCode { .. },
                State::Control(_),
            ) => Some(State::Closed),
            _ => None,
        }
    }

    /// The bytes that were read and not given back yet: the begin of a frame, or of a control frame all that has come.
    pub fn withheld(&self) -> Vec<u8> {
        match &self.state {
            State::Head(head) => head.as_slice().to_vec(),
            State::Control(collected) => collected.came(),
            State::Payload(_) | State::Closed => Vec::new(),
            State::Failed(failure) => failure.withheld.clone(),
        }
    }

    /// Whether its last frame has come.
    pub fn is_closed(&self) -> bool {
        match &self.state {
            State::Closed => true,
            State::Head(_) | State::Payload(_) | State::Control(_) | State::Failed(_) => false,
        }
    }

    fn step<'c>(&mut self, chunk: &mut &'c [u8]) -> Result<Option<Part<'c>>, FrameError> {
        match &mut self.state {
            State::Head(_) => self.head(chunk),
            State::Payload(open) if open.left == 0 => self.end().map(Some),
            State::Payload(_) => self.payload(chunk),
            State::Control(_) => self.control(chunk),
            State::Closed => {
                *chunk = &[];
                Ok(None)
            }
            State::Failed(failure) => Err(failure.error),
        }
    }

    fn head<'c>(&mut self, chunk: &mut &'c [u8]) -> Result<Option<Part<'c>>, FrameError> {
        let State::Head(bytes) = &mut self.state else { return Ok(None) };
        while let Some((byte, rest)) = chunk.split_first() {
            bytes.push(*byte);
            *chunk = rest;
            if let Some(head) = read(bytes, self.sender, self.compression)? {
                let bytes = *bytes;
                if head.opcode.is_control() {
                    self.state = State::Control(Box::new(Collected::new(&head, bytes)));
                    return self.control(chunk);
                }
                return self.begin(&head, bytes).map(Some);
            }
        }
        Ok(None)
    }

    /// Holds a frame against the message that it begins or continues, before any of it is kept.
    fn begin<'c>(&mut self, head: &Head, bytes: HeadBytes) -> Result<Part<'c>, FrameError> {
        let (kind, is_first) = match (head.opcode, &self.message) {
            (Opcode::Continuation, Some(message)) => (message.kind, false),
            (Opcode::Continuation, None) => return Err(FrameError::NothingToContinue),
            (_, Some(_)) => return Err(FrameError::Interleaved),
            (Opcode::Binary, None) => (Kind::Binary, true),
            (Opcode::Text | Opcode::Close | Opcode::Ping | Opcode::Pong, None) => (Kind::Text, true),
        };
        let message = self.message.get_or_insert_with(|| Message {
            kind,
            is_compressed: head.is_compressed,
            bytes: 0,
            frames: 0,
            text: Utf8::default(),
        });
        message.frames = message.frames.saturating_add(1);
        message.bytes = message.bytes.saturating_add(head.length);
        if message.bytes > self.limits.message_bytes {
            return Err(FrameError::TooLarge { limit: self.limits.message_bytes });
        }
        if message.frames > self.limits.frames_per_message {
            return Err(FrameError::TooManyFrames { limit: self.limits.frames_per_message });
        }
        let is_compressed = message.is_compressed;
        self.state = State::Payload(Open::of(head));
        let (mask, length) = (head.mask, head.length);
        Ok(Part::Begin(Begin { kind, is_compressed, is_first, head: bytes, mask, length }))
    }

    fn payload<'c>(&mut self, chunk: &mut &'c [u8]) -> Result<Option<Part<'c>>, FrameError> {
        let State::Payload(open) = &mut self.state else { return Ok(None) };
        if chunk.is_empty() {
            return Ok(None);
        }
        let length = usize::try_from(open.left).unwrap_or(usize::MAX).min(chunk.len());
        let whole = chunk.get(..length).unwrap_or_default();
        let text = self.message.as_mut().filter(|it| it.kind == Kind::Text && !it.is_compressed);
        // Up to the first byte that cannot stand there; with the next call it is the first of all.
        let length = text.map_or(length, |message| sound(whole, open.mask, &mut message.text));
        if length == 0 {
            return Err(FrameError::NotUtf8);
        }
        let (raw, rest) = chunk.split_at_checked(length).unwrap_or((chunk, &[]));
        let mask = open.mask;
        open.mask.skip(length);
        open.left = open.left.saturating_sub(u64::try_from(length).unwrap_or(u64::MAX));
        *chunk = rest;
        Ok(Some(Part::Payload(Payload { raw, mask })))
    }

    fn end<'c>(&mut self) -> Result<Part<'c>, FrameError> {
        let is_last = matches!(&self.state, State::Payload(Open { is_last: true, .. }));
        self.state = State::Head(HeadBytes::default());
        if !is_last {
            return Ok(Part::End(End::Frame));
        }
        match self.message.take() {
            Some(message) if !message.text.is_whole() => Err(FrameError::NotUtf8),
            Some(_) | None => Ok(Part::End(End::Message)),
        }
    }

    fn control<'c>(&mut self, chunk: &mut &'c [u8]) -> Result<Option<Part<'c>>, FrameError> {
        let State::Control(collected) = &mut self.state else { return Ok(None) };
        collected.take(chunk);
        let Some(control) = collected.whole()? else { return Ok(None) };
        self.state = match control.kind {
            ControlKind::Close(_) => State::Closed,
            ControlKind::Ping | ControlKind::Pong => State::Head(HeadBytes::default()),
        };
        Ok(Some(Part::Control(control)))
    }
}

/// How many bytes of a masked text come before the first that cannot stand there.
fn sound(raw: &[u8], mut mask: Mask, text: &mut Utf8) -> usize {
    let mut block = [0; BLOCK_BYTES];
    let mut sound: usize = 0;
    for raw in raw.chunks(BLOCK_BYTES) {
        let plain = block.get_mut(..raw.len()).unwrap_or_default();
        plain.copy_from_slice(raw);
        mask.apply_to(plain);
        let taken = text.feed(plain);
        sound = sound.saturating_add(taken);
        if taken < raw.len() {
            break;
        }
    }
    sound
}
