//! What the gate adds to a request: the same request with and without it, in turns, in a thread of its own.

use super::score::Score;
use portcullis_demo::client::{Connection, Protocol, Request};
use portcullis_demo::operation;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(10);
const PAIRS_A_CONNECTION: usize = 24;

/// The running measurement.
pub(super) struct Latency {
    over: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
}

impl Latency {
    /// Starts measuring.
    pub(super) fn start(gated: SocketAddr, plain: SocketAddr, score: Arc<Score>) -> anyhow::Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&over);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new().name("latency".to_owned()).spawn(move || {
            if let Err(error) = runtime.block_on(measure(gated, plain, &score, &is_over)) {
                score.problem(format!("latency could not be measured: {error:#}"));
            }
        })?;
        Ok(Self { over, thread })
    }

    /// Ends it and waits until the last pair is counted.
    pub(super) fn stop(self) {
        self.over.store(true, Ordering::Relaxed);
        #[expect(clippy::let_underscore_must_use, reason = "a panic has been printed by then")]
        let _ = self.thread.join();
    }
}

/// Two connections, each answered once already; they may belong to different workers of Envoy.
struct Pair {
    gated: Connection,
    plain: Connection,
}

impl Pair {
    async fn open(gated: SocketAddr, plain: SocketAddr, request: &Request) -> anyhow::Result<Self> {
        let mut gated = Connection::open(gated, Protocol::Http1).await?;
        let mut plain = Connection::open(plain, Protocol::Http1).await?;
        timed(&mut gated, request).await?;
        timed(&mut plain, request).await?;
        Ok(Self { gated, plain })
    }
}

async fn measure(
    gated: SocketAddr,
    plain: SocketAddr,
    score: &Score,
    over: &AtomicBool,
) -> anyhow::Result<()> {
    let operations = operation::shop()?;
    let mut requests = operations.iter().map(|operation| Request::json("/graphql", operation.body())).cycle();
    while let Some(request) = requests.next() {
        // New connections now and then, lest one worker's other business be taken for the gate's.
        let mut pair = Pair::open(gated, plain, &request).await?;
        score.allowed(None);
        for (turn, request) in requests.by_ref().take(PAIRS_A_CONNECTION).enumerate() {
            if over.load(Ordering::Relaxed) {
                return Ok(());
            }
            // Who goes first changes, so that neither always finds the caches warm.
            let (with, without) = if turn.is_multiple_of(2) {
                let with = timed(&mut pair.gated, &request).await?;
                (with, timed(&mut pair.plain, &request).await?)
            } else {
                let without = timed(&mut pair.plain, &request).await?;
                (timed(&mut pair.gated, &request).await?, without)
            };
            score.pair(with.saturating_sub(without));
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(())
}

async fn timed(connection: &mut Connection, request: &Request) -> anyhow::Result<i64> {
    let started = Instant::now();
    let reply = connection.send(request).await?;
    anyhow::ensure!(reply.status == 200, "an honest request was answered with {}", reply.status);
    Ok(i64::try_from(started.elapsed().as_micros())?)
}
