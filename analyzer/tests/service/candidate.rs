//! What a candidate would change: counted once, added up by window, forgotten in time.

use crate::harness::{NOW, Reply, Service, report, send, until};
use portcullis_report::{CandidateReport, ChangeRow, OperationKind, Reason, Report};
use serde_json::{Value, json};
use std::time::Duration;

pub(crate) fn change(
    operation: &str,
    live: Option<Reason>,
    candidate: Option<Reason>,
    count: u64,
) -> ChangeRow {
    ChangeRow {
        operation: operation.to_owned(),
        kind: OperationKind::Query,
        class: "anonymous".to_owned(),
        live,
        candidate,
        count,
        correlation_id: format!("id-{operation}"),
        document: Some(format!("query{{{operation}}}")),
    }
}

pub(crate) fn told(changes: Vec<ChangeRow>, report: Report) -> Report {
    Report { candidate: Some(CandidateReport { judged: 10, undecided: 1, changes, dropped: 2 }), ..report }
}

async fn ask(service: &Service, query: &str) -> Value {
    let reply: Reply = service.get(&format!("/monitoring/graphql/candidate/?{query}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()
}

#[tokio::test]
async fn changes_add_up() {
    let service = Service::start().await;
    let first = told(
        vec![
            change("A", None, Some(Reason::Depth), 3),
            change("A", Some(Reason::Cost), None, 1),
            ChangeRow { document: None, ..change("B", Some(Reason::Cost), Some(Reason::Depth), 2) },
        ],
        report(1),
    );
    let second = told(vec![change("A", None, Some(Reason::Depth), 4)], report(1));
    let old = told(
        vec![change("C", None, Some(Reason::Aliases), 9)],
        Report { from_ms: NOW - 7_200_000, to_ms: NOW - 7_200_000, ..report(1) },
    );
    for report in [&first, &second, &first, &old] {
        assert_eq!(service.report(report).await.status, 200);
    }
    let answer = ask(&service, "window=15m").await;
    assert_eq!(answer["window"]["to_ms"], NOW);
    assert_eq!(
        answer["totals"],
        json!({ "judged": 20, "added": 7, "removed": 1, "changed": 2, "undecided": 2, "dropped": 4 })
    );
    let of = |operation: &str, added: u64, removed: u64, changed: u64| {
        json!({ "operation": operation, "kind": "query", "class": "anonymous", "added": added,
                "removed": removed, "changed": changed })
    };
    assert_eq!(answer["by_operation"], json!([of("A", 7, 1, 0), of("B", 0, 0, 2)]));
    assert_eq!(
        answer["by_reason"],
        json!([
            { "difference": "added", "live": null, "candidate": "depth",
              "candidate_code": "MAX_DEPTH_EXCEEDED", "requests": 7 },
            { "difference": "changed", "live": "cost", "candidate": "depth",
              "candidate_code": "MAX_DEPTH_EXCEEDED", "requests": 2 },
            { "difference": "removed", "live": "cost", "candidate": null, "candidate_code": null, "requests": 1 },
        ])
    );
    assert_eq!(
        answer["changes"][0],
        json!({ "operation": "A", "kind": "query", "class": "anonymous", "difference": "added", "live": null,
                "candidate": "depth", "requests": 7, "last_seen_ms": NOW, "sample_document": "query{A}",
                "sample_correlation_id": "id-A" })
    );
    assert_eq!(answer["changes"].as_array().unwrap().len(), 3);
    assert_eq!(ask(&service, "window=3h").await["totals"]["added"], 16);
    assert_eq!(ask(&service, "window=3h&limit=1").await["changes"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn of_nothing_everything_is_zero_and_nobody_without_a_key_is_told() {
    let service = Service::start().await;
    assert_eq!(service.report(&report(1)).await.status, 200);
    let answer = ask(&service, "").await;
    assert_eq!(
        answer["totals"],
        json!({ "judged": 0, "added": 0, "removed": 0, "changed": 0, "undecided": 0, "dropped": 0 })
    );
    for list in ["by_operation", "by_reason", "changes"] {
        assert_eq!(answer[list], json!([]), "{list}");
    }
    send(service.request("GET", "/monitoring/graphql/candidate/")).await.problem(401);
}

#[tokio::test]
async fn sums_of_enormous_counts_stay_numbers() {
    let service = Service::start().await;
    for _ in 0..2 {
        let report = told(vec![change("A", None, Some(Reason::Depth), u64::MAX)], report(1));
        assert_eq!(service.report(&report).await.status, 200);
    }
    assert!(ask(&service, "").await["totals"]["added"].as_u64().unwrap() > u64::from(u32::MAX));
}

#[tokio::test]
async fn changes_are_forgotten_with_everything_else() {
    let service = Service::start_with(|config| config.retention.interval = Duration::from_millis(5)).await;
    let report = told(vec![change("A", None, Some(Reason::Depth), 1)], report(1));
    assert_eq!(service.report(&report).await.status, 200);
    assert_eq!((service.rows("candidate_changes").await, service.rows("candidate_totals").await), (1, 1));
    service.set_now(NOW + 31 * 86_400_000);
    for table in ["candidate_changes", "candidate_totals"] {
        until(async || service.rows(table).await == 0).await;
    }
}
