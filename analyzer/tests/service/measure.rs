//! How far an optimised `portcullis serve` goes, printed and not asserted: the figures of `docs/scale.md`, which
//! `cargo xtask bench analyzer` makes and puts beside their goals.

use crate::ENGINE;
use crate::cluster;
use crate::ground::Ground;
use crate::harness::{Reply, incident, rand_bytes, report, row, send};
use crate::process::{Server, key};
use portcullis_report::{DecisionPage, Incident, Reason, Report, WorkerBoot};
use serde_json::json;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use uuid::Uuid;

const SETTINGS: &str = "http: { requests_per_s: 100000 }\nsecurity: { block_at: 50 }\n";

/// A service as a process, and keys for it.
struct Site {
    server: Server,
    /// Its folder goes with it, not before: a store whose files are gone opens no further connection.
    _ground: Ground,
    client: reqwest::Client,
    edge: String,
    operator: String,
}

impl Site {
    fn on(ground: Ground) -> Self {
        let (edge, operator) = (key(&ground, "edge"), key(&ground, "operator"));
        let server = Server::start(&ground);
        Self { server, _ground: ground, client: reqwest::Client::new(), edge, operator }
    }

    fn get(&self, path: &str, key: &str) -> reqwest::RequestBuilder {
        self.client.get(format!("{}{path}", self.server.url)).header("x-api-key", key)
    }

    async fn report(&self, report: &Report) -> Reply {
        self.post(serde_json::to_vec(report).unwrap()).await
    }

    async fn post(&self, body: Vec<u8>) -> Reply {
        let request =
            self.client.post(format!("{}/edge/v1/reports", self.server.url)).bearer_auth(&self.edge);
        send(request.header("content-type", "application/json").body(body)).await
    }

    async fn pull(&self, after: u64) -> DecisionPage {
        let path = format!("/edge/v1/decisions?after={after}&wait=30");
        serde_json::from_str(&send(self.get(&path, &self.edge)).await.text).unwrap()
    }

    async fn decide(&self, first: u32, number: u32) {
        for chunk in (first..first + number).collect::<Vec<_>>().chunks(5_000) {
            let decisions: Vec<_> = chunk
                .iter()
                .map(|number| {
                    let target = Ipv4Addr::from(0x0B00_0000 + number).to_string();
                    json!({ "target": target, "duration": "4h", "reason": "crowdsecurity/http-probing" })
                })
                .collect();
            let request = self.client.post(format!("{}/monitoring/decisions/", self.server.url));
            let request = request.bearer_auth(&self.operator).json(&json!({ "decisions": decisions }));
            let reply = send(request).await;
            assert_eq!(reply.status, 201, "{}", reply.text);
        }
    }

    async fn size(&self) -> String {
        let health = send(self.get("/monitoring/health/", &self.operator)).await.json();
        format!("{} bytes", health["store"]["bytes"])
    }
}

fn say(what: &str, figures: &str) {
    eprintln!("{:>8}  {what:<52} {figures}", ENGINE.label());
}

/// A figure that has a goal, as `cargo xtask bench analyzer` reads it.
fn figure(name: &str, value: f64) {
    eprintln!("figure\t{}\t{name}\t{value:.3}", ENGINE.label());
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Half of them are faster than this; they are in order.
fn median(times: &[Duration]) -> Duration {
    times[times.len() / 2]
}

/// Half of them are faster than the first, all but one in a hundred than the second; then the slowest.
fn spread(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    format!("p50 {:.1?}, p99 {:.1?}, max {:.1?}", at(0.5), at(0.99), at(1.0))
}

fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn measure_decisions() {
    let site = Site::on(Ground::with(SETTINGS).await);
    let resident = site.server.resident();
    let started = Instant::now();
    site.decide(0, 15_000).await;
    say("15,000 decisions made, 5,000 at a time", &format!("{:.1?}", started.elapsed()));
    let (mut times, mut bytes) = (Vec::new(), 0);
    for _ in 0..20 {
        let started = Instant::now();
        bytes = send(site.get("/v1/decisions/stream?startup=true", &site.operator)).await.text.len();
        times.push(started.elapsed());
    }
    say("startup stream of 15,000 for a bouncer", &format!("{} ({bytes} bytes)", spread(&mut times)));
    figure("startup_stream_ms", millis(median(&times)));
    let mut times = Vec::new();
    for number in 0..500_u32 {
        let path = format!("/v1/decisions?ip={}", Ipv4Addr::from(0x0B00_0000 + number * 30));
        let started = Instant::now();
        assert_eq!(send(site.get(&path, &site.operator)).await.status, 200);
        times.push(started.elapsed());
    }
    say("a bouncer asks about one address", &spread(&mut times));
    figure("look_up_ms", millis(median(&times)));
    let started = Instant::now();
    site.decide(15_000, 185_000).await;
    say("185,000 decisions more, 5,000 at a time", &format!("{:.1?}", started.elapsed()));
    for encoding in ["identity", "gzip"] {
        full_set(&site, encoding).await;
    }
    say("the store with 200,000 decisions", &site.size().await);
    let memory = format!("{resident} MiB before, {} MiB then", site.server.resident());
    say("the memory of the analyzer", &memory);
}

async fn full_set(site: &Site, encoding: &str) {
    let (mut after, mut pages, mut bytes, mut decisions, mut times) = (0, 0, 0, 0, Vec::new());
    loop {
        let request = site.get(&format!("/edge/v1/decisions?after={after}"), &site.edge);
        let started = Instant::now();
        let response = request.header("accept-encoding", encoding).send().await.unwrap();
        let body = response.bytes().await.unwrap();
        times.push(started.elapsed());
        (pages, bytes) = (pages + 1, bytes + body.len());
        let page: DecisionPage = match encoding {
            "gzip" => serde_json::from_reader(flate2::read::GzDecoder::new(&body[..])).unwrap(),
            _ => serde_json::from_slice(&body).unwrap(),
        };
        (after, decisions) = (page.revision, decisions + page.decisions.len());
        if !page.more {
            break;
        }
    }
    let total: Duration = times.iter().sum();
    figure(&format!("full_set_{encoding}_ms"), millis(total));
    let what = format!("full set of {decisions} for an edge, {encoding}");
    say(&what, &format!("{total:.1?}, {pages} pages, {bytes} bytes; a page {}", spread(&mut times)));
}

const WORKERS: usize = 16;
const REPORTS: u64 = 25;
const ROWS: u64 = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn measure_ingest() {
    for analyzers in 1..=(if ENGINE.label() == "postgres" { 2 } else { 1 }) {
        let ground = Ground::with(SETTINGS).await;
        let sites: Vec<_> = (0..analyzers).map(|_| Arc::new(Site::on(ground.clone()))).collect();
        let workers: Vec<_> = (0..WORKERS).map(|_| bodies(now_ms())).collect();
        let cpu = || sites.iter().map(|site| site.server.cpu()).sum::<Duration>();
        let (started, before, server_before) = (Instant::now(), cpu(), cluster::cpu());
        let mut tasks = tokio::task::JoinSet::new();
        for (number, bodies) in workers.into_iter().enumerate() {
            let site = Arc::clone(&sites[number % sites.len()]);
            tasks.spawn(async move {
                for body in bodies {
                    assert_eq!(site.post(body).await.status, 200);
                }
            });
        }
        tasks.join_all().await;
        let (took, used) = (started.elapsed(), cpu() - before);
        let rows = (WORKERS as u64 * REPORTS * ROWS) as f64;
        let per_core = rows / used.as_secs_f64();
        let what = format!("{rows:.0} rollup rows of {WORKERS} workers, {analyzers} analyzer(s)");
        let rate = rows / took.as_secs_f64();
        let size = sites[0].size().await;
        say(&what, &format!("{rate:.0} rows/s, {per_core:.0} rows/s and core, {size} then"));
        if analyzers == 1 {
            figure("ingest_rows_per_s", rate);
            figure("ingest_rows_per_core", per_core);
        }
        if let (Some(before), Some(after)) = (server_before, cluster::cpu()) {
            let server = rows / (used + (after - before)).as_secs_f64();
            say("the same, with what PostgreSQL used", &format!("{server:.0} rows/s and core"));
        }
    }
}

/// The reports of one worker, as they are sent.
fn bodies(now_ms: u64) -> Vec<Vec<u8>> {
    let boot = WorkerBoot(Uuid::from_bytes(rand_bytes()));
    let rollup: Vec<_> = (0..ROWS).map(|number| row(&format!("Operation{number}"), None, 1)).collect();
    let one = |sequence| Report {
        boot,
        from_ms: now_ms,
        to_ms: now_ms,
        rollup: rollup.clone(),
        ..report(sequence)
    };
    (1..=REPORTS).map(|sequence| serde_json::to_vec(&one(sequence)).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn measure_time_to_decision() {
    let site = Site::on(Ground::with(SETTINGS).await);
    let mut revision = site.pull(0).await.revision;
    let mut times = Vec::new();
    for number in 0..200_u32 {
        // Every client is of a range of its own, so that no range is blocked as a whole.
        let client = Ipv4Addr::from(0x0B00_0000 + number * 256).to_string();
        let one = incident("0123456789abcdef", Reason::Depth, now_ms());
        let incidents = (0..6).map(|_| Incident { client: Some(client.clone()), ..one.clone() }).collect();
        let now_ms = now_ms();
        let report = Report { from_ms: now_ms, to_ms: now_ms, incidents, ..report(1) };
        let started = Instant::now();
        let (page, reply) = tokio::join!(site.pull(revision), site.report(&report));
        times.push(started.elapsed());
        assert_eq!((reply.status, page.decisions[0].scope.value()), (200, client));
        revision = page.revision;
    }
    say("from the report of an attack to the edge, 200 times", &spread(&mut times));
    figure("time_to_decision_ms", millis(median(&times)));
}
