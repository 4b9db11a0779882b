//! The running service: everything is started in order here, and stopped in the opposite one.

use crate::api::{self, App};
use crate::clock::Clock;
use crate::config::Config;
use crate::ingest::Ingest;
use crate::metrics::Metrics;
use crate::store::{Access, Folder, FolderError, Store, StoreError};
use crate::{connections, jobs};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder is not for us.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The store in it does not open.
    #[error("cannot open the store in {folder}: {source}")]
    Store {
        /// The data folder.
        folder: String,
        /// Why.
        source: StoreError,
    },
    /// The address is not free, or not ours.
    #[error("cannot listen on {address}: {source}; choose another address with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// A service that accepts connections.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    store: Store,
    stop: oneshot::Sender<()>,
    connections: JoinHandle<()>,
    writer: JoinHandle<()>,
    retention: JoinHandle<()>,
    _folder: Folder,
}

impl Running {
    /// Starts the service; when this returns, connections are accepted.
    ///
    /// # Errors
    /// The folder, the store or the address cannot be used.
    pub async fn start(config: Config, clock: Clock) -> Result<Self, StartError> {
        let folder = Folder::enter(&config.data_dir, Access::Serve)?;
        let listen = |source| StartError::Listen { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let store = Store::open(&folder, config.store)
            .await
            .map_err(|source| StartError::Store { folder: config.data_dir.display().to_string(), source })?;
        let metrics = Arc::new(Metrics::new(jobs::JOBS));
        let (ingest, writer) = Ingest::start(store.clone(), Arc::clone(&metrics), config.ingest.concurrency);
        let (job, retention) =
            jobs::start_retention(store.clone(), config.retention, clock.clone(), Arc::clone(&metrics));
        let http = config.http;
        let app = App {
            config,
            clock,
            store: store.clone(),
            ingest,
            metrics,
            jobs: vec![job],
            started: Instant::now(),
        };
        let (stop, stopped) = oneshot::channel();
        let connections =
            tokio::spawn(connections::serve(listener, api::router(Arc::new(app)), http, stopped));
        Ok(Self { address, store, stop, connections, writer, retention, _folder: folder })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting, lets requests in work finish within their time, and closes the store.
    pub async fn stop(self) {
        drop(self.stop);
        finished(self.connections).await;
        // The last entrance went with the last connection, so the writer ends when its queue is empty.
        finished(self.writer).await;
        self.retention.abort();
        finished(self.retention).await;
        self.store.close().await;
    }
}

async fn finished(task: JoinHandle<()>) {
    if let Err(error) = task.await
        && error.is_panic()
    {
        tracing::error!("a task of the service panicked");
    }
}
