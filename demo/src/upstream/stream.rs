//! Answers that come piece by piece: GraphQL over SSE in distinct connections mode, and Apollo's multipart subscriptions.

use async_graphql::Response as Answer;
use async_graphql::http::create_multipart_mixed_stream;
use axum::body::Body;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt as _};
use http::HeaderMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How often a multipart stream says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// How the client wants its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `text/event-stream`.
    Events,
    /// `multipart/mixed; subscriptionSpec="1.0"`.
    Multipart,
}

impl Form {
    /// The one that `accept` asks for, if it asks for one.
    pub(super) fn asked(headers: &HeaderMap) -> Option<Self> {
        let accept = headers.get(http::header::ACCEPT)?.to_str().ok()?;
        let of = |kind: &str| accept.split(',').any(|range| range.trim().starts_with(kind));
        if of("text/event-stream") {
            return Some(Self::Events);
        }
        (of("multipart/mixed") && accept.contains("subscriptionSpec")).then_some(Self::Multipart)
    }

    /// The content type of the answer.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Events => "text/event-stream",
            Self::Multipart => "multipart/mixed; boundary=\"graphql\"; subscriptionSpec=\"1.0\"",
        }
    }

    /// The body: one piece an event. With permits each event waits for one.
    pub(super) fn body(self, answers: BoxStream<'static, Answer>, permits: Option<Arc<Semaphore>>) -> Body {
        let answers = answers.then(move |answer| {
            let permits = permits.clone();
            async move {
                if let Some(permit) = permits.as_ref().map(|permits| permits.acquire()) {
                    // The semaphore is never closed.
                    permit.await.into_iter().for_each(tokio::sync::SemaphorePermit::forget);
                }
                answer
            }
        });
        match self {
            Self::Events => {
                let complete = stream::iter([Bytes::from_static(b"event: complete\ndata:\n\n")]);
                body(answers.map(|answer| event(&answer)).chain(complete))
            }
            Self::Multipart => body(create_multipart_mixed_stream(answers.boxed(), HEARTBEAT)),
        }
    }
}

fn event(answer: &Answer) -> Bytes {
    Bytes::from(format!("event: next\ndata: {}\n\n", serde_json::to_string(answer).unwrap_or_default()))
}

fn body(pieces: impl Stream<Item = Bytes> + Send + 'static) -> Body {
    Body::from_stream(pieces.map(Ok::<_, Infallible>))
}
