//! Two ends of a WebSocket by hand, over HTTP/1.1: frames as bytes, compressed or not.

use super::{CLOSE, DEFLATED, NEW, TEXT};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const PATIENCE: Duration = Duration::from_secs(30);
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;
const KEY: [u8; 4] = [0x81, 0x2d, 0xbe, 0xf6];

/// A whole frame.
pub(super) struct Frame {
    /// Its first byte.
    pub(super) first: u8,
    /// Without its mask, and as it is compressed.
    pub(super) payload: Vec<u8>,
    /// As it came.
    pub(super) raw: Vec<u8>,
}

impl Frame {
    /// What it says, inflated where it is compressed.
    pub(super) fn json(&self) -> Value {
        let text = if self.first == DEFLATED { inflated(&self.payload) } else { self.payload.clone() };
        serde_json::from_slice(&text).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&text)))
    }
}

/// As by a sender that takes over no context (RFC 7692 §7.2.1).
pub(super) fn deflated(text: &[u8]) -> Vec<u8> {
    let mut compress = Compress::new(Compression::best(), false);
    let mut bytes = Vec::with_capacity(text.len() + 1_000);
    compress.compress_vec(text, &mut bytes, FlushCompress::Sync).unwrap();
    bytes.truncate(bytes.len() - 4);
    bytes
}

fn inflated(payload: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(1 << 20);
    let input = [payload, &[0, 0, 0xff, 0xff]].concat();
    Decompress::new(false).decompress_vec(&input, &mut text, FlushDecompress::Sync).unwrap();
    text
}

/// A frame as bytes; clients mask.
fn framed(first: u8, payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    let bit = if mask.is_some() { 0x80 } else { 0 };
    let mut frame = vec![first];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ ..=125), _) => frame.push(bit | short),
        (_, Ok(medium)) => frame.extend([&[bit | 126], &medium.to_be_bytes()[..]].concat()),
        _ => panic!("a frame of {} bytes", payload.len()),
    }
    let key = mask.unwrap_or_default();
    frame.extend(mask.into_iter().flatten());
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// The next frame of a connection; nothing when it is over.
async fn read(stream: &mut TcpStream) -> Option<Frame> {
    let mut raw = Vec::new();
    let [first, second] = take(stream, &mut raw).await?;
    let length = match second & 0x7f {
        126 => usize::from(u16::from_be_bytes(take(stream, &mut raw).await?)),
        127 => usize::try_from(u64::from_be_bytes(take(stream, &mut raw).await?)).ok()?,
        short => usize::from(short),
    };
    let key: [u8; 4] = if second & 0x80 == 0 { [0; 4] } else { take(stream, &mut raw).await? };
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await.ok()?;
    raw.extend_from_slice(&payload);
    payload.iter_mut().zip(key.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
    Some(Frame { first, payload, raw })
}

async fn take<const N: usize>(stream: &mut TcpStream, raw: &mut Vec<u8>) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await.ok()?;
    raw.extend_from_slice(&bytes);
    Some(bytes)
}

/// The first line and the headers of a request or an answer; nothing where none comes.
async fn head(stream: &mut TcpStream) -> Option<(String, BTreeMap<String, String>)> {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        text.push(stream.read_u8().await.ok()?);
    }
    let text = String::from_utf8(text).ok()?;
    let mut lines = text.lines();
    let first = lines.next()?.to_owned();
    let headers = lines.filter_map(|line| line.split_once(": "));
    Some((first, headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect()))
}

/// A client.
pub(super) struct End(TcpStream);

impl End {
    /// An open socket, and what its handshake was answered with.
    pub(super) async fn open(to: SocketAddr, offer: &str) -> (Self, BTreeMap<String, String>) {
        let (stream, first, headers) = Self::knock(to, offer).await;
        assert!(first.contains(" 101 "), "{first}");
        (Self(stream), headers)
    }

    /// The status of an attempt that comes to nothing.
    pub(super) async fn refused(to: SocketAddr, offer: &str) -> u16 {
        let (_, first, _) = Self::knock(to, offer).await;
        first.split(' ').nth(1).unwrap().parse().unwrap()
    }

    async fn knock(to: SocketAddr, offer: &str) -> (TcpStream, String, BTreeMap<String, String>) {
        let mut stream = TcpStream::connect(to).await.unwrap();
        let request = format!(
            "GET /graphql HTTP/1.1\r\nHost: {to}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: {NEW}\r\nSec-WebSocket-Extensions: {offer}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = tokio::time::timeout(PATIENCE, head(&mut stream)).await.unwrap();
        let (first, headers) = answer.expect("an answer");
        (stream, first, headers)
    }

    /// Sends a frame; its bytes.
    pub(super) async fn send(&mut self, first: u8, payload: &[u8]) -> Vec<u8> {
        let frame = framed(first, payload, Some(KEY));
        self.0.write_all(&frame).await.unwrap();
        frame
    }

    /// The next frame; nothing when the connection is over.
    pub(super) async fn frame(&mut self) -> Option<Frame> {
        tokio::time::timeout(PATIENCE, read(&mut self.0)).await.expect("a frame in time")
    }
}

/// A server of GraphQL that answers every operation alike, compressed where the operation was; it ends with the runtime of its test.
pub(super) struct Upstream {
    pub(super) address: SocketAddr,
    told: Arc<Mutex<Told>>,
}

#[derive(Default)]
struct Told {
    offered: Vec<String>,
    heard: Vec<Vec<u8>>,
}

impl Upstream {
    /// Answers handshakes with these extensions, if any.
    pub(super) async fn start(extensions: &'static str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let told = Arc::<Mutex<Told>>::default();
        let known = Arc::clone(&told);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, extensions, Arc::clone(&known)));
            }
        });
        Self { address, told }
    }

    /// What each handshake offered.
    pub(super) fn offered(&self) -> Vec<String> {
        self.told.lock().unwrap().offered.clone()
    }

    /// The bytes of every message.
    pub(super) fn heard(&self) -> Vec<Vec<u8>> {
        self.told.lock().unwrap().heard.clone()
    }
}

async fn serve(mut stream: TcpStream, extensions: &'static str, told: Arc<Mutex<Told>>) {
    let Some((_, headers)) = head(&mut stream).await else { return };
    let offered = headers.get("sec-websocket-extensions").cloned().unwrap_or_default();
    told.lock().unwrap().offered.push(offered);
    let chosen = if extensions.is_empty() {
        String::new()
    } else {
        format!("Sec-WebSocket-Extensions: {extensions}\r\n")
    };
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\nSec-WebSocket-Protocol: {NEW}\r\n{chosen}\r\n"
    );
    if stream.write_all(answer.as_bytes()).await.is_err() {
        return;
    }
    while let Some(frame) = read(&mut stream).await {
        let answers = match frame.first {
            TEXT | DEFLATED => {
                told.lock().unwrap().heard.push(frame.raw.clone());
                answers(&frame)
            }
            PING => vec![framed(PONG, &frame.payload, None)],
            CLOSE => vec![framed(CLOSE, &frame.payload, None)],
            _ => Vec::new(),
        };
        if stream.write_all(&answers.concat()).await.is_err() || frame.first == CLOSE {
            return;
        }
    }
}

fn answers(frame: &Frame) -> Vec<Vec<u8>> {
    let asked = frame.json();
    let (data, id) = (json!({"data": {"me": {"id": "u1"}}}), &asked["id"]);
    let says = match asked["type"].as_str() {
        Some("connection_init") => vec![json!({"type": "connection_ack"})],
        _ => vec![json!({"type": "next", "id": id, "payload": data}), json!({"type": "complete", "id": id})],
    };
    let texts = says.iter().map(Value::to_string);
    let answer = |text: String| match frame.first {
        DEFLATED => framed(DEFLATED, &deflated(text.as_bytes()), None),
        _ => framed(TEXT, text.as_bytes(), None),
    };
    texts.map(answer).collect()
}
