//! Several analyzers on one store: they share the work, and one that is gone leaves nothing undone and nothing doubled.

use crate::ground::Ground;
use crate::harness::{NOW, Service, incident, report, row, send, until};
use crate::process::{Server, key};
use portcullis_report::{Reason, Report, WorkerBoot};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use uuid::Uuid;

async fn leads(service: &Service) -> bool {
    let health = send(service.request("GET", "/monitoring/health/")).await.json();
    let jobs = health["jobs"].as_array().unwrap();
    jobs.iter().all(|job| job["leads"] == true)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_report_is_stored_once_whichever_gets_it() {
    let ground = Ground::new().await;
    let (one, two) =
        (Service::start_on(ground.clone(), |_| ()).await, Service::start_on(ground, |_| ()).await);
    let body = serde_json::to_vec(&Report { rollup: vec![row("A", None, 3)], ..report(1) }).unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..32 {
        let service = if number % 2 == 0 { &one } else { &two };
        let request = service.request("POST", "/edge/v1/reports").bearer_auth(service.edge.reveal());
        tasks.spawn(send(request.header("content-type", "application/json").body(body.clone())));
    }
    let replies = tasks.join_all().await;
    let stored = replies.iter().filter(|reply| reply.json() == json!({ "outcome": "stored" })).count();
    let duplicate = replies.iter().filter(|reply| reply.json() == json!({ "outcome": "duplicate" })).count();
    assert_eq!((stored, duplicate), (1, 31));
    for service in [&one, &two] {
        assert_eq!(service.graphql("").await["totals"]["requests"], 3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn counters_of_both_add_up() {
    let ground = Ground::new().await;
    let (one, two) =
        (Service::start_on(ground.clone(), |_| ()).await, Service::start_on(ground, |_| ()).await);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..40 {
        let service = if number % 2 == 0 { &one } else { &two };
        let rollup = (0..50).map(|operation| row(&format!("Op{operation}"), None, 1)).collect();
        let body = serde_json::to_vec(&Report { rollup, ..report(1) }).unwrap();
        let request = service.request("POST", "/edge/v1/reports").bearer_auth(service.edge.reveal());
        tasks.spawn(send(request.header("content-type", "application/json").body(body)));
    }
    assert!(tasks.join_all().await.iter().all(|reply| reply.status == 200));
    let answer = two.graphql("").await;
    assert_eq!((&answer["totals"]["reports"], &answer["totals"]["requests"]), (&json!(40), &json!(2_000)));
    let operations = answer["by_operation"].as_array().unwrap();
    assert!(operations.len() == 50 && operations.iter().all(|operation| operation["requests"] == 40));
}

#[tokio::test]
async fn one_of_them_does_the_jobs_and_the_other_takes_over() {
    let ground = Ground::new().await;
    let quick = |config: &mut portcullis_analyzer::config::Config| {
        config.retention.interval = Duration::from_millis(20);
    };
    let one = Service::start_on(ground.clone(), quick).await;
    until(async || leads(&one).await).await;
    let two = Service::start_on(ground, quick).await;
    // A report that is due to be forgotten goes, whoever does it.
    let old = Report { from_ms: 0, to_ms: 5, rollup: vec![row("A", None, 1)], ..report(1) };
    assert_eq!(two.report(&old).await.status, 200);
    until(async || two.rows("rollup").await == 0).await;
    assert!(!leads(&two).await);
    one.running.stop().await;
    until(async || leads(&two).await).await;
}

/// Sends a report to one analyzer after the other until one has stored it.
async fn insist(client: &reqwest::Client, urls: [&str; 2], key: &str, report: &Report) {
    for url in urls.iter().cycle() {
        let reply = post(client, url, key, report).send().await;
        let Ok(response) = reply else { continue };
        if response.status() == 200 && response.text().await.is_ok() {
            return;
        }
    }
}

fn post(client: &reqwest::Client, url: &str, key: &str, report: &Report) -> reqwest::RequestBuilder {
    let request = client.post(format!("{url}/edge/v1/reports")).bearer_auth(key);
    request.header("content-type", "application/json").body(serde_json::to_vec(report).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_killed_in_the_middle_loses_and_doubles_nothing() {
    const ROUNDS: u64 = 4;
    const REPORTS: u64 = 20;
    let ground = Ground::new().await;
    let (edge, viewer) = (key(&ground, "edge"), key(&ground, "viewer"));
    let now_ms = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let survivor = Server::start(&ground);
    let client = reqwest::Client::new();
    let boot = WorkerBoot(Uuid::from_bytes(crate::harness::rand_bytes()));
    let report = |sequence| {
        let rollup = (0..20).map(|number| row(&format!("Op{number}"), None, sequence)).collect();
        Report { boot, sequence, from_ms: now_ms, to_ms: now_ms, rollup, ..report(1) }
    };
    for round in 0..ROUNDS {
        let mut victim = Some(Server::start(&ground));
        let urls = [victim.as_ref().unwrap().url.clone(), survivor.url.clone()];
        for number in 1..=REPORTS {
            let report = report(round * REPORTS + number);
            let killed = victim.take_if(|_| number == REPORTS / 2);
            if let Some(victim) = killed {
                // Its last report is under way to it when it is killed; what became of it nobody knows.
                let under_way = tokio::spawn(post(&client, &victim.url, &edge, &report).send());
                tokio::task::yield_now().await;
                assert_eq!(victim.end(Signal::KILL), None);
                drop(under_way.await);
            }
            insist(&client, [&urls[0], &urls[1]], &edge, &report).await;
        }
    }
    let url = format!("{}/monitoring/graphql/?window=1h", survivor.url);
    let response = client.get(url).header("x-api-key", viewer).send().await.unwrap();
    let answer: Value = response.json().await.unwrap();
    let reports = ROUNDS * REPORTS;
    let requests = (1..=reports).map(|sequence| sequence * 20).sum::<u64>();
    let totals = &answer["totals"];
    assert_eq!((&totals["reports"], &totals["requests"]), (&json!(reports), &json!(requests)));
}

/// Whether the process runs the scenarios.
async fn runs_scenarios(client: &reqwest::Client, url: &str, viewer: &str) -> bool {
    let request = client.get(format!("{url}/monitoring/security/")).header("x-api-key", viewer);
    send(request).await.json()["engine"]["leads"] == true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leads_is_killed_in_the_middle_and_nothing_is_judged_or_merged_twice() {
    const ROUNDS: u64 = 4;
    const ATTACKS: u64 = 20;
    /// Of four hours ago, so that they are to be merged by the minute.
    const BUCKETS: u64 = 600;
    let ground = Ground::with("retention: { interval_s: 1 }\n").await;
    let (edge, viewer) = (key(&ground, "edge"), key(&ground, "viewer"));
    let now_ms = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let mut store = ground.connect().await;
    let first = (now_ms - 4 * 3_600_000) / 60_000 * 60_000;
    for columns in [
        "totals SELECT {first} + i * 10000, 1, 1, 0, 1, 1, 0, 0",
        "rollup (bucket_ms, operation, kind, class, transport, refused, shadowed, requests, cost_milli_sum, \
         cost_milli_max, depth_max, fields_sum, body_bytes_sum, actual_count, actual_milli_sum) \
         SELECT {first} + i * 10000, 'Old', 'query', 'c', 'post', '', '', 1, 1, 1, 1, 1, 1, 1, 1",
    ] {
        let columns = columns.replace("{first}", &first.to_string());
        store.run(&format!("INSERT INTO {columns} FROM generate_series(0, {}) AS i", BUCKETS - 1)).await;
    }
    let client = reqwest::Client::new();
    let mut servers = vec![Server::start(&ground)];
    for round in 0..ROUNDS {
        until(async || runs_scenarios(&client, &servers[0].url, &viewer).await).await;
        servers.push(Server::start(&ground));
        let urls: Vec<_> = servers.iter().map(|server| server.url.clone()).collect();
        let mut leader = Some(servers.remove(0));
        for number in 0..ATTACKS {
            // Each from a network of its own, and each is one detection.
            let attacker = format!("10.{round}.{number}.1");
            let one = portcullis_report::Incident {
                client: Some(attacker),
                ..incident("0123456789abcdef", Reason::Depth, now_ms)
            };
            let attack = Report { from_ms: now_ms, to_ms: now_ms, incidents: vec![one; 6], ..report(1) };
            insist(&client, [&urls[0], &urls[1]], &edge, &attack).await;
            // It is killed while it judges what it was just told.
            if let Some(leader) = leader.take_if(|_| number == ATTACKS / 2) {
                assert_eq!(leader.end(Signal::KILL), None);
            }
        }
        // Its time is over.
        store.run("UPDATE leases SET expires_ms = 0").await;
    }
    let judged = "SELECT count(*) FROM cursors JOIN revisions ON revisions.name = 'incidents' \
                  WHERE cursors.name = 'engine' AND cursors.incident = revisions.value";
    until(async || store.number(judged).await == 1).await;
    let attacks = (ROUNDS * ATTACKS).cast_signed();
    let found = "SELECT count(*) FROM detections WHERE scenario = 'graphql_bomb'";
    let clients = "SELECT count(DISTINCT value) FROM detections WHERE scenario = 'graphql_bomb'";
    assert_eq!((store.number(found).await, store.number(clients).await), (attacks, attacks));
    let decided = "SELECT count(*) FROM decisions WHERE removed_ms IS NULL";
    let different = "SELECT count(*) FROM (SELECT DISTINCT scope, value, action FROM decisions WHERE removed_ms IS NULL) AS one";
    assert_eq!(store.number(decided).await, store.number(different).await);
    let unmerged = format!(
        "SELECT count(*) FROM totals WHERE bucket_ms >= {first} AND bucket_ms < {} AND bucket_ms % 60000 <> 0",
        first + BUCKETS * 10_000
    );
    until(async || store.number(&unmerged).await == 0).await;
    for table in ["totals", "rollup"] {
        let end = first + BUCKETS * 10_000;
        let sum = format!("SELECT CAST(sum(requests) AS BIGINT) FROM {table} WHERE bucket_ms < {end}");
        assert_eq!(store.number(&sum).await, BUCKETS.cast_signed(), "{table}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_of_one_wakes_the_edges_of_the_other() {
    let ground = Ground::new().await;
    let operator = ground.add_key(portcullis_analyzer::Role::Operator).await;
    let (one, two) =
        (Service::start_on(ground.clone(), |_| ()).await, Service::start_on(ground, |_| ()).await);
    let pull = async |service: &Service, after: u64| {
        let path = format!("/edge/v1/decisions?after={after}&wait=30");
        send(service.request("GET", &path).bearer_auth(service.edge.reveal())).await.json()
    };
    let mut revision = pull(&two, 0).await["revision"].as_u64().unwrap();
    let mut slowest = Duration::ZERO;
    for number in 0..20 {
        let body = json!({ "decisions": [{ "target": format!("192.0.2.{number}"), "duration": "1h" }] });
        let request = one.request("POST", "/monitoring/decisions/").bearer_auth(operator.reveal());
        let (page, posted) = tokio::join!(pull(&two, revision), async {
            // The edge is waiting once another request of its service is answered.
            assert_eq!(two.get("/monitoring/health/").await.status, 200);
            let started = std::time::Instant::now();
            assert_eq!(send(request.json(&body)).await.status, 201);
            started
        });
        slowest = slowest.max(posted.elapsed());
        assert_eq!(page["decisions"][0]["scope"]["ip"], format!("192.0.2.{number}"));
        revision = page["revision"].as_u64().unwrap();
    }
    // It is woken, not polled: with a look every second, twenty times would not all be faster than half of one.
    eprintln!("slowest of 20: {slowest:?}");
    // The one that has not heard yet is not asked in vain by an edge that has.
    let path = format!("/edge/v1/decisions?after={revision}&wait=0");
    let reply = send(one.request("GET", &path).bearer_auth(one.edge.reveal())).await;
    assert_eq!(reply.status, 204);
}

#[tokio::test]
async fn what_one_decided_the_other_tells_a_moment_later() {
    let ground = Ground::new().await;
    let operator = ground.add_key(portcullis_analyzer::Role::Operator).await;
    let (one, two) =
        (Service::start_on(ground.clone(), |_| ()).await, Service::start_on(ground, |_| ()).await);
    for number in 1..=20 {
        let body = json!({ "decisions": [{ "target": format!("192.0.2.{number}"), "duration": "1h" }] });
        let request = one.request("POST", "/monitoring/decisions/").bearer_auth(operator.reveal());
        assert_eq!(send(request.json(&body)).await.status, 201);
        // Whether or not it has been told of it.
        let request = two.request("GET", "/edge/v1/decisions").bearer_auth(two.edge.reveal());
        let page = send(request).await.json();
        assert_eq!(page["decisions"].as_array().unwrap().len(), number, "{page}");
        let stream = two.get("/v1/decisions/stream?startup=true").await.json();
        assert_eq!(stream["new"].as_array().unwrap().len(), number, "{stream}");
    }
}

#[tokio::test]
async fn who_begins_has_the_lease_however_long_it_takes() {
    let ground = Ground::new().await;
    // Its tables are there before the first analyzer is.
    ground.add_key(portcullis_analyzer::Role::Viewer).await;
    let mut other = ground.connect().await;
    other.run("BEGIN; LOCK TABLE activity IN ACCESS EXCLUSIVE MODE").await;
    let service = Service::start_on(ground.clone(), |config| {
        config.store.busy_timeout = std::time::Duration::from_secs(60);
    })
    .await;
    let mut store = ground.connect().await;
    let taken = "SELECT coalesce(max(expires_ms), 0) FROM leases WHERE name = 'engine'";
    for seconds in [0, 8, 16] {
        let now_ms = NOW + seconds * 1_000;
        service.set_now(now_ms);
        until(async || store.number(taken).await == (now_ms + 10_000).cast_signed()).await;
    }
    assert_eq!(service.get("/monitoring/security/").await.json()["engine"]["leads"], false);
    other.let_writers_in().await;
    until(async || service.get("/monitoring/security/").await.json()["engine"]["leads"] == true).await;
}

#[tokio::test]
async fn who_starts_while_another_makes_tables_waits_for_them() {
    let ground = Ground::new().await;
    ground.add_key(portcullis_analyzer::Role::Viewer).await;
    let mut other = ground.connect().await;
    other.run("BEGIN; LOCK TABLE _sqlx_migrations IN ACCESS EXCLUSIVE MODE").await;
    let opening = tokio::spawn({
        let mut config = ground.config();
        config.store.busy_timeout = Duration::from_millis(20);
        async move {
            let place = portcullis_analyzer::Place::enter(&config, portcullis_analyzer::Access::Add).unwrap();
            portcullis_analyzer::Store::open(place).await.map(drop).map_err(|error| error.to_string())
        }
    });
    let mut store = ground.connect().await;
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    until(async || opening.is_finished() || store.number(waits).await > 0).await;
    other.let_writers_in().await;
    assert_eq!(opening.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn what_two_take_in_is_judged_together_and_by_whoever_is_left() {
    let ground = Ground::new().await;
    let (one, two) =
        (Service::start_on(ground.clone(), |_| ()).await, Service::start_on(ground, |_| ()).await);
    let deliver = async |service: &Service, number: usize| {
        let incidents = (0..number).map(|_| incident("0123456789abcdef", Reason::Depth, NOW)).collect();
        assert_eq!(service.report(&Report { incidents, ..report(1) }).await.status, 200);
    };
    // Six in one go are an attack; neither of the two has seen them all.
    deliver(&one, 3).await;
    deliver(&two, 3).await;
    until(async || two.rows("detections").await == 1).await;
    let leads = async |service: &Service| {
        service.get("/monitoring/security/").await.json()["engine"]["leads"] == true
    };
    until(async || leads(&one).await != leads(&two).await).await;
    let (leader, other) = if leads(&one).await { (one, two) } else { (two, one) };
    // Who takes over knows what was in the bucket, and who had which score.
    let refused = |client: &str, number: usize| -> Vec<_> {
        let one = incident("0123456789abcdef", Reason::Depth, NOW);
        (0..number)
            .map(|_| portcullis_report::Incident { client: Some(client.to_owned()), ..one.clone() })
            .collect()
    };
    let before = Report { incidents: refused("198.51.100.1", 4), ..report(1) };
    assert_eq!(leader.report(&before).await.status, 200);
    until(async || {
        let mut store = other.ground.connect().await;
        store.number("SELECT incident FROM cursors WHERE name = 'engine'").await == 10
    })
    .await;
    leader.running.stop().await;
    let after = Report { incidents: refused("198.51.100.1", 2), ..report(1) };
    assert_eq!(other.report(&after).await.status, 200);
    until(async || other.rows("detections").await == 2).await;
    let answer = other.get("/monitoring/security/").await.json();
    let scores: Vec<_> = answer["clients"].as_array().unwrap().iter().map(|it| it["score"].clone()).collect();
    assert_eq!(scores, [50.0, 50.0]);
}
