//! One handshake: within its time, with its turn, and counted whatever comes of it.

use super::{Certified, Tls};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::rustls::server::Acceptor;
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::server::TlsStream;

/// The first byte of a TLS connection: a record of a handshake (RFC 8446 §5.1).
const HANDSHAKE: u8 = 22;

/// What a client that speaks no TLS is told.
const PLAIN: &[u8] = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: 37\r\n\r\n\
                       This port speaks TLS only: https://\r\n";

/// How long a handshake has its turn: cryptography takes a moment, and the rest is waiting for the other end.
const TURN: Duration = Duration::from_secs(1);

/// So much of what it sends is read on, so that the answer is not lost with a reset.
const DRAIN: u64 = 64 * 1024;

/// What came of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handshake {
    /// Client and service have agreed.
    Done,
    /// The client speaks no TLS.
    Plaintext,
    /// It took too long.
    Slow,
    /// The client's certificate is not believed: not ours, not valid any more or not yet.
    Certificate,
    /// Something else: no common version, our certificate not believed, the client gone.
    Failed,
}

impl Handshake {
    /// Each of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Done, Self::Plaintext, Self::Slow, Self::Certificate, Self::Failed];

    /// Its word in labels.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Plaintext => "plaintext",
            Self::Slow => "slow",
            Self::Certificate => "certificate",
            Self::Failed => "failed",
        }
    }

    fn of(error: &io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match inner {
            Some(rustls::Error::InvalidCertificate(_)) => Self::Certificate,
            Some(_) | None => Self::Failed,
        }
    }
}

impl Tls {
    /// The connection behind its handshake, and whether its client has shown a certificate; nothing when that came to nothing.
    pub(crate) async fn shake(&self, stream: TcpStream) -> Option<(TlsStream<TcpStream>, Option<Certified>)> {
        let (accept, time, certified) = self.accepts();
        let (outcome, stream) = match tokio::time::timeout(time, self.attempt(stream, accept)).await {
            Ok(Ok(stream)) => (Handshake::Done, Some(stream)),
            Ok(Err(outcome)) => (outcome, None),
            Err(_) => (Handshake::Slow, None),
        };
        self.metrics.shaken(outcome);
        stream.map(|stream| {
            let shown = stream.get_ref().1.peer_certificates().map(|_| certified);
            (stream, shown)
        })
    }

    async fn attempt(
        &self,
        stream: TcpStream,
        accept: Arc<ServerConfig>,
    ) -> Result<TlsStream<TcpStream>, Handshake> {
        let failed = |error: io::Error| {
            tracing::debug!(%error, "a handshake failed");
            Handshake::of(&error)
        };
        let mut first = [0];
        let seen = stream.peek(&mut first).await.map_err(failed)?;
        if seen == 0 {
            return Err(Handshake::Failed);
        }
        if first != [HANDSHAKE] {
            refuse_plaintext(stream).await.map_err(|_| Handshake::Plaintext)?;
            return Err(Handshake::Plaintext);
        }
        let hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await.map_err(failed)?;
        // Asked for only here: whoever connects and says nothing takes nobody's turn.
        let _turn = self.turns.acquire().await.map_err(|_| Handshake::Failed)?;
        let shaken = tokio::time::timeout(TURN, hello.into_stream(accept)).await;
        shaken.map_err(|_| Handshake::Slow)?.map_err(failed)
    }
}

async fn refuse_plaintext(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(PLAIN).await?;
    stream.shutdown().await?;
    tokio::io::copy(&mut stream.take(DRAIN), &mut tokio::io::sink()).await.map(drop)
}
