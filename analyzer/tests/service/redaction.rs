//! What is personal in what edges and operators send goes out nowhere: no answer, no log line, no metric.
//!
//! The texts are those of our own corpus and, where it is there, of the shared one, as far as the recognisers know what is marked in them: how
//! far that is, `crates/redact` tests. Here it is that no way out leads around them.

use crate::ground::Ground;
use crate::harness::{Reply, incident, report, row, send};
use crate::process::{Server, key};
use crate::{candidate, websocket};
use portcullis_redact::redact;
use portcullis_report::{Bounds, CandidateReport, Incident, Reason, Report, SocketsReport};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use std::time::{SystemTime, UNIX_EPOCH};

const CORPORA: [&str; 2] = ["../crates/redact/testdata/marked.jsonl", "../../shared/bench/pii_dev.jsonl"];
/// Kinds that are known by sight rather than by form: words, which a report is full of.
const BY_SIGHT: [&str; 3] = ["PERSON", "ADDRESS", "DOB"];
/// Texts of one corpus.
const TEXTS: usize = 160;
/// What is shorter can be part of a number that is nobody's.
const SHORTEST: usize = 8;

/// A text that fits into every field, and what is personal in it.
struct Personal {
    text: String,
    values: Vec<String>,
}

fn corpus() -> Vec<Personal> {
    let mut all = Vec::new();
    for path in CORPORA {
        let Ok(text) = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)) else {
            eprintln!("{path} is absent: its texts are not sent");
            continue;
        };
        all.extend(text.lines().filter_map(personal).take(TEXTS));
    }
    assert!(all.len() >= 20, "{}", all.len());
    all
}

fn personal(line: &str) -> Option<Personal> {
    let line: Value = serde_json::from_str(line).unwrap();
    let text = line["text"].as_str().unwrap().to_owned();
    let place = |span: &Value, name: &str| usize::try_from(span[name].as_u64().unwrap()).unwrap();
    let spans = line["spans"].as_array().unwrap().iter();
    let spans = spans.filter(|span| !BY_SIGHT.contains(&span["label"].as_str().unwrap()));
    let values: Vec<_> = spans
        .map(|span| text.get(place(span, "bstart")..place(span, "bend")).unwrap().to_owned())
        .filter(|value| value.len() >= SHORTEST)
        .collect();
    let is_known = values.iter().all(|value| !redact(&text).as_str().contains(value.as_str()));
    let fits = text.len() <= Bounds::LABEL_BYTES && !text.chars().any(char::is_control);
    (fits && is_known && !values.is_empty()).then_some(Personal { text, values })
}

/// A report with the texts wherever an edge writes one.
fn told(texts: &[Personal], now_ms: u64) -> Report {
    let text = |it: &Personal| it.text.clone();
    let mut rollup = Vec::new();
    let mut incidents = Vec::new();
    let (mut rows, mut clients, mut changes) = (Vec::new(), Vec::new(), Vec::new());
    for (number, it) in texts.iter().enumerate() {
        let mut one = row(&text(it), Some(Reason::Depth), 1);
        one.key.class = text(it);
        rollup.push(one);
        incidents.push(Incident {
            correlation_id: text(it),
            client: Some(text(it)),
            class: Some(text(it)),
            operation: text(it),
            document: Some(format!("{{ a(b: \"{0}\") {0} }}", it.text)),
            ..incident(&format!("{number:016x}"), Reason::Depth, now_ms)
        });
        rows.push(websocket::row(&it.text, 1));
        let mut client = websocket::client(&format!("{number:032x}"), 1);
        client.class = text(it);
        clients.push(client);
        let mut change = candidate::change(&it.text, None, Some(Reason::Depth), 1);
        (change.class, change.correlation_id, change.document) = (text(it), text(it), Some(text(it)));
        changes.push(change);
    }
    Report {
        from_ms: now_ms,
        to_ms: now_ms,
        rollup,
        incidents,
        sockets: Some(SocketsReport { rows, clients, clients_merged: 0 }),
        candidate: Some(CandidateReport { judged: 1, undecided: 0, changes, dropped: 0 }),
        ..report(1)
    }
}

#[tokio::test]
async fn what_is_personal_goes_out_nowhere() {
    let corpus = corpus();
    let ground = Ground::with("http: { requests_per_s: 100000 }\n").await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let (edge, operator) = (key(&ground, "edge"), key(&ground, "operator"));
    let log = Stdio::from(std::fs::File::create(&path).unwrap());
    let server = Server::start_with(&ground, &["--log-level", "debug"], log);
    let client = reqwest::Client::new();
    let call = |method: &str, path: &str, key: &str| {
        client.request(method.parse().unwrap(), format!("{}{path}", server.url)).header("x-api-key", key)
    };
    let mut out: Vec<(String, String)> = Vec::new();
    let mut keep = |what: &str, reply: &Reply| {
        let headers: String = reply.headers.values().map(|value| format!("{value:?}\n")).collect();
        out.push((what.to_owned(), format!("{headers}{}", reply.text)));
    };
    let now_ms = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    for texts in corpus.chunks(Bounds::SOCKET_ROWS) {
        let reply = send(call("POST", "/edge/v1/reports", &edge).json(&told(texts, now_ms))).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    let series = json!([{ "name": "ours", "points": [{ "at_ms": now_ms, "value": 1 }] }]);
    let add = call("POST", "/monitoring/series/", &operator).json(&json!({ "series": series }));
    assert_eq!(send(add).await.status, 200);
    for (number, it) in corpus.iter().enumerate() {
        let target = format!("203.0.{}.{}", number / 250, number % 250 + 1);
        let decision = json!({ "target": target, "duration": "4h", "reason": it.text });
        let decide =
            call("POST", "/monitoring/decisions/", &operator).json(&json!({ "decisions": [decision] }));
        let decided = send(decide).await;
        assert_eq!(decided.status, 201, "{}", decided.text);
        keep("decide", &decided);
        let series =
            json!([{ "name": "a", "labels": { "b": it.text }, "points": [{ "at_ms": now_ms, "value": 1 }] }]);
        keep(
            "series",
            &send(call("POST", "/monitoring/series/", &operator).json(&json!({ "series": series }))).await,
        );
        for path in
            ["/monitoring/security/", "/monitoring/decisions/", "/monitoring/graphql/", "/v1/decisions"]
        {
            let asked = call("GET", path, &operator).query(&[
                ("target", &it.text),
                ("ip", &it.text),
                ("window", &it.text),
            ]);
            keep(path, &send(asked).await);
        }
        let wrong = json!({ "version": 1, "boot": it.text, it.text.as_str(): it.text });
        keep("report", &send(call("POST", "/edge/v1/reports", &edge).json(&wrong)).await);
        keep(
            "key",
            &send(
                call("GET", "/monitoring/graphql/", "x")
                    .header("x-correlation-id", "x")
                    .query(&[("a", &it.text)]),
            )
            .await,
        );
    }
    for path in [
        "/monitoring/graphql/?limit=1000",
        "/monitoring/graphql/candidate/?limit=1000",
        "/monitoring/websocket/?limit=1000",
        "/monitoring/security/?limit=1000",
        "/monitoring/decisions/?limit=1000",
        "/monitoring/series/?limit=1000",
        "/monitoring/metrics/",
        "/monitoring/health/",
        "/v1/decisions/stream?startup=true",
    ] {
        let reply = send(call("GET", path, &operator)).await;
        assert_eq!(reply.status, 200, "{path}");
        assert!(reply.text.len() > 50, "{path} {}", reply.text);
        keep(path, &reply);
    }
    keep("feed", &send(call("GET", "/edge/v1/decisions?after=0", &edge)).await);
    assert_eq!(server.end(Signal::TERM), Some(0));
    let lines = std::fs::read_to_string(&path).unwrap();
    assert!(lines.contains("started"), "{lines}");
    out.push(("log".to_owned(), lines));
    let mut found: Vec<String> = Vec::new();
    for (what, text) in &out {
        for value in corpus.iter().flat_map(|it| &it.values) {
            let escaped = serde_json::to_string(value).unwrap();
            if text.contains(value.as_str()) || text.contains(escaped.trim_matches('"')) {
                found.push(format!("{value:?} in {what}"));
            }
        }
    }
    assert!(found.is_empty(), "{} of {} answers: {found:#?}", found.len(), out.len());
}
