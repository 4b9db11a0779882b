//! A service in this process with a clock that the test sets, and the reports that it is fed.

use crate::ground::Ground;
use portcullis_analyzer::config::Config;
use portcullis_analyzer::{Clock, Key, Role, Running};
use portcullis_report::{
    Incident, OperationKind, Reason, Report, RollupKey, RollupRow, Transport, WorkerBoot,
};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// What time it is when a service starts.
pub(crate) const NOW: u64 = 1_700_000_000_000;

/// How long a condition may take to come true.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Service {
    pub(crate) url: String,
    pub(crate) edge: Key,
    pub(crate) viewer: Key,
    pub(crate) ground: Ground,
    pub(crate) running: Running,
    client: reqwest::Client,
    now_ms: Arc<AtomicU64>,
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::start_on(Ground::new().await, change).await
    }

    /// A service on a store that is there, beside others or after them.
    pub(crate) async fn start_on(ground: Ground, change: impl FnOnce(&mut Config)) -> Self {
        let (edge, viewer) = (ground.add_key(Role::Edge).await, ground.add_key(Role::Viewer).await);
        let mut config = ground.config();
        change(&mut config);
        let now_ms = Arc::new(AtomicU64::new(NOW));
        let told = Arc::clone(&now_ms);
        let running = Running::start(config, Clock::new(move || told.load(Ordering::SeqCst))).await.unwrap();
        let url = running.url();
        Self { url, edge, viewer, ground, running, client: reqwest::Client::new(), now_ms }
    }

    pub(crate) fn set_now(&self, now_ms: u64) {
        self.now_ms.store(now_ms, Ordering::SeqCst);
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method.parse().unwrap(), format!("{}{path}", self.url))
    }

    pub(crate) async fn post(&self, body: impl Into<reqwest::Body>) -> Reply {
        let request = self.request("POST", "/edge/v1/reports").bearer_auth(self.edge.reveal());
        send(request.header(CONTENT_TYPE, "application/json").body(body)).await
    }

    pub(crate) async fn report(&self, report: &Report) -> Reply {
        self.post(serde_json::to_vec(report).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        send(self.request("GET", path).header("x-api-key", self.viewer.reveal())).await
    }

    pub(crate) async fn graphql(&self, query: &str) -> Value {
        let reply = self.get(&format!("/monitoring/graphql/?{query}")).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()
    }

    /// How many rows a table has; the store itself is read.
    pub(crate) async fn rows(&self, table: &'static str) -> i64 {
        self.ground.connect().await.number(&format!("SELECT count(*) FROM {table}")).await
    }
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Asserts that this is a problem as RFC 9457 has it, and gives its detail.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert!(problem["type"].as_str().unwrap().starts_with("urn:portcullis:problem:"));
        assert!(!problem["title"].as_str().unwrap().is_empty());
        problem["detail"].as_str().unwrap().to_owned()
    }
}

pub(crate) async fn send(request: reqwest::RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Reply { status, headers, text: response.text().await.unwrap() }
}

/// Asks until the answer is yes; fails when it takes too long.
#[track_caller]
pub(crate) fn until(mut ask: impl AsyncFnMut() -> bool) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        let deadline = Instant::now() + PATIENCE;
        while !ask().await {
            assert!(Instant::now() < deadline, "{caller}: it did not come true in {PATIENCE:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// The report of a fresh worker: nothing in it.
pub(crate) fn report(sequence: u64) -> Report {
    Report {
        version: 1,
        boot: WorkerBoot(Uuid::from_bytes(rand_bytes())),
        sequence,
        from_ms: NOW - 1_000,
        to_ms: NOW,
        rollup: Vec::new(),
        incidents: Vec::new(),
        incidents_dropped: 0,
        sockets: None,
        candidate: None,
        clients: None,
        sampling: None,
    }
}

pub(crate) fn row(operation: &str, refused: Option<Reason>, count: u64) -> RollupRow {
    RollupRow {
        key: RollupKey {
            operation: operation.to_owned(),
            kind: OperationKind::Query,
            class: "default".to_owned(),
            transport: Transport::Post,
            refused,
            shadowed: None,
        },
        count,
        cost_milli_sum: 1_500 * count.min(1_000_000),
        cost_milli_max: 2_000,
        depth_max: 3,
        fields_sum: 4,
        body_bytes_sum: 500,
        actual_count: 0,
        actual_milli_sum: 0,
    }
}

pub(crate) fn incident(shape: &str, reason: Reason, at_ms: u64) -> Incident {
    Incident {
        at_ms,
        correlation_id: format!("id-{at_ms}"),
        client: Some("192.0.2.7".to_owned()),
        client_key: None,
        identity: portcullis_report::Identity::Anyone,
        class: None,
        reason,
        shadow: false,
        limit: Some(15),
        actual: Some(40),
        transport: Transport::Post,
        kind: OperationKind::Query,
        operation: "Deep".to_owned(),
        shape: Some(shape.to_owned()),
        document: Some(format!("{{ a at{at_ms} }}")),
        measured: Some(portcullis_report::Measured { depth: 40, ..Default::default() }),
        cost_milli: Some(1_500),
        body_bytes: 600,
    }
}

pub(crate) fn rand_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}
