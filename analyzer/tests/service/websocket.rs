//! What the analyzer tells of WebSockets.

use crate::harness::{NOW, Service, report};
use portcullis_report::{CloseCode, Reason, Report, SocketClient, SocketRow, SocketsReport, Spread, Traffic};
use serde_json::{Value, json};

const MINUTE: u64 = 60_000;
pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";

pub(crate) fn row(class: &str, active: u64) -> SocketRow {
    let mut row = SocketRow {
        class: class.to_owned(),
        active,
        opened: 2,
        failed: 1,
        from_clients: Traffic { messages: 7, bytes: 700 },
        from_servers: Traffic { messages: 9, bytes: 900 },
        operations: 5,
        operations_refused: 1,
        ..SocketRow::default()
    };
    row.refused.insert(Reason::SocketOrigin, 3);
    row.refused.insert(Reason::SocketAttempts, 4);
    row.rejected.insert(Reason::SocketMessages, 1);
    row.closes.insert(CloseCode::Normal, 1);
    row.closes.insert(CloseCode::PolicyViolation, 1);
    row.duration_ms.add(1_500, Spread::DURATION_MS);
    row.duration_ms.add(500, Spread::DURATION_MS);
    row.messages.add(16, Spread::MESSAGES);
    row
}

pub(crate) fn client(key: &str, rejected: u64) -> SocketClient {
    SocketClient {
        client_key: key.to_owned(),
        class: "anonymous".to_owned(),
        attempts: 4,
        rejected,
        messages: 7,
        bytes: 700,
    }
}

pub(crate) fn with(rows: Vec<SocketRow>, clients: Vec<SocketClient>) -> Report {
    Report { sockets: Some(SocketsReport { rows, clients, clients_merged: 0 }), ..report(1) }
}

async fn ask(service: &Service, query: &str) -> Value {
    let reply = service.get(&format!("/monitoring/websocket/?{query}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    serde_json::from_str(&reply.text).unwrap()
}

#[tokio::test]
async fn sums_of_sockets_add_up() {
    let service = Service::start().await;
    let first = with(vec![row("anonymous", 3), row("staff", 1)], vec![client(KEY, 5)]);
    let second = Report {
        to_ms: NOW - MINUTE,
        from_ms: NOW - 2 * MINUTE,
        ..with(vec![row("anonymous", 2)], vec![client(KEY, 1)])
    };
    for report in [&first, &second, &first] {
        assert_eq!(service.report(report).await.status, 200);
    }
    let answer = ask(&service, "window=15m").await;
    assert_eq!(
        answer["totals"],
        json!({
            "attempts": 30, "opened": 6, "refused": 21, "failed": 3, "throttled": 15, "ended": 6,
            "operations": 15, "operations_refused": 3, "client_messages": 21, "client_bytes": 2_100,
            "server_messages": 27, "server_bytes": 2_700,
        })
    );
    assert_eq!(
        answer["active"],
        json!({ "sockets": 4, "by_class": [{ "class": "anonymous", "sockets": 3 }, { "class": "staff", "sockets": 1 }] }),
        "a worker that has said nothing for a minute has none"
    );
    assert_eq!(
        answer["rejections"][0],
        json!({
            "reason": "socket_attempts", "code": "RATE_LIMITED", "close_code": null, "handshakes": 12, "sockets": 0
        })
    );
    assert_eq!(answer["rejections"][2]["close_code"], 1008);
    assert_eq!(answer["closes"], json!([{ "code": "1000", "sockets": 3 }, { "code": "1008", "sockets": 3 }]));
    assert_eq!(
        (&answer["duration_ms"]["sockets"], &answer["duration_ms"]["mean"]),
        (&json!(6), &json!(1_000.0))
    );
    let buckets = answer["duration_ms"]["buckets"].as_array().unwrap();
    assert_eq!(buckets.iter().filter(|bucket| bucket["sockets"] != 0).count(), 2);
    assert_eq!(buckets.last().unwrap()["up_to"], Value::Null);
    assert_eq!(answer["messages_per_socket"]["mean"], 16.0);
    assert_eq!(
        answer["clients"],
        json!([{ "client_key": KEY, "class": "anonymous", "attempts": 8, "rejected": 6, "messages": 14, "bytes": 1_400 }])
    );
}

#[tokio::test]
async fn a_timeline_tells_when_attempts_were_made() {
    let service = Service::start().await;
    let early = Report {
        to_ms: NOW - 5 * MINUTE,
        from_ms: NOW - 6 * MINUTE,
        ..with(vec![row("anonymous", 0)], vec![])
    };
    for report in [with(vec![row("anonymous", 0)], vec![]), early] {
        assert_eq!(service.report(&report).await.status, 200);
    }
    let timeline = ask(&service, "window=15m").await["timeline"].clone();
    assert_eq!(timeline["step_ms"], 10_000);
    let points = timeline["points"].as_array().unwrap();
    let of = |name: &str| points.iter().map(|point| point[name].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!((of("attempts"), of("refused"), of("throttled")), (vec![10, 10], vec![7, 7], vec![5, 5]));
    let longer = ask(&service, "window=2h").await["timeline"].clone();
    assert_eq!(longer["step_ms"], 70_000);
}

#[tokio::test]
async fn without_sockets_there_is_nothing_to_tell() {
    let service = Service::start().await;
    assert_eq!(service.report(&report(1)).await.status, 200);
    let answer = ask(&service, "window=1h").await;
    assert_eq!((&answer["active"]["sockets"], &answer["totals"]["attempts"]), (&json!(0), &json!(0)));
    assert_eq!((&answer["clients"], &answer["duration_ms"]["mean"]), (&json!([]), &json!(0.0)));
    assert_eq!(service.get("/monitoring/websocket?window=nonsense").await.status, 400);
}
