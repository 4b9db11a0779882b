//! An HTTP client that says exactly what it is told to say: raw header values, chunk boundaries, trailers, HTTP/1.1 or HTTP/2.

mod body;
mod socket;
mod stream;

pub use socket::{Heard, Knock, Knocked, Socket};
pub use stream::{Answer, Upload};
pub use tokio_tungstenite::tungstenite::{Message, protocol::CloseFrame};

use anyhow::Context as _;
use body::Chunks;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpSocket;

/// How long an exchange may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The protocol to speak; HTTP/2 without TLS, by prior knowledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
}

impl Protocol {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Http1, Self::Http2];
}

/// What to send.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Headers in order; `host` is added.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Payload,
}

/// A body and how it is cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// No body at all.
    Absent,
    /// One piece, with a content-length.
    Whole(Bytes),
    /// Pieces, each sent before the next is known; without a content-length. Then trailers.
    Pieces(Vec<Bytes>, Vec<(String, Vec<u8>)>),
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The trailers.
    pub trailers: HeaderMap,
}

impl Request {
    /// A request with a JSON body.
    #[must_use]
    pub fn json(path: &str, body: impl Into<Bytes>) -> Self {
        Self {
            method: "POST".to_owned(),
            path: path.to_owned(),
            headers: vec![("content-type".to_owned(), b"application/json".to_vec())],
            body: Payload::Whole(body.into()),
        }
    }

    /// A request without a body.
    #[must_use]
    pub fn get(path: &str) -> Self {
        Self { method: "GET".to_owned(), path: path.to_owned(), headers: Vec::new(), body: Payload::Absent }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// The same with another body.
    #[must_use]
    pub fn body(mut self, body: Payload) -> Self {
        self.body = body;
        self
    }
}

impl Reply {
    /// The header's value, if there is exactly one and it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(value)
    }

    /// The body as JSON; `null` when it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// `errors[0].extensions.code`.
    #[must_use]
    pub fn code(&self) -> Option<String> {
        let code = self.json().pointer("/errors/0/extensions/code").cloned();
        code.and_then(|code| code.as_str().map(str::to_owned))
    }
}

enum Sender {
    Http1(http1::SendRequest<Chunks>),
    Http2(http2::SendRequest<Chunks>),
}

/// One connection; exchanges on it follow each other. When the server has said that it closes, the next exchange opens another:
/// over HTTP/1.1 Envoy closes after every 400 that it answers itself.
pub struct Connection {
    to: SocketAddr,
    protocol: Protocol,
    sender: Sender,
    closing: bool,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn open(to: SocketAddr, protocol: Protocol) -> anyhow::Result<Self> {
        Ok(Self { to, protocol, sender: connect(None, to, protocol).await?, closing: false })
    }

    /// Sends a request and reads the whole reply.
    ///
    /// # Errors
    /// When the request cannot be built, the connection breaks, or it takes too long.
    pub async fn send(&mut self, request: &Request) -> anyhow::Result<Reply> {
        if self.closing {
            self.sender = connect(None, self.to, self.protocol).await?;
        }
        let request = self.build(request, Chunks::new(&request.body)?)?;
        let exchange = tokio::time::timeout(PATIENCE, exchange(&mut self.sender, request)).await;
        let reply = exchange.context("no reply in time")??;
        self.closing = reply.headers.get("connection").is_some_and(|value| value == "close");
        Ok(reply)
    }

    fn build(&self, request: &Request, body: Chunks) -> anyhow::Result<http::Request<Chunks>> {
        let mut built = http::Request::new(body);
        *built.method_mut() = Method::from_bytes(request.method.as_bytes())?;
        let headers = built.headers_mut();
        match self.sender {
            Sender::Http1(_) => {
                headers.append("host", HeaderValue::from_str(&self.to.to_string())?);
                if let Payload::Pieces(_, trailers) = &request.body {
                    // The HTTP/1.1 encoder sends only the trailers that were announced.
                    for (name, _) in trailers {
                        headers.append("trailer", HeaderValue::from_str(name)?);
                    }
                }
            }
            Sender::Http2(_) => {}
        }
        append(headers, &request.headers)?;
        *built.uri_mut() = match self.sender {
            Sender::Http1(_) => request.path.parse()?,
            Sender::Http2(_) => format!("http://{}{}", self.to, request.path).parse::<Uri>()?,
        };
        Ok(built)
    }
}

/// Connects, from an address of this machine if that matters.
async fn connect(from: Option<IpAddr>, to: SocketAddr, protocol: Protocol) -> anyhow::Result<Sender> {
    let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(from) = from {
        socket.bind(SocketAddr::new(from, 0))?;
    }
    let stream = socket.connect(to).await.with_context(|| format!("cannot connect to {to}"))?;
    stream.set_nodelay(true)?;
    let io = TokioIo::new(stream);
    // The connection's own error shows in the exchange that it spoils.
    Ok(match protocol {
        Protocol::Http1 => {
            let (sender, connection) = http1::handshake(io).await?;
            tokio::spawn(connection.with_upgrades());
            Sender::Http1(sender)
        }
        Protocol::Http2 => {
            let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
            tokio::spawn(connection);
            Sender::Http2(sender)
        }
    })
}

async fn exchange_head(
    sender: &mut Sender,
    request: http::Request<Chunks>,
) -> anyhow::Result<http::Response<Incoming>> {
    Ok(match sender {
        Sender::Http1(sender) => {
            sender.ready().await?;
            sender.send_request(request).await?
        }
        Sender::Http2(sender) => {
            sender.ready().await?;
            sender.send_request(request).await?
        }
    })
}

async fn exchange(sender: &mut Sender, request: http::Request<Chunks>) -> anyhow::Result<Reply> {
    let (head, body) = exchange_head(sender, request).await?.into_parts();
    let collected = body.collect().await.context("the reply's body broke off")?;
    let trailers = collected.trailers().cloned().unwrap_or_default();
    Ok(Reply { status: head.status.as_u16(), headers: head.headers, body: collected.to_bytes(), trailers })
}

fn append(map: &mut HeaderMap, headers: &[(String, Vec<u8>)]) -> anyhow::Result<()> {
    for (name, value) in headers {
        map.append(HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_bytes(value)?);
    }
    Ok(())
}

/// One exchange on a connection of its own.
///
/// # Errors
/// As [`Connection::open`] and [`Connection::send`].
pub async fn send(to: SocketAddr, protocol: Protocol, request: &Request) -> anyhow::Result<Reply> {
    Connection::open(to, protocol).await?.send(request).await
}
