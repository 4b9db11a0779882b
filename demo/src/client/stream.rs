//! Exchanges that are watched while they go on: an answer read piece by piece, a body sent piece by piece.

use super::body::Chunks;
use super::{Connection, PATIENCE, Reply, Request, exchange_head};
use anyhow::Context as _;
use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// An answer whose head came and whose body is still coming.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    body: Incoming,
    trailers: HeaderMap,
}

impl Answer {
    pub(super) fn new(response: http::Response<Incoming>) -> Self {
        let (head, body) = response.into_parts();
        Self { status: head.status.as_u16(), headers: head.headers, body, trailers: HeaderMap::new() }
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// When the body breaks off, or nothing comes for long.
    pub async fn piece(&mut self) -> anyhow::Result<Option<Bytes>> {
        loop {
            let frame = tokio::time::timeout(PATIENCE, self.body.frame()).await;
            let Some(frame) = frame.context("no piece in time")? else { return Ok(None) };
            match frame.context("the reply's body broke off")?.into_data() {
                Ok(data) => return Ok(Some(data)),
                Err(other) => self.trailers.extend(other.into_trailers().unwrap_or_default()),
            }
        }
    }

    /// All that follows.
    ///
    /// # Errors
    /// As [`Answer::piece`].
    pub async fn rest(mut self) -> anyhow::Result<Reply> {
        let mut body = Vec::new();
        while let Some(piece) = self.piece().await? {
            body.extend_from_slice(&piece);
        }
        Ok(Reply { status: self.status, headers: self.headers, body: body.into(), trailers: self.trailers })
    }
}

/// A request whose body is sent as it becomes known.
pub struct Upload {
    pieces: mpsc::Sender<Bytes>,
    reply: JoinHandle<anyhow::Result<Reply>>,
}

impl Connection {
    /// Sends a request and reads the head of the reply.
    ///
    /// # Errors
    /// As [`Connection::send`].
    pub async fn begin(&mut self, request: &Request) -> anyhow::Result<Answer> {
        let request = self.build(request, Chunks::new(&request.body)?)?;
        let head = tokio::time::timeout(PATIENCE, exchange_head(&mut self.sender, request)).await;
        Ok(Answer::new(head.context("no reply in time")??))
    }

    /// Begins a request whose body follows; with a length it is announced.
    ///
    /// # Errors
    /// When the request cannot be built.
    pub fn upload(mut self, request: &Request, length: Option<u64>) -> anyhow::Result<Upload> {
        let (pieces, body) = mpsc::channel(1);
        let request = self.build(request, Chunks::fed(body, length))?;
        let reply = tokio::spawn(async move {
            let answer = Answer::new(exchange_head(&mut self.sender, request).await?);
            answer.rest().await
        });
        Ok(Upload { pieces, reply })
    }
}

impl Upload {
    /// Hands over one piece; false when nobody takes it any more.
    pub async fn send(&self, piece: impl Into<Bytes>) -> bool {
        let sent = tokio::time::timeout(PATIENCE, self.pieces.send(piece.into())).await;
        matches!(sent, Ok(Ok(())))
    }

    /// Whether the whole reply has come, or the connection broke.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.reply.is_finished()
    }

    /// Ends the body and reads the reply.
    ///
    /// # Errors
    /// When the connection breaks or the reply takes too long.
    pub async fn finish(self) -> anyhow::Result<Reply> {
        drop(self.pieces);
        tokio::time::timeout(PATIENCE, self.reply).await.context("no reply in time")??
    }
}
