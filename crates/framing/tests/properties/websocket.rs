//! Frames: what `tungstenite` reads of them, in any chunks.

use crate::cut;
use portcullis_framing::websocket::{
    Compression, ControlKind, End, FrameError, FrameLimits, FrameReader, Kind, Part, Sender,
};
use proptest::prelude::*;
use std::io::{Cursor, Read, Write};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket};

const LIMITS: FrameLimits = FrameLimits { message_bytes: 600, frames_per_message: 1_000 };

/// A frame that may be wrong.
#[derive(Clone, Debug)]
struct Spec {
    first: u8,
    masked: bool,
    key: [u8; 4],
    payload: Vec<u8>,
}

impl Spec {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.first);
        let bit = if self.masked { 0x80 } else { 0 };
        match self.payload.len() {
            length @ ..=125 => out.push(bit | u8::try_from(length).unwrap()),
            length => {
                out.push(bit | 126);
                out.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
        }
        let key = if self.masked { self.key } else { [0; 4] };
        out.extend(self.masked.then_some(key).into_iter().flatten());
        out.extend(self.payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    }
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => "[a-zé€😀]{0,8}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..6),
        1 => "[a-z]{100,300}".prop_map(String::into_bytes),
    ]
}

/// Mostly frames in an order that makes sense, in which a text may be cut anywhere.
fn stream(masked: bool) -> impl Strategy<Value = Vec<Spec>> {
    let frame = (0..12_u8, payload(), any::<[u8; 4]>(), any::<prop::sample::Index>(), 0..60_u8);
    prop::collection::vec(frame, 0..8).prop_map(move |frames| {
        let mut list = Vec::new();
        let mut put = |first: u8, key: [u8; 4], payload: &[u8], fault: u8| {
            let masked = masked != (fault == 1);
            list.push(Spec {
                first: first ^ if fault == 2 { 0x0f } else { 0 },
                masked,
                key,
                payload: payload.to_vec(),
            });
        };
        for (choice, payload, key, index, fault) in frames {
            match choice {
                0..=3 => put(0x80 | (1 + choice % 2), key, &payload, fault),
                4..=7 => {
                    let at = index.index(payload.len() + 1);
                    put(1 + choice % 2, key, &payload[..at], fault);
                    if choice == 7 {
                        put(0x89, key, b"between", 0);
                    }
                    put(0x80, key, &payload[at..], 0);
                }
                8 | 9 => put(0x81 + choice, key, &payload, fault),
                10 => put(0x88, key, &[&[3, 0xe8], payload.as_slice()].concat(), fault),
                _ => put([0, 0x80, 1, 0xb, 0x91, 0xf1][index.index(6)], key, &payload, fault),
            }
        }
        list
    })
}

fn ours(chunks: &[&[u8]], sender: Sender) -> (Vec<String>, Option<FrameError>, Vec<u8>) {
    let mut reader = FrameReader::new(sender, Compression::Off, LIMITS);
    let (mut told, mut kept, mut message, mut kind) = (Vec::new(), Vec::new(), Vec::new(), Kind::Text);
    for chunk in chunks {
        let mut rest = *chunk;
        loop {
            match reader.next(&mut rest) {
                Ok(None) => break,
                Ok(Some(Part::Begin(begin))) => {
                    kind = begin.kind;
                    kept.extend_from_slice(begin.head.as_slice());
                }
                Ok(Some(Part::Payload(payload))) => {
                    kept.extend_from_slice(payload.raw);
                    payload.append_to(&mut message);
                    assert!(message.len() <= 600);
                }
                Ok(Some(Part::End(End::Frame))) => (),
                Ok(Some(Part::End(End::Message))) => {
                    told.push(format!(
                        "{kind:?} {:?}",
                        String::from_utf8_lossy(&std::mem::take(&mut message))
                    ));
                }
                Ok(Some(Part::Control(control))) => {
                    control.append_to(&mut kept);
                    let name = match control.kind {
                        ControlKind::Ping => "Ping",
                        ControlKind::Pong => "Pong",
                        ControlKind::Close(_) => "Close",
                    };
                    told.push(format!("{name} {:?}", String::from_utf8_lossy(&control.payload())));
                }
                Err(error) => return (told, Some(error), kept),
            }
        }
    }
    (told, None, kept)
}

/// Reads what is there, writes to nowhere.
struct Wire(Cursor<Vec<u8>>);

impl Read for Wire {
    fn read(&mut self, space: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(space)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn theirs(bytes: &[u8], sender: Sender) -> (Vec<String>, bool) {
    let role = match sender {
        Sender::Client => Role::Server,
        Sender::Server => Role::Client,
    };
    let config = WebSocketConfig::default().max_message_size(Some(600)).max_frame_size(Some(600));
    let mut socket = WebSocket::from_raw_socket(Wire(Cursor::new(bytes.to_vec())), role, Some(config));
    let mut told = Vec::new();
    loop {
        match socket.read() {
            Ok(Message::Text(text)) => told.push(format!("Text {:?}", text.as_str())),
            Ok(Message::Binary(bytes)) => told.push(format!("Binary {:?}", String::from_utf8_lossy(&bytes))),
            Ok(Message::Ping(bytes)) => told.push(format!("Ping {:?}", String::from_utf8_lossy(&bytes))),
            Ok(Message::Pong(bytes)) => told.push(format!("Pong {:?}", String::from_utf8_lossy(&bytes))),
            Ok(Message::Close(close)) => {
                let payload = close.map(|close| {
                    let code = u16::from(close.code).to_be_bytes();
                    [&code, close.reason.as_bytes()].concat()
                });
                told.push(format!("Close {:?}", String::from_utf8_lossy(&payload.unwrap_or_default())));
                return (told, false);
            }
            Ok(Message::Frame(_)) => (),
            // The bytes are over.
            Err(Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake)) => {
                return (told, false);
            }
            Err(_) => return (told, true),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, ..ProptestConfig::default() })]

    #[test]
    fn frames_are_what_tungstenite_reads(
        (sender, frames) in prop_oneof![
            stream(true).prop_map(|frames| (Sender::Client, frames)),
            stream(false).prop_map(|frames| (Sender::Server, frames)),
        ],
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let mut bytes = Vec::new();
        frames.iter().for_each(|frame| frame.write(&mut bytes));
        let (told, error, kept) = ours(&[&bytes], sender);
        let their = theirs(&bytes, sender);
        prop_assert_eq!((&told, error.is_some()), (&their.0, their.1), "{:?}", error);
        // What was given back are the very bytes, up to the fault or the close.
        prop_assert!(bytes.starts_with(&kept));
        if error.is_none() && !told.last().is_some_and(|last| last.starts_with("Close")) {
            prop_assert_eq!(&kept, &bytes);
        }
        prop_assert_eq!(ours(&cut(&bytes, &cuts), sender), (told, error, kept));
    }

    #[test]
    fn any_bytes_are_read_the_same_in_any_chunks(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(0x81), Just(0x80), Just(1), Just(0)], 0..80),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        for sender in [Sender::Client, Sender::Server] {
            prop_assert_eq!(ours(&cut(&bytes, &cuts), sender), ours(&[&bytes], sender));
        }
    }
}
