//! The running service: everything is started in order here, and stopped in the opposite one.

use crate::api::{self, App};
use crate::clock::Clock;
use crate::config::{Config, Source};
use crate::connections::{self, Front};
use crate::decisions::Feed;
use crate::engine::{Engine, EngineView};
use crate::ingest::Ingest;
use crate::jobs::{self, Workshop};
use crate::key::{self, NoEntropy};
use crate::metrics::Metrics;
use crate::reload::{self, Applied, Refusal, Reloader, Reloads, Tasks};
use crate::store::{Access, FolderError, Place, Store, StoreError};
use crate::tls::{self, Tls, TlsError};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot, watch};
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
    /// Bans of a CrowdSec cannot be taken over.
    #[error(transparent)]
    Import(#[from] Refusal),
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
    workshop: Workshop,
    reloader: JoinHandle<()>,
    reloads: Reloads,
    /// Those that no configuration ends.
    lasting: Vec<JoinHandle<()>>,
    tasks: Tasks,
}

impl Running {
    /// Starts the service; when this returns, connections are accepted.
    ///
    /// # Errors
    /// The folder, the store or the address cannot be used.
    pub async fn start(config: Config, clock: Clock) -> Result<Self, StartError> {
        Self::start_from(config, None, clock).await
    }

    /// The same, with where the configuration is from, so that it can be read again.
    ///
    /// # Errors
    /// The folder, the store or the address cannot be used.
    pub async fn start_from(
        config: Config,
        source: Option<Source>,
        clock: Clock,
    ) -> Result<Self, StartError> {
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
        let lapi = reload::importer(&config, &feed, &clock)?;
        let (jobs, tasks) = reload::begin(&workshop, &config, lapi);
        let tasks: Tasks = Arc::new(Mutex::new(tasks));
        let (security, changes) = watch::channel(config.security.clone());
        let mut lasting = vec![watching];
        let mut engine = EngineView::default();
        if config.security.enabled {
            let (view, task) = Engine {
                store: store.clone(),
                clock: clock.clone(),
                metrics: Arc::clone(&metrics),
                feed: feed.clone(),
                settings: config.security.clone(),
                changes,
                holder: workshop.holder.clone(),
                bell,
            }
            .start();
            engine = view;
            lasting.push(task);
        }
        let settings = config.http;
        let scheme = if tls.is_some() { "https" } else { "http" };
        lasting.extend(tls.clone().map(|tls| tokio::spawn(tls.renew())));
        let (reloads, wishes) = Reloads::new();
        let app = App {
            config,
            clock,
            store: store.clone(),
            ingest,
            limits: Arc::new(api::Limits::new(settings.requests_per_s)),
            feed: feed.clone(),
            engine,
            metrics,
            jobs,
            reloads: reloads.clone(),
            started: Instant::now(),
        };
        let (stop, stopped) = oneshot::channel();
        let (routers, router) = watch::channel(api::router(Arc::new(app.clone())));
        let front = Front { router, tls: tls.clone(), settings, metrics: Arc::clone(&app.metrics) };
        let connections = tokio::spawn(connections::serve(listener, front, stopped));

        let reloader = Reloader {
            source,
            app,
            routers,
            tls,
            security,
            workshop: workshop.clone(),
            tasks: Arc::clone(&tasks),
        };
        let reloader = tokio::spawn(reloader.run(wishes));
        Ok(Self {
            address,
            scheme,
            store,
            stop,
            connections,
            reloader,
            reloads,
            writer,
            feed,
            workshop,
            lasting,
            tasks,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it is asked, as in `http://127.0.0.1:9470`.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Has the configuration read again; what is wrong with it changes nothing.
    ///
    /// # Errors
    /// Why it stays as it was.
    pub async fn reload(&self) -> Result<Applied, Refusal> {
        self.reloads.wish().await
    }

    /// Stops accepting, lets requests in work finish within their time, and closes the store.
    pub async fn stop(self) {
        drop(self.stop);
        // Whoever waits for decisions would be waited for.
        self.feed.close();
        finished(self.connections).await;
        self.reloader.abort();
        finished(self.reloader).await;
        // The last entrance went with them, so the writer ends when its queue is empty.
        finished(self.writer).await;
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for job in self.lasting.into_iter().chain(tasks) {
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
