//! Metrics that others send: all or nothing, once however often they are sent, coarser with age, and forgotten.

use crate::harness::{NOW, Reply, Service, report, send, until};
use portcullis_analyzer::{Key, Role};
use serde_json::{Value, json};
use std::time::Duration;

const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600_000;

struct Sender {
    service: Service,
    operator: Key,
}

impl Sender {
    async fn start() -> Self {
        let service = Service::start().await;
        let operator = service.ground.add_key(Role::Operator).await;
        Self { service, operator }
    }

    async fn send(&self, series: Value) -> Reply {
        let request = self.service.request("POST", "/monitoring/series/").bearer_auth(self.operator.reveal());
        send(request.json(&json!({ "series": series }))).await
    }

    async fn get(&self, path: &str) -> Value {
        let reply = self.service.get(&format!("/monitoring/series/{path}")).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        reply.json()
    }

    async fn id(&self, name: &str) -> String {
        self.get(&format!("?name={name}")).await["series"][0]["id"].as_str().unwrap().to_owned()
    }
}

fn one(name: &str, labels: Value, points: &[(u64, f64)]) -> Value {
    let points: Vec<_> =
        points.iter().map(|(at_ms, value)| json!({ "at_ms": at_ms, "value": value })).collect();
    json!({ "name": name, "labels": labels, "points": points })
}

#[tokio::test]
async fn what_is_sent_is_shown_and_sent_again_it_is_the_same() {
    let sender = Sender::start().await;
    let points = [(NOW - 2 * SECOND, 1.5), (NOW - SECOND, -3.0), (NOW, 0.0)];
    let sent = json!([
        one("depth", json!({ "queue": "b", "az": "1" }), &points),
        one("depth", json!({}), &points[..1])
    ]);
    for _ in 0..2 {
        let reply = sender.send(sent.clone()).await;
        assert_eq!((reply.status, reply.json()), (200, json!({ "series": 2, "points": 4 })));
    }
    let list = sender.get("").await;
    let ids: Vec<_> =
        list["series"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(
        list,
        json!({ "next": null, "series": [
            { "id": ids[0], "name": "depth", "labels": { "az": "1", "queue": "b" }, "last_ms": NOW },
            { "id": ids[1], "name": "depth", "labels": {}, "last_ms": NOW - 2 * SECOND },
        ] })
    );
    let shown = sender.get(&format!("{}/?window=1m", ids[0])).await;
    let point = |at_ms: u64, value: f64| json!({ "at_ms": at_ms, "count": 1, "mean": value, "min": value, "max": value });
    let expected: Vec<_> = points.iter().map(|(at_ms, value)| point(*at_ms, *value)).collect();
    assert_eq!((&shown["points"], &shown["next"]), (&json!(expected), &Value::Null));
    assert_eq!(shown["window"]["to_ms"], NOW);
    // Another value takes its place.
    assert_eq!(
        sender
            .send(json!([one("depth", json!({ "az": "1", "queue": "b" }), &[(NOW + 999, 7.0)])]))
            .await
            .status,
        200
    );
    let shown = sender.get(&format!("{}/", ids[0])).await;
    assert_eq!((shown["points"].as_array().unwrap().len(), &shown["points"][2]), (3, &point(NOW, 7.0)));
}

#[tokio::test]
async fn nothing_is_half_stored_and_the_mistake_is_named() {
    let sender = Sender::start().await;
    let good = one("good", json!({}), &[(NOW, 1.0)]);
    for (bad, detail) in [
        (one("good", json!({}), &[(NOW, 1.0), (NOW - HOUR - 1, 1.0)]), "series[1].points[1].at_ms: "),
        (one("good", json!({}), &[(NOW + 60_001, 1.0)]), "series[1].points[0].at_ms: "),
        (one("good", json!({ "host": "203.0.113.9" }), &[(NOW, 1.0)]), "series[1].labels.host: "),
        (one("1", json!({}), &[(NOW, 1.0)]), "series[1].name: "),
        (json!({ "name": "a", "points": [{ "at_ms": NOW, "value": "1" }] }), "series[1].points[0].value: "),
        (json!({ "name": "a" }), "series[1]: missing field"),
    ] {
        let reply = sender.send(json!([good, bad])).await;
        let told = reply.problem(422);
        assert!(told.starts_with(&format!("The body is no series: {detail}")), "{told}\nnot {detail}");
        assert!(!reply.text.contains("203.0.113.9"));
    }
    assert_eq!((sender.service.rows("series").await, sender.service.rows("series_points").await), (0, 0));
    let service = &sender.service;
    for (key, status) in [(&service.viewer, 403), (&service.edge, 403), (&sender.operator, 400)] {
        let request = service.request("POST", "/monitoring/series/").bearer_auth(key.reveal());
        assert_eq!(send(request.header("content-type", "application/json").body("[")).await.status, status);
    }
    for path in ["0000000000000000/", "x/", "0000000000000000/?limit=1"] {
        service.get(&format!("/monitoring/series/{path}")).await.problem(404);
    }
    for path in
        ["?limit=0", "?limit=1001", "?after=x", "?after=0000000000000000", "?window=1h", "?name=a&name=b"]
    {
        service.get(&format!("/monitoring/series/{path}")).await.problem(400);
    }
}

#[tokio::test]
async fn lists_and_points_come_in_pages() {
    let sender = Sender::start().await;
    let points: Vec<_> = (0..5).map(|it| (NOW - it * SECOND, 1.0)).collect();
    let series: Vec<_> = (0..5).map(|it| one(&format!("s{it}"), json!({}), &points)).collect();
    assert_eq!(sender.send(json!(series)).await.status, 200);
    let mut names = Vec::new();
    let mut after = String::new();
    loop {
        let page = sender.get(&format!("?limit=2{after}")).await;
        names.push(page["series"].as_array().unwrap().len());
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(names, [2, 2, 1]);
    let id = sender.id("s3").await;
    let (mut times, mut after) = (Vec::new(), String::new());
    loop {
        let page = sender.get(&format!("{id}/?limit=2{after}")).await;
        times.extend(page["points"].as_array().unwrap().iter().map(|point| point["at_ms"].as_u64().unwrap()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    let expected: Vec<_> = (0..5).rev().map(|it| NOW - it * SECOND).collect();
    assert_eq!(times, expected);
    assert_eq!(sender.get(&format!("{id}/?window=3s")).await["points"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn with_age_they_become_coarser_and_then_nothing() {
    let sender = Sender::start().await;
    let start = NOW - NOW % 300_000;
    sender.service.set_now(start + 599 * SECOND);
    let points: Vec<_> = (0..600).map(|it| (start + it * SECOND, it as f64)).collect();
    let sent = json!([one("a", json!({}), &points), one("b", json!({}), &points[..1])]);
    assert_eq!(sender.send(sent).await.status, 200);
    let fold = async |now_ms: u64| {
        let store = sender.service.ground.open().await;
        let lease = store.take_lease("test", "t", now_ms, Duration::from_secs(1)).await.unwrap().unwrap();
        let gone = store.fold_series(&lease, now_ms).await.unwrap();
        store.close().await;
        gone
    };
    assert_eq!(fold(start + 2 * HOUR).await, 0);
    assert_eq!(fold(start + 3 * HOUR).await, 590);
    assert_eq!(fold(start + 3 * HOUR).await, 0);
    assert_eq!(sender.service.rows("series_points").await, 11);
    let id = sender.id("a").await;
    sender.service.set_now(start + 3 * HOUR);
    let shown = sender.get(&format!("{id}/?window=4h")).await;
    let minute = json!({ "at_ms": start + 60_000, "count": 60, "mean": 89.5, "min": 60.0, "max": 119.0 });
    assert_eq!((shown["points"].as_array().unwrap().len(), &shown["points"][1]), (10, &minute));
    assert!(fold(start + 50 * HOUR).await > 0);
    sender.service.set_now(start + 50 * HOUR);
    let shown = sender.get(&format!("{id}/?window=3d")).await;
    let five = json!({ "at_ms": start + 300_000, "count": 300, "mean": 449.5, "min": 300.0, "max": 599.0 });
    assert_eq!((shown["points"].as_array().unwrap().len(), &shown["points"][1]), (2, &five));
}

#[tokio::test]
async fn what_nobody_sends_any_more_is_forgotten() {
    let service = Service::start_with(|config| config.retention.interval = Duration::from_millis(5)).await;
    let operator = service.ground.add_key(Role::Operator).await;
    let sender = Sender { service, operator };
    assert_eq!(sender.send(json!([one("a", json!({}), &[(NOW, 1.0)])])).await.status, 200);
    assert_eq!(sender.service.rows("series_points").await, 1);
    sender.service.set_now(NOW + 31 * 24 * HOUR);
    for table in ["series_points", "series"] {
        until(async || sender.service.rows(table).await == 0).await;
    }
}

#[tokio::test]
async fn there_is_room_for_so_many_and_for_those_that_are_there() {
    let sender = Sender::start().await;
    let filled = "INSERT INTO series (id, name, labels, last_ms) VALUES ";
    let rows = |from: u64, to: u64| {
        (from..to).map(|it| format!("({it}, 'n{it}', '{{}}', {NOW})")).collect::<Vec<_>>().join(", ")
    };
    let mut store = sender.service.ground.connect().await;
    store.run(&format!("{filled}{}", rows(0, 9_999))).await;
    let send = async |name: &str, more: &str| {
        sender.send(json!([one(name, json!({}), &[(NOW, 1.0)]), one(more, json!({}), &[(NOW, 1.0)])])).await
    };
    assert!(send("a", "b").await.problem(409).starts_with("No more than 10000 series"));
    assert_eq!(sender.service.rows("series_points").await, 0);
    assert_eq!(send("a", "a").await.status, 200);
    assert_eq!(send("a", "a").await.status, 200);
    send("a", "b").await.problem(409);
    assert_eq!(sender.service.report(&report(1)).await.status, 200);
}
