//! The engine: what edges report goes through scenarios and reputation, and comes out as decisions.
//!
//! Of the analyzers that share a store one runs it, under a lease. It takes incidents from the store in the order in
//! which they were stored, and what clients did besides, whoever took them in, and stores what it made of them together with how far it is: so after a
//! crash, of this or of another analyzer, each has been judged once. What was refused only in shadow is seen as that, and
//! counts for nothing.

mod work;

use crate::clock::Clock;
use crate::config::Security;
use crate::decisions::Feed;
use crate::jobs::JobState;
use crate::metrics::Metrics;
use crate::store::{Store, StoreError};
use portcullis_detect::Counts;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use work::Work;

/// The lease of the one who runs it.
const LEASE: &str = "engine";
/// After how long without a sign of life another takes over.
const LEASE_TIME: Duration = Duration::from_secs(10);
/// How often it gives one.
const RENEWAL: Duration = Duration::from_secs(2);
/// How often it looks for what other analyzers took in.
const LOOK: Duration = Duration::from_millis(200);
/// Pause of those who do not run it, and after a failure.
const PAUSE: Duration = Duration::from_secs(1);

/// Everything that the engine works with.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) feed: Feed,
    pub(crate) settings: Security,
    /// Tells of other settings.
    pub(crate) changes: watch::Receiver<Security>,
    /// Names this run of this analyzer.
    pub(crate) holder: String,
    /// Rings when incidents, or what clients did besides, were stored here.
    pub(crate) bell: Arc<Notify>,
}

/// How the engine is doing, where it runs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct EngineState {
    /// What the scenarios say of themselves; nothing while another analyzer runs them.
    pub(crate) counts: Option<Counts>,
    pub(crate) incidents: u64,
    pub(crate) detections: u64,
    pub(crate) decisions: u64,
    /// How old the newest incident was when it had been judged and its decisions stored.
    pub(crate) last_delay_ms: Option<u64>,
    /// What happened until then has been judged.
    pub(crate) upto_ms: Option<u64>,
    /// How it is doing as a job: a run is a look for what there is to judge.
    pub(crate) job: JobState,
}

/// A view of the running engine.
#[derive(Clone, Debug, Default)]
pub(crate) struct EngineView(Arc<Mutex<EngineState>>);

impl EngineView {
    /// By how much it is later than it should be: how old what it has not judged yet may be.
    pub(crate) fn lag_ms(&self, now_ms: u64) -> u64 {
        let state = self.state();
        if state.job.follows {
            return 0;
        }
        let look_ms = u64::try_from(LOOK.as_millis()).unwrap_or(u64::MAX);
        now_ms.saturating_sub(state.upto_ms.unwrap_or(now_ms)).saturating_sub(look_ms)
    }

    pub(crate) fn state(&self) -> EngineState {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut EngineState)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Engine {
    /// Starts it; it ends when it is aborted.
    pub(crate) fn start(self) -> (EngineView, JoinHandle<()>) {
        let view = EngineView::default();
        let shown = view.clone();
        (shown, tokio::spawn(self.run(view)))
    }

    async fn run(mut self, view: EngineView) {
        let mut work = None;
        let began_ms = self.clock.now_ms();
        view.change(|state| state.upto_ms = Some(began_ms));
        loop {
            let (now_ms, started) = (self.clock.now_ms(), Instant::now());
            self.adopt(work.as_mut());
            let turn = self.turn(&mut work, &view).await;
            view.change(|state| {
                state.counts = work.as_ref().map(Work::counts);
                state.job.leads = work.is_some();
                state.job.follows = matches!(turn, Ok(Turn::Follows));
                if state.job.follows {
                    state.upto_ms = Some(now_ms);
                }
                if !matches!(turn, Ok(Turn::Follows)) {
                    state.job.ran(now_ms, started.elapsed(), turn.as_ref().err().map(StoreError::label));
                }
            });
            match turn {
                Ok(Turn::More) => {}
                Ok(Turn::Waits) => drop(tokio::time::timeout(LOOK, self.bell.notified()).await),
                Ok(Turn::Follows) => tokio::time::sleep(PAUSE).await,
                // Nothing of the turn was done, and the next one begins where it did.
                Err(StoreError::Busy) => tokio::time::sleep(PAUSE).await,
                Err(error) => {
                    // What was seen and not stored is seen again, from what is stored.
                    work = None;
                    tracing::warn!(%error, "the scenarios stopped; they begin again from what is stored");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Other settings hold from the next incident on.
    fn adopt(&mut self, work: Option<&mut Work>) {
        if self.changes.has_changed().unwrap_or(false) {
            self.settings = self.changes.borrow_and_update().clone();
            if let Some(work) = work {
                work.adopt(&self.settings, self.clock.now_ms());
            }
        }
    }

    async fn turn(&self, work: &mut Option<Work>, view: &EngineView) -> Result<Turn, StoreError> {
        let now_ms = self.clock.now_ms();
        if work.as_ref().is_none_or(|work| work.renewed.elapsed() >= RENEWAL) {
            let lease = self.store.take_lease(LEASE, &self.holder, now_ms, LEASE_TIME).await?;
            let Some(lease) = lease else {
                *work = None;
                return Ok(Turn::Follows);
            };
            match work {
                Some(work) if work.lease == lease => work.renewed = Instant::now(),
                Some(_) | None => {
                    let loading = Work::load(self, lease.clone(), now_ms);
                    let (loaded, renewed) =
                        self.store.holding(&lease, &self.clock, LEASE_TIME, loading).await?;
                    *work = Some(loaded?.renewed_at(renewed));
                }
            }
        }
        let Some(work) = work else { return Ok(Turn::Follows) };
        let done = work.step(self, now_ms).await?;
        let is_more = done.is_more;
        view.change(|state| {
            state.incidents = state.incidents.saturating_add(done.incidents);
            state.detections = state.detections.saturating_add(done.detections);
            state.decisions = state.decisions.saturating_add(done.decisions);
            state.last_delay_ms = done.delay_ms.or(state.last_delay_ms);
            state.upto_ms = Some(done.upto_ms.unwrap_or(now_ms));
        });
        Ok(if is_more { Turn::More } else { Turn::Waits })
    }
}

/// What is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// There may be more to do.
    More,
    /// Nothing is to do.
    Waits,
    /// Another analyzer does it.
    Follows,
}
