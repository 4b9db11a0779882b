//! A body that keeps its pieces apart.

use super::{Payload, append};
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// The frames still to send, and where more of them come from.
pub(super) struct Chunks {
    frames: VecDeque<Frame<Bytes>>,
    feed: Option<mpsc::Receiver<Bytes>>,
    exact: Option<u64>,
    waited: bool,
}

impl Chunks {
    pub(super) fn new(payload: &Payload) -> anyhow::Result<Self> {
        let (frames, exact) = match payload {
            Payload::Absent => (VecDeque::new(), Some(0)),
            Payload::Whole(bytes) => {
                let length = u64::try_from(bytes.len())?;
                (VecDeque::from([Frame::data(bytes.clone())]), Some(length))
            }
            Payload::Pieces(pieces, trailers) => {
                let mut frames: VecDeque<_> = pieces.iter().cloned().map(Frame::data).collect();
                if !trailers.is_empty() {
                    let mut map = HeaderMap::new();
                    append(&mut map, trailers)?;
                    frames.push_back(Frame::trailers(map));
                }
                (frames, None)
            }
        };
        Ok(Self { frames, feed: None, exact, waited: false })
    }

    /// Pieces that are not known yet; of that length together, where it is known.
    pub(super) fn fed(feed: mpsc::Receiver<Bytes>, exact: Option<u64>) -> Self {
        Self { frames: VecDeque::new(), feed: Some(feed), exact, waited: false }
    }
}

impl Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(feed) = &mut self.feed {
            return feed.poll_recv(context).map(|piece| piece.map(|piece| Ok(Frame::data(piece))));
        }
        // Yielding before each piece makes the connection flush the one before.
        if self.exact.is_none() && !self.waited {
            self.waited = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.waited = false;
        Poll::Ready(self.frames.pop_front().map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty() && self.feed.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.exact.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
