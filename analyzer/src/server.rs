//! The running service: everything is started in order here, and stopped in the opposite one.

use crate::api::{self, App};
use crate::clock::Clock;
use crate::config::Config;
use crate::connections::{self, Front};
use crate::decisions::Feed;
use crate::engine::{Engine, EngineView};
use crate::ingest::Ingest;
use crate::jobs::{self, Workshop};
use crate::key::{self, NoEntropy};
use crate::lapi::Lapi;
use crate::metrics::Metrics;
use crate::store::{Access, FolderError, Place, Store, StoreError};
use crate::tls::{self, Tls, TlsError};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder is not for us.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The store does not open.
    #[error("cannot open the store {place}: {source}")]
    Store {
        /// Where it is.
        place: String,
        /// Why.
        source: StoreError,
    },
    /// The key for CrowdSec is not there.
    #[error("crowdsec.key_env: the environment has no variable {variable}")]
    CrowdSecKey {
        /// Which one.
        variable: String,
    },
    /// CrowdSec cannot be asked at all.
    #[error("cannot ask CrowdSec: {0}")]
    CrowdSec(#[source] reqwest::Error),
    /// It cannot name itself.
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
    /// There is no TLS to be had of its files.
    #[error(transparent)]
    Tls(#[from] TlsError),
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
    scheme: &'static str,
    store: Store,
    stop: oneshot::Sender<()>,
    connections: JoinHandle<()>,
    writer: JoinHandle<()>,
    feed: Feed,
    watching: JoinHandle<()>,
    workshop: Workshop,
    jobs: Vec<JoinHandle<()>>,
}

impl Running {
    /// Starts the service; when this returns, connections are accepted.
    ///
    /// # Errors
    /// The folder, the store or the address cannot be used.
    pub async fn start(config: Config, clock: Clock) -> Result<Self, StartError> {
        tls::begin();
        let place = Place::enter(&config, Access::Serve)?;
        let shown = place.to_string();
        let listen = |source| StartError::Listen { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let unopened = |source| StartError::Store { place: shown.clone(), source };
        let store = Store::open(place).await.map_err(unopened)?;
        store.begin_decisions(clock.now_ms()).await.map_err(unopened)?;
        let (feed, watching) = Feed::start(store.clone(), clock.clone()).await.map_err(unopened)?;
        let scenarios = config.security.scenarios.iter().map(|scenario| &*scenario.name);
        let metrics = Arc::new(Metrics::new(jobs::JOBS, scenarios));
        let bell = Arc::new(Notify::new());
        let (ingest, writer) =
            Ingest::start(store.clone(), Arc::clone(&metrics), config.ingest.concurrency, Arc::clone(&bell));
        let workshop = Workshop {
            store: store.clone(),
            clock: clock.clone(),
            metrics: Arc::clone(&metrics),
            holder: key::random_name()?,
        };
        let tls = config
            .tls
            .clone()
            .map(|settings| Tls::new(settings, Arc::clone(&metrics)))
            .transpose()?
            .map(Arc::new);
        let (mut jobs, mut tasks): (Vec<_>, Vec<_>) = workshop.start(config.retention).into_iter().unzip();
        if let Some(settings) = config.crowdsec.clone() {
            let key = std::env::var(&settings.key_env)
                .map_err(|_| StartError::CrowdSecKey { variable: settings.key_env.clone() })?;
            let interval = settings.interval;
            let lapi = Lapi::new(settings, key, feed.clone(), clock.clone()).map_err(StartError::CrowdSec)?;
            let (job, task) = workshop.import(lapi, interval);
            jobs.push(job);
            tasks.push(task);
        }
        let mut engine = EngineView::default();
        if config.security.enabled {
            let (view, task) = Engine {
                store: store.clone(),
                clock: clock.clone(),
                metrics: Arc::clone(&metrics),
                feed: feed.clone(),
                settings: config.security.clone(),
                holder: workshop.holder.clone(),
                bell,
            }
            .start();
            engine = view;
            tasks.push(task);
        }
        let settings = config.http;
        let scheme = if tls.is_some() { "https" } else { "http" };
        tasks.extend(tls.clone().map(|tls| tokio::spawn(tls.renew())));
        let app = App {
            config,
            clock,
            store: store.clone(),
            ingest,
            limits: api::Limits::new(settings.requests_per_s),
            feed: feed.clone(),
            engine,
            metrics,
            jobs,
            started: Instant::now(),
        };
        let (stop, stopped) = oneshot::channel();
        let front = Front { router: api::router(Arc::new(app)), tls, settings };
        let connections = tokio::spawn(connections::serve(listener, front, stopped));
        Ok(Self { address, scheme, store, stop, connections, writer, feed, watching, workshop, jobs: tasks })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it is asked, as in `http://127.0.0.1:9470`.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Stops accepting, lets requests in work finish within their time, and closes the store.
    pub async fn stop(self) {
        drop(self.stop);
        // Whoever waits for decisions would be waited for.
        self.feed.close();
        finished(self.connections).await;
        // The last entrance went with the last connection, so the writer ends when its queue is empty.
        finished(self.writer).await;
        for job in self.jobs.into_iter().chain([self.watching]) {
            job.abort();
            finished(job).await;
        }
        if let Err(error) = self.store.give_back(&self.workshop.holder).await {
            tracing::warn!(%error, "the leases were not given back; they run out");
        }
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
