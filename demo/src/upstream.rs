//! A real GraphQL server on loopback, HTTP/1.1 and HTTP/2, that remembers what it was asked.

mod envelope;
mod persisted;
mod record;
mod shop;
mod socket;
mod stream;

pub use persisted::hash;
pub use record::{Recorder, Seen};
pub use shop::SDL;

use crate::coding::Coding;
use anyhow::Context as _;
use async_graphql::BatchRequest;
use axum::Router;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use envelope::Unread;
use futures_util::StreamExt as _;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use persisted::Persisted;
use serde::Serialize;
use serde_json::json;
use shop::Shop;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use stream::Form;
use tokio::sync::oneshot;

/// Under this header a request is remembered; its value is the key.
pub const TEST_ID: &str = "x-test-id";

/// With this header a request asks for something other than the shop: `sink` (an empty answer to anything), `delay=MS`
/// (then as usual), `status=NNN`, `steps` (a stream whose events wait for [`Recorder::release`]), `error=CODE` (an error
/// with that code), `early` (one before the body has come), `trailers` (as usual, with trailers behind it),
/// `subprotocol=NAME` (chosen for a socket whatever was offered; `none` chooses nothing). To a socket only `status=NNN` and the last
/// mean something.
pub const BEHAVIOUR: &str = "x-demo-upstream";

/// The running server; it ends when this is dropped.
pub struct Upstream {
    /// Where it listens.
    pub address: SocketAddr,
    /// What it saw.
    pub recorder: Arc<Recorder>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

struct Server {
    recorder: Arc<Recorder>,
    shop: Shop,
    persisted: Persisted,
}

impl Upstream {
    /// Starts it on a free port, in a thread of its own, so that it outlives the caller's runtime.
    ///
    /// # Errors
    /// When there is no port or no thread to be had.
    pub fn start() -> anyhow::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").context("no port for the upstream")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let recorder = Arc::new(Recorder::default());
        let server = Arc::new(Server {
            recorder: Arc::clone(&recorder),
            shop: shop::build(),
            persisted: Persisted::new(),
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new().name("upstream".to_owned()).spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
                let router = Router::new().fallback(move |request| answer(Arc::clone(&server), request));
                let serve = std::future::IntoFuture::into_future(axum::serve(listener, router));
                tokio::select! { _ = serve => {}, _ = stopped => {} }
            });
        })?;
        Ok(Self { address, recorder, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            #[expect(
                clippy::let_underscore_must_use,
                reason = "a panic in the server has been printed by then"
            )]
            let _ = thread.join();
        }
    }
}

async fn answer(server: Arc<Server>, request: Request<Body>) -> Response {
    if socket::is_asked(&request) {
        return socket::open(server, request);
    }
    let (head, mut body) = request.into_parts();
    let ticket = server.recorder.arrive(&head);
    let behaviour = value(&head.headers, BEHAVIOUR);
    if behaviour == "early" {
        return error("FORBIDDEN");
    }
    let mut bytes = Vec::new();
    let mut trailers = None;
    while let Some(frame) = body.frame().await {
        // A body that breaks off stays recorded as incomplete.
        let Ok(frame) = frame else { return plain(StatusCode::BAD_REQUEST, "the body broke off\n") };
        match frame.into_data() {
            Ok(data) => {
                server.recorder.receive(&ticket, data.len());
                bytes.extend_from_slice(&data);
            }
            Err(other) => trailers = other.into_trailers().ok(),
        }
    }
    let bytes = Bytes::from(bytes);
    server.recorder.finish(ticket, &bytes, trailers.as_ref());
    match behaviour.split_once('=').unwrap_or((behaviour, "")) {
        ("sink", _) => reply(StatusCode::OK, "application/json", Body::from(r#"{"data":{}}"#)),
        ("status", code) => {
            let code = code.parse().ok().and_then(|code| StatusCode::from_u16(code).ok());
            match code.unwrap_or(StatusCode::SERVICE_UNAVAILABLE) {
                empty @ (StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) => plain(empty, ""),
                other => plain(other, "as you wish\n"),
            }
        }
        ("error", code) => error(code),
        ("trailers", _) => trailed(route(&server, &head, &bytes).await),
        ("delay", ms) => {
            tokio::time::sleep(Duration::from_millis(ms.parse().unwrap_or_default())).await;
            route(&server, &head, &bytes).await
        }
        _ => route(&server, &head, &bytes).await,
    }
}

/// An error with this code, and a suggestion.
fn error(code: &str) -> Response {
    let error = json!({"message": "No such thing. Did you mean \"that\"?", "extensions": {"code": code}});
    let answer = json!({"errors": [error], "data": {"me": {"id": "1"}}});
    reply(StatusCode::OK, "application/json", Body::from(answer.to_string()))
}

/// The same with trailers, and so without a content-length.
fn trailed(response: Response) -> Response {
    let (mut head, body) = response.into_parts();
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.insert(header::TRAILER, HeaderValue::from_static("x-checksum"));
    let trailers = HeaderMap::from_iter([(
        http::HeaderName::from_static("x-checksum"),
        HeaderValue::from_static("abc"),
    )]);
    Response::from_parts(
        head,
        Body::new(
            Body::from_stream(body.into_data_stream()).with_trailers(std::future::ready(Some(Ok(trailers)))),
        ),
    )
}

async fn route(server: &Server, head: &Parts, body: &Bytes) -> Response {
    match (head.method.as_str(), head.uri.path()) {
        ("GET" | "POST", "/graphql") => graphql(server, head, body).await,
        ("GET" | "POST", "/" | "/rest/status") => plain(StatusCode::OK, "portcullis demo upstream\n"),
        ("OPTIONS", _) => plain(StatusCode::NO_CONTENT, ""),
        _ => plain(StatusCode::NOT_FOUND, "nothing here\n"),
    }
}

async fn graphql(server: &Server, head: &Parts, body: &Bytes) -> Response {
    let request = match envelope::read(head, body, &server.persisted).await {
        Ok(request) => request,
        Err(Unread::Persisted(refusal)) => {
            let (status, message, code) = refusal.answer();
            return json(
                head,
                status,
                &json!({"errors": [{"message": message, "extensions": {"code": code}}]}),
            );
        }
        Err(Unread::Malformed(error)) => {
            let errors = json!({"errors": [{"message": format!("{error:#}")}]});
            return json(head, StatusCode::BAD_REQUEST, &errors);
        }
    };
    match (Form::asked(&head.headers), request) {
        (Some(form), BatchRequest::Single(request)) => {
            let steps = value(&head.headers, BEHAVIOUR) == "steps";
            let permits = steps.then(|| server.recorder.permits(value(&head.headers, TEST_ID)));
            let answers = server.shop.execute_stream(request).boxed();
            reply(StatusCode::OK, form.content_type(), form.body(answers, permits))
        }
        (_, request) => json(head, StatusCode::OK, &server.shop.execute_batch(request).await),
    }
}

/// The answer as JSON, packed where the client takes that.
fn json(head: &Parts, status: StatusCode, answer: &impl Serialize) -> Response {
    let body = serde_json::to_vec(answer).unwrap_or_default();
    let takes_gzip = value(&head.headers, "accept-encoding").contains("gzip");
    let packed = takes_gzip.then(|| Coding::Gzip.pack(&body).ok()).flatten();
    let is_packed = packed.is_some();
    let mut response = reply(status, "application/json", Body::from(packed.unwrap_or(body)));
    if is_packed {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn value<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    reply(status, "text/plain", Body::from(text))
}

fn reply(status: StatusCode, content_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
