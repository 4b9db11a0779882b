//! The configuration read again: what holds from then on, what takes a new start, and what a mistake changes (nothing).

use crate::ground::Ground;
use crate::harness::{Reply, incident, report, send, until};
use crate::process::{Server, key};
use portcullis_report::{Incident, Reason, Report};
use reqwest::header::CONTENT_TYPE;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// A running `portcullis serve` on a file that can change.
struct Changeable {
    server: Server,
    file: PathBuf,
    base: String,
    keys: [String; 3],
    client: reqwest::Client,
    /// Its folder goes with it.
    _ground: Ground,
}

impl Changeable {
    async fn start(settings: &str) -> Self {
        let ground = Ground::with("").await;
        let keys = ["admin", "viewer", "edge"].map(|role| key(&ground, role));
        let [_, file] = ground.place();
        let base = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("{base}{settings}")).unwrap();
        Self {
            server: Server::start(&ground),
            file,
            base,
            keys,
            client: reqwest::Client::new(),
            _ground: ground,
        }
    }

    fn write(&self, settings: &str) {
        std::fs::write(&self.file, format!("{}{settings}", self.base)).unwrap();
    }

    async fn ask(&self, method: &str, path: &str, key: usize) -> Reply {
        let request = self.client.request(method.parse().unwrap(), format!("{}{path}", self.server.url));
        send(request.header("x-api-key", &self.keys[key])).await
    }

    async fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, 1).await
    }

    async fn reload(&self) -> Reply {
        self.ask("POST", "/monitoring/reload/", 0).await
    }

    async fn health(&self) -> Value {
        self.get("/monitoring/health/").await.json()["reload"].clone()
    }

    async fn counted(&self, sample: &str) -> Option<u64> {
        let text = self.get("/monitoring/metrics/").await.text;
        text.lines().find_map(|line| line.strip_prefix(sample)?.trim().parse().ok())
    }

    async fn report(&self, report: &Report) {
        let request = self.client.post(format!("{}/edge/v1/reports", self.server.url));
        let body = serde_json::to_vec(report).unwrap();
        let request = request.bearer_auth(&self.keys[2]).header(CONTENT_TYPE, "application/json");
        assert_eq!(send(request.body(body)).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_change_changes_and_what_cannot_is_said() {
    let it = Changeable::start("").await;
    assert_eq!(it.get("/monitoring/graphql/?window=20d").await.status, 200);
    assert_eq!(it.health().await, Value::Null);
    it.write(
        "retention: { days: 3 }\nlog: { level: error }\nhttp: { requests_per_s: 1000, connections: 99 }\n",
    );
    let reply = it.reload().await;
    let expected = json!({"changed": ["http", "retention"], "needs_restart": ["log", "http.connections"]});
    assert_eq!((reply.status, reply.json()), (200, expected));
    assert_eq!(it.get("/monitoring/graphql/?window=20d").await.status, 400);
    assert_eq!(it.get("/monitoring/graphql/?window=2d").await.status, 200);
    let health = it.health().await;
    assert_eq!((&health["outcome"], &health["needs_restart"]), (&json!("done"), &json!(2)));
    // Jobs of the new configuration run.
    let jobs = it.get("/monitoring/health/").await.json()["jobs"].clone();
    let names: Vec<_> = jobs.as_array().unwrap().iter().map(|job| job["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["retention", "fold", "engine"]);
    // Nothing more has changed.
    let again = it.reload().await.json();
    assert_eq!(again["changed"], json!([]));
    // By a signal it is the same, back again.
    it.write("");
    it.server.signal(Signal::HUP);
    until(async || it.get("/monitoring/graphql/?window=20d").await.status == 200).await;
    let done = "portcullis_analyzer_reloads_total{what=\"configuration\",outcome=\"done\"}";
    until(async || it.counted(done).await == Some(3)).await;
    assert_eq!(it.server.end(Signal::TERM), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mistake_changes_nothing_and_is_answered_logged_and_counted() {
    let it = Changeable::start("").await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.yaml"), "name: a\n").unwrap();
    let scenarios = format!("security: {{ scenarios: \"{}\" }}\n", folder.path().display());
    for (settings, said) in [
        ("retention: { days: 0 }\nstore: { readers: 0 }\n", "retention.days: must be at least 1, got 0"),
        ("retention: { days: 0 }\nstore: { readers: 0 }\n", "store.readers: must be at least 1, got 0"),
        // Half of it is written.
        ("retention: { days", "retention"),
        ("retenti: {}\n", "unknown field `retenti`"),
        (&scenarios, "security.scenarios: a.yaml: "),
        (
            "crowdsec: { url: 'http://127.0.0.1:1', key_env: PORTCULLIS_NO_SUCH }\n",
            "has no variable PORTCULLIS_NO_SUCH",
        ),
        (
            "tls: { certificate: /nowhere.pem, key: /nowhere.key }\n",
            "tls.certificate: cannot read /nowhere.pem",
        ),
    ] {
        it.write(settings);
        let reply = it.reload().await;
        let detail = reply.problem(422);
        assert!(detail.contains(said), "{detail}");
        assert_eq!(reply.json()["type"], "urn:portcullis:problem:configuration");
        assert_eq!(it.get("/monitoring/graphql/?window=20d").await.status, 200);
    }
    assert_eq!(it.health().await["outcome"], "refused");
    let refused = "portcullis_analyzer_reloads_total{what=\"configuration\",outcome=\"refused\"}";
    assert_eq!(it.counted(refused).await, Some(7));
    // Who may not, may not; and TLS takes a new start.
    for key in [1, 2] {
        let said = it.ask("POST", "/monitoring/reload/", key).await.problem(403);
        assert!(said.starts_with("Only a key of the role admin"), "{said}");
    }
    assert_eq!(it.ask("GET", "/monitoring/reload/", 0).await.status, 405);
    assert_eq!(it.server.end(Signal::TERM), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_notices() {
    let it = Changeable::start("").await;
    let asking = async {
        for _ in 0..150 {
            assert_eq!(it.get("/monitoring/graphql/").await.status, 200);
            it.report(&report(1)).await;
        }
    };
    let changing = async {
        for days in 0..20 {
            it.write(&format!(
                "retention: {{ days: {} }}\nhttp: {{ requests_per_s: {} }}\n",
                days,
                5_000 + days
            ));
            // Every other minute it is a mistake, or half of it.
            let status = it.reload().await.status;
            assert_eq!(status, if days == 0 { 422 } else { 200 });
        }
    };
    tokio::join!(asking, changing);
    assert_eq!(it.server.end(Signal::TERM), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_without_a_file_has_nothing_to_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let ground = Ground::folder(folder.path());
    portcullis_analyzer::begin_tls();
    let admin = key(&ground, "admin");
    let server = Server::start(&ground);
    let request = reqwest::Client::new().post(format!("{}/monitoring/reload/", server.url));
    let reply = send(request.header("x-api-key", admin)).await;
    assert!(reply.problem(409).starts_with("The service was started without --config"));
    assert_eq!(server.end(Signal::TERM), Some(0));
}

fn scenario(folder: &Path, name: &str, capacity: u64) {
    let text = format!(
        "name: {name}\nfilter: [{{reason: [depth]}}]\ntype: leaky\ncapacity: {capacity}\nleak_ms: 100000\ngroup_by: [client]\nscore: 10\n"
    );
    std::fs::write(folder.join(format!("{name}.yaml")), text).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scenario_that_stays_goes_on_with_its_buckets_and_scores_stay() {
    let folder = tempfile::tempdir().unwrap();
    scenario(folder.path(), "stays", 3);
    scenario(folder.path(), "first", 1);
    let settings = |more: &str| format!("security: {{ scenarios: \"{}\"{more} }}\n", folder.path().display());
    let it = Changeable::start(&settings("")).await;
    let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let deliver = async |count: usize| {
        let incidents = (0..count).map(|_| incident("0123456789abcdef", Reason::Depth, now)).collect();
        it.report(&Report { from_ms: now - 1_000, to_ms: now, incidents, ..report(1) }).await;
    };
    let judged = async || it.get("/monitoring/security/").await.json()["engine"]["incidents"].as_u64();
    let found = async |name: &str| {
        it.counted(&format!("portcullis_analyzer_detections_total{{scenario=\"{name}\"}}")).await
    };
    deliver(3).await;
    until(async || judged().await == Some(3)).await;
    assert_eq!((found("first").await, found("stays").await, found("second").await), (Some(1), Some(0), None));
    let score = async || {
        it.get("/monitoring/security/?target=192.0.2.7").await.json()["clients"][0]["score"].as_f64()
    };
    let before = score().await.unwrap();
    assert!(before > 9.0, "{before}");
    // One more scenario, which starts with what comes from now on, one less, and other limits.
    scenario(folder.path(), "second", 1);
    std::fs::remove_file(folder.path().join("first.yaml")).unwrap();
    it.write(&settings(", throttle_at: 90"));
    assert_eq!(it.reload().await.json()["changed"], json!(["security"]));
    assert_eq!(found("second").await, Some(0));
    let after = score().await.unwrap();
    assert!((before - after).abs() < 1.0, "{before} {after}");
    deliver(1).await;
    until(async || judged().await == Some(4)).await;
    assert_eq!(
        (found("stays").await, found("second").await, found("first").await),
        (Some(1), Some(0), Some(1))
    );
    assert!(score().await.unwrap() > before + 9.0);
    assert_eq!(it.server.end(Signal::TERM), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_the_configuration_lets_alone_changes_at_once() {
    let it = Changeable::start("").await;
    let now = || u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let bombs = async |client: &str| {
        let one = Incident {
            client: Some(client.to_owned()),
            ..incident("0123456789abcdef", Reason::Depth, now())
        };
        let at_ms = now();
        let incidents = vec![one; 6];
        it.report(&Report { from_ms: at_ms, to_ms: at_ms, incidents, ..report(1) }).await;
    };
    let about = async |client: &str| {
        let answer = it.get(&format!("/monitoring/security/?target={client}")).await.json();
        answer["clients"].as_array().unwrap().len()
    };
    bombs("192.0.2.7").await;
    until(async || about("192.0.2.7").await == 1).await;
    it.write("security: { allow: [198.51.100.0/24] }\n");
    assert_eq!(it.reload().await.json()["changed"], json!(["security"]));
    // Incidents are judged in their order: when the last one has been, so has the first.
    bombs("198.51.100.7").await;
    bombs("192.0.2.8").await;
    until(async || about("192.0.2.8").await == 1).await;
    assert_eq!(about("198.51.100.7").await, 0);
}
