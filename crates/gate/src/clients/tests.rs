use super::*;
use crate::correlation::CorrelationId;
use portcullis_report::{Identity, OperationKind, Report, StatusClass};

const fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn who(number: u32) -> Who {
    let [a, b, c, d] = number.to_be_bytes();
    let mut key = [0; 16];
    key[..4].copy_from_slice(&[a, b, c, d]);
    Who {
        correlation: CorrelationId::parse(b"c").unwrap(),
        address: Some([10, b, c, d].into()),
        key: ClientKey(key),
        identity: Identity::Authenticated,
        class: "default".into(),
    }
}

fn unfinished(number: u32, now: u64) -> ClientEvent {
    ClientEvent { at: at(now), who: who(number), news: ClientNews::Unfinished }
}

fn failed(number: u32, now: u64, shapes: std::ops::Range<usize>, sensitive: u64) -> ClientEvent {
    let found = |shape: usize| Found {
        code: "UNAUTHENTICATED".to_owned(),
        kind: OperationKind::Mutation,
        operation: format!("Login{shape}"),
        shape: None,
        sensitive,
        count: 2,
    };
    let outcome = Outcome {
        status: Some(StatusClass::Client),
        suggestions: 1,
        failures: shapes.map(found).collect(),
        merged: 1,
    };
    ClientEvent { at: at(now), who: who(number), news: ClientNews::Answered(outcome) }
}

/// A request that passed.
fn pass(clients: &mut Clients, number: u32, now: u64, weight: u64) {
    let who = who(number);
    if let Some(entry) = clients.entry(&who, at(now), Mood::Calm) {
        add(entry.row.allowed.entry(OperationKind::Query).or_default(), weight);
    }
}

#[test]
fn who_had_errors_is_told_at_once_and_who_had_none_after_a_while() {
    let mut clients = Clients::default();
    pass(&mut clients, 1, 1_000, 3);
    assert!(!clients.is_due(at(10_999)) && clients.is_due(at(11_000)));
    assert!(!clients.note(failed(2, 2_000, 0..1, 0)), "it can wait for the window");
    assert!(clients.note(failed(2, 2_000, 0..1, 1)), "sensitive fields cannot");
    assert!(clients.is_due(at(2_000)));
    let told = clients.cut(at(3_000)).unwrap();
    assert_eq!((told.rows.len(), told.dropped), (1, 0));
    let row = &told.rows[0];
    assert_eq!((row.client.as_deref(), row.client_key.len()), (Some("10.0.0.2"), 32));
    assert_eq!((row.identity, row.failures.len(), row.failures[0].count), (Identity::Authenticated, 1, 4));
    assert_eq!((row.suggestions, row.failures_merged, row.statuses[&StatusClass::Client]), (2, 2, 2));
    assert_eq!(clients.cut(at(10_999)), None);
    assert_eq!(clients.cut(at(11_000)).unwrap().rows[0].allowed[&OperationKind::Query], 3);
    assert!(!clients.is_due(at(99_000)), "all are told");
}

#[test]
fn a_report_takes_so_many_and_the_others_wait_without_losing_a_count() {
    let mut clients = Clients::default();
    for n in 0..200_u32 {
        pass(&mut clients, n, 1_000 + u64::from(n), 5);
    }
    for n in 150..160 {
        clients.note(unfinished(n, 2_000));
    }
    let first = clients.cut(at(12_000)).unwrap();
    assert_eq!(first.rows.len(), Bounds::CLIENTS);
    assert_eq!(first.rows.iter().filter(|row| row.unfinished > 0).count(), 10);
    let mut all = first.rows;
    while let Some(more) = clients.cut(at(12_000)) {
        all.extend(more.rows);
    }
    assert_eq!(all.len(), 200);
    assert_eq!(all.iter().map(|row| row.allowed[&OperationKind::Query]).sum::<u64>(), 1_000);
}

#[test]
fn a_flood_of_clients_is_bounded_and_counted_and_leaves_room_for_trouble() {
    let mut clients = Clients::default();
    let flood = 10_000_u32;
    (0..flood).for_each(|n| pass(&mut clients, n, 1_000, 1));
    assert_eq!(clients.entries.len(), CALM);
    (flood..2 * flood).for_each(|n| assert!(!clients.note(unfinished(n, 1_000))));
    assert_eq!(clients.entries.len(), KNOWN);
    let told = clients.cut(at(1_000)).unwrap();
    assert_eq!(told.dropped, u64::from(2 * flood) - 2_048);
    assert!(told.rows.iter().all(|row| row.unfinished == 1));
    // At the end nobody waits.
    clients.hurry();
    let mut rest = 0;
    while let Some(told) = clients.cut(at(1_000)) {
        rest += told.rows.len();
    }
    assert_eq!(rest, KNOWN - Bounds::CLIENTS);
}

#[test]
fn kinds_of_errors_are_bounded_for_one_client_and_for_a_report() {
    let mut clients = Clients::default();
    (0..60).for_each(|n| assert!(!clients.note(failed(n, 1_000, 0..40, 0))));
    let mut told = Vec::new();
    while let Some(report) = clients.cut(at(1_000)) {
        told.push(report);
    }
    assert_eq!(told.iter().map(|report| report.rows.len()).sum::<usize>(), 60);
    for report in told {
        let row = &report.rows[0];
        assert_eq!((row.failures.len(), row.failures_merged), (KINDS, 24 * 2 + 1));
        let json = format!(
            r#"{{"version":1,"boot":"00000000-0000-0000-0000-000000000001","sequence":1,"from_ms":0,"to_ms":0,
            "rollup":[],"incidents":[],"incidents_dropped":0,"clients":{}}}"#,
            serde_json::to_string(&report).unwrap()
        );
        assert_eq!(serde_json::from_str::<Report>(&json).unwrap().check(), Ok(()));
    }
}

#[test]
fn whoever_rotates_through_a_network_is_one_client() {
    let mut clients = Clients::default();
    for host in 0..100 {
        let address = format!("2001:db8::{host:x}").parse().ok();
        let event = ClientEvent { who: Who { address, ..who(1) }, ..unfinished(1, 5) };
        clients.note(event);
    }
    let told = clients.cut(at(5)).unwrap();
    assert_eq!((told.rows.len(), told.rows[0].unfinished), (1, 100));
    assert_eq!(told.rows[0].client.as_deref(), Some("2001:db8::"));
}

#[test]
fn a_clock_that_was_set_back_makes_nobody_wait_longer() {
    let mut clients = Clients::default();
    pass(&mut clients, 1, 1_000_000, 1);
    assert!(clients.is_due(at(1_000)));
    assert_eq!(clients.cut(at(1_000)).unwrap().rows.len(), 1);
}
