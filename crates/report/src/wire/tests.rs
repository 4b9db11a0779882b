use super::*;
use crate::CloseCode;

fn row() -> RollupRow {
    let key = RollupKey {
        operation: "Product".into(),
        kind: OperationKind::Query,
        class: "anonymous".into(),
        transport: Transport::Post,
        refused: None,
        shadowed: None,
    };
    RollupRow {
        key,
        count: 1,
        cost_milli_sum: 5,
        cost_milli_max: 5,
        depth_max: 2,
        fields_sum: 3,
        body_bytes_sum: 9,
        actual_count: 0,
        actual_milli_sum: 0,
    }
}

fn incident() -> Incident {
    Incident {
        at_ms: 1,
        correlation_id: "c".into(),
        client: Some("127.0.0.1".into()),
        client_key: Some("0123456789abcdef0123456789abcdef".into()),
        class: Some("anonymous".into()),
        reason: Reason::Depth,
        shadow: false,
        limit: Some(15),
        actual: Some(16),
        transport: Transport::Post,
        kind: OperationKind::Query,
        operation: "Product".into(),
        shape: Some("0123456789abcdef".into()),
        document: Some("query{a}".into()),
        measured: Some(Measured::default()),
        cost_milli: Some(1000),
        body_bytes: 10,
    }
}

fn report() -> Report {
    Report {
        version: VERSION,
        boot: WorkerBoot(Uuid::from_u128(7)),
        sequence: 1,
        from_ms: 10,
        to_ms: 20,
        rollup: vec![row()],
        incidents: vec![incident()],
        incidents_dropped: 0,
        sockets: None,
        candidate: None,
    }
}

fn sockets() -> SocketsReport {
    let mut row = SocketRow { class: "anonymous".into(), active: 3, opened: 1, ..SocketRow::default() };
    row.refused.insert(Reason::SocketOrigin, 2);
    row.closes.insert(CloseCode::BadMessage, 1);
    row.duration_ms.add(1_500, Spread::DURATION_MS);
    let client = SocketClient { client_key: "0123456789abcdef0123456789abcdef".into(), ..Default::default() };
    SocketsReport { rows: vec![row], clients: vec![client], clients_merged: 1 }
}

fn change() -> ChangeRow {
    ChangeRow {
        operation: "Product".into(),
        kind: OperationKind::Query,
        class: "anonymous".into(),
        live: None,
        candidate: Some(Reason::Depth),
        count: 2,
        correlation_id: "c".into(),
        document: Some("query{a}".into()),
    }
}

fn candidate(changes: Vec<ChangeRow>) -> Option<CandidateReport> {
    Some(CandidateReport { judged: 9, undecided: 1, changes, dropped: 0 })
}

#[track_caller]
fn check(change: impl FnOnce(&mut Report), expected: Result<(), &str>) {
    let mut report = report();
    change(&mut report);
    assert_eq!(report.check().map_err(|error| error.to_string()), expected.map_err(str::to_owned));
}

#[test]
fn a_sound_report_passes_and_survives_json() {
    check(|_| (), Ok(()));
    let json = serde_json::to_string(&report()).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report());
}

#[test]
fn what_makes_no_sense_is_refused_with_its_path() {
    check(|report| report.version = 2, Err("version: must be 1, got 2"));
    check(|report| report.sequence = 0, Err("sequence: must be at least 1"));
    check(|report| report.to_ms = 9, Err("to_ms: must not be before from_ms"));
    check(|report| report.rollup[0].count = 0, Err("rollup[0].count: must be at least 1"));
    let shape = Err("incidents[0].shape: must be 16 lowercase hex digits");
    check(|report| report.incidents[0].shape = Some("0123456789ABCDEF".into()), shape);
    let key = Err("incidents[0].client_key: must be 32 lowercase hex digits");
    check(|report| report.incidents[0].client_key = Some("0123456789abcdef".into()), key);
}

#[test]
fn what_an_older_edge_does_not_tell_is_not_known() {
    let mut value = serde_json::to_value(report()).unwrap();
    let incident = value["incidents"][0].as_object_mut().unwrap();
    incident.remove("class");
    incident.remove("client_key");
    let read: Report = serde_json::from_value(value).unwrap();
    assert_eq!((&read.incidents[0].class, &read.incidents[0].client_key), (&None, &None));
}

#[test]
fn what_a_candidate_says_is_told_only_where_there_is_one() {
    assert!(!serde_json::to_string(&report()).unwrap().contains("candidate"));
    let told = Report { candidate: candidate(vec![change()]), ..report() };
    let json = serde_json::to_string(&told).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), told);
    check(|report| report.candidate = candidate(vec![change(); Bounds::CHANGES]), Ok(()));
    let many = Err("candidate.changes: at most 240 entries, got 241");
    check(|report| report.candidate = candidate(vec![change(); Bounds::CHANGES + 1]), many);
    let none = Err("candidate.changes[0]: must count at least one request that the two judge otherwise");
    check(|report| report.candidate = candidate(vec![ChangeRow { count: 0, ..change() }]), none);
    check(
        |report| report.candidate = candidate(vec![ChangeRow { live: Some(Reason::Depth), ..change() }]),
        none,
    );
    let long = Err("candidate.changes[0].operation: at most 64 bytes, got 65");
    check(
        |report| report.candidate = candidate(vec![ChangeRow { operation: "o".repeat(65), ..change() }]),
        long,
    );
}

#[test]
fn lists_hold_as_many_as_their_bound() {
    check(|report| report.rollup = vec![row(); Bounds::ROWS], Ok(()));
    check(
        |report| report.rollup = vec![row(); Bounds::ROWS + 1],
        Err("rollup: at most 1200 entries, got 1201"),
    );
    check(|report| report.incidents = vec![incident(); Bounds::INCIDENTS], Ok(()));
    let many = Err("incidents: at most 128 entries, got 129");
    check(|report| report.incidents = vec![incident(); Bounds::INCIDENTS + 1], many);
}

#[test]
fn texts_hold_as_much_as_their_bound() {
    check(|report| report.rollup[0].key.operation = "o".repeat(64), Ok(()));
    let long = Err("rollup[0].key.operation: at most 64 bytes, got 65");
    check(|report| report.rollup[0].key.operation = "o".repeat(65), long);
    let long = Err("incidents[0].document: at most 2048 bytes, got 2049");
    check(|report| report.incidents[0].document = Some("d".repeat(2049)), long);
    let long = Err("incidents[0].class: at most 64 bytes, got 65");
    check(|report| report.incidents[0].class = Some("c".repeat(65)), long);
}

#[test]
fn an_unknown_field_is_refused() {
    let json =
        serde_json::to_string(&report()).unwrap().replacen("\"version\"", "\"extra\":1,\"version\"", 1);
    assert!(serde_json::from_str::<Report>(&json).is_err());
}

#[test]
fn sockets_are_told_by_those_that_had_some_and_survive_json() {
    check(|report| report.sockets = Some(sockets()), Ok(()));
    let with = Report { sockets: Some(sockets()), ..report() };
    let json = serde_json::to_string(&with).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), with);
    assert!(!serde_json::to_string(&report()).unwrap().contains("sockets"));
}

#[test]
fn what_makes_no_sense_of_sockets_is_refused_with_its_path() {
    let with =
        |change: fn(&mut SocketsReport)| move |report: &mut Report| change(report.sockets.insert(sockets()));
    let rows = Err("sockets.rows: at most 32 entries, got 33");
    check(with(|sockets| sockets.rows = vec![SocketRow::default(); 33]), rows);
    let clients = Err("sockets.clients: at most 64 entries, got 65");
    check(with(|sockets| sockets.clients = vec![SocketClient::default(); 65]), clients);
    let key = Err("sockets.clients[0].client_key: must be 32 lowercase hex digits");
    check(with(|sockets| sockets.clients[0].client_key.clear()), key);
    let spread = Err("sockets.rows[0]: a spread must have one count for each bound, and one above them");
    check(with(|sockets| sockets.rows[0].messages.counts.push(1)), spread);
}
