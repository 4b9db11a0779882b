//! What runs in the background, and what became of it.
//!
//! Knows when a job runs, that only one analyzer runs it, and how the last run went; what the job does is the store's affair.

use crate::clock::Clock;
use crate::config::Retention;
use crate::lapi::{Lapi, LapiError};
use crate::metrics::{Metrics, Run};
use crate::store::{Expiry, Lease, Store, StoreError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// The names of all jobs.
pub(crate) const JOBS: &[&str] = &[RETENTION, FOLD, CROWDSEC];
const RETENTION: &str = "retention";
const FOLD: &str = "fold";
const CROWDSEC: &str = "crowdsec";

/// After how long without a sign of life another analyzer does a job.
const LEASE_TIME: Duration = Duration::from_secs(10);
/// How often the others look whether that is so.
const LOOK: Duration = Duration::from_secs(2);

/// How a job is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct JobState {
    /// Whether it is this analyzer that does it.
    pub(crate) leads: bool,
    /// Whether another one does it.
    pub(crate) follows: bool,
    pub(crate) runs: u64,
    pub(crate) failures: u64,
    pub(crate) last_run_ms: Option<u64>,
    pub(crate) last_duration: Duration,
    /// Why the last run failed, if it did.
    pub(crate) last_failure: Option<&'static str>,
}

/// A view of a running job.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) name: &'static str,
    interval: Duration,
    started_ms: u64,
    state: Arc<Mutex<JobState>>,
}

/// What every job works with.
#[derive(Clone, Debug)]
pub(crate) struct Workshop {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) metrics: Arc<Metrics>,
    /// Names this run of this analyzer.
    pub(crate) holder: String,
}

impl Job {
    pub(crate) fn state(&self) -> JobState {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// By how much it is later than it should be.
    pub(crate) fn lag_ms(&self, now_ms: u64) -> u64 {
        self.state().lag_ms(self.started_ms, self.interval, now_ms)
    }

    fn change(&self, change: impl FnOnce(&mut JobState)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl JobState {
    /// Takes down a run.
    pub(crate) fn ran(&mut self, at_ms: u64, took: Duration, failure: Option<&'static str>) {
        self.runs = self.runs.saturating_add(1);
        self.failures = self.failures.saturating_add(u64::from(failure.is_some()));
        self.last_run_ms = Some(at_ms);
        self.last_duration = took;
        self.last_failure = failure;
    }

    /// By how much it is later than so long after its last run; another analyzer's job is never late here.
    pub(crate) fn lag_ms(&self, started_ms: u64, interval: Duration, now_ms: u64) -> u64 {
        if self.follows {
            return 0;
        }
        let interval_ms = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        now_ms.saturating_sub(self.last_run_ms.unwrap_or(started_ms)).saturating_sub(interval_ms)
    }
}

impl Workshop {
    /// Starts the clean-up and the downsampling: at once, and then after every interval.
    pub(crate) fn start(&self, settings: Retention) -> Vec<(Job, JoinHandle<()>)> {
        vec![
            self.every(RETENTION, settings.interval, move |store, lease, now_ms| async move {
                forget(&store, &lease, settings, now_ms).await
            }),
            self.every(FOLD, settings.interval, |store, lease, now_ms| async move {
                let buckets = store.fold(&lease, now_ms).await?;
                let points = store.fold_series(&lease, now_ms).await?;
                tracing::debug!(buckets, points, "merged what is old");
                Ok::<(), StoreError>(())
            }),
        ]
    }

    /// Starts to take over the bans of a CrowdSec.
    pub(crate) fn import(&self, lapi: Lapi, interval: Duration) -> (Job, JoinHandle<()>) {
        let lapi = Arc::new(lapi);
        self.every(CROWDSEC, interval, move |store, lease, _| {
            let lapi = Arc::clone(&lapi);
            async move { lapi.pull(&store, lease).await }
        })
    }

    /// Runs the work after every interval, while nobody else does.
    fn every<W, F, E>(&self, name: &'static str, interval: Duration, work: W) -> (Job, JoinHandle<()>)
    where
        W: Fn(Store, Lease, u64) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send,
        E: Failure,
    {
        let job = Job { name, interval, started_ms: self.clock.now_ms(), state: Arc::default() };
        let (shown, workshop) = (job.clone(), self.clone());
        let task = tokio::spawn(async move {
            loop {
                workshop.attend(&job, &work).await;
            }
        });
        (shown, task)
    }

    /// Runs the work once and waits until it is time again; where another does it, waits until that may be over.
    async fn attend<W, F, E>(&self, job: &Job, work: &W)
    where
        W: Fn(Store, Lease, u64) -> F,
        F: Future<Output = Result<(), E>>,
        E: Failure,
    {
        let now_ms = self.clock.now_ms();
        let follows = match self.store.take_lease(job.name, &self.holder, now_ms, LEASE_TIME).await {
            Ok(Some(lease)) => {
                job.change(|state| *state = JobState { leads: true, follows: false, ..*state });
                return self.lead(job, work, &lease, now_ms).await;
            }
            Ok(None) => true,
            Err(error) => {
                self.note(job, now_ms, Duration::ZERO, Some(failed(job.name, &error)));
                false
            }
        };
        job.change(|state| *state = JobState { leads: false, follows, ..*state });
        tokio::time::sleep(job.interval.min(LOOK)).await;
    }

    async fn lead<W, F, E>(&self, job: &Job, work: &W, lease: &Lease, now_ms: u64)
    where
        W: Fn(Store, Lease, u64) -> F,
        F: Future<Output = Result<(), E>>,
        E: Failure,
    {
        let started = Instant::now();
        let running = work(self.store.clone(), lease.clone(), now_ms);
        let failure = match self.store.holding(lease, &self.clock, LEASE_TIME, running).await {
            Ok((Ok(()), _)) => None,
            Ok((Err(error), _)) => Some(failed(job.name, &error)),
            Err(error) => Some(failed(job.name, &error)),
        };
        self.note(job, now_ms, started.elapsed(), failure);
        // Between two runs it stays ours; when it does not, that is seen where it is taken again.
        let pause = tokio::time::sleep(job.interval);
        drop(self.store.holding(lease, &self.clock, LEASE_TIME, pause).await);
    }

    fn note(&self, job: &Job, now_ms: u64, took: Duration, failure: Option<&'static str>) {
        self.metrics.job_ran(job.name, failure.map_or(Run::Done, |_| Run::Failed));
        job.change(|state| state.ran(now_ms, took, failure));
    }
}

/// What a job can fail with.
trait Failure: std::error::Error + Send {
    /// What it is, without detail.
    fn label(&self) -> &'static str;
}

impl Failure for StoreError {
    fn label(&self) -> &'static str {
        Self::label(self)
    }
}

impl Failure for LapiError {
    fn label(&self) -> &'static str {
        Self::label(self)
    }
}

fn failed(job: &'static str, error: &impl Failure) -> &'static str {
    tracing::warn!(job, %error, "a job failed; it runs again after its interval");
    error.label()
}

async fn forget(store: &Store, lease: &Lease, settings: Retention, now_ms: u64) -> Result<(), StoreError> {
    let keep_ms = u64::try_from(settings.keep.as_millis()).unwrap_or(u64::MAX);
    let expiry = Expiry {
        before_ms: now_ms.saturating_sub(keep_ms),
        incidents: settings.incidents,
        rows: settings.rollup_rows,
    };
    // Each by itself: what fails keeps nothing else from being forgotten.
    let rows = store.expire(lease, expiry).await;
    let points = store.forget_series(lease, expiry).await;
    let decisions = store.forget_decisions(lease, now_ms).await;
    let (rows, points, decisions) = (rows?, points?, decisions?);
    tracing::debug!(rows, points, decisions, "cleaned up");
    Ok(())
}
