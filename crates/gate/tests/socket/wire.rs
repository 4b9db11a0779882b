//! Frames by hand, and what an end of a socket hears.

use portcullis_framing::websocket::{
    Begin, Compression, ControlKind, End, FrameLimits, FrameReader, Kind, Part, Sender,
};
use portcullis_framing::{Inflation, inflate_message};

const KEY: [u8; 4] = [0x81, 0x2d, 0xbe, 0xf6];
const ANY: FrameLimits = FrameLimits { message_bytes: u64::MAX, frames_per_message: u32::MAX };

/// A client's frame.
pub(crate) fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = head(first, 0x80, payload.len());
    frame.extend(KEY);
    frame.extend(payload.iter().zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// A server's frame.
pub(crate) fn plain(first: u8, payload: &[u8]) -> Vec<u8> {
    [&head(first, 0, payload.len())[..], payload].concat()
}

/// A close with a code and a reason.
pub(crate) fn close(text: &str) -> Vec<u8> {
    let (code, reason) = text.split_once(' ').unwrap_or((text, ""));
    [&code.parse::<u16>().unwrap().to_be_bytes(), reason.as_bytes()].concat()
}

/// A text compressed as by a client that takes over no context.
pub(crate) fn deflated(text: &[u8]) -> Vec<u8> {
    let mut compress = flate2::Compress::new(flate2::Compression::default(), false);
    let mut bytes = Vec::with_capacity(text.len() + 1_000);
    compress.compress_vec(text, &mut bytes, flate2::FlushCompress::Sync).unwrap();
    bytes.truncate(bytes.len() - 4);
    bytes
}

fn head(first: u8, bit: u8, length: usize) -> Vec<u8> {
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..=125), _) => vec![first, bit | short],
        (_, Ok(medium)) => [&[first, bit | 126], &medium.to_be_bytes()[..]].concat(),
        _ => [&[first, bit | 127], &u64::try_from(length).unwrap().to_be_bytes()[..]].concat(),
    }
}

/// One end of a socket.
#[derive(Debug)]
pub(crate) struct Ear {
    reader: FrameReader,
    message: Vec<u8>,
    begun: Option<Begin>,
    /// The payload of the last ping of the gate.
    pub(crate) ping: Option<Vec<u8>>,
}

impl Ear {
    pub(crate) fn of_server() -> Self {
        Self::of(Sender::Client)
    }

    pub(crate) fn of_client() -> Self {
        Self::of(Sender::Server)
    }

    fn of(sender: Sender) -> Self {
        let reader = FrameReader::new(sender, Compression::Deflate, ANY);
        Self { reader, message: Vec::new(), begun: None, ping: None }
    }

    /// What is whole with these bytes.
    pub(crate) fn hear(&mut self, mut bytes: &[u8]) -> Vec<String> {
        let mut heard = Vec::new();
        loop {
            let part = match self.reader.next(&mut bytes) {
                Ok(Some(part)) => part,
                Ok(None) => return heard,
                Err(error) => {
                    heard.push(format!("what cannot be read: {error}"));
                    return heard;
                }
            };
            match part {
                Part::Begin(begin) if begin.is_first => self.begun = Some(begin),
                Part::Payload(payload) => payload.append_to(&mut self.message),
                Part::Begin(_) | Part::End(End::Frame) => (),
                Part::End(End::Message) => heard.push(self.message()),
                Part::Control(control) => heard.push(match control.kind {
                    ControlKind::Ping if control.payload().is_ascii() => {
                        format!("ping {}", String::from_utf8_lossy(&control.payload()))
                    }
                    ControlKind::Ping => {
                        self.ping = Some(control.payload());
                        "ping of the gate".to_owned()
                    }
                    ControlKind::Pong => format!("pong {}", String::from_utf8_lossy(&control.payload())),
                    ControlKind::Close(close) => {
                        let reason = control.payload().get(2..).unwrap_or_default().to_vec();
                        let code = close.code.map(|code| code.0.to_string()).unwrap_or_default();
                        format!("close {code} {}", String::from_utf8_lossy(&reason))
                    }
                }),
            }
        }
    }

    fn message(&mut self) -> String {
        let message = std::mem::take(&mut self.message);
        let Begin { kind, is_compressed, .. } = self.begun.take().unwrap();
        let (kind, text) = match (kind, is_compressed) {
            (_, true) => {
                ("deflated", inflate_message(&message, Inflation { bytes: 1 << 20, ratio: 1 << 10 }).unwrap())
            }
            (Kind::Text, false) => ("text", message),
            (Kind::Binary, false) => ("binary", message),
        };
        format!("{kind} {}", String::from_utf8_lossy(&text))
    }
}
