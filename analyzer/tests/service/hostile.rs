//! Reports that mean harm, or come from someone who does: each gets its status and its count, and nothing of it is stored.

use crate::harness::{NOW, Reply, Service, incident, report, row, send, until};
use flate2::Compression;
use flate2::write::GzEncoder;
use portcullis_analyzer::{Key, Role};
use portcullis_report::{
    Bounds, CandidateReport, ChangeRow, ClientRow, ClientsReport, CloseCode, OperationKind, Reason, Report,
    SocketClient, SocketRow, SocketsReport, Spread, Traffic,
};
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use std::io::Write as _;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Every table that a report writes to.
const TABLES: [&str; 10] = [
    "boots",
    "rollup",
    "totals",
    "incidents",
    "candidate_changes",
    "candidate_totals",
    "sockets",
    "socket_clients",
    "socket_workers",
    "activity",
];
const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A report with something in each of its parts; what is counted is counted so many times.
fn whole(count: u64) -> Report {
    let mut sockets = SocketRow {
        class: "default".to_owned(),
        active: count,
        opened: count,
        failed: count,
        from_clients: Traffic { messages: count, bytes: count },
        ..SocketRow::default()
    };
    sockets.refused.insert(Reason::SocketOrigin, count);
    sockets.closes.insert(CloseCode::Normal, count);
    sockets.duration_ms = Spread { sum: count, counts: vec![count; Spread::DURATION_MS.len() + 1] };
    let client = SocketClient {
        client_key: KEY.to_owned(),
        class: "default".to_owned(),
        attempts: count,
        rejected: count,
        messages: count,
        bytes: count,
    };
    let change = ChangeRow {
        operation: "A".to_owned(),
        kind: OperationKind::Query,
        class: "default".to_owned(),
        live: None,
        candidate: Some(Reason::Depth),
        count,
        correlation_id: "id".to_owned(),
        document: Some("{a}".to_owned()),
    };
    Report {
        rollup: vec![row("A", None, count), row("B", Some(Reason::Depth), count)],
        incidents: vec![incident("0123456789abcdef", Reason::Depth, NOW)],
        incidents_dropped: count,
        sockets: Some(SocketsReport { rows: vec![sockets], clients: vec![client], clients_merged: 0 }),
        candidate: Some(CandidateReport {
            judged: count,
            undecided: count,
            changes: vec![change],
            dropped: count,
        }),
        ..report(1)
    }
}

/// The report as JSON with one thing changed.
fn with(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut value = serde_json::to_value(whole(3)).unwrap();
    change(&mut value);
    serde_json::to_vec(&value).unwrap()
}

/// A list with its first entry so many times.
fn repeat(list: &mut Value, number: usize) {
    let first = list[0].clone();
    *list = Value::Array(vec![first; number]);
}

/// Replaces one text by another in the report as it is written.
fn written(from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(with(|_| ())).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    text.replacen(from, to, 1).into_bytes()
}

/// How many reports ended like this.
async fn outcome(service: &Service, outcome: &str) -> u64 {
    let text = service.get("/monitoring/metrics/").await.text;
    let start = format!("portcullis_analyzer_reports_total{{outcome=\"{outcome}\"}} ");
    let count = text.lines().find_map(|line| line.strip_prefix(start.as_str()));
    count.unwrap_or_else(|| panic!("no {start} in\n{text}")).parse().unwrap()
}

async fn assert_empty(service: &Service) {
    for table in TABLES {
        assert_eq!(service.rows(table).await, 0, "{table}");
    }
}

async fn post(service: &Service, headers: &[(&'static str, &'static str)], body: Vec<u8>) -> Reply {
    let request = service.request("POST", "/edge/v1/reports").bearer_auth(service.edge.reveal());
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    send(request.body(body)).await
}

/// A megabyte that a kilobyte becomes.
fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![b' '; 16 * Bounds::REPORT_BYTES]).unwrap();
    encoder.finish().unwrap()
}

/// Bodies, and the status that each gets.
fn hostile() -> Vec<(&'static str, Vec<u8>, u16)> {
    let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
    let text = |depth| String::from_utf8(nested(depth)).unwrap();
    vec![
        ("brackets in brackets", nested(100_000), 422),
        (
            "brackets in a number's place",
            written("\"sequence\":1", &format!("\"sequence\":{}", text(10_000))),
            422,
        ),
        ("open brackets", vec![b'{'; 100_000], 400),
        ("compressed, and not said so", bomb(), 400),
        ("a number beyond all", written("\"sequence\":1", "\"sequence\":1e999"), 400),
        ("a number just beyond", written("\"sequence\":1", "\"sequence\":18446744073709551616"), 422),
        ("no number", written("\"sequence\":1", "\"sequence\":NaN"), 400),
        ("a long number", written("\"sequence\":1", &format!("\"sequence\":{}", "9".repeat(100_000))), 400),
        ("half a surrogate", written("\"A\"", "\"\\ud800\""), 400),
        ("a raw zero in a text", written("\"A\"", "\"\0\""), 400),
        ("a list for a report", with(|v| *v = json!([v.clone()])), 422),
        ("a long name", with(|v| v["rollup"][0]["key"]["class"] = json!("c".repeat(65))), 422),
        ("a very long name", with(|v| v["rollup"][0]["key"]["class"] = json!("c".repeat(900_000))), 422),
        ("many rows", with(|v| repeat(&mut v["rollup"], Bounds::ROWS + 1)), 422),
        ("many incidents", with(|v| repeat(&mut v["incidents"], Bounds::INCIDENTS + 1)), 422),
        ("many changes", with(|v| repeat(&mut v["candidate"]["changes"], Bounds::CHANGES + 1)), 422),
        ("many socket rows", with(|v| repeat(&mut v["sockets"]["rows"], Bounds::SOCKET_ROWS + 1)), 422),
        ("many clients", with(|v| repeat(&mut v["sockets"]["clients"], Bounds::SOCKET_CLIENTS + 1)), 422),
        ("a change that is none", with(|v| v["candidate"]["changes"][0]["candidate"] = json!(null)), 422),
        ("no client key", with(|v| v["sockets"]["clients"][0]["client_key"] = json!("me")), 422),
        ("a spread of one", with(|v| v["sockets"]["rows"][0]["duration_ms"]["counts"] = json!([1])), 422),
        (
            "no close code",
            with(|v| v["sockets"]["rows"][0]["closes"] = json!({ "'; DROP TABLE keys": 1 })),
            422,
        ),
        ("another version", with(|v| v["version"] = json!(u32::MAX)), 422),
        ("a window that ends before time", with(|v| v["to_ms"] = json!(-1)), 422),
        ("a window that ends before it begins", with(|v| v["from_ms"] = json!(u64::MAX)), 422),
        ("a window of the far future", with(|v| v["to_ms"] = json!(u64::MAX)), 422),
        ("an incident of the far future", with(|v| v["incidents"][0]["at_ms"] = json!(u64::MAX)), 422),
    ]
}

#[tokio::test]
async fn what_means_harm_is_refused_counted_and_leaves_nothing() {
    let service = Service::start().await;
    let mut rejected = 0;
    for (what, body, status) in hostile() {
        let reply = service.post(body).await;
        assert_eq!(reply.status, status, "{what}: {}", reply.text);
        assert!(reply.problem(status).chars().count() < 400, "{what}: {}", reply.text);
        rejected += 1;
        assert_eq!(outcome(&service, "rejected").await, rejected, "{what}");
    }
    let plain = ("content-type", "application/json");
    for (what, headers, body, status) in [
        ("a bomb", vec![plain, ("content-encoding", "gzip")], bomb(), 415),
        ("a bomb in a bomb", vec![plain, ("content-encoding", "gzip, gzip")], bomb(), 415),
        ("no type", vec![], with(|_| ()), 415),
        ("too much", vec![plain], vec![b' '; Bounds::REPORT_BYTES + 1], 413),
    ] {
        assert_eq!(post(&service, &headers, body).await.status, status, "{what}");
        rejected += 1;
        assert_eq!(outcome(&service, "rejected").await, rejected, "{what}");
    }
    assert_eq!((outcome(&service, "stored").await, outcome(&service, "overloaded").await), (0, 0));
    assert_empty(&service).await;
    assert_eq!(service.report(&whole(3)).await.status, 200);
}

#[tokio::test]
async fn who_has_no_key_of_an_edge_is_told_so_before_the_body_is_read() {
    let service = Service::start().await;
    let good = service.edge.reveal();
    let forged = format!("pk_edge_{}_{}", service.edge.id(), "A".repeat(43));
    let stranger = Key::mint(Role::Edge).unwrap().reveal();
    let operator = service.ground.add_key(Role::Operator).await.reveal();
    let mut forbidden = 0;
    for (key, status) in [
        (forged.as_str(), 401),
        (&stranger, 401),
        (&good.replace("pk_edge", "pk_admin"), 401),
        (good.get(1..).unwrap(), 401),
        ("", 401),
        (&service.viewer.reveal(), 403),
        (&operator, 403),
    ] {
        let mut stream = head(&service, key, Bounds::REPORT_BYTES).await;
        assert_eq!(answered(&mut stream).await, status, "{key}");
        forbidden += 1;
        assert_eq!(outcome(&service, "forbidden").await, forbidden, "{key}");
    }
    assert_eq!(outcome(&service, "rejected").await, 0);
    assert_empty(&service).await;
}

/// A connection on which the head of a report has been sent.
async fn head(service: &Service, key: &str, length: usize) -> TcpStream {
    let mut stream = TcpStream::connect(service.running.address()).await.unwrap();
    let head = format!(
        "POST /edge/v1/reports HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// The status of the answer.
async fn answered(stream: &mut TcpStream) -> u16 {
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    String::from_utf8_lossy(&head[9..]).parse().unwrap()
}

#[tokio::test]
async fn the_same_number_with_another_body_changes_nothing() {
    let service = Service::start().await;
    let first = whole(3);
    assert_eq!(service.report(&first).await.json(), json!({ "outcome": "stored" }));
    let before = service.graphql("window=1h").await["totals"].clone();
    for count in [1, 4, u64::MAX] {
        let other = Report { boot: first.boot, ..whole(count) };
        assert_eq!(service.report(&other).await.json(), json!({ "outcome": "duplicate" }));
    }
    assert_eq!(service.graphql("window=1h").await["totals"], before);
    assert_eq!((service.rows("incidents").await, service.rows("boots").await), (1, 1));
    assert_eq!(outcome(&service, "duplicate").await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_with_the_same_number_one_is_stored_whole() {
    let service = Service::start().await;
    let boot = report(1).boot;
    let mut tasks = tokio::task::JoinSet::new();
    for count in 1..=24 {
        let body = serde_json::to_vec(&Report { boot, ..whole(count) }).unwrap();
        let request = service.request("POST", "/edge/v1/reports").bearer_auth(service.edge.reveal());
        tasks.spawn(send(request.header(CONTENT_TYPE, "application/json").body(body)));
    }
    let replies = tasks.join_all().await;
    let stored = replies.iter().filter(|reply| reply.json() == json!({ "outcome": "stored" })).count();
    assert_eq!((stored, outcome(&service, "duplicate").await), (1, 23));
    // Whichever it was, all of its parts are of it.
    let mut store = service.ground.connect().await;
    let count = store.number("SELECT incidents_dropped FROM totals").await;
    for number in [
        "SELECT CAST(min(requests) AS BIGINT) FROM rollup",
        "SELECT CAST(max(requests) AS BIGINT) FROM rollup",
        "SELECT judged FROM candidate_totals",
        "SELECT requests FROM candidate_changes",
        "SELECT CAST(min(amount) AS BIGINT) FROM sockets",
        "SELECT CAST(max(amount) AS BIGINT) FROM sockets",
        "SELECT bytes FROM socket_clients",
        "SELECT active FROM socket_workers",
    ] {
        assert_eq!(store.number(number).await, count, "{number}");
    }
    assert!((1..=24).contains(&count) && store.number("SELECT count(*) FROM incidents").await == 1);
}

#[tokio::test]
async fn the_largest_numbers_saturate_in_every_part() {
    let service = Service::start().await;
    for _ in 0..3 {
        assert_eq!(service.report(&whole(u64::MAX)).await.status, 200);
    }
    let mut store = service.ground.connect().await;
    for number in [
        "SELECT min(requests) FROM rollup",
        "SELECT min(requests) FROM totals",
        "SELECT min(judged) FROM candidate_totals",
        "SELECT min(requests) FROM candidate_changes",
        "SELECT min(amount) FROM sockets",
        "SELECT min(bytes) FROM socket_clients",
        "SELECT min(active) FROM socket_workers",
    ] {
        assert_eq!(store.number(number).await, i64::MAX, "{number}");
    }
    for path in ["/monitoring/graphql/", "/monitoring/graphql/candidate/", "/monitoring/websocket/"] {
        assert_eq!(service.get(path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn strange_texts_are_kept_as_they_are_beside_those_of_others() {
    let service = Service::start().await;
    let strange =
        ["\0", "'); DROP TABLE rollup; --", "\u{FFFF}\u{202E}", "{{}}$1 $$ ?1", "\\u0000\n\r\t", ""];
    for text in strange {
        let mut hostile = whole(1);
        hostile.rollup[0].key.operation = text.to_owned();
        hostile.rollup[0].key.class = text.to_owned();
        hostile.incidents[0].correlation_id = text.to_owned();
        hostile.incidents[0].document = Some(text.to_owned());
        hostile.candidate.as_mut().unwrap().changes[0].operation = text.to_owned();
        hostile.sockets.as_mut().unwrap().rows[0].class = text.to_owned();
        let (one, other) = tokio::join!(service.report(&hostile), async { service.report(&whole(1)).await });
        assert_eq!((one.status, other.status), (200, 200), "{text:?}");
    }
    let answer = service.graphql("window=1h&limit=100").await;
    let operations: Vec<_> = answer["by_operation"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["operation"].as_str().unwrap())
        .collect();
    for text in strange {
        // As answers show it.
        let kept = portcullis_redact::label(&text.replace('\0', "\u{FFFD}"));
        assert!(operations.contains(&kept.as_str()), "{kept:?} is not among {operations:?}");
    }
    assert_eq!(answer["totals"]["reports"], 12);
}

#[tokio::test]
async fn texts_that_a_store_keeps_alike_are_merged_as_alike() {
    let service = Service::start().await;
    let mut twice = whole(1);
    let clients = |class: &str| {
        let row = ClientRow {
            client_key: KEY.to_owned(),
            class: class.to_owned(),
            unfinished: 1,
            ..ClientRow::default()
        };
        ClientsReport { rows: vec![row], dropped: 0 }
    };
    twice.clients = Some(clients("\0"));
    let with_class = |report: &mut Report, class: &str| {
        report.rollup.truncate(1);
        report.rollup[0].key.class = class.to_owned();
        let sockets = report.sockets.as_mut().unwrap();
        (sockets.rows[0].class, sockets.clients[0].class) = (class.to_owned(), class.to_owned());
        report.candidate.as_mut().unwrap().changes[0].class = class.to_owned();
    };
    with_class(&mut twice, "\0");
    let mut other = whole(1);
    with_class(&mut other, "\u{FFFD}");
    twice.rollup.extend(other.rollup);
    let (sockets, others) = (twice.sockets.as_mut().unwrap(), other.sockets.unwrap());
    sockets.rows.extend(others.rows);
    sockets.clients.extend(others.clients);
    twice.candidate.as_mut().unwrap().changes.extend(other.candidate.unwrap().changes);
    twice.clients.as_mut().unwrap().rows.extend(clients("\u{FFFD}").rows);
    let reply = service.report(&twice).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    for table in ["rollup", "socket_clients", "socket_workers", "candidate_changes", "activity"] {
        assert_eq!(service.rows(table).await, 1, "{table}");
    }
    assert_eq!(service.graphql("window=1h").await["totals"]["requests"], 2);
}

#[tokio::test]
async fn a_clock_of_long_ago_is_believed_and_forgotten() {
    let service = Service::start_with(|config| config.retention.interval = Duration::from_millis(20)).await;
    let old = Report { from_ms: 0, to_ms: 0, ..whole(2) };
    let wide = Report { from_ms: 0, ..whole(2) };
    for report in [&old, &wide] {
        assert_eq!(service.report(report).await.json(), json!({ "outcome": "stored" }));
    }
    // What is of no window that is kept goes; the report stays known.
    until(async || service.rows("totals").await == 1).await;
    until(async || service.rows("candidate_totals").await == 1).await;
    assert_eq!(service.report(&old).await.json(), json!({ "outcome": "duplicate" }));
    assert_eq!(service.graphql("window=30d").await["totals"]["reports"], 1);
}

#[tokio::test]
async fn bodies_that_trickle_take_their_places_for_their_time_and_no_longer() {
    const PLACES: usize = 3;
    let service = Service::start_with(|config| {
        config.ingest.concurrency = PLACES;
        config.ingest.body_timeout = Duration::from_secs(2);
    })
    .await;
    let (mut slow, mut turned) = (Vec::new(), None);
    // One that comes while an honest report is in work may be turned away itself; then the next one has the place.
    until(async || {
        let mut stream = head(&service, &service.edge.reveal(), 1_000).await;
        stream.write_all(b"{").await.unwrap();
        slow.push(stream);
        let reply = service.report(&whole(1)).await;
        let is_full = reply.status == 503;
        turned = is_full.then_some(reply);
        is_full
    })
    .await;
    assert!(slow.len() >= PLACES);
    let turned = turned.unwrap();
    assert_eq!(
        (turned.problem(503).as_str(), turned.header("retry-after")),
        ("Too much is going on; try again.", Some("1"))
    );
    let stored = outcome(&service, "stored").await;
    for stream in &mut slow {
        assert!(matches!(answered(stream).await, 408 | 503));
    }
    until(async || service.report(&whole(1)).await.status == 200).await;
    assert!(outcome(&service, "overloaded").await > PLACES as u64);
    let reports = service.graphql("window=1h").await["totals"]["reports"].as_u64().unwrap();
    assert_eq!(reports, stored + 1);
}
