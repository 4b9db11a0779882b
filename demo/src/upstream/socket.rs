//! WebSockets of the upstream: GraphQL by both subprotocols at `/graphql`, and at `/echo` whatever comes.

use super::record::Ticket;
use super::{BEHAVIOUR, Server, plain, value};
use async_graphql::http::{WebSocket, WebSocketProtocols, WsMessage};
use axum::body::Body;
use axum::response::Response;
use futures_util::{SinkExt as _, StreamExt as _};
use http::{HeaderValue, Method, Request, StatusCode, header};
use hyper::ext::Protocol;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, Role};

type Frames = WebSocketStream<TokioIo<Upgraded>>;

/// Whether a socket is asked for, over HTTP/1.1 or HTTP/2.
pub(super) fn is_asked(request: &Request<Body>) -> bool {
    value(request.headers(), "upgrade").eq_ignore_ascii_case("websocket") || is_connect(request)
}

fn is_connect(request: &Request<Body>) -> bool {
    let protocol = request.extensions().get::<Protocol>();
    request.method() == Method::CONNECT && protocol.is_some_and(|protocol| protocol.as_str() == "websocket")
}

/// Opens a socket, and serves it until it ends.
pub(super) fn open(server: Arc<Server>, mut request: Request<Body>) -> Response {
    let path = request.uri().path().to_owned();
    if !matches!(path.as_str(), "/graphql" | "/echo") {
        return plain(StatusCode::NOT_FOUND, "no sockets here\n");
    }
    if let Some(("status", code)) = value(request.headers(), BEHAVIOUR).split_once('=') {
        let code = code.parse().ok().and_then(|code| StatusCode::from_u16(code).ok());
        return plain(code.unwrap_or(StatusCode::SERVICE_UNAVAILABLE), "as you wish\n");
    }
    let is_connect = is_connect(&request);
    let key = value(request.headers(), "sec-websocket-key").to_owned();
    if !is_connect && key.is_empty() {
        return plain(StatusCode::BAD_REQUEST, "missing sec-websocket-key\n");
    }
    let upgrade = hyper::upgrade::on(&mut request);
    let (head, _) = request.into_parts();
    let ticket = server.recorder.arrive(&head);
    let chosen = chosen(&head.headers, &path);
    let mut response = Response::new(Body::empty());
    if is_connect {
        *response.status_mut() = StatusCode::OK;
    } else {
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes()));
        headers.extend(accept.map(|accept| (header::SEC_WEBSOCKET_ACCEPT, accept)));
    }
    let name = chosen.as_deref().map(HeaderValue::from_str).and_then(Result::ok);
    response.headers_mut().extend(name.map(|name| (header::SEC_WEBSOCKET_PROTOCOL, name)));
    let protocol = chosen.and_then(|name| name.parse::<WebSocketProtocols>().ok());
    tokio::spawn(async move {
        // Who gives up before the socket is open has none to serve.
        let Ok(upgraded) = upgrade.await else { return };
        let frames = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        match protocol.filter(|_| path == "/graphql") {
            Some(protocol) => graphql(server, frames, protocol, ticket).await,
            None => echo(server, frames, ticket).await,
        }
    });
    response
}

/// The subprotocol: what the behaviour says, or else the first that was offered.
fn chosen(headers: &http::HeaderMap, path: &str) -> Option<String> {
    match value(headers, BEHAVIOUR).split_once('=') {
        Some(("subprotocol", "none")) => return None,
        Some(("subprotocol", name)) => return Some(name.to_owned()),
        _ => (),
    }
    let offered = value(headers, "sec-websocket-protocol").split(',').map(str::trim);
    let is_known = |name: &&str| path == "/echo" || name.parse::<WebSocketProtocols>().is_ok();
    offered.filter(|name| !name.is_empty()).find(is_known).map(str::to_owned)
}

async fn graphql(server: Arc<Server>, frames: Frames, protocol: WebSocketProtocols, ticket: Ticket) {
    let (mut sink, source) = frames.split();
    let recorder = Arc::clone(&server);
    let texts = source.filter_map(move |message| {
        let text = match message {
            Ok(Message::Text(text)) => Some(text.as_str().to_owned()),
            _ => None,
        };
        text.iter().for_each(|text| recorder.recorder.hear(&ticket, text));
        std::future::ready(text)
    });
    let mut answers = WebSocket::new(server.shop.clone(), texts.boxed(), protocol);
    while let Some(answer) = answers.next().await {
        let message = match answer {
            WsMessage::Text(text) => Message::text(text),
            WsMessage::Close(code, reason) => {
                Message::Close(Some(CloseFrame { code: code.into(), reason: reason.into() }))
            }
        };
        if sink.send(message).await.is_err() {
            return;
        }
    }
    #[expect(clippy::let_underscore_must_use, reason = "whoever is gone needs no close")]
    let _ = sink.close().await;
}

/// Sends everything back.
async fn echo(server: Arc<Server>, mut frames: Frames, ticket: Ticket) {
    while let Some(Ok(message)) = frames.next().await {
        if let Message::Text(text) = &message {
            server.recorder.hear(&ticket, text.as_str());
        }
        if (message.is_text() || message.is_binary()) && frames.send(message).await.is_err() {
            return;
        }
    }
}
