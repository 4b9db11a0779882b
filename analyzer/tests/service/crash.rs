//! The promise behind an acknowledgement: the process is killed in the middle of its work, and nothing that was
//! acknowledged is lost, nothing is counted twice, and nothing is there in part.

use crate::ground::Ground;
use crate::harness::{incident, rand_bytes, row};
use crate::process::{Server, key};
use portcullis_report::{Reason, Report, WorkerBoot};
use reqwest::header::CONTENT_TYPE;
use rustix::process::Signal;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use uuid::Uuid;

const ROUNDS: u64 = 6;
const CLIENTS: usize = 6;

/// One worker of an edge: it sends its reports in order, each until it is acknowledged.
struct Worker {
    boot: WorkerBoot,
    acknowledged: u64,
}

/// Counts acknowledgements, and says when the moment to kill has come.
struct Fuse {
    left: AtomicU64,
    burnt: Notify,
}

impl Fuse {
    fn burn(&self) {
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.burnt.notify_one();
        }
    }
}

impl Worker {
    /// What the worker reports; the count differs from report to report, so that none can stand in for another.
    fn report(&self, sequence: u64, now_ms: u64) -> Report {
        let rollup = (0..40).map(|number| row(&format!("Op{number}"), None, sequence)).collect();
        Report {
            version: 1,
            boot: self.boot,
            sequence,
            from_ms: now_ms - 1,
            to_ms: now_ms,
            rollup,
            incidents: vec![incident("0123456789abcdef", Reason::Depth, now_ms)],
            incidents_dropped: 1,
            sockets: None,
            candidate: None,
            clients: None,
            sampling: None,
        }
    }

    /// Sends report after report, until the service is gone.
    async fn stream(mut self, url: String, key: String, now_ms: u64, fuse: Arc<Fuse>) -> Self {
        let client = reqwest::Client::new();
        loop {
            let report = self.report(self.acknowledged + 1, now_ms);
            let Some(outcome) = deliver(&client, &url, &key, &report).await else { return self };
            assert!(outcome == "stored" || outcome == "duplicate", "{outcome}");
            self.acknowledged += 1;
            fuse.burn();
        }
    }
}

/// The outcome in the receipt; nothing when the connection broke.
async fn deliver(client: &reqwest::Client, url: &str, key: &str, report: &Report) -> Option<String> {
    let request = client.post(format!("{url}/edge/v1/reports")).bearer_auth(key);
    let body = serde_json::to_vec(report).unwrap();
    let response = request.header(CONTENT_TYPE, "application/json").body(body).send().await.ok()?;
    let text = response.text().await.ok()?;
    let receipt: Value = serde_json::from_str(&text).ok()?;
    Some(receipt["outcome"].as_str().expect(&text).to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_it_keeps_what_it_acknowledged() {
    let ground = Ground::new().await;
    let (edge, viewer) = (key(&ground, "edge"), key(&ground, "viewer"));
    let now_ms = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let mut workers: Vec<_> = (0..CLIENTS)
        .map(|_| Worker { boot: WorkerBoot(Uuid::from_bytes(rand_bytes())), acknowledged: 0 })
        .collect();

    for _ in 0..ROUNDS {
        let server = Server::start(&ground);
        let burns = u64::from(rand_bytes::<1>()[0]) % 60 + 1;
        let fuse = Arc::new(Fuse { left: AtomicU64::new(burns), burnt: Notify::new() });
        let mut streams = JoinSet::new();
        for worker in workers.drain(..) {
            streams.spawn(worker.stream(server.url.clone(), edge.clone(), now_ms, Arc::clone(&fuse)));
        }
        fuse.burnt.notified().await;
        assert_eq!(server.end(Signal::KILL), None);
        workers = streams.join_all().await;
    }

    let server = Server::start(&ground);
    let client = reqwest::Client::new();
    let (mut reports, mut requests) = (0, 0);
    for worker in &workers {
        for sequence in 1..=worker.acknowledged {
            let again = deliver(&client, &server.url, &edge, &worker.report(sequence, now_ms)).await;
            assert_eq!(again.as_deref(), Some("duplicate"), "acknowledged, but lost: {sequence}");
        }
        let open =
            deliver(&client, &server.url, &edge, &worker.report(worker.acknowledged + 1, now_ms)).await;
        assert!(open.is_some());
        reports += worker.acknowledged + 1;
        requests += (1..=worker.acknowledged + 1).map(|sequence| sequence * 40).sum::<u64>();
    }
    assert!(reports > ROUNDS, "the test did nothing: {reports}");

    let response =
        client.get(format!("{}/monitoring/graphql/?window=1h", server.url)).header("x-api-key", viewer);
    let answer: Value = response.send().await.unwrap().json().await.unwrap();
    let totals = &answer["totals"];
    for (field, expected) in
        [("reports", reports), ("requests", requests), ("incidents", reports), ("incidents_dropped", reports)]
    {
        assert_eq!(totals[field], expected, "{field}");
    }
    let by_operation = answer["by_operation"].as_array().unwrap();
    assert_eq!(by_operation.len(), 40);
    assert!(by_operation.iter().all(|operation| operation["requests"] == requests / 40));
    assert_eq!(answer["refused_shapes"][0]["incidents"], reports);
    assert_eq!(server.end(Signal::TERM), Some(0));
}
