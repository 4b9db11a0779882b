//! What runs in the background, and what became of it.
//!
//! Knows when a job runs and how the last run went; what the job does is the store's affair.

use crate::clock::Clock;
use crate::config::Retention;
use crate::metrics::{Metrics, Run};
use crate::store::{Expiry, Store, StoreError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// The names of all jobs.
pub(crate) const JOBS: &[&str] = &[RETENTION];
const RETENTION: &str = "retention";

/// How a job is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct JobState {
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
    state: Arc<Mutex<JobState>>,
}

impl Job {
    pub(crate) fn state(&self) -> JobState {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ran(&self, at_ms: u64, took: Duration, failure: Option<&'static str>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.runs = state.runs.saturating_add(1);
        state.failures = state.failures.saturating_add(u64::from(failure.is_some()));
        state.last_run_ms = Some(at_ms);
        state.last_duration = took;
        state.last_failure = failure;
    }
}

/// Starts the clean-up: at once, and then after every interval.
pub(crate) fn start_retention(
    store: Store,
    settings: Retention,
    clock: Clock,
    metrics: Arc<Metrics>,
) -> (Job, JoinHandle<()>) {
    let job = Job { name: RETENTION, state: Arc::default() };
    let shown = job.clone();
    let task = tokio::spawn(async move {
        loop {
            let now_ms = clock.now_ms();
            let started = Instant::now();
            let failure = forget(&store, settings, now_ms).await.err().map(|error| error.label());
            metrics.job_ran(job.name, failure.map_or(Run::Done, |_| Run::Failed));
            job.ran(now_ms, started.elapsed(), failure);
            tokio::time::sleep(settings.interval).await;
        }
    });
    (shown, task)
}

async fn forget(store: &Store, settings: Retention, now_ms: u64) -> Result<(), StoreError> {
    let keep_ms = u64::try_from(settings.keep.as_millis()).unwrap_or(u64::MAX);
    let expiry = Expiry { before_ms: now_ms.saturating_sub(keep_ms), incidents: settings.incidents };
    match store.expire(expiry).await {
        Ok(expired) => {
            tracing::debug!(
                rollup = expired.rollup,
                reports = expired.reports,
                incidents = expired.incidents,
                "cleaned up"
            );
            Ok(())
        }
        Err(error) => {
            tracing::warn!(%error, "the clean-up failed; it runs again after the interval");
            Err(error)
        }
    }
}
