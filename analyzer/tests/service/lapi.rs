//! The bans of a CrowdSec come over, its changes too, and our own do not come back.

use crate::ground::Ground;
use crate::harness::{Service, send, until};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use portcullis_analyzer::config::CrowdSec;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A variable that is there wherever tests run: its value is the key.
const KEY_ENV: &str = "PATH";

/// A CrowdSec that answers what the test wants: first everything, then each change once.
#[derive(Clone)]
struct Fake {
    key: String,
    all: Arc<Mutex<Vec<Value>>>,
    changes: Arc<Mutex<Vec<Value>>>,
    asked: Arc<Mutex<Vec<String>>>,
    /// Whether the next change is told and then never heard.
    is_lost: Arc<AtomicBool>,
}

fn ban(value: &str, origin: &str) -> Value {
    let scope = if value.contains('/') { "Range" } else { "Ip" };
    json!({
        "duration": "3h59m58.6s", "id": 7, "origin": origin, "scenario": "crowdsecurity/http-probing", "scope": scope,
        "type": "ban", "value": value, "uuid": "u",
    })
}

async fn stream(
    State(fake): State<Fake>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Result<String, StatusCode> {
    if headers.get("x-api-key").is_none_or(|key| key != fake.key.as_str()) {
        return Err(StatusCode::FORBIDDEN);
    }
    fake.asked.lock().unwrap().push(query["startup"].clone());
    if query["startup"] == "true" {
        return Ok(json!({ "new": *fake.all.lock().unwrap(), "deleted": null }).to_string());
    }
    let change = fake.changes.lock().unwrap().pop();
    if change.is_some() && fake.is_lost.swap(false, Ordering::SeqCst) {
        return Err(StatusCode::BAD_GATEWAY);
    }
    Ok(change.unwrap_or_else(|| json!({ "new": null, "deleted": null })).to_string())
}

impl Fake {
    fn with_key(key: String) -> Self {
        Self {
            key,
            all: Arc::default(),
            changes: Arc::default(),
            asked: Arc::default(),
            is_lost: Arc::default(),
        }
    }

    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = axum::Router::new().route("/v1/decisions/stream", get(stream)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    fn asks(&self, startup: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| *asked == startup).count()
    }
}

async fn start(ground: Ground, url: &str) -> Service {
    let settings =
        CrowdSec { url: url.to_owned(), key_env: KEY_ENV.to_owned(), interval: Duration::from_millis(20) };
    Service::start_on(ground, |config| config.crowdsec = Some(settings)).await
}

async fn held(service: &Service) -> Vec<String> {
    let list = service.get("/monitoring/decisions/?origin=crowdsec:lapi").await.json();
    let decisions = list["decisions"].as_array().unwrap().iter();
    let mut values: Vec<_> = decisions.map(|it| it["value"].as_str().unwrap().to_owned()).collect();
    values.sort();
    values
}

async fn job(service: &Service) -> Value {
    let health = send(service.request("GET", "/monitoring/health/")).await.json();
    health["jobs"].as_array().unwrap().iter().find(|job| job["name"] == "crowdsec").unwrap().clone()
}

#[tokio::test]
async fn bans_come_over_with_their_changes_and_ours_do_not_come_back() {
    let fake = Fake::with_key(std::env::var(KEY_ENV).unwrap());
    let all = [
        ban("192.0.2.7", "CAPI"),
        ban("10.1.0.0/16", "lists"),
        ban("192.0.2.9", "operator"),
        ban("192.0.2.6", "crowdsec:lapi"),
    ];
    *fake.all.lock().unwrap() = all.to_vec();
    let url = fake.start().await;
    let service = start(Ground::new().await, &url).await;
    until(async || held(&service).await == ["10.1.0.0/16", "192.0.2.7"]).await;
    let decision =
        service.get("/monitoring/decisions/?target=192.0.2.7").await.json()["decisions"][0].clone();
    assert_eq!(
        (&decision["action"], &decision["reason"], &decision["created_by"]),
        (&json!("block"), &json!("crowdsecurity/http-probing"), &json!("crowdsec"))
    );
    fake.changes.lock().unwrap().push(json!({
        "new": [ban("192.0.2.8", "crowdsec")], "deleted": [ban("192.0.2.7", "CAPI"), ban("203.0.113.1", "CAPI")],
    }));
    until(async || held(&service).await == ["10.1.0.0/16", "192.0.2.8"]).await;

    // After a restart everything is asked for: what is gone goes, and what is there is not told to edges anew.
    let revision = "SELECT value FROM revisions WHERE name = 'decisions'";
    *fake.all.lock().unwrap() = vec![ban("10.1.0.0/16", "lists"), ban("192.0.2.10", "CAPI")];
    let Service { ground, running, .. } = service;
    running.stop().await;
    let before = ground.connect().await.number(revision).await;
    let again = start(ground, &url).await;
    until(async || held(&again).await == ["10.1.0.0/16", "192.0.2.10"]).await;
    assert_eq!(fake.asks("true"), 2);
    assert_eq!(again.ground.connect().await.number(revision).await, before + 2);
    assert_eq!(job(&again).await["last_error"], Value::Null);
}

#[tokio::test]
async fn after_a_lost_answer_and_under_another_lease_everything_is_asked_for() {
    let fake = Fake::with_key(std::env::var(KEY_ENV).unwrap());
    *fake.all.lock().unwrap() = vec![ban("192.0.2.7", "crowdsec")];
    let url = fake.start().await;
    let service = start(Ground::new().await, &url).await;
    until(async || held(&service).await == ["192.0.2.7"]).await;
    // It knows that it has told this, and will not tell it again.
    fake.is_lost.store(true, Ordering::SeqCst);
    *fake.all.lock().unwrap() = vec![ban("192.0.2.8", "crowdsec")];
    fake.changes
        .lock()
        .unwrap()
        .push(json!({ "new": [ban("192.0.2.8", "crowdsec")], "deleted": [ban("192.0.2.7", "crowdsec")] }));
    until(async || held(&service).await == ["192.0.2.8"]).await;
    assert_eq!(fake.asks("true"), 2);
    // Another had the lease, and may have been told a part that it never stored.
    *fake.all.lock().unwrap() = vec![ban("192.0.2.9", "crowdsec")];
    service.ground.connect().await.run("UPDATE leases SET fence = fence + 1 WHERE name = 'crowdsec'").await;
    until(async || held(&service).await == ["192.0.2.9"]).await;
}

#[tokio::test]
async fn thousands_go_at_once_and_what_ran_out_before_is_not_looked_for() {
    let fake = Fake::with_key(std::env::var(KEY_ENV).unwrap());
    let many: Vec<_> =
        (0..2_500).map(|number| ban(&format!("10.0.{}.{}", number / 256, number % 256), "CAPI")).collect();
    *fake.all.lock().unwrap() = many.clone();
    let url = fake.start().await;
    let service = start(Ground::new().await, &url).await;
    let count = "SELECT count(*) FROM decisions WHERE removed_ms IS NULL";
    let holding = async || service.ground.connect().await.number(count).await;
    until(async || holding().await == 2_500).await;
    let mut gone = many;
    gone.extend((0..2_500).map(|number| ban(&format!("11.0.{}.{}", number / 256, number % 256), "CAPI")));
    gone.retain(|ban| ban["value"] != "10.0.9.1");
    fake.changes.lock().unwrap().push(json!({ "new": null, "deleted": gone }));
    until(async || holding().await == 1).await;
    assert_eq!(held(&service).await, ["10.0.9.1"]);
}

#[tokio::test]
async fn what_it_does_not_say_is_told_in_health() {
    let service = start(Ground::new().await, "http://127.0.0.1:1").await;
    until(async || job(&service).await["last_error"] == "unreachable").await;
    let url = Fake::with_key("another".to_owned()).start().await;
    let other = start(Ground::new().await, &url).await;
    until(async || job(&other).await["last_error"] == "forbidden").await;
}
