//! The way of a checked report into the store: bounded admission, one writer, an answer after the commit.
//!
//! Whatever waits while a commit is under way goes into the next one together. The writer outlives the requests
//! that feed it: a request that gives up leaves its report to be stored, and the edge that sends it again learns
//! that it is a duplicate.

use crate::metrics::Metrics;
use crate::store::{Arrival, Store, StoreError};
use portcullis_report::{Receipt, Report};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

/// The entrance; cloned for every request.
#[derive(Clone, Debug)]
pub(crate) struct Ingest {
    permits: Arc<Semaphore>,
    queue: mpsc::Sender<Waiting>,
    last_failure: LastFailure,
}

/// The right to hold one report in memory.
#[derive(Debug)]
pub(crate) struct Admission {
    _permit: OwnedSemaphorePermit,
}

/// The report is not stored, and sending it again may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unavailable;

/// A write that takes longer is held up by somebody.
const LONG: Duration = Duration::from_secs(5);

/// How the last write failed, until one succeeds; and since when one is under way.
type LastFailure = Arc<Mutex<Writes>>;

#[derive(Debug, Default)]
struct Writes {
    failure: Option<&'static str>,
    began: Option<Instant>,
}

#[derive(Debug)]
struct Waiting {
    arrival: Arrival,
    answer: Answer,
}

/// Where it is said what became of a report.
type Answer = oneshot::Sender<Result<Receipt, Unavailable>>;

impl Ingest {
    /// Starts the writer; it ends when every clone of the entrance is gone.
    /// The bell rings when there is something for the engine.
    pub(crate) fn start(
        store: Store,
        metrics: Arc<Metrics>,
        concurrency: usize,
        bell: Arc<Notify>,
    ) -> (Self, JoinHandle<()>) {
        let (queue, incoming) = mpsc::channel(concurrency);
        let last_failure = LastFailure::default();
        let writer =
            Writer { store, metrics, bell, last_failure: Arc::clone(&last_failure), most: concurrency };
        let task = tokio::spawn(writer.run(incoming));
        (Self { permits: Arc::new(Semaphore::new(concurrency)), queue, last_failure }, task)
    }

    /// Lets a report in, if there is room; to be asked before its body is read.
    pub(crate) fn admit(&self) -> Option<Admission> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().ok()?;
        Some(Admission { _permit: permit })
    }

    /// Stores the report and waits until it would survive a crash.
    pub(crate) async fn store(
        &self,
        _admission: Admission,
        report: Report,
        received_ms: u64,
    ) -> Result<Receipt, Unavailable> {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { arrival: Arrival { report, received_ms }, answer };
        self.queue.send(waiting).await.map_err(|_| Unavailable)?;
        answered.await.unwrap_or(Err(Unavailable))
    }

    /// How the last write failed, if it did, or that one does not come to an end.
    pub(crate) fn last_failure(&self) -> Option<&'static str> {
        if self.queue.is_closed() {
            return Some("closed");
        }
        let writes = self.last_failure.lock().unwrap_or_else(PoisonError::into_inner);
        let is_held_up = writes.began.is_some_and(|began| began.elapsed() >= LONG);
        writes.failure.or(is_held_up.then_some("busy"))
    }
}

struct Writer {
    store: Store,
    metrics: Arc<Metrics>,
    bell: Arc<Notify>,
    last_failure: LastFailure,
    most: usize,
}

impl Writer {
    async fn run(self, mut incoming: mpsc::Receiver<Waiting>) {
        let mut batch = Vec::new();
        while incoming.recv_many(&mut batch, self.most).await > 0 {
            let (arrivals, answers): (Vec<_>, Vec<_>) =
                batch.drain(..).map(|waiting| (waiting.arrival, waiting.answer)).unzip();
            self.begin();
            let outcome = self.store.ingest(&arrivals).await;
            // One of them may be the reason, and the others are not to blame.
            let is_divided = matches!(outcome, Err(StoreError::Failed(_))) && arrivals.len() > 1;
            if !is_divided {
                self.settle(&arrivals, answers, outcome);
                continue;
            }
            for (arrival, answer) in arrivals.iter().zip(answers) {
                let alone = std::slice::from_ref(arrival);
                self.begin();
                self.settle(alone, [answer], self.store.ingest(alone).await);
            }
        }
    }

    /// Says what became of the reports, to everybody who is concerned.
    fn settle(
        &self,
        arrivals: &[Arrival],
        answers: impl IntoIterator<Item = Answer>,
        outcome: Result<Vec<Receipt>, StoreError>,
    ) {
        self.note(outcome.as_ref().err());
        let Ok(receipts) = outcome else {
            return answers.into_iter().for_each(|answer| reply(answer, Err(Unavailable)));
        };
        let is_news = |report: &Report| !report.incidents.is_empty() || report.clients.is_some();
        if arrivals.iter().any(|arrival| is_news(&arrival.report)) {
            self.bell.notify_one();
        }
        for ((receipt, arrival), answer) in receipts.into_iter().zip(arrivals).zip(answers) {
            self.metrics.ingested(&receipt, &arrival.report);
            reply(answer, Ok(receipt));
        }
    }

    fn begin(&self) {
        self.last_failure.lock().unwrap_or_else(PoisonError::into_inner).began = Some(Instant::now());
    }

    fn note(&self, failure: Option<&StoreError>) {
        let label = failure.map(StoreError::label);
        let mut last = self.last_failure.lock().unwrap_or_else(PoisonError::into_inner);
        // Once per change of state: under overload a line per batch would be one more load.
        last.began = None;
        match (failure, last.failure == label) {
            (_, true) => {}
            (None, false) => tracing::info!("reports are stored again"),
            (Some(StoreError::Busy), false) => tracing::warn!("reports are not stored: the store is busy"),
            (Some(error), false) => tracing::error!(%error, "reports are not stored"),
        }
        last.failure = label;
    }
}

fn reply(answer: Answer, outcome: Result<Receipt, Unavailable>) {
    // Nobody listens when the request gave up; the edge asks again.
    if answer.send(outcome).is_err() {
        tracing::debug!("a request was gone before its report was stored");
    }
}
