//! The configuration while the service runs: read again when told to, checked whole, and only then what everybody goes by.
//!
//! What is wrong changes nothing. What only a new start can change is said, and stays as it is until then. A request in
//! work goes on by what held when it came; the next one meets what holds by then.

mod settle;

use crate::api::{self, App, Limits};
use crate::clock::Clock;
use crate::config::{Config, ConfigError, Security, Source};
use crate::decisions::Feed;
use crate::jobs::{Job, Workshop};
use crate::lapi::Lapi;
use crate::metrics::{Reload, Reloaded};
use crate::tls::{Tls, TlsError};
use axum::Router;
use serde::Serialize;
use settle::{changed, settle};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use utoipa::ToSchema;

/// Wishes that wait while one is fulfilled.
const WAITING: usize = 4;

/// What was changed, each by the name of its section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Applied {
    /// What holds from here on.
    pub changed: Vec<&'static str>,
    /// What the file says otherwise, and only a new start can change.
    pub needs_restart: Vec<&'static str>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no file.
    #[error("the service was started without a configuration file")]
    NoFile,
    /// The file is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Certificates do not do.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The key for CrowdSec is not there.
    #[error("crowdsec.key_env: the environment has no variable {0}")]
    CrowdSecKey(String),
    /// CrowdSec cannot be asked at all.
    #[error("cannot ask CrowdSec: {0}")]
    CrowdSec(#[source] reqwest::Error),
    /// The service ends.
    #[error("the service is about to end")]
    Ending,
}

/// How the last reading again went.
#[derive(Clone, Debug)]
pub(crate) struct Last {
    pub(crate) at_ms: u64,
    pub(crate) outcome: Reloaded,
    pub(crate) needs_restart: usize,
}

/// Where the wish to read again is told; clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Reloads {
    wishes: mpsc::Sender<Wish>,
    last: Arc<Mutex<Option<Last>>>,
}

#[derive(Debug)]
pub(crate) struct Wish(oneshot::Sender<Result<Applied, Refusal>>);

/// The tasks of jobs, which another configuration may end and begin.
pub(crate) type Tasks = Arc<Mutex<Vec<JoinHandle<()>>>>;

/// Fulfils the wishes, one after the other.
#[derive(Debug)]
pub(crate) struct Reloader {
    pub(crate) source: Option<Source>,
    pub(crate) app: App,
    pub(crate) routers: watch::Sender<Router>,
    pub(crate) tls: Option<Arc<Tls>>,
    pub(crate) security: watch::Sender<Security>,
    pub(crate) workshop: Workshop,
    pub(crate) tasks: Tasks,
}

impl Reloads {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Wish>) {
        let (wishes, heard) = mpsc::channel(WAITING);
        (Self { wishes, last: Arc::default() }, heard)
    }

    /// Has the configuration read again.
    pub(crate) async fn wish(&self) -> Result<Applied, Refusal> {
        let (answer, answered) = oneshot::channel();
        self.wishes.send(Wish(answer)).await.map_err(|_| Refusal::Ending)?;
        answered.await.unwrap_or(Err(Refusal::Ending))
    }

    /// How the last time went, if there was one.
    pub(crate) fn last(&self) -> Option<Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Reloader {
    /// Ends when it is aborted.
    pub(crate) async fn run(mut self, mut wishes: mpsc::Receiver<Wish>) {
        while let Some(Wish(answer)) = wishes.recv().await {
            let outcome = self.reload().await;
            self.note(&outcome);
            // Who asked may be gone; what was done is done.
            drop(answer.send(outcome));
        }
    }

    async fn reload(&mut self) -> Result<Applied, Refusal> {
        let source = self.source.clone().ok_or(Refusal::NoFile)?;
        let read = tokio::task::spawn_blocking(move || source.load()).await;
        let mut config = read.map_err(|_| Refusal::Ending)??;
        let needs_restart = settle(&self.app.config, &mut config);
        let lapi = importer(&config, &self.app.feed, &self.app.clock)?;
        let renewed = match (&self.tls, config.tls.clone()) {
            (Some(tls), Some(settings)) => {
                let tls = Arc::clone(tls);
                let adopted = tokio::task::spawn_blocking(move || tls.adopt(settings)).await;
                adopted.map_err(|_| Refusal::Ending)??
            }
            (Some(_) | None, _) => crate::tls::Renewal::None,
        };
        // From here on nothing can go wrong.
        let mut changed = changed(&self.app.config, &config);
        if renewed == crate::tls::Renewal::Done && !changed.contains(&"tls") {
            changed.push("tls");
        }
        self.apply(config, lapi).await;
        Ok(Applied { changed, needs_restart })
    }

    async fn apply(&mut self, config: Config, lapi: Option<Lapi>) {
        let before = std::mem::replace(&mut self.app.config, config);
        let config = &self.app.config;
        if before.retention != config.retention || before.crowdsec != config.crowdsec {
            let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
            for task in tasks {
                task.abort();
                // Ended by us, or by itself: it is over.
                drop(task.await);
            }
            let (jobs, tasks) = begin(&self.workshop, config, lapi);
            self.app.jobs = jobs;
            *self.tasks.lock().unwrap_or_else(PoisonError::into_inner) = tasks;
        }
        if before.http.requests_per_s != config.http.requests_per_s {
            self.app.limits = Arc::new(Limits::new(config.http.requests_per_s));
        }
        if before.security != config.security {
            self.app.metrics.expect(config.security.scenarios.iter().map(|scenario| &*scenario.name));
            self.security.send_replace(config.security.clone());
        }
        // The one before serves the requests that it has.
        drop(self.routers.send_replace(api::router(Arc::new(self.app.clone()))));
    }

    fn note(&self, outcome: &Result<Applied, Refusal>) {
        let (word, needs_restart) = match outcome {
            Ok(applied) => {
                let (changed, needs_restart) = (applied.changed.join(" "), applied.needs_restart.join(" "));
                tracing::info!(changed, needs_restart, "the configuration was read again");
                (Reloaded::Done, applied.needs_restart.len())
            }
            Err(error) => {
                tracing::error!(%error, "the configuration stays as it was");
                (Reloaded::Refused, 0)
            }
        };
        self.app.metrics.reloaded(Reload::Configuration, word);
        let last = Last { at_ms: self.app.clock.now_ms(), outcome: word, needs_restart };
        *self.app.reloads.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(last);
    }
}

/// The import from CrowdSec, where one is wanted.
pub(crate) fn importer(config: &Config, feed: &Feed, clock: &Clock) -> Result<Option<Lapi>, Refusal> {
    let Some(settings) = config.crowdsec.clone() else { return Ok(None) };
    let key = std::env::var(&settings.key_env).map_err(|_| Refusal::CrowdSecKey(settings.key_env.clone()))?;
    Lapi::new(settings, key, feed.clone(), clock.clone()).map(Some).map_err(Refusal::CrowdSec)
}

/// Begins the jobs of a configuration.
pub(crate) fn begin(
    workshop: &Workshop,
    config: &Config,
    lapi: Option<Lapi>,
) -> (Vec<Job>, Vec<JoinHandle<()>>) {
    let import = lapi.zip(config.crowdsec.as_ref());
    let import = import.map(|(lapi, settings)| workshop.import(lapi, settings.interval));
    workshop.start(config.retention).into_iter().chain(import).unzip()
}
