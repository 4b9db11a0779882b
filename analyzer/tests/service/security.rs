//! From what edges report to what edges are told: scenarios, scores, decisions, and that none of it is lost or counted twice.

use crate::harness::{NOW, Service, incident, report, send, until};
use crate::mmdb::mmdb;
use portcullis_analyzer::Role;
use portcullis_analyzer::config::{self, Config, Overrides};
use portcullis_analyzer::geo::Geo;
use portcullis_report::{Action, DecisionPage, Incident, Reason, Report};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// `graphql_bomb` takes five refusals in one go; the sixth is a detection with 50 points.
const BOMB: usize = 6;

pub(crate) fn refusals(client: &str, number: usize) -> Vec<Incident> {
    let one =
        |_| Incident { client: Some(client.to_owned()), ..incident("0123456789abcdef", Reason::Depth, NOW) };
    (0..number).map(one).collect()
}

pub(crate) async fn deliver(service: &Service, incidents: Vec<Incident>) {
    let reply = service.report(&Report { incidents, ..report(1) }).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

async fn security(service: &Service, query: &str) -> Value {
    let reply = service.get(&format!("/monitoring/security/?{query}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()
}

/// Waits until the engine has seen every incident that was stored.
pub(crate) async fn seen(service: &Service) {
    until(async || {
        let mut store = service.ground.connect().await;
        let last = store.number("SELECT coalesce(max(id), 0) FROM incidents").await;
        store.number("SELECT coalesce(max(incident), 0) FROM cursors WHERE name = 'engine'").await == last
    })
    .await;
}

pub(crate) async fn score(service: &Service, client: &str) -> f64 {
    let answer = security(service, &format!("target={client}")).await;
    answer["clients"][0]["score"].as_f64().unwrap_or_default()
}

pub(crate) async fn decisions(service: &Service) -> Vec<(String, String)> {
    let list = service.get("/monitoring/decisions/").await.json();
    let text = |decision: &Value, name: &str| decision[name].as_str().unwrap().to_owned();
    let decisions = list["decisions"].as_array().unwrap().iter();
    decisions.map(|decision| (text(decision, "action"), text(decision, "value"))).collect()
}

async fn pull(service: &Service, after: u64) -> DecisionPage {
    let path = format!("/edge/v1/decisions?after={after}&wait=20");
    let reply = send(service.request("GET", &path).bearer_auth(service.edge.reveal())).await;
    serde_json::from_str(&reply.text).unwrap()
}

fn strict(config: &mut Config) {
    config.security.reputation.block_at = 50.0;
    config.security.reputation.release_at = 25.0;
}

#[tokio::test]
async fn an_attack_is_found_scored_and_answered_at_the_edge() {
    let service = Service::start_with(strict).await;
    let revision = pull(&service, 0).await.revision;
    let started = Instant::now();
    let (page, ()) = tokio::join!(pull(&service, revision), deliver(&service, refusals("192.0.2.7", BOMB)));
    eprintln!("from the report to the edge: {:?}", started.elapsed());
    let mut found: Vec<_> =
        page.decisions.iter().map(|it| (it.action.label(), it.scope.value(), it.origin.as_str())).collect();
    found.sort_unstable();
    let client = || "192.0.2.7".to_owned();
    assert_eq!(found, [("block", client(), "scenario"), ("throttle", client(), "scenario:throttle")]);
    assert!(page.decisions[0].reason.contains("graphql_bomb"), "{}", page.decisions[0].reason);

    seen(&service).await;
    let answer = security(&service, "window=1h").await;
    let threat = &answer["threats"][0];
    assert_eq!((&threat["scenario"], &threat["detections"]), (&json!("graphql_bomb"), &json!(1)));
    assert_eq!((&threat["clients"], &threat["events"]), (&json!(1), &json!(6)));
    assert!(threat["about"].is_string() && threat["sample_correlation_id"].is_string());
    let suspect = &answer["clients"][0];
    assert_eq!((&suspect["value"], &suspect["score"]), (&json!("192.0.2.7"), &json!(50.0)));
    let cause = &suspect["causes"][0];
    assert_eq!(
        (&cause["scenario"], &cause["points"], &cause["count"]),
        (&json!("graphql_bomb"), &json!(50.0), &json!(1))
    );
    assert!(suspect["blocked_until_ms"].as_u64().unwrap() > NOW);
    let pattern =
        json!({ "reason": "depth", "operation": "Deep", "incidents": 6, "clients": 1, "last_seen_ms": NOW });
    assert_eq!(answer["patterns"], json!([pattern]));
    assert_eq!(answer["decisions"], json!({ "block": 1, "throttle": 1 }));
    assert_eq!((&answer["engine"]["leads"], &answer["engine"]["detections"]), (&json!(true), &json!(1)));
    // Half of the points are left after the half-life.
    service.set_now(NOW + 3_600_000);
    assert!((score(&service, "192.0.2.7").await - 25.0).abs() < 1e-6);
    let metrics = service.get("/monitoring/metrics/").await.text;
    assert!(
        metrics.contains("portcullis_analyzer_detections_total{scenario=\"graphql_bomb\"} 1\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn an_answer_is_the_same_while_a_score_fades_by_less_than_half() {
    let service = Service::start_with(strict).await;
    deliver(&service, refusals("192.0.2.7", BOMB)).await;
    until(async || !decisions(&service).await.is_empty()).await;
    seen(&service).await;
    let tag = async || {
        let reply = service.get("/monitoring/security/?target=192.0.2.7").await;
        (reply.header("etag").unwrap().to_owned(), reply.json()["clients"][0]["score"].as_f64().unwrap())
    };
    let (first, score) = tag().await;
    service.set_now(NOW + 60_000);
    let (same, less) = tag().await;
    assert!(same == first && less < score, "{score} {less}");
    service.set_now(NOW + 3_600_000);
    assert_ne!(tag().await.0, first);
}

#[tokio::test]
async fn health_tells_how_the_engine_is_doing() {
    let service = Service::start().await;
    let engine = async || {
        let health = send(service.request("GET", "/monitoring/health/")).await.json();
        health["jobs"].as_array().unwrap().iter().find(|job| job["name"] == "engine").cloned().unwrap()
    };
    until(async || engine().await["runs"].as_u64().unwrap() > 1).await;
    let job = engine().await;
    assert_eq!((&job["leads"], &job["last_run_ms"]), (&json!(true), &json!(NOW)));
    assert_eq!((&job["failures"], &job["last_error"]), (&json!(0), &Value::Null));
    let without = Service::start_with(|config| config.security.enabled = false).await;
    let health = send(without.request("GET", "/monitoring/health/")).await.json();
    assert!(health["jobs"].as_array().unwrap().iter().all(|job| job["name"] != "engine"), "{health}");
}

#[tokio::test]
async fn below_the_score_for_a_block_a_client_is_throttled() {
    let service = Service::start().await;
    deliver(&service, refusals("192.0.2.7", BOMB)).await;
    until(async || !decisions(&service).await.is_empty()).await;
    assert_eq!(decisions(&service).await, [("throttle".to_owned(), "192.0.2.7".to_owned())]);
    let revision = pull(&service, 0).await;
    assert!(matches!(revision.decisions[0].action, Action::Throttle { factor_milli: 250 }));
}

#[tokio::test]
async fn what_only_counts_and_what_is_our_own_answer_feed_no_score() {
    let service = Service::start_with(strict).await;
    let shadowed = refusals("192.0.2.7", 20).into_iter().map(|it| Incident { shadow: true, ..it }).collect();
    deliver(&service, shadowed).await;
    let blocked = refusals("192.0.2.8", 20).into_iter().map(|it| Incident { reason: Reason::Blocked, ..it });
    deliver(&service, blocked.collect()).await;
    seen(&service).await;
    let answer = security(&service, "").await;
    assert_eq!((&answer["threats"], &answer["clients"]), (&json!([]), &json!([])));
    assert_eq!(answer["engine"]["echoes"], 20);
    assert!(decisions(&service).await.is_empty());
    // What passed is no pattern of refusals either.
    let reasons: Vec<_> =
        answer["patterns"].as_array().unwrap().iter().map(|it| it["reason"].clone()).collect();
    assert_eq!(reasons, ["blocked"]);
    let metrics = service.get("/monitoring/metrics/").await.text;
    for line in ["{reason=\"depth\",shadow=\"true\"} 20\n", "{reason=\"depth\",shadow=\"false\"} 0\n"] {
        assert!(metrics.contains(&format!("portcullis_analyzer_incidents_total{line}")), "{line}");
    }
}

#[tokio::test]
async fn a_restart_forgets_nothing_and_judges_nothing_twice() {
    let service = Service::start_with(strict).await;
    deliver(&service, refusals("192.0.2.7", BOMB)).await;
    deliver(&service, refusals("192.0.2.9", BOMB - 1)).await;
    seen(&service).await;
    let before = security(&service, "target=192.0.2.7").await["clients"].clone();
    let held = decisions(&service).await;
    let Service { ground, running, .. } = service;
    running.stop().await;
    let again = Service::start_on(ground, strict).await;
    until(async || security(&again, "").await["engine"]["leads"] == true).await;
    assert_eq!(security(&again, "target=192.0.2.7").await["clients"], before);
    assert_eq!(decisions(&again).await, held);
    // The bucket of the other one is as full as it was: one more overflows it.
    deliver(&again, refusals("192.0.2.9", 1)).await;
    until(async || decisions(&again).await.len() == held.len() + 2).await;
    assert_eq!(score(&again, "192.0.2.9").await, 50.0);
    assert_eq!(again.rows("detections").await, 2);
    assert_eq!(score(&again, "192.0.2.7").await, 50.0);
}

#[tokio::test]
async fn what_was_an_echo_is_one_when_it_is_seen_again() {
    let service = Service::start().await;
    deliver(&service, refusals("192.0.2.7", BOMB)).await;
    until(async || !decisions(&service).await.is_empty()).await;
    let operator = service.ground.add_key(Role::Operator).await;
    let throttle = json!([{ "target": "10.0.0.0/8", "duration": "4h", "action": { "throttle": { "factor_milli": 500 } } }]);
    let request = service.request("POST", "/monitoring/decisions/").bearer_auth(operator.reveal());
    assert_eq!(send(request.json(&json!({ "decisions": throttle }))).await.status, 201);
    let bound = ["192.0.2.7", "10.1.2.3"].map(|client| refusals(client, 40)).concat();
    deliver(&service, bound.into_iter().map(|it| Incident { reason: Reason::Throttled, ..it }).collect())
        .await;
    seen(&service).await;
    let engine = async |service: &Service| security(service, "").await["engine"].clone();
    assert_eq!(engine(&service).await["echoes"], 80);
    let Service { ground, running, .. } = service;
    running.stop().await;
    let again = Service::start_on(ground, |_| ()).await;
    until(async || engine(&again).await["leads"] == true).await;
    assert_eq!(engine(&again).await["echoes"], 80);
    assert_eq!(again.rows("detections").await, 1);
}

#[tokio::test]
async fn whom_an_operator_allows_gets_no_points() {
    let service = Service::start_with(strict).await;
    let operator = service.ground.add_key(Role::Operator).await;
    let allow = json!({ "decisions": [{ "target": "192.0.2.0/24", "duration": "4h", "action": "allow" }] });
    let request = service.request("POST", "/monitoring/decisions/").bearer_auth(operator.reveal());
    assert_eq!(send(request.json(&allow)).await.status, 201);
    deliver(&service, refusals("192.0.2.7", BOMB)).await;
    deliver(&service, refusals("198.51.100.7", BOMB)).await;
    until(async || decisions(&service).await.len() == 3).await;
    seen(&service).await;
    let clients = security(&service, "").await["clients"].clone();
    let clients: Vec<_> = clients.as_array().unwrap().iter().map(|it| it["value"].clone()).collect();
    assert_eq!(clients, ["198.51.100.7"]);
}

#[tokio::test]
async fn while_the_store_is_busy_the_engine_keeps_what_it_knows() {
    let service = Service::start_with(|config| config.store.busy_timeout = Duration::from_millis(20)).await;
    deliver(&service, refusals("192.0.2.7", 4)).await;
    seen(&service).await;
    let engine = async || security(&service, "").await["engine"].clone();
    until(async || engine().await["leads"] == true).await;
    let mut other = service.ground.connect().await;
    other.keep_writers_out().await;
    until(async || engine().await["last_error"] == "busy").await;
    assert_eq!(engine().await["leads"], true);
    other.let_writers_in().await;
    deliver(&service, refusals("192.0.2.7", 2)).await;
    until(async || service.rows("detections").await == 1).await;
}

#[tokio::test]
async fn how_far_the_engine_is_behind_is_told_while_it_can_do_nothing() {
    let service = Service::start_with(|config| config.store.busy_timeout = Duration::from_millis(20)).await;
    let engine = async || {
        let health = send(service.request("GET", "/monitoring/health/")).await.json();
        health["jobs"].as_array().unwrap().iter().find(|job| job["name"] == "engine").unwrap().clone()
    };
    until(async || engine().await["leads"] == true).await;
    let mut other = service.ground.connect().await;
    other.keep_writers_out().await;
    let failures = async || engine().await["failures"].as_u64().unwrap();
    until(async || failures().await > 0).await;
    service.set_now(NOW + 60_000);
    let before = failures().await;
    until(async || failures().await >= before + 2).await;
    let lag_ms = engine().await["lag_ms"].as_u64().unwrap();
    assert!((59_000..=60_000).contains(&lag_ms), "{lag_ms}");
    other.let_writers_in().await;
    until(async || engine().await["lag_ms"] == 0).await;
}

#[tokio::test]
async fn without_the_engine_there_is_nothing_but_what_is_kept() {
    let service = Service::start_with(|config| config.security.enabled = false).await;
    deliver(&service, refusals("192.0.2.7", 2 * BOMB)).await;
    let answer = security(&service, "").await;
    assert_eq!((&answer["engine"]["leads"], &answer["threats"]), (&json!(false), &json!([])));
    assert_eq!(answer["patterns"][0]["incidents"], 12);
    service.get("/monitoring/security/?target=x").await.problem(400);
    service.get("/monitoring/security/?window=1y").await.problem(400);
}

#[tokio::test]
async fn what_is_old_goes() {
    let service = Service::start_with(|config| config.retention.interval = Duration::from_millis(5)).await;
    deliver(&service, refusals("192.0.2.7", BOMB)).await;
    until(async || service.rows("reputation").await == 1).await;
    service.set_now(NOW + 31 * 86_400_000);
    for table in ["detections", "reputation", "decisions", "incidents"] {
        until(async || service.rows(table).await == 0).await;
    }
    // Ids go on, so that what comes after is seen.
    let later =
        refusals("192.0.2.7", 1).into_iter().map(|it| Incident { at_ms: NOW + 31 * 86_400_000, ..it });
    deliver(&service, later.collect()).await;
    let cursor = "SELECT incident FROM cursors WHERE name = 'engine'";
    until(async || service.ground.connect().await.number(cursor).await == 7).await;
}

#[tokio::test]
async fn clients_have_countries_where_a_file_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("countries.mmdb");
    let networks = [("192.0.2.0", 24, "AQ"), ("2001:db8::", 32, "NO"), ("198.51.100.0", 25, "toolong")];
    std::fs::write(&file, mmdb("Test-Country", &networks)).unwrap();
    let service = Service::start_with(|config| config.security.geo = Some(Geo::read(&file).unwrap())).await;
    for client in ["192.0.2.7", "2001:db8::7", "198.51.100.7", "203.0.113.7"] {
        deliver(&service, refusals(client, BOMB)).await;
    }
    seen(&service).await;
    let country =
        async |client: &str| security(&service, &format!("target={client}")).await["clients"][0].clone();
    assert_eq!(country("192.0.2.7").await["country"], "AQ");
    let prefix = country("2001:db8::7").await;
    assert_eq!((&prefix["scope"], &prefix["country"]), (&json!("cidr"), &json!("NO")));
    for unknown in ["198.51.100.7", "203.0.113.7"] {
        assert_eq!(country(unknown).await["country"], Value::Null, "{unknown}");
    }
}

#[test]
fn a_file_without_countries_is_a_mistake_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let (file, path) = (folder.path().join("c.yaml"), folder.path().join("geo.mmdb"));
    std::fs::write(&file, format!("security: {{ geo_file: \"{}\" }}", path.display())).unwrap();
    let load = || config::load(Some(&file), Overrides::default());
    let whole = mmdb("Test-Country", &[("192.0.2.0", 24, "AQ")]);
    let mut broken = whole.clone();
    // The first record leads far out of the file.
    broken[..4].fill(0xFE);
    for (content, problem) in [
        (Vec::new(), "is no MaxMind DB file"),
        (b"nonsense".to_vec(), "is no MaxMind DB file"),
        (whole[..whole.len() / 2].to_vec(), "is no MaxMind DB file"),
        (broken, "is no MaxMind DB file"),
        (mmdb("Test-ASN", &[]), "must have countries in it"),
    ] {
        std::fs::write(&path, content).unwrap();
        let error = load().unwrap_err().to_string();
        assert!(error.contains("security.geo_file: ") && error.contains(problem), "{error}");
    }
    std::fs::write(&path, whole).unwrap();
    assert!(load().unwrap().security.geo.is_some());
    std::fs::remove_file(&path).unwrap();
    assert!(load().unwrap_err().to_string().contains("cannot be read: No such file or directory"));
}
