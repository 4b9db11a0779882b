//! Connections: taken up to a number, served over HTTP/1, over TLS where there is some, and let go in good order.
//!
//! Does not know what is served. Slow heads are cut off here, and who does not read what he asked for; what comes after the
//! head is the router's affair.

mod paced;
mod places;

use crate::api::Peer;
use crate::config::Http;
use crate::metrics::Metrics;
use crate::tls::{Certified, Tls};
use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use paced::Paced;
use places::Places;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::task::JoinSet;

/// Pause after a failed accept: it fails when the process has no file descriptors left, and they come back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What every connection is served with.
#[derive(Clone, Debug)]
pub(crate) struct Front {
    /// The latest is for the next request.
    pub(crate) router: watch::Receiver<Router>,
    pub(crate) tls: Option<Arc<Tls>>,
    pub(crate) settings: Http,
    pub(crate) metrics: Arc<Metrics>,
}

/// Who is at the other end.
#[derive(Clone, Debug)]
struct Caller {
    peer: Peer,
    certified: Option<Certified>,
}

/// Serves until told to stop (or until nobody is left to tell), then lets requests in work finish.
pub(crate) async fn serve(listener: TcpListener, front: Front, mut stop: oneshot::Receiver<()>) {
    let permits = Arc::new(Semaphore::new(front.settings.connections));
    let places = Places::new(front.settings.connections_per_address);
    let graceful = GracefulShutdown::new();
    let (open, closing) = watch::channel(());
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &permits) => accepted,
            _ = &mut stop => break,
        };
        while connections.try_join_next().is_some() {}
        let Some((stream, peer, permit)) = accepted else { continue };
        // Closed without a word: to say why would take what there is too little of.
        let Some(place) = places.take(peer) else {
            front.metrics.connection_refused();
            continue;
        };
        let connection = front.clone().take(stream, peer, closing.clone(), graceful.watcher());
        connections.spawn(async move {
            connection.await;
            drop((place, permit));
        });
    }
    drop(listener);
    // Nobody who has not said what he wants is waited for.
    drop(open);
    if tokio::time::timeout(front.settings.shutdown_timeout, graceful.shutdown()).await.is_err() {
        tracing::warn!(connections = connections.len(), "requests still running were cut off");
    }
    connections.shutdown().await;
}

impl Front {
    async fn take(self, stream: TcpStream, peer: Peer, mut closing: watch::Receiver<()>, watcher: Watcher) {
        let Some(tls) = &self.tls else {
            return self.talk(stream, Caller { peer, certified: None }, watcher).await;
        };
        let shaken = tokio::select! {
            shaken = tls.shake(stream) => shaken,
            // Nothing is ever told here: it changes by its end.
            _ = closing.changed() => None,
        };
        if let Some((stream, certified)) = shaken {
            self.talk(stream, Caller { peer, certified }, watcher).await;
        }
    }

    async fn talk<S>(&self, stream: S, caller: Caller, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let router = self.router.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(caller.peer);
            if let Some(certified) = &caller.certified {
                request.extensions_mut().insert(certified.clone());
            }
            // Who showed what is not believed any more has to show something again.
            let is_over = caller.certified.as_ref().is_some_and(|certified| !certified.holds());
            let answering = TowerToHyperService::new(router.borrow().clone()).call(request);
            async move {
                let mut answer = answering.await?;
                if is_over {
                    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(answer)
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.settings.header_timeout)
            .serve_connection(TokioIo::new(Paced::new(stream, self.settings.request_timeout)), service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, "a connection ended badly");
        }
    }
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> Option<(TcpStream, Peer, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, address)) => Some((stream, Peer(address.ip()), permit)),
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}
