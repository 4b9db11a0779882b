//! What edges tell of clients beside what they refused: scenarios see it, users behind one address are told apart, and whoever
//! is forgiven begins anew.

use crate::harness::{NOW, Service, incident, report, row, send, until};
use crate::security::{decisions, deliver, score, seen};
use portcullis_analyzer::Role;
use portcullis_analyzer::config::Config;
use portcullis_report::{
    ClientRow, ClientsReport, Failure, Identity, Incident, OperationKind, Reason, Report, Sampling,
};

fn strict(config: &mut Config) {
    config.security.reputation.block_at = 50.0;
    config.security.reputation.release_at = 25.0;
}

fn key(number: u128) -> String {
    format!("{number:032x}")
}

fn client(address: &str, number: u128) -> ClientRow {
    ClientRow {
        client: Some(address.to_owned()),
        client_key: key(number),
        class: "default".to_owned(),
        correlation_id: "c".to_owned(),
        ..ClientRow::default()
    }
}

fn failing(address: &str, code: &str, count: u64, shape: u64) -> ClientRow {
    let failure = Failure {
        code: code.to_owned(),
        kind: OperationKind::Mutation,
        operation: "Login".to_owned(),
        shape: Some(format!("{shape:016x}")),
        sensitive: 1,
        count,
        correlation_id: "c".to_owned(),
    };
    ClientRow { failures: vec![failure], ..client(address, 1) }
}

async fn tell(service: &Service, rows: Vec<ClientRow>) {
    for rows in rows.chunks(64) {
        let clients = Some(ClientsReport { rows: rows.to_vec(), dropped: 0 });
        let reply = service.report(&Report { clients, ..report(1) }).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
}

/// A service on the ground whose engine is off, until everything is stored: what was told while no engine ran.
async fn backlog(ground: &crate::ground::Ground, reports: Vec<Report>) {
    let service = Service::start_on(ground.clone(), |config| config.security.enabled = false).await;
    for report in reports {
        assert_eq!(service.report(&report).await.status, 200);
    }
    service.running.stop().await;
}

#[tokio::test]
async fn after_a_standstill_nothing_is_late() {
    const SECONDS: u64 = 100;
    let ground = crate::ground::Ground::new().await;
    let second = |number: u64| {
        let to_ms = NOW - (SECONDS - number) * 1_000;
        let row = |one: u64| failing("198.51.100.1", &format!("C{one}"), 1, one);
        let rows = (0..15).map(|one| ClientRow { client_key: key((number * 15 + one).into()), ..row(one) });
        Report {
            from_ms: to_ms,
            to_ms,
            incidents: (0..40).map(|_| incident("0123456789abcdef", Reason::Depth, to_ms)).collect(),
            clients: Some(ClientsReport { rows: rows.collect(), dropped: 0 }),
            ..report(1)
        }
    };
    backlog(&ground, (0..SECONDS).map(second).collect()).await;
    let service = Service::start_on(ground, |_| ()).await;
    let engine = async || service.get("/monitoring/security/").await.json()["engine"].clone();
    until(async || engine().await["incidents"] == 40 * SECONDS).await;
    // Who has seen one more has told of those before.
    deliver(&service, vec![incident("0123456789abcdef", Reason::Depth, NOW)]).await;
    until(async || engine().await["incidents"] == 40 * SECONDS + 1).await;
    heard(&service).await;
    let engine = engine().await;
    assert_eq!(engine["late"], 0, "{engine}");
}

#[tokio::test]
async fn incidents_in_words_of_a_later_version_are_passed_over() {
    let ground = crate::ground::Ground::new().await;
    let refused =
        |number: usize| (0..number).map(|_| incident("0123456789abcdef", Reason::Depth, NOW)).collect();
    let reports = (0..12).map(|_| Report { incidents: refused(100), ..report(1) });
    backlog(&ground, reports.collect()).await;
    ground.connect().await.run("UPDATE incidents SET reason = 'of_a_later_version'").await;
    let service = Service::start_on(ground, |_| ()).await;
    deliver(&service, refused(6)).await;
    seen(&service).await;
    until(async || service.rows("detections").await == 1).await;
}

/// Waits until the engine has seen all that was told of clients.
async fn heard(service: &Service) {
    until(async || {
        let mut store = service.ground.connect().await;
        let last = store.number("SELECT coalesce(max(id), 0) FROM activity").await;
        let cursor = "SELECT coalesce(max(incident), 0) FROM cursors WHERE name = 'engine_activity'";
        store.number(cursor).await == last
    })
    .await;
}

async fn threats(service: &Service) -> Vec<String> {
    let answer = service.get("/monitoring/security/?window=1h").await.json();
    let threats = answer["threats"].as_array().unwrap().iter();
    threats.map(|threat| threat["scenario"].as_str().unwrap().to_owned()).collect()
}

fn pair(action: &str, value: &str) -> (String, String) {
    (action.to_owned(), value.to_owned())
}

#[tokio::test]
async fn failing_logins_of_one_client_are_found_and_a_few_are_not() {
    let service = Service::start_with(strict).await;
    tell(&service, vec![failing("192.0.2.8", "UNAUTHENTICATED", 5, 1)]).await;
    tell(&service, vec![failing("192.0.2.7", "INVALID_CREDENTIALS", 4, 1)]).await;
    heard(&service).await;
    assert_eq!(threats(&service).await, [""; 0]);
    tell(&service, vec![failing("192.0.2.7", "INVALID_CREDENTIALS", 2, 1)]).await;
    until(async || decisions(&service).await.contains(&pair("block", "192.0.2.7"))).await;
    assert_eq!(threats(&service).await, ["credential_brute_force"]);
    assert_eq!(score(&service, "192.0.2.7").await, 70.0);
    assert_eq!(score(&service, "192.0.2.8").await, 0.0);
}

#[tokio::test]
async fn the_same_logins_from_many_addresses_are_told_and_block_nobody() {
    let service = Service::start_with(strict).await;
    let rows = (1..=60).map(|host| failing(&format!("10.{host}.0.1"), "UNAUTHENTICATED", 1, 1)).collect();
    tell(&service, rows).await;
    heard(&service).await;
    until(async || threats(&service).await == ["credential_stuffing"]).await;
    assert!(decisions(&service).await.is_empty());
}

#[tokio::test]
async fn guesses_of_many_shapes_are_found_and_one_wrong_document_is_not() {
    let service = Service::start().await;
    let guess = |address: &str, shape| failing(address, "GRAPHQL_VALIDATION_FAILED", 1, shape);
    tell(&service, (0..20).map(|_| guess("192.0.2.8", 1)).collect()).await;
    tell(&service, (0..13).map(|shape| guess("192.0.2.7", shape)).collect()).await;
    heard(&service).await;
    until(async || threats(&service).await == ["suggestion_probing"]).await;
    assert_eq!((score(&service, "192.0.2.7").await, score(&service, "192.0.2.8").await), (40.0, 0.0));
}

#[tokio::test]
async fn requests_that_are_never_finished_and_walks_without_end_are_found() {
    let service = Service::start().await;
    let dripping = ClientRow { unfinished: 21, ..client("192.0.2.7", 1) };
    let walking = ClientRow { allowed: [(OperationKind::Query, 3_001)].into(), ..client("192.0.2.8", 2) };
    let busy = ClientRow { allowed: [(OperationKind::Query, 3_000)].into(), ..client("192.0.2.9", 3) };
    tell(&service, vec![dripping, walking, busy]).await;
    heard(&service).await;
    until(async || threats(&service).await == ["slow_drip"]).await;
    // A walk is counted for an hour, and a minute for what comes late.
    service.set_now(NOW + 3_661_000);
    until(async || decisions(&service).await.contains(&pair("throttle", "192.0.2.8"))).await;
    assert_eq!(score(&service, "192.0.2.9").await, 0.0);
}

/// Six refusals of somebody, worth a block under [`strict`].
fn bombs(address: &str, user: u128) -> Vec<Incident> {
    let one = Incident {
        client: Some(address.to_owned()),
        client_key: Some(key(user)),
        identity: Identity::Authenticated,
        ..incident("0123456789abcdef", Reason::Depth, NOW)
    };
    vec![one; 6]
}

fn users(address: &str, numbers: std::ops::RangeInclusive<u128>) -> Vec<ClientRow> {
    let known = |number| ClientRow {
        identity: Identity::Authenticated,
        allowed: [(OperationKind::Query, 1)].into(),
        ..client(address, number)
    };
    numbers.map(known).collect()
}

#[tokio::test]
async fn behind_one_address_the_user_who_did_it_is_blocked_and_the_others_are_left_alone() {
    let service = Service::start_with(strict).await;
    tell(&service, users("192.0.2.7", 1..=4)).await;
    tell(&service, users("192.0.2.8", 4..=5)).await;
    heard(&service).await;
    deliver(&service, bombs("192.0.2.7", 4)).await;
    seen(&service).await;
    until(async || decisions(&service).await.len() == 2).await;
    let (block, throttle) = (pair("block", &key(4)), pair("throttle", &key(4)));
    let found = decisions(&service).await;
    assert!(found.contains(&block) && found.contains(&throttle), "{found:?}");
    // With one other user an address is not shared.
    deliver(&service, bombs("192.0.2.8", 5)).await;
    until(async || decisions(&service).await.contains(&pair("block", "192.0.2.8"))).await;
}

#[tokio::test]
async fn who_shares_an_address_outlasts_a_restart() {
    let service = Service::start_with(strict).await;
    // A day is as long as it counts; the scenarios look back no longer than a quarter of an hour.
    tell(&service, users("192.0.2.7", 1..=4)).await;
    heard(&service).await;
    let crate::harness::Service { ground, running, .. } = service;
    running.stop().await;
    let again = Service::start_on(ground, strict).await;
    again.set_now(NOW + 1_000);
    deliver(&again, bombs("192.0.2.7", 4)).await;
    until(async || decisions(&again).await.len() == 2).await;
    let found = decisions(&again).await;
    assert!(found.iter().all(|(_, value)| *value == key(4)), "{found:?}");
}

#[tokio::test]
async fn whose_block_an_operator_takes_back_begins_anew_here_and_after_a_restart() {
    let service = Service::start().await;
    let operator = service.ground.add_key(Role::Operator).await;
    let refused = |address: &str, at_ms: u64| -> Vec<Incident> {
        let of_nobody = |it| Incident { identity: Identity::Anyone, at_ms, ..it };
        bombs(address, 1).into_iter().map(of_nobody).collect()
    };
    for address in ["192.0.2.7", "192.0.2.9"] {
        // Fifty points; a block takes a hundred.
        deliver(&service, refused(address, NOW)).await;
    }
    until(async || decisions(&service).await.contains(&pair("throttle", "192.0.2.9"))).await;
    service.set_now(NOW + 60_000);
    let path = "/monitoring/decisions/?target=192.0.2.7";
    let reply = send(service.request("DELETE", path).bearer_auth(operator.reveal())).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    until(async || score(&service, "192.0.2.7").await == 0.0).await;
    assert!(score(&service, "192.0.2.9").await > 0.0);
    service.set_now(NOW + 120_000);
    deliver(&service, refused("192.0.2.7", NOW + 120_000)).await;
    until(async || score(&service, "192.0.2.7").await > 0.0).await;
    assert!(score(&service, "192.0.2.7").await <= 50.0);
    let crate::harness::Service { ground, running, .. } = service;
    running.stop().await;
    let again = Service::start_on(ground, |_| ()).await;
    again.set_now(NOW + 120_000);
    until(async || score(&again, "192.0.2.7").await == 50.0).await;
    assert!(decisions(&again).await.iter().all(|(action, _)| action != "block"));
}

#[tokio::test]
async fn what_runs_on_this_machine_is_let_alone() {
    let service = Service::start_with(strict).await;
    for address in ["127.0.0.1", "::1", "192.0.2.7"] {
        deliver(&service, bombs(address, 1)).await;
    }
    until(async || decisions(&service).await.contains(&pair("block", "192.0.2.7"))).await;
    seen(&service).await;
    let found = decisions(&service).await;
    assert!(found.iter().all(|(_, value)| value != "127.0.0.1" && !value.starts_with("::")), "{found:?}");
}

#[tokio::test]
async fn totals_are_exact_where_rows_are_sampled() {
    let service = Service::start().await;
    let sampling = Sampling { one_in: 4, requests: 101, looked_at: 26, cost_milli_sum: 12_345 };
    let rollup = vec![row("A", None, 60), row("B", None, 44), row("C", Some(Reason::Depth), 7)];
    let refused_cost = rollup[2].cost_milli_sum;
    let reply = service.report(&Report { rollup, sampling: Some(sampling), ..report(1) }).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let mut store = service.ground.connect().await;
    assert_eq!(store.number("SELECT requests FROM totals").await, 108);
    assert_eq!(store.number("SELECT refused FROM totals").await, 7);
    let cost = i64::try_from(12_345 + refused_cost).unwrap();
    assert_eq!(store.number("SELECT cost_milli_sum FROM totals").await, cost);
}

#[tokio::test]
async fn what_is_hostile_is_refused_and_stores_nothing() {
    let service = Service::start().await;
    let with = |row: ClientRow| {
        let clients = Some(ClientsReport { rows: vec![row], dropped: 0 });
        Report { clients, ..report(1) }
    };
    let long = "x".repeat(65);
    let bad = [
        ClientRow { client_key: "mallory".to_owned(), ..client("192.0.2.7", 1) },
        client(&long, 1),
        ClientRow { class: long.clone(), ..client("192.0.2.7", 1) },
        failing("192.0.2.7", &long, 1, 1),
        failing("192.0.2.7", "A", 0, 1),
    ];
    for row in bad {
        service.report(&with(row)).await.problem(422);
    }
    assert_eq!(service.rows("activity").await, 0);
    // Numbers without end are counted as far as numbers go.
    let huge = failing("192.0.2.7", "UNAUTHENTICATED", u64::MAX, 1);
    let huge = ClientRow { unfinished: u64::MAX, failures_merged: u64::MAX, ..huge };
    for _ in 0..2 {
        assert_eq!(service.report(&with(huge.clone())).await.status, 200);
    }
    heard(&service).await;
    assert_eq!(service.rows("activity").await, 2);
}
