//! Reports in: exactly once, whole or not at all, and refused with a reason.

use crate::harness::{NOW, Service, incident, report, row, send, until};
use portcullis_report::{Bounds, Reason, Report};
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

fn sample() -> Report {
    Report {
        rollup: vec![row("A", None, 3), row("B", Some(Reason::Depth), 2)],
        incidents: vec![incident("0123456789abcdef", Reason::Depth, NOW)],
        incidents_dropped: 7,
        ..report(1)
    }
}

fn totals(reports: u64, requests: u64, refused: u64, incidents: u64, dropped: u64) -> Value {
    json!([reports, requests, refused, incidents, dropped])
}

async fn stored(service: &Service) -> Value {
    let totals = &service.graphql("window=1h").await["totals"];
    json!([
        totals["reports"],
        totals["requests"],
        totals["refused"],
        totals["incidents"],
        totals["incidents_dropped"]
    ])
}

#[tokio::test]
async fn a_report_is_stored_once() {
    let service = Service::start().await;
    let report = sample();
    for expected in ["stored", "duplicate", "duplicate"] {
        let reply = service.report(&report).await;
        assert_eq!((reply.status, reply.json()), (200, json!({ "outcome": expected })));
    }
    assert_eq!(stored(&service).await, totals(1, 5, 2, 1, 7));
    assert_eq!(service.rows("incidents").await, 1);
}

#[tokio::test]
async fn another_boot_or_sequence_is_another_report() {
    let service = Service::start().await;
    let first = sample();
    let next = Report { sequence: u64::MAX, ..first.clone() };
    for report in [&first, &next, &sample()] {
        assert_eq!(service.report(report).await.json(), json!({ "outcome": "stored" }));
    }
    assert_eq!(stored(&service).await, totals(3, 15, 6, 3, 21));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_report_from_sixteen_tasks_is_stored_once() {
    let service = Service::start().await;
    let body = serde_json::to_vec(&sample()).unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let request = service.request("POST", "/edge/v1/reports").bearer_auth(service.edge.reveal());
        tasks.spawn(send(request.header(CONTENT_TYPE, "application/json").body(body.clone())));
    }
    let replies = tasks.join_all().await;
    let outcomes: Vec<_> = replies.iter().map(|reply| reply.json()["outcome"].clone()).collect();
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "stored").count(), 1, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "duplicate").count(), 15, "{outcomes:?}");
    assert_eq!(stored(&service).await, totals(1, 5, 2, 1, 7));
}

#[tokio::test]
async fn a_body_of_the_limit_is_taken_and_one_byte_more_is_not() {
    let service = Service::start().await;
    for chunked in [false, true] {
        for (length, status) in
            [(Bounds::REPORT_BYTES - 1, 200), (Bounds::REPORT_BYTES, 200), (Bounds::REPORT_BYTES + 1, 413)]
        {
            let mut body = serde_json::to_vec(&sample()).unwrap();
            body.resize(length, b' ');
            assert_eq!(raw(&service, &body, chunked).await, status, "{length} chunked {chunked}");
        }
    }
    assert_eq!(service.rows("boots").await, 4);
    let reply = service.post(vec![b' '; Bounds::REPORT_BYTES + 1]).await;
    assert_eq!(reply.problem(413), "The body may have at most 1048576 bytes.");
}

/// The status of a report sent over a bare connection, with a length or in chunks.
async fn raw(service: &Service, body: &[u8], chunked: bool) -> u16 {
    let mut stream = open(service, if chunked { None } else { Some(body.len()) }).await;
    let (mut reading, mut writing) = stream.split();
    let write = async {
        // The service may answer and close before it has read everything.
        if !chunked {
            return writing.write_all(body).await.is_ok();
        }
        for chunk in body.chunks(50_000) {
            let head = format!("{:x}\r\n", chunk.len());
            if writing.write_all(&[head.as_bytes(), chunk, b"\r\n"].concat()).await.is_err() {
                return false;
            }
        }
        writing.write_all(b"0\r\n\r\n").await.is_ok()
    };
    let read = async {
        let mut head = [0; 12];
        reading.read_exact(&mut head).await.unwrap();
        String::from_utf8_lossy(&head[9..]).parse().unwrap()
    };
    let (_, status) = tokio::join!(write, read);
    status
}

/// A connection on which the head of a report has been sent.
async fn open(service: &Service, length: Option<usize>) -> TcpStream {
    let mut stream = TcpStream::connect(service.running.address()).await.unwrap();
    let framing =
        length.map_or("transfer-encoding: chunked".to_owned(), |length| format!("content-length: {length}"));
    let head = format!(
        "POST /edge/v1/reports HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\n{framing}\r\n\r\n",
        service.edge.reveal()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn only_plain_json_is_taken() {
    let service = Service::start().await;
    let body = serde_json::to_vec(&sample()).unwrap();
    let post = |headers: &[(&'static str, &'static str)]| {
        let request = service.request("POST", "/edge/v1/reports").bearer_auth(service.edge.reveal());
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        send(request.body(body.clone()))
    };
    for headers in [
        &[][..],
        &[("content-type", "text/plain")],
        &[("content-type", "application/json; charset=latin1")],
        &[("content-type", "application/json"), ("content-type", "application/json")],
    ] {
        let reply = post(headers).await;
        assert_eq!(reply.problem(415), "The content type must be application/json in UTF-8.");
    }
    let reply = post(&[("content-type", "application/json"), ("content-encoding", "gzip")]).await;
    assert_eq!(reply.problem(415), "The content must not be encoded.");
    let reply =
        post(&[("content-type", "application/json; charset=utf-8"), ("content-encoding", "identity")]).await;
    assert_eq!(reply.status, 200);
}

/// The report as JSON with one thing changed.
fn with(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut value = serde_json::to_value(sample()).unwrap();
    change(&mut value);
    serde_json::to_vec(&value).unwrap()
}

#[tokio::test]
async fn what_a_later_edge_tells_beyond_what_is_known_is_left_unread() {
    let service = Service::start().await;
    let reply = service.post(with(|v| {
        v["extra"] = json!({ "a": [1] });
        v["rollup"][1]["key"]["extra"] = json!(1);
    }));
    assert_eq!(reply.await.status, 200);
    assert_eq!(service.rows("rollup").await, 2);
}

fn wrong_reports() -> Vec<(Vec<u8>, u16, &'static str)> {
    let whole = serde_json::to_vec(&sample()).unwrap();
    let twice = String::from_utf8(whole.clone()).unwrap().replacen('{', "{\"version\":1,", 1);
    let mut invalid_utf8 = whole.clone();
    let operation = whole.windows(3).position(|window| window == b"\"A\"").unwrap();
    invalid_utf8[operation + 1] = 0xFF;
    vec![
        (Vec::new(), 400, "The body is not one JSON value: EOF while parsing a value"),
        (
            whole[..whole.len() - 1].to_vec(),
            400,
            "The body is not one JSON value: EOF while parsing an object",
        ),
        ([&whole[..], b"x"].concat(), 400, "The body is not one JSON value: trailing characters"),
        ([&whole[..], &whole[..]].concat(), 400, "The body is not one JSON value: trailing characters"),
        (invalid_utf8, 400, "The body is not one JSON value: invalid unicode code point"),
        (b"\xEF\xBB\xBF{}".to_vec(), 400, "The body is not one JSON value: expected value"),
        (twice.into_bytes(), 422, "The body is not a report: duplicate field `version`"),
        (b"null".to_vec(), 422, "The body is not a report: invalid type: null, expected struct Report"),
        (
            with(|v| drop(v.as_object_mut().unwrap().remove("boot"))),
            422,
            "The body is not a report: missing field `boot`",
        ),
        (with(|v| v["boot"] = json!("me")), 422, "The body is not a report: boot: UUID parsing failed"),
        (
            with(|v| v["sequence"] = json!("1")),
            422,
            "The body is not a report: sequence: invalid type: string \"1\"",
        ),
        (
            with(|v| v["sequence"] = json!(1.5)),
            422,
            "The body is not a report: sequence: invalid type: floating point",
        ),
        (
            with(|v| v["sequence"] = json!(-1)),
            422,
            "The body is not a report: sequence: invalid value: integer `-1`",
        ),
        (
            with(|v| v["rollup"][0]["depth_max"] = json!(4_294_967_296_u64)),
            422,
            "The body is not a report: rollup[0].depth_max: invalid value: integer `4294967296`",
        ),
        (
            with(|v| v["rollup"][0]["key"]["kind"] = json!("delete")),
            422,
            "The body is not a report: rollup[0].key.kind: unknown variant `delete`",
        ),
        (
            with(|v| v["incidents"][0]["reason"] = json!("mood")),
            422,
            "The body is not a report: incidents[0].reason: unknown variant `mood`",
        ),
        (with(|v| v["version"] = json!(2)), 422, "The body is not a report: version: must be 1, got 2"),
        (with(|v| v["sequence"] = json!(0)), 422, "The body is not a report: sequence: must be at least 1"),
        (
            with(|v| v["from_ms"] = json!(NOW + 1)),
            422,
            "The body is not a report: to_ms: must not be before from_ms",
        ),
        (
            with(|v| v["rollup"][0]["count"] = json!(0)),
            422,
            "The body is not a report: rollup[0].count: must be",
        ),
        (
            with(|v| v["rollup"][0]["key"]["operation"] = json!("x".repeat(65))),
            422,
            "The body is not a report: rollup[0].key.operation: at most 64 bytes, got 65",
        ),
        (
            with(|v| v["incidents"][0]["shape"] = json!("0123456789ABCDEF")),
            422,
            "The body is not a report: incidents[0].shape: must be 16 lowercase hex digits",
        ),
    ]
}

#[tokio::test]
async fn a_wrong_report_is_refused_with_the_reason_and_leaves_nothing() {
    let service = Service::start().await;
    for (body, status, detail) in wrong_reports() {
        let got = service.post(body).await.problem(status);
        assert!(got.starts_with(detail), "{got}\nnot {detail}");
    }
    for table in ["boots", "rollup", "totals", "incidents"] {
        assert_eq!(service.rows(table).await, 0, "{table}");
    }
    assert_eq!(service.report(&sample()).await.status, 200);
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_nothing() {
    let service = Service::start().await;
    let body = serde_json::to_vec(&sample()).unwrap();
    for framing in [Some(body.len() + 1), None] {
        let mut stream = open(&service, framing).await;
        stream.write_all(&body).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert!(!answer.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&answer));
    }
    assert_eq!(service.rows("boots").await, 0);
}

#[tokio::test]
async fn a_body_that_does_not_come_in_time_is_answered_408() {
    let service = Service::start_with(|config| config.ingest.body_timeout = Duration::from_millis(50)).await;
    let mut stream = open(&service, Some(10)).await;
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 408");
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_answered_503() {
    let service = Service::start_with(|config| config.http.request_timeout = Duration::from_millis(50)).await;
    let mut stream = open(&service, Some(10)).await;
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 503");
}

#[tokio::test]
async fn told_to_stop_it_finishes_what_is_in_work() {
    let service = Service::start().await;
    let body = serde_json::to_vec(&sample()).unwrap();
    let mut stream = open(&service, Some(body.len())).await;
    // The head has been read once a later request on another connection is answered.
    assert_eq!(service.get("/monitoring/health/").await.status, 200);
    let Service { running, ground, .. } = service;
    let address = running.address();
    let stopping = tokio::spawn(running.stop());
    until(async || TcpStream::connect(address).await.is_err()).await;
    stream.write_all(&body).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.ends_with(b"{\"outcome\":\"stored\"}"), "{}", String::from_utf8_lossy(&answer));
    stopping.await.unwrap();
    drop(ground);
}

#[tokio::test]
async fn told_to_stop_it_does_not_wait_for_ever() {
    let service =
        Service::start_with(|config| config.http.shutdown_timeout = Duration::from_millis(50)).await;
    let mut stream = open(&service, Some(10)).await;
    assert_eq!(service.get("/monitoring/health/").await.status, 200);
    let Service { running, ground, .. } = service;
    running.stop().await;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok();
    assert!(!answer.starts_with(b"HTTP/1.1 2"));
    drop(ground);
}

#[tokio::test]
async fn a_connection_beyond_their_number_waits_for_its_turn() {
    let service = Service::start_with(|config| config.http.connections = 1).await;
    let first = open(&service, Some(10)).await;
    let waiting = tokio::spawn(send(service.request("GET", "/monitoring/health/")));
    assert!(!waiting.is_finished());
    drop(first);
    assert_eq!(waiting.await.unwrap().status, 200);
}

#[tokio::test]
async fn a_head_that_does_not_come_in_time_is_cut_off() {
    let service = Service::start_with(|config| config.http.header_timeout = Duration::from_millis(50)).await;
    let mut stream = TcpStream::connect(service.running.address()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(!answer.starts_with(b"HTTP/1.1 2"));
}

#[tokio::test]
async fn times_may_be_a_day_ahead_and_no_more() {
    const DAY: u64 = 86_400_000;
    let service = Service::start().await;
    let at = |to_ms| Report { to_ms, ..sample() };
    assert_eq!(service.report(&at(NOW + DAY)).await.status, 200);
    assert_eq!(
        service.report(&at(NOW + DAY + 1)).await.problem(422),
        "The body is not a report: to_ms: must not be more than 86400 s ahead of the analyzer's clock"
    );
    let late =
        |at_ms| Report { incidents: vec![incident("0123456789abcdef", Reason::Depth, at_ms)], ..report(1) };
    assert_eq!(service.report(&late(NOW + DAY)).await.status, 200);
    assert_eq!(
        service.report(&late(u64::MAX)).await.problem(422),
        "The body is not a report: incidents[0].at_ms: must not be more than 86400 s ahead of the analyzer's clock"
    );
}

#[tokio::test]
async fn beyond_its_concurrency_it_says_503_and_when_to_come_back() {
    let service = Service::start_with(|config| config.ingest.concurrency = 1).await;
    // A holder that comes while a report of ours is in work is turned away itself; then the next one holds.
    let mut holding = Vec::new();
    until(async || {
        holding.push(open(&service, Some(10)).await);
        service.report(&sample()).await.status == 503
    })
    .await;
    let reply = service.report(&sample()).await;
    assert_eq!(reply.problem(503), "Too much is going on; try again.");
    assert_eq!(reply.header("retry-after"), Some("1"));
    drop(holding);
    until(async || service.report(&sample()).await.status == 200).await;
}

#[tokio::test]
async fn while_another_process_writes_nothing_is_acknowledged() {
    let service = Service::start_with(|config| config.store.busy_timeout = Duration::from_millis(20)).await;
    let mut other = service.ground.connect().await;
    other.keep_writers_out().await;
    let report = sample();
    let reply = service.report(&report).await;
    assert_eq!(reply.problem(503), "Too much is going on; try again.");
    assert_eq!(reply.header("retry-after"), Some("1"));
    let health = service.get("/monitoring/health/").await;
    assert_eq!((health.status, &health.json()["store"]["writes"]), (503, &json!("busy")));

    other.let_writers_in().await;
    assert_eq!(service.report(&report).await.json(), json!({ "outcome": "stored" }));
    assert_eq!(service.get("/monitoring/health/").await.status, 200);
    assert_eq!(stored(&service).await, totals(1, 5, 2, 1, 7));
}

#[tokio::test]
async fn a_write_that_does_not_end_is_told() {
    let service = Service::start_with(|config| config.store.busy_timeout = Duration::from_secs(60)).await;
    let mut other = service.ground.connect().await;
    other.keep_writers_out().await;
    let writes = async || service.get("/monitoring/health/").await.json()["store"]["writes"].clone();
    let report = sample();
    let (reply, ()) = tokio::join!(service.report(&report), async {
        until(async || writes().await == "busy").await;
        other.let_writers_in().await;
    });
    assert_eq!(reply.status, 200);
    assert_eq!(writes().await, "ok");
}

#[tokio::test]
async fn a_report_that_the_store_refuses_takes_no_other_with_it() {
    const OTHERS: usize = 5;
    let service = Service::start_with(|config| {
        config.ingest.concurrency = OTHERS + 1;
        config.store.busy_timeout = Duration::from_secs(60);
        config.http.request_timeout = Duration::from_secs(60);
    })
    .await;
    let mut store = service.ground.connect().await;
    store.refuse_operation("Poison").await;
    store.keep_writers_out().await;
    let mut sent = tokio::task::JoinSet::new();
    for operation in std::iter::once("Poison").chain([("A"); OTHERS]) {
        let report = Report { rollup: vec![row(operation, None, 1)], ..report(1) };
        let request = service.request("POST", "/edge/v1/reports").bearer_auth(service.edge.reveal());
        let request = request.json(&report);
        sent.spawn(async move {
            loop {
                let status = send(request.try_clone().unwrap()).await.status;
                // As edges do: one that was turned away comes again.
                if status == 200 || operation == "Poison" {
                    return (operation, status);
                }
            }
        });
    }
    // When all places are taken, all but the one at the door of the store wait for the next batch.
    until(async || {
        let probe = service.request("POST", "/edge/v1/reports").bearer_auth(service.edge.reveal());
        let probe = probe.json(&report(1)).timeout(Duration::from_millis(500)).send().await;
        probe.is_ok_and(|reply| reply.status() == 503)
    })
    .await;
    store.let_writers_in().await;
    let mut replies = sent.join_all().await;
    replies.sort_unstable();
    let expected: Vec<_> = [("A", 200); OTHERS].into_iter().chain([("Poison", 503)]).collect();
    assert_eq!(replies, expected);
    assert_eq!(service.graphql("window=1h").await["totals"]["requests"], OTHERS);
    assert_eq!(service.get("/monitoring/health/").await.status, 200);
}

#[tokio::test]
async fn huge_numbers_saturate_and_break_nothing() {
    let service = Service::start().await;
    for _ in 0..3 {
        let mut huge = row("A", None, u64::MAX);
        (huge.cost_milli_sum, huge.cost_milli_max) = (u64::MAX, u64::MAX);
        (huge.fields_sum, huge.body_bytes_sum, huge.depth_max) = (u64::MAX, u64::MAX, u32::MAX);
        let report = Report { rollup: vec![huge.clone(), huge], incidents_dropped: u64::MAX, ..report(1) };
        assert_eq!(service.report(&report).await.status, 200);
    }
    service.set_now(NOW + 10_000);
    let later = Report { to_ms: NOW + 10_000, rollup: vec![row("A", None, u64::MAX)], ..report(1) };
    assert_eq!(service.report(&later).await.status, 200);
    assert_eq!(stored(&service).await, totals(4, i64::MAX.unsigned_abs(), 0, 0, i64::MAX.unsigned_abs()));
}

#[tokio::test]
async fn a_full_report_of_bounds_is_taken() {
    let service = Service::start().await;
    let rollup = (0..Bounds::ROWS).map(|number| row(&format!("Operation{number}"), None, 1)).collect();
    let incidents =
        (0..Bounds::INCIDENTS).map(|_| incident("0123456789abcdef", Reason::Depth, NOW)).collect();
    assert_eq!(service.report(&Report { rollup, incidents, ..report(1) }).await.status, 200);
    assert_eq!(stored(&service).await, totals(1, 1_200, 0, 128, 0));
    assert_eq!(service.rows("rollup").await, 1_200);
}
