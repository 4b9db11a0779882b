use super::*;
use crate::{CloseCode, StatusClass};
use serde_json::{Value, json};

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
        identity: Identity::Anyone,
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
        clients: None,
        sampling: None,
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

/// A report that has everything.
fn full() -> Report {
    let incident = Incident { identity: Identity::Authenticated, ..incident() };
    let (sockets, clients) = (Some(sockets()), Some(clients()));
    let sampling = Some(Sampling { one_in: 4, requests: 9, looked_at: 3, cost_milli_sum: 900 });
    let candidate = candidate(vec![change()]);
    Report { incidents: vec![incident], sockets, candidate, clients, sampling, ..report() }
}

/// Puts a field that nobody knows into every object, but for those whose keys are words of the catalogue.
fn from_the_future(value: &mut Value) {
    const BY_WORDS: [&str; 5] = ["refused", "rejected", "closes", "allowed", "statuses"];
    match value {
        Value::Object(object) => {
            let parts = object.iter_mut().filter(|(name, _)| !BY_WORDS.contains(&name.as_str()));
            parts.for_each(|(_, part)| from_the_future(part));
            object.insert("from_the_future".into(), json!({ "a": [1] }));
        }
        Value::Array(list) => list.iter_mut().for_each(from_the_future),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
    }
}

#[test]
fn what_a_later_edge_tells_beyond_this_is_left_unread() {
    let mut value = serde_json::to_value(full()).unwrap();
    from_the_future(&mut value);
    assert!(value.to_string().matches("from_the_future").count() > 10, "{value}");
    let read: Report = serde_json::from_value(value).unwrap();
    assert_eq!((read.check(), read), (Ok(()), full()));
}

/// What is on the wire is written down: edges and analyzers of other versions have to go on understanding it.
#[test]
fn a_report_looks_as_it_did() {
    let golden = include_str!("../../testdata/report.json");
    let told = serde_json::to_value(full()).unwrap();
    assert_eq!(told, serde_json::from_str::<Value>(golden).unwrap(), "if that is wanted: {told:#}");
    assert_eq!(serde_json::from_str::<Report>(golden).unwrap(), full());
}

/// The same report as edges wrote it that knew no clients.
#[test]
fn what_an_earlier_edge_tells_is_taken() {
    let mut value = serde_json::to_value(full()).unwrap();
    for section in ["sockets", "candidate", "clients", "sampling"] {
        value.as_object_mut().unwrap().remove(section);
    }
    value["incidents"][0].as_object_mut().unwrap().remove("identity");
    let read: Report = serde_json::from_value(value).unwrap();
    assert_eq!((read.check(), read), (Ok(()), report()));
}

fn clients() -> ClientsReport {
    let failure = Failure {
        code: "UNAUTHENTICATED".into(),
        kind: OperationKind::Mutation,
        operation: "Login".into(),
        shape: Some("0123456789abcdef".into()),
        sensitive: 1,
        count: 3,
        correlation_id: "c".into(),
    };
    let row = ClientRow {
        client: Some("192.0.2.7".into()),
        client_key: "0123456789abcdef0123456789abcdef".into(),
        identity: Identity::Authenticated,
        class: "anonymous".into(),
        allowed: [(OperationKind::Query, 5), (OperationKind::Mutation, 3)].into(),
        sensitive: 3,
        unfinished: 1,
        statuses: [(StatusClass::Client, 2)].into(),
        suggestions: 1,
        failures: vec![failure],
        failures_merged: 0,
        correlation_id: "c".into(),
    };
    ClientsReport { rows: vec![row], dropped: 2 }
}

#[test]
fn what_makes_no_sense_of_clients_is_refused_with_its_path() {
    let with =
        |change: fn(&mut ClientsReport)| move |report: &mut Report| change(report.clients.insert(clients()));
    let failure = |change: fn(&mut Failure)| {
        move |report: &mut Report| change(&mut report.clients.insert(clients()).rows[0].failures[0])
    };
    check(with(|_| ()), Ok(()));
    check(with(|it| it.rows = vec![it.rows[0].clone(); 64]), Ok(()));
    check(with(|it| it.rows = vec![it.rows[0].clone(); 65]), Err("clients.rows: at most 64 entries, got 65"));
    let many = |report: &mut Report, number: usize| {
        let clients = report.clients.insert(clients());
        clients.rows[0].failures = vec![clients.rows[0].failures[0].clone(); number];
    };
    check(|report| many(report, 256), Ok(()));
    let too_many = Err("clients.rows[].failures: at most 256 entries, got 257");
    check(|report| many(report, 257), too_many);
    let key = Err("clients.rows[0].client_key: must be 32 lowercase hex digits");
    check(with(|it| it.rows[0].client_key = "mallory@example.com".into()), key);
    let long = Err("clients.rows[0].client: at most 64 bytes, got 65");
    check(with(|it| it.rows[0].client = Some("1".repeat(65))), long);
    let code = Err("clients.rows[0].failures[].code: at most 40 bytes, got 41");
    check(failure(|it| it.code = "C".repeat(41)), code);
    let shape = Err("clients.rows[0].failures[].shape: must be 16 lowercase hex digits");
    check(failure(|it| it.shape = Some("g".repeat(16))), shape);
    check(failure(|it| it.count = 0), Err("clients.rows[0].failures[].count: must be at least 1"));
}

#[test]
fn what_makes_no_sense_of_a_sampling_is_refused() {
    let with = |one_in, requests, looked_at| {
        move |report: &mut Report| {
            report.sampling = Some(Sampling { one_in, requests, looked_at, cost_milli_sum: 0 });
        }
    };
    check(with(2, 1, 1), Ok(()));
    check(with(64, u64::MAX, 0), Ok(()));
    check(with(1, 1, 1), Err("sampling: one_in: must be 2 to 64"));
    check(with(65, 1, 1), Err("sampling: one_in: must be 2 to 64"));
    check(with(2, 1, 2), Err("sampling: looked_at: must not be more than requests"));
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
