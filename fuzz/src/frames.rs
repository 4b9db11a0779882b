//! Frames of WebSockets: the same messages for every way of cutting, and the very bytes back.

use crate::choices::{Choices, chunks};
use portcullis_framing::websocket::{
    Compression, ControlKind, End, FrameError, FrameLimits, FrameReader, Kind, Part, Sender,
};
use portcullis_framing::{InflateError, Inflation, MessageInflater, inflate_message};

const LIMITS: [FrameLimits; 3] = [
    FrameLimits { message_bytes: 65_536, frames_per_message: 1_024 },
    FrameLimits { message_bytes: 125, frames_per_message: 2 },
    FrameLimits { message_bytes: 0, frames_per_message: 1 },
];

/// What came of a direction.
#[derive(Debug, PartialEq)]
struct Outcome {
    messages: Vec<(Kind, bool, Vec<u8>)>,
    controls: Vec<(ControlKind, Vec<u8>)>,
    /// What was given back.
    kept: Vec<u8>,
    /// What was not.
    withheld: Vec<u8>,
    error: Option<FrameError>,
    closed: bool,
}

/// Choices: sender, compression, limits, a way of cutting. The rest is what one side sends.
pub(crate) fn check(input: &[u8]) {
    let mut choices = Choices::of(input);
    let sender = choices.one_of(&[Sender::Client, Sender::Server]);
    let compression = choices.one_of(&[Compression::Off, Compression::Deflate]);
    let limits = choices.one_of(&LIMITS);
    let seed = choices.byte();
    let bytes = choices.rest();
    let read = |chunks: &[&[u8]]| outcome(FrameReader::new(sender, compression, limits), chunks);
    let whole = read(&[bytes]);
    assert_eq!(read(&chunks(bytes, seed)), whole, "cut by seed {seed}");
    assert_eq!(read(&chunks(bytes, 0)), whole, "byte by byte");
    let given = [whole.kept.as_slice(), &whole.withheld].concat();
    assert!(bytes.starts_with(&given), "other bytes than came");
    if whole.error.is_none() && !whole.closed {
        assert_eq!(given, bytes, "bytes were lost");
    }
    for (kind, is_compressed, message) in &whole.messages {
        assert!(message.len() as u64 <= limits.message_bytes, "larger than allowed");
        if *is_compressed {
            inflate(message);
        } else if *kind == Kind::Text {
            assert!(std::str::from_utf8(message).is_ok(), "a text that is none");
        }
    }
}

fn outcome(mut reader: FrameReader, chunks: &[&[u8]]) -> Outcome {
    let mut outcome = Outcome {
        messages: Vec::new(),
        controls: Vec::new(),
        kept: Vec::new(),
        withheld: Vec::new(),
        error: None,
        closed: false,
    };
    let (mut message, mut begun) = (Vec::new(), None);
    for chunk in chunks {
        let mut rest = *chunk;
        loop {
            let part = match reader.next(&mut rest) {
                Ok(Some(part)) => part,
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(reader.next(&mut &b"\x81\x80"[..]), Err(error), "another error than before");
                    if outcome.error.is_none() {
                        outcome.error = Some(error);
                        outcome.withheld = reader.withheld();
                    }
                    if reader.forgive() {
                        continue;
                    }
                    break;
                }
            };
            if outcome.error.is_none() {
                outcome.take(part, &mut message, &mut begun);
            }
        }
    }
    if outcome.error.is_none() {
        outcome.withheld = reader.withheld();
    }
    outcome.closed = reader.is_closed();
    outcome
}

impl Outcome {
    fn take(&mut self, part: Part<'_>, message: &mut Vec<u8>, begun: &mut Option<(Kind, bool)>) {
        match part {
            Part::Begin(begin) => {
                self.kept.extend_from_slice(begin.head.as_slice());
                assert_eq!(begin.is_first, begun.is_none());
                *begun = begun.or(Some((begin.kind, begin.is_compressed)));
            }
            Part::Payload(payload) => {
                self.kept.extend_from_slice(payload.raw);
                payload.append_to(message);
            }
            Part::End(End::Frame) => (),
            Part::End(End::Message) => {
                let (kind, is_compressed) = begun.take().unwrap();
                self.messages.push((kind, is_compressed, std::mem::take(message)));
            }
            Part::Control(control) => {
                control.append_to(&mut self.kept);
                self.controls.push((control.kind, control.payload()));
            }
        }
    }
}

/// A message that is inflated as it passes is the one that is inflated as a whole.
fn inflate(message: &[u8]) {
    let limit = Inflation { bytes: 4_096, ratio: 100 };
    let (mut text, mut inflater) = (Vec::new(), MessageInflater::default());
    let mut sink = |bytes: &[u8]| {
        text.extend_from_slice(bytes);
        if text.len() > limit.bytes { Err(InflateError::TooLarge { limit: limit.bytes }) } else { Ok(()) }
    };
    let fed = chunks(message, 5).iter().try_for_each(|piece| inflater.feed(piece, &mut sink));
    let passed = fed.and_then(|()| inflater.finish(&mut sink));
    match inflate_message(message, limit) {
        Ok(whole) => assert_eq!((passed, whole), (Ok(()), text)),
        // It has zeros, which no text has.
        Err(error) => assert!(passed.is_err() || text.contains(&0), "{error:?}"),
    }
}
