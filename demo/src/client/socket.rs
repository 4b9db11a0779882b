//! A WebSocket client over HTTP/1.1 and HTTP/2.

use super::{Protocol, Reply, Sender, append, connect};
use anyhow::{Context as _, ensure};
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http::{HeaderMap, HeaderValue, Method, Uri};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::{client::generate_key, derive_accept_key};
use tokio_tungstenite::tungstenite::protocol::{Message, Role};

use super::body::Chunks;
use super::{Payload, Request};

/// How long an answer to a handshake, or a message that is awaited, may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a handshake asks for.
#[derive(Clone, Debug)]
pub struct Knock {
    /// The path.
    pub path: String,
    /// More headers.
    pub headers: Vec<(String, Vec<u8>)>,
    /// From which address of this machine.
    pub from: Option<IpAddr>,
}

/// What came of a handshake.
pub enum Knocked {
    /// The socket is open.
    Opened(Box<Socket>),
    /// It was answered otherwise.
    Refused(Box<Reply>),
}

/// An open socket.
pub struct Socket {
    /// What the handshake was answered with.
    pub headers: HeaderMap,
    frames: WebSocketStream<TokioIo<Upgraded>>,
    /// What keeps an HTTP/2 connection open.
    _sender: Sender,
}

/// What came over a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
    /// A pong.
    Pong(Bytes),
    /// A close, with code and reason where it had them.
    Closed(Option<(u16, String)>),
    /// The connection broke off without a close.
    Broken,
}

impl Knock {
    /// An honest handshake that offers this subprotocol.
    #[must_use]
    pub fn offering(path: &str, subprotocol: &str) -> Self {
        Self::at(path).with("sec-websocket-protocol", subprotocol)
    }

    /// An honest handshake that offers nothing.
    #[must_use]
    pub fn at(path: &str) -> Self {
        Self { path: path.to_owned(), headers: Vec::new(), from: None }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// The same from an address of this machine.
    #[must_use]
    pub fn from(mut self, from: IpAddr) -> Self {
        self.from = Some(from);
        self
    }

    /// Sends it, and takes the answer.
    ///
    /// # Errors
    /// When it cannot be built, the connection breaks, or it takes too long.
    pub async fn send(&self, to: SocketAddr, protocol: Protocol) -> anyhow::Result<Knocked> {
        tokio::time::timeout(PATIENCE, self.exchange(to, protocol)).await.context("no answer in time")?
    }

    /// Sends it, and takes the open socket.
    ///
    /// # Errors
    /// Those of [`Knock::send`], or that it was answered otherwise.
    pub async fn open(&self, to: SocketAddr, protocol: Protocol) -> anyhow::Result<Socket> {
        match self.send(to, protocol).await? {
            Knocked::Opened(socket) => Ok(*socket),
            Knocked::Refused(reply) => {
                anyhow::bail!(
                    "{} instead of a socket: {}",
                    reply.status,
                    String::from_utf8_lossy(&reply.body)
                )
            }
        }
    }

    async fn exchange(&self, to: SocketAddr, protocol: Protocol) -> anyhow::Result<Knocked> {
        let mut sender = connect(self.from, to, protocol).await?;
        let key = generate_key();
        let mut request = http::Request::new(Chunks::new(&Payload::Absent)?);
        let headers = request.headers_mut();
        headers.append("sec-websocket-version", HeaderValue::from_static("13"));
        match protocol {
            Protocol::Http1 => {
                headers.append("host", HeaderValue::from_str(&to.to_string())?);
                headers.append("connection", HeaderValue::from_static("Upgrade"));
                headers.append("upgrade", HeaderValue::from_static("websocket"));
                headers.append("sec-websocket-key", HeaderValue::from_str(&key)?);
            }
            Protocol::Http2 => {
                // That it takes extended CONNECTs, a server says in its settings, which are there with the first answer.
                super::exchange(&mut sender, settled(to)?).await?;
            }
        }
        // A header that is given replaces the usual one.
        for (name, _) in &self.headers {
            headers.remove(name.as_str());
        }
        append(headers, &self.headers)?;
        match protocol {
            Protocol::Http1 => *request.uri_mut() = self.path.parse()?,
            Protocol::Http2 => {
                *request.method_mut() = Method::CONNECT;
                *request.uri_mut() = format!("http://{to}{}", self.path).parse::<Uri>()?;
                request.extensions_mut().insert(hyper::ext::Protocol::from_static("websocket"));
            }
        }
        let mut response = super::exchange_head(&mut sender, request).await?;
        let expected = match protocol {
            Protocol::Http1 => 101,
            Protocol::Http2 => 200,
        };
        if response.status() != expected {
            return Ok(Knocked::Refused(Box::new(reply(response).await?)));
        }
        if protocol == Protocol::Http1 {
            let accept = response.headers().get("sec-websocket-accept");
            let is_meant = accept.is_some_and(|accept| accept == derive_accept_key(key.as_bytes()).as_str());
            ensure!(is_meant, "the answer is not one to this handshake");
        }
        let headers = response.headers().clone();
        let upgraded = hyper::upgrade::on(&mut response).await?;
        let frames = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Client, None).await;
        Ok(Knocked::Opened(Box::new(Socket { headers, frames, _sender: sender })))
    }
}

fn settled(to: SocketAddr) -> anyhow::Result<http::Request<Chunks>> {
    let mut request = http::Request::new(Chunks::new(&Request::get("/rest/status").body)?);
    *request.uri_mut() = format!("http://{to}/rest/status").parse::<Uri>()?;
    Ok(request)
}

async fn reply(response: http::Response<Incoming>) -> anyhow::Result<Reply> {
    let (head, body) = response.into_parts();
    let collected = body.collect().await.context("the answer's body broke off")?;
    let trailers = collected.trailers().cloned().unwrap_or_default();
    Ok(Reply { status: head.status.as_u16(), headers: head.headers, body: collected.to_bytes(), trailers })
}

impl Socket {
    /// The subprotocol that was chosen.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.headers.get("sec-websocket-protocol")?.to_str().ok()
    }

    /// Sends a text.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn text(&mut self, text: impl Into<String>) -> anyhow::Result<()> {
        Ok(self.frames.send(Message::text(text.into())).await?)
    }

    /// Sends any message.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn message(&mut self, message: Message) -> anyhow::Result<()> {
        Ok(self.frames.send(message).await?)
    }

    /// Sends bytes, whatever frames they are.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn raw(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let stream = self.frames.get_mut();
        stream.write_all(bytes).await?;
        Ok(stream.flush().await?)
    }

    /// The next thing that comes; pings answer themselves.
    ///
    /// # Errors
    /// When nothing comes for long.
    pub async fn next(&mut self) -> anyhow::Result<Heard> {
        loop {
            let heard = tokio::time::timeout(PATIENCE, self.frames.next()).await.context("nothing comes")?;
            return Ok(match heard {
                Some(Ok(Message::Text(text))) => Heard::Text(text.as_str().to_owned()),
                Some(Ok(Message::Binary(bytes))) => Heard::Binary(bytes),
                Some(Ok(Message::Pong(bytes))) => Heard::Pong(bytes),
                Some(Ok(Message::Close(frame))) => {
                    Heard::Closed(frame.map(|frame| (frame.code.into(), frame.reason.as_str().to_owned())))
                }
                Some(Ok(Message::Ping(_) | Message::Frame(_))) => continue,
                Some(Err(_)) | None => Heard::Broken,
            });
        }
    }

    /// The next text as JSON.
    ///
    /// # Errors
    /// When something else comes, or nothing.
    pub async fn json(&mut self) -> anyhow::Result<serde_json::Value> {
        let heard = self.next().await?;
        let Heard::Text(text) = heard else { anyhow::bail!("{heard:?} instead of a text") };
        Ok(serde_json::from_str(&text)?)
    }

    /// Closes it from this side, and waits for the end.
    ///
    /// # Errors
    /// When the other side does not answer.
    pub async fn close(mut self) -> anyhow::Result<()> {
        self.frames.send(Message::Close(None)).await?;
        while !matches!(self.next().await?, Heard::Closed(_) | Heard::Broken) {}
        Ok(())
    }
}
