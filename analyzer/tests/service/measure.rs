//! How far it goes, printed and not asserted; the figures of `docs/scale.md` are made by
//! `cargo test --release -p portcullis-analyzer --test service --test service_postgres -- --ignored --nocapture measure`.

use crate::ENGINE;
use crate::ground::Ground;
use crate::harness::{NOW, Service, incident, rand_bytes, report, row, send};
use portcullis_analyzer::{Key, Role};
use portcullis_report::{DecisionPage, Incident, Reason, Report, WorkerBoot};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

fn say(what: &str, figures: &str) {
    eprintln!("{:>8}  {what:<46} {figures}", ENGINE.label());
}

/// Half of them are faster than the first, all but one in a hundred than the second; then the slowest.
fn spread(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    format!("p50 {:.1?}, p99 {:.1?}, max {:.1?}", at(0.5), at(0.99), at(1.0))
}

async fn decide(service: &Service, operator: &Key, first: u32, number: u32) {
    for chunk in (first..first + number).collect::<Vec<_>>().chunks(5_000) {
        let decisions: Vec<_> = chunk
            .iter()
            .map(|number| {
                let address = std::net::Ipv4Addr::from(0x0B00_0000 + number);
                json!({ "target": address.to_string(), "duration": "4h", "reason": "crowdsecurity/http-probing" })
            })
            .collect();
        let request = service.request("POST", "/monitoring/decisions/").bearer_auth(operator.reveal());
        let reply = send(request.json(&json!({ "decisions": decisions }))).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn measure_decisions() {
    let service = Service::start().await;
    let operator = service.ground.add_key(Role::Operator).await;
    let bouncer = service.viewer.reveal();
    let started = Instant::now();
    decide(&service, &operator, 0, 15_000).await;
    say("15,000 decisions made", &format!("{:.1?}", started.elapsed()));
    let (mut times, mut bytes) = (Vec::new(), 0);
    for _ in 0..20 {
        let started = Instant::now();
        let request =
            service.request("GET", "/v1/decisions/stream?startup=true").header("x-api-key", &bouncer);
        bytes = send(request).await.text.len();
        times.push(started.elapsed());
    }
    say("startup stream of 15,000 for a bouncer", &format!("{} ({bytes} bytes)", spread(&mut times)));
    let mut times = Vec::new();
    for number in 0..500_u32 {
        let address = std::net::Ipv4Addr::from(0x0B00_0000 + number * 30);
        let started = Instant::now();
        let path = format!("/v1/decisions?ip={address}");
        assert_eq!(send(service.request("GET", &path).header("x-api-key", &bouncer)).await.status, 200);
        times.push(started.elapsed());
    }
    say("a bouncer asks about one address", &spread(&mut times));
    let started = Instant::now();
    decide(&service, &operator, 15_000, 185_000).await;
    say("185,000 decisions more", &format!("{:.1?}", started.elapsed()));
    for encoding in ["identity", "gzip"] {
        let (mut after, mut pages, mut bytes, mut decisions, mut times) = (0, 0, 0, 0, Vec::new());
        let started = Instant::now();
        loop {
            let path = format!("/edge/v1/decisions?after={after}");
            let request = service.request("GET", &path).bearer_auth(service.edge.reveal());
            let sent = Instant::now();
            let response = request.header("accept-encoding", encoding).send().await.unwrap();
            let body = response.bytes().await.unwrap();
            times.push(sent.elapsed());
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
        let total = started.elapsed();
        let what = format!("full set of {decisions} for an edge, {encoding}");
        say(&what, &format!("{total:.1?}, {pages} pages, {bytes} bytes; a page {}", spread(&mut times)));
    }
    say("the store with 200,000 decisions", &size(&service).await);
}

async fn size(service: &Service) -> String {
    let health = send(service.request("GET", "/monitoring/health/")).await.json();
    format!("{} bytes", health["store"]["bytes"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn measure_ingest() {
    const REPORTS: u64 = 200;
    const ROWS: u64 = 1_000;
    for analyzers in 1..=(if ENGINE.label() == "postgres" { 2 } else { 1 }) {
        let ground = Ground::new().await;
        let mut services = Vec::new();
        for _ in 0..analyzers {
            services.push(Arc::new(Service::start_on(ground.clone(), |_| ()).await));
        }
        let started = Instant::now();
        let mut workers = tokio::task::JoinSet::new();
        for worker in 0..16_usize {
            let service = Arc::clone(&services[worker % services.len()]);
            let boot = WorkerBoot(Uuid::from_bytes(rand_bytes()));
            workers.spawn(async move {
                for sequence in 1..=REPORTS / 16 {
                    let rollup =
                        (0..ROWS).map(|number| row(&format!("Operation{number}"), None, 1)).collect();
                    let report = Report { boot, rollup, ..report(sequence) };
                    assert_eq!(service.report(&report).await.status, 200);
                }
            });
        }
        workers.join_all().await;
        let rows = REPORTS / 16 * 16 * ROWS;
        let rate = rows as f64 / started.elapsed().as_secs_f64();
        say(
            &format!("{rows} rollup rows from 16 workers, {analyzers} analyzers"),
            &format!("{rate:.0} rows/s"),
        );
        say("the store then", &size(&services[0]).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn measure_time_to_decision() {
    let service = Service::start_with(|config| {
        config.security.reputation.block_at = 50.0;
        config.security.reputation.release_at = 25.0;
    })
    .await;
    let pull = async |after: u64| -> DecisionPage {
        let path = format!("/edge/v1/decisions?after={after}&wait=30");
        let reply = send(service.request("GET", &path).bearer_auth(service.edge.reveal())).await;
        serde_json::from_str(&reply.text).unwrap()
    };
    let mut revision = pull(0).await.revision;
    let mut times = Vec::new();
    for number in 0..200_u32 {
        // Every client is of a range of its own, so that no range is blocked as a whole.
        let client = std::net::Ipv4Addr::from(0x0B00_0000 + number * 256).to_string();
        let one = incident("0123456789abcdef", Reason::Depth, NOW);
        let incidents = (0..6).map(|_| Incident { client: Some(client.clone()), ..one.clone() }).collect();
        let report = Report { incidents, ..report(1) };
        let started = Instant::now();
        let (page, reply) = tokio::join!(pull(revision), service.report(&report));
        times.push(started.elapsed());
        assert_eq!((reply.status, page.decisions[0].scope.value()), (200, client));
        revision = page.revision;
    }
    say("from the report of an attack to the edge, 200 times", &spread(&mut times));
}
