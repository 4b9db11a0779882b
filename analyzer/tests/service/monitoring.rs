//! Answers: sums that add up, windows with borders, and nothing of the clients' text but as JSON.

use crate::ENGINE;
use crate::harness::{NOW, Service, incident, report, row, send};
use portcullis_redact::{document, label};
use portcullis_report::{Incident, OperationKind, Reason, Report, RollupRow};
use serde_json::{Value, json};

const MINUTE: u64 = 60_000;

fn mutation(row: RollupRow) -> RollupRow {
    let mut row = row;
    row.key.kind = OperationKind::Mutation;
    row
}

async fn deliver(service: &Service, reports: &[Report]) {
    for report in reports {
        assert_eq!(service.report(report).await.status, 200);
    }
}

#[tokio::test]
async fn sums_add_up() {
    let service = Service::start().await;
    let mut expensive = row("A", Some(Reason::Cost), 2);
    (expensive.cost_milli_sum, expensive.cost_milli_max, expensive.depth_max) = (20_000_500, 15_000_000, 9);
    let measured = RollupRow { actual_count: 5, actual_milli_sum: 3_500, ..row("B", None, 10) };
    deliver(
        &service,
        &[
            Report { rollup: vec![row("A", None, 3), measured], incidents_dropped: 4, ..report(1) },
            Report {
                rollup: vec![row("A", None, 1), expensive, mutation(row("A", None, 1))],
                to_ms: NOW - MINUTE,
                from_ms: NOW - 2 * MINUTE,
                ..report(1)
            },
        ],
    )
    .await;
    let answer = service.graphql("window=15m").await;
    assert_eq!(answer["window"], json!({ "from_ms": NOW - 15 * MINUTE, "to_ms": NOW }));
    assert_eq!(
        answer["totals"],
        json!({
            "reports": 2, "requests": 17, "allowed": 15, "refused": 2,
            "cost_sum": 20_023.0, "cost_mean": 20_023.0 / 17.0, "cost_max": 15_000.0,
            "incidents": 0, "incidents_dropped": 4,
        })
    );
    assert_eq!(
        answer["by_operation"],
        json!([
            { "operation": "B", "kind": "query", "requests": 10, "refused": 0,
              "cost_mean": 1.5, "cost_max": 2.0, "actual_cost_mean": 0.7, "depth_max": 3 },
            { "operation": "A", "kind": "query", "requests": 6, "refused": 2,
              "cost_mean": 20_006.5 / 6.0, "cost_max": 15_000.0, "actual_cost_mean": null, "depth_max": 9 },
            { "operation": "A", "kind": "mutation", "requests": 1, "refused": 0,
              "cost_mean": 1.5, "cost_max": 2.0, "actual_cost_mean": null, "depth_max": 3 },
        ])
    );
    assert_eq!(
        answer["by_kind"],
        json!([
            { "kind": "query", "requests": 16, "refused": 2 },
            { "kind": "mutation", "requests": 1, "refused": 0 },
        ])
    );
    assert_eq!(
        answer["by_reason"],
        json!([{ "reason": "cost", "code": "COST_ESTIMATED_TOO_EXPENSIVE", "requests": 2 }])
    );
}

#[tokio::test]
async fn what_only_counts_is_told_apart_from_what_was_refused() {
    let service = Service::start().await;
    let mut shadowed = row("A", None, 3);
    shadowed.key.shadowed = Some(Reason::Depth);
    let shape = "0123456789abcdef";
    let (refused, passed) = (incident(shape, Reason::Depth, NOW), incident(shape, Reason::Depth, NOW));
    let rollup = vec![row("A", None, 2), row("A", Some(Reason::Depth), 1), shadowed];
    let incidents = vec![refused, Incident { shadow: true, ..passed }];
    deliver(&service, &[Report { rollup, incidents, ..report(1) }]).await;
    let answer = service.graphql("").await;
    let one =
        |requests: u64| json!([{ "reason": "depth", "code": "MAX_DEPTH_EXCEEDED", "requests": requests }]);
    assert_eq!((&answer["by_reason"], &answer["shadowed"]), (&one(1), &one(3)));
    assert_eq!((&answer["totals"]["allowed"], &answer["totals"]["refused"]), (&json!(5), &json!(1)));
    let shapes = answer["refused_shapes"].as_array().unwrap();
    let shadows: Vec<_> = shapes.iter().map(|shape| (&shape["shadow"], &shape["incidents"])).collect();
    assert_eq!(shadows, [(&json!(false), &json!(1)), (&json!(true), &json!(1))]);
}

#[tokio::test]
async fn of_nothing_everything_is_zero() {
    let service = Service::start().await;
    let answer = service.graphql("").await;
    assert_eq!(
        answer["totals"],
        json!({
            "reports": 0, "requests": 0, "allowed": 0, "refused": 0, "cost_sum": 0.0, "cost_mean": 0.0,
            "cost_max": 0.0, "incidents": 0, "incidents_dropped": 0,
        })
    );
    for list in ["by_operation", "by_kind", "by_reason", "shadowed", "refused_shapes"] {
        assert_eq!(answer[list], json!([]), "{list}");
    }
    assert_eq!(answer["window"]["from_ms"], NOW - 60 * MINUTE);
}

#[tokio::test]
async fn refused_shapes_show_the_last_of_their_kind() {
    let service = Service::start().await;
    let (often, once) = ("aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb");
    let mut unparsed = incident(once, Reason::Json, NOW);
    (unparsed.shape, unparsed.document, unparsed.client, unparsed.measured) = (None, None, None, None);
    let incidents = vec![
        incident(once, Reason::Depth, NOW - 3),
        incident(often, Reason::Depth, NOW - 1),
        incident(often, Reason::Depth, NOW - 2),
        incident(often, Reason::Cost, NOW - 5),
        unparsed,
        incident(once, Reason::Depth, NOW - 60 * MINUTE),
    ];
    deliver(&service, &[Report { incidents, ..report(1) }]).await;
    let shape = |shape: &str, reason: &str, incidents: u64, at: u64| {
        json!({
            "shape": shape, "reason": reason, "shadow": false, "incidents": incidents, "last_seen_ms": at,
            "sample_document": document(&format!("{{ a at{at} }}")).as_str(), "sample_correlation_id": format!("id-{at}"),
        })
    };
    let expected = [
        shape(often, "depth", 2, NOW - 1),
        shape(often, "cost", 1, NOW - 5),
        shape(once, "depth", 1, NOW - 3),
    ];
    assert_eq!(service.graphql("window=1m").await["refused_shapes"], json!(expected));
    assert_eq!(service.graphql("window=1m&limit=1").await["refused_shapes"], json!(expected[..1]));
}

#[tokio::test]
async fn a_window_begins_with_a_bucket_and_ends_now() {
    let service = Service::start().await;
    let at = |to_ms: u64| Report { from_ms: 0, to_ms, rollup: vec![row("A", None, 1)], ..report(1) };
    deliver(&service, &[at(NOW - MINUTE), at(NOW - MINUTE - 1), at(NOW + 5_000), at(NOW + 10_000)]).await;
    let requests = async |query: &str| service.graphql(query).await["totals"]["requests"].as_u64().unwrap();
    assert_eq!(requests("window=50s").await, 1);
    assert_eq!(requests("window=1m").await, 2);
    assert_eq!(requests("window=61s").await, 3);
    service.set_now(NOW + 10_000);
    assert_eq!(requests("window=10s").await, 2);
}

#[tokio::test]
async fn the_limit_keeps_the_most_requested() {
    let service = Service::start().await;
    let rollup = (1..=60).map(|count| row(&format!("Op{count}"), None, count)).collect();
    deliver(&service, &[Report { rollup, ..report(1) }]).await;
    let names = async |query: &str| -> Vec<Value> {
        let answer = service.graphql(query).await;
        answer["by_operation"].as_array().unwrap().iter().map(|entry| entry["operation"].clone()).collect()
    };
    assert_eq!(names("").await.len(), 50);
    assert_eq!(names("limit=1000").await.len(), 60);
    assert_eq!(names("limit=2").await, ["Op60", "Op59"]);
}

#[tokio::test]
async fn a_wrong_question_is_a_problem() {
    let service = Service::start().await;
    for (query, detail) in [
        ("window=31d", "The query is wrong: window: must be from 1s to 2592000s, got 2678400s"),
        ("window=0s", "The query is wrong: window: must be from 1s to 2592000s, got 0s"),
        (
            "window=1w",
            "The query is wrong: window: must be a number and one of s, m, h, d, such as 15m; got \"1w\"",
        ),
        ("limit=1001", "The query is wrong: limit: must be from 1 to 1000, got 1001"),
        (
            "limit=-1",
            "The query is wrong: Failed to deserialize query string: limit: invalid digit found in string",
        ),
        (
            "windows=1h",
            "The query is wrong: Failed to deserialize query string: windows: unknown field `windows`",
        ),
        (
            "window=1h&window=2h",
            "The query is wrong: Failed to deserialize query string: duplicate field `window`",
        ),
    ] {
        let got = service.get(&format!("/monitoring/graphql/?{query}")).await.problem(400);
        assert!(got.starts_with(detail), "{got}\nnot {detail}");
    }
}

#[tokio::test]
async fn pages_are_of_one_window() {
    let service = Service::start().await;
    let rollup = (1..=5).map(|count| row(&format!("Op{count}"), None, count)).collect();
    deliver(&service, &[Report { rollup, ..report(1) }]).await;
    let first = service.graphql("window=1m&limit=2").await;
    // What comes later is on no page of it.
    service.set_now(NOW + 30_000);
    let later = Report { to_ms: NOW + 20_000, rollup: vec![row("Later", None, 100)], ..report(1) };
    deliver(&service, &[later]).await;
    let mut pages = vec![first];
    while let Some(next) = pages.last().unwrap()["next"].as_str().map(str::to_owned) {
        pages.push(service.graphql(&format!("window=1m&limit=2&cursor={next}")).await);
    }
    let names: Vec<Vec<_>> = pages
        .iter()
        .map(|page| {
            page["by_operation"].as_array().unwrap().iter().map(|it| it["operation"].clone()).collect()
        })
        .collect();
    assert_eq!(names, [vec!["Op5", "Op4"], vec!["Op3", "Op2"], vec!["Op1"]]);
    assert!(
        pages.iter().all(|page| page["window"] == pages[0]["window"] && page["totals"]["requests"] == 15)
    );
    // Lists that ended on a page before are empty.
    assert_eq!((&pages[0]["by_kind"][0]["requests"], &pages[1]["by_kind"]), (&json!(15), &json!([])));
    assert_eq!(service.graphql("window=1m").await["by_operation"][0]["operation"], "Later");
}

#[tokio::test]
async fn a_tag_holds_as_long_as_the_answer_says_the_same() {
    let service = Service::start().await;
    deliver(&service, &[Report { rollup: vec![row("A", None, 1), row("B", None, 1)], ..report(1) }]).await;
    let tag = async |query: &str| {
        let reply = service.get(&format!("/monitoring/graphql/?{query}")).await;
        reply.header("etag").unwrap().to_owned()
    };
    let before = (tag("").await, tag("limit=1").await);
    assert!(before.0.starts_with("W/\"") && before.0 != before.1, "{before:?}");
    service.set_now(NOW + 20_000);
    assert_eq!((tag("").await, tag("limit=1").await), before);
    deliver(&service, &[Report { rollup: vec![row("A", None, 1)], ..report(1) }]).await;
    assert_ne!(tag("").await, before.0);
}

#[tokio::test]
async fn every_list_is_bounded_and_strict() {
    let service = Service::start().await;
    for path in ["graphql", "graphql/candidate", "websocket", "security", "decisions"] {
        let status = async |query: &str| service.get(&format!("/monitoring/{path}/?{query}")).await.status;
        for (query, expected) in [
            ("limit=1", 200),
            ("limit=1000", 200),
            ("limit=0", 400),
            ("limit=1001", 400),
            ("limit=", 400),
            ("limit=4294967296", 400),
            ("limits=1", 400),
            ("limit=1&limit=1", 400),
        ] {
            assert_eq!(status(query).await, expected, "{path} {query}");
        }
        if path == "decisions" {
            for (query, expected) in [
                ("before=0", 200),
                ("before=18446744073709551615", 200),
                ("before=18446744073709551616", 400),
                ("before=-1", 400),
                ("before=x", 400),
            ] {
                assert_eq!(status(query).await, expected, "{path} {query}");
            }
            continue;
        }
        for (query, expected) in [
            (format!("cursor={NOW}.50"), 200),
            ("cursor=0.1".to_owned(), 200),
            (format!("cursor={NOW}.9999"), 200),
            (format!("cursor={NOW}.10000"), 400),
            (format!("cursor={NOW}.0"), 400),
            (format!("cursor={NOW}.-1"), 400),
            (format!("cursor={}.1", NOW + 600_001), 400),
            ("cursor=".to_owned(), 400),
            ("cursor=%00".to_owned(), 400),
            ("cursor='%20OR%201=1".to_owned(), 400),
            (format!("cursor={}", "9".repeat(5_000)), 400),
        ] {
            assert_eq!(status(&query).await, expected, "{path} {query}");
        }
    }
}

#[tokio::test]
async fn clients_text_goes_out_as_json_and_in_no_label() {
    let service = Service::start().await;
    let hostile = "</script>\"\n\u{0}\u{202e}evil{x=\"1\"}";
    let mut refused = incident("cccccccccccccccc", Reason::Depth, NOW);
    (refused.correlation_id, refused.client) = (hostile.to_owned(), Some(hostile.to_owned()));
    (refused.operation, refused.document) = (hostile.to_owned(), Some(hostile.to_owned()));
    deliver(
        &service,
        &[Report { rollup: vec![row(hostile, None, 1)], incidents: vec![refused], ..report(1) }],
    )
    .await;
    let reply = service.get("/monitoring/graphql/").await;
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    let answer = reply.json();
    let hostile = hostile.replace('\0', "\u{FFFD}");
    assert_eq!(answer["by_operation"][0]["operation"], label(&hostile).as_str());
    assert_eq!(answer["refused_shapes"][0]["sample_document"], document(&hostile).as_str());
    assert_eq!(answer["refused_shapes"][0]["sample_correlation_id"], hostile);
    assert!(!service.get("/monitoring/metrics/").await.text.contains("evil"));
}

#[tokio::test]
async fn metrics_move() {
    let service = Service::start().await;
    let whole = Report {
        rollup: vec![row("A", None, 5), mutation(row("A", Some(Reason::Depth), 2))],
        incidents: vec![incident("dddddddddddddddd", Reason::Depth, NOW)],
        incidents_dropped: 3,
        ..report(1)
    };
    deliver(&service, &[whole.clone(), whole]).await;
    assert_eq!(service.post("{").await.status, 400);
    let reply = service.get("/monitoring/metrics/").await;
    assert_eq!(
        reply.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    for line in [
        "portcullis_analyzer_reports_total{outcome=\"stored\"} 1",
        "portcullis_analyzer_reports_total{outcome=\"duplicate\"} 1",
        "portcullis_analyzer_reports_total{outcome=\"rejected\"} 1",
        "portcullis_analyzer_reports_total{outcome=\"overloaded\"} 0",
        "portcullis_analyzer_incidents_total{reason=\"depth\",shadow=\"false\"} 1",
        "portcullis_analyzer_incidents_total{reason=\"cost\",shadow=\"true\"} 0",
        "portcullis_analyzer_requests_total{operation_type=\"query\",outcome=\"allowed\"} 5",
        "portcullis_analyzer_requests_total{operation_type=\"mutation\",outcome=\"refused\"} 2",
        "portcullis_analyzer_edge_dropped_total 3",
    ] {
        assert!(reply.text.lines().any(|got| got == line), "{line}\nnot in\n{}", reply.text);
    }
    assert!(reply.text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn health_needs_no_key_and_gives_nothing_away() {
    let service = Service::start().await;
    let reply = send(service.request("GET", "/monitoring/health/")).await;
    let health = reply.json();
    assert_eq!((reply.status, &health["status"]), (200, &json!("ok")));
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    let store = &health["store"];
    assert_eq!((&store["reads"], &store["writes"]), (&json!("ok"), &json!("ok")));
    assert_eq!(store["kind"], ENGINE.label());
    assert!(store["bytes"].as_u64().unwrap() > 10_000);
    for secret in service.ground.secrets() {
        assert!(!reply.text.contains(&secret));
    }
}

#[tokio::test]
async fn the_trailing_slash_is_optional() {
    let service = Service::start().await;
    for path in ["/monitoring/graphql", "/monitoring/health", "/monitoring/metrics"] {
        assert_eq!(service.get(path).await.status, 200, "{path}");
        assert_eq!(service.get(&format!("{path}/")).await.status, 200, "{path}/");
        assert_eq!(service.get(&format!("{path}//")).await.status, 404, "{path}//");
    }
    assert_eq!(send(service.request("POST", "/edge/v1/reports/")).await.status, 401);
}

#[tokio::test]
async fn unknown_paths_and_wrong_methods_are_problems() {
    let service = Service::start().await;
    for path in ["/", "/monitoring", "/edge/v1", "/monitoring/health/x", "/%2e%2e/"] {
        assert_eq!(service.get(path).await.problem(404), "There is nothing at this path.", "{path}");
    }
    for (method, path, allow) in [
        ("POST", "/monitoring/health/", "GET,HEAD"),
        ("DELETE", "/monitoring/graphql", "GET,HEAD"),
        ("GET", "/edge/v1/reports", "POST"),
        ("OPTIONS", "/edge/v1/reports/", "POST"),
    ] {
        let reply = send(service.request(method, path)).await;
        reply.problem(405);
        assert_eq!(reply.header("allow"), Some(allow), "{method} {path}");
    }
}
