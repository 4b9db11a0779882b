use super::*;
use crate::correlation::CorrelationId;
use crate::outbox::{CallAnswer, CallId};
use portcullis_cost::Cost;
use portcullis_policy::{ClientKey, Refusal, Switch, Token};
use portcullis_report::{Identity, OperationKind, Reason, Transport};
use uuid::Uuid;

const fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn worker() -> Worker {
    let analyzer = Analyzer {
        cluster: "analyzer".to_owned(),
        decisions: Switch::Off,
        token: Token::Inline("t".to_owned()),
    };
    Worker::reporting(WorkerBoot(Uuid::from_u128(1)), analyzer, "t".to_owned())
}

fn event(now: u64, refusal: Option<Reason>) -> Event {
    Event {
        at: at(now),
        correlation: CorrelationId::parse(b"c").unwrap(),
        client: Some([192, 0, 2, 1].into()),
        client_key: ClientKey([0; 16]),
        identity: Identity::Anyone,
        class: "anonymous".into(),
        transport: Transport::Post,
        kind: OperationKind::Query,
        operation: "o".repeat(Bounds::OPERATION_BYTES),
        refusal: refusal.map(Refusal::because),
        shadowed: None,
        measures: None,
        cost: Some(Cost::MAX),
        actual: None,
        sensitive: 0,
        shape: None,
        document: Some("d".repeat(Bounds::DOCUMENT_BYTES)),
        compared: None,
        body_bytes: 1,
    }
}

/// The report that a tick sends, if it sends one; the host answers with a status.
fn tick(worker: &mut Worker, now: u64, status: u16) -> Option<Report> {
    let call = worker.on_tick(at(now)).into_iter().find_map(|effect| match effect {
        WorkerEffect::Call(call) => Some(call),
        WorkerEffect::Count(..) | WorkerEffect::Fetch(_) | WorkerEffect::Set(..) | WorkerEffect::Warn(_) => {
            None
        }
    })?;
    let id = CallId(u32::try_from(now).unwrap());
    worker.on_call(CallOutcome::Begun(id), at(now));
    worker.on_call(CallOutcome::Answered(id, Some(status.into())), at(now));
    Some(serde_json::from_slice(&call.body).unwrap())
}

#[test]
fn a_calm_window_is_a_second_long() {
    let mut worker = worker();
    worker.note(event(5_000, None));
    worker.note(event(5_500, None));
    assert_eq!(tick(&mut worker, 5_999, 200), None);
    let report = tick(&mut worker, 6_000, 200).unwrap();
    assert_eq!((report.sequence, report.from_ms, report.to_ms), (1, 5_000, 6_000));
    assert_eq!(report.rollup.iter().map(|row| row.count).sum::<u64>(), 2);
    assert_eq!(report.check(), Ok(()));
    assert_eq!(tick(&mut worker, 9_000, 200), None, "nothing to say");
}

#[test]
fn a_refusal_is_reported_at_the_next_tick() {
    let mut worker = worker();
    worker.note(event(5_000, Some(Reason::Depth)));
    let report = tick(&mut worker, 5_100, 200).unwrap();
    assert_eq!(report.incidents.len(), 1);
    assert_eq!(report.incidents[0].reason, Reason::Depth);
}

#[test]
fn documents_are_kept_as_long_as_there_is_room_for_incidents() {
    assert_eq!(Worker::silent(worker().boot).documents(), Documents::Dropped);
    let mut worker = worker();
    for n in 0..Bounds::INCIDENTS as u64 {
        assert_eq!(worker.documents(), Documents::Kept, "{n}");
        worker.note(event(5_000, Some(Reason::Depth)));
    }
    assert_eq!(worker.documents(), Documents::Dropped);
    assert_eq!(tick(&mut worker, 5_100, 200).unwrap().incidents.len(), Bounds::INCIDENTS);
    assert_eq!(worker.documents(), Documents::Kept);
}

#[test]
fn sequences_count_from_one_and_a_failed_report_goes_again_as_it_was() {
    let mut worker = worker();
    worker.note(event(1_000, Some(Reason::Depth)));
    let first = tick(&mut worker, 1_100, 503).unwrap();
    worker.note(event(1_150, Some(Reason::Cost)));
    assert_eq!(tick(&mut worker, 1_200, 200).as_ref(), Some(&first));
    assert_eq!(tick(&mut worker, 1_300, 200).unwrap().sequence, 2);
}

#[test]
fn an_outage_loses_incidents_beyond_the_bounds_but_no_count() {
    let mut worker = worker();
    let mut dropped = 0;
    for n in 0..10_000_u64 {
        let effects = worker.note(event(n * 10, Some(Reason::Depth)));
        dropped += effects
            .iter()
            .filter(|effect| **effect == WorkerEffect::Count(Metric::IncidentsDropped, 1))
            .count();
        if n % 10 == 0 {
            tick(&mut worker, n * 10, 503);
        }
    }
    let mut reports = Vec::new();
    for n in 0..100 {
        reports.extend(tick(&mut worker, 200_000 + n * 100, 200));
    }
    let requests: u64 = reports.iter().flat_map(|report| &report.rollup).map(|row| row.count).sum();
    let incidents: usize = reports.iter().map(|report| report.incidents.len()).sum();
    let told: u64 = reports.iter().map(|report| report.incidents_dropped).sum();
    assert_eq!(requests, 10_000);
    assert!(dropped > 0, "the outage was longer than the ring");
    assert_eq!(incidents + dropped, 10_000);
    assert_eq!(usize::try_from(told).unwrap(), dropped);
    let sequences: Vec<u64> = reports.iter().map(|report| report.sequence).collect();
    assert_eq!(sequences, (1..=u64::try_from(reports.len()).unwrap()).collect::<Vec<_>>());
}

#[test]
fn the_largest_report_is_within_the_bounds() {
    let mut worker = worker();
    for n in 0..10_000 {
        let name = format!("{n:0>width$}", width = Bounds::OPERATION_BYTES);
        worker.note(Event { operation: name, ..event(1_000, Some(Reason::AliasesPerField)) });
    }
    let call = worker.on_tick(at(1_100)).into_iter().find_map(|effect| match effect {
        WorkerEffect::Call(call) => Some(call),
        WorkerEffect::Count(..) | WorkerEffect::Fetch(_) | WorkerEffect::Set(..) | WorkerEffect::Warn(_) => {
            None
        }
    });
    let body = call.unwrap().body;
    assert!(body.len() <= Bounds::REPORT_BYTES, "{}", body.len());
    assert_eq!(serde_json::from_slice::<Report>(&body).unwrap().check(), Ok(()));
}

#[test]
fn a_worker_without_an_analyzer_keeps_nothing() {
    let mut worker = Worker::silent(WorkerBoot(Uuid::from_u128(1)));
    assert_eq!(worker.note(event(1_000, Some(Reason::Depth))), []);
    assert_eq!(worker.on_tick(at(9_000)), []);
    assert!(worker.incidents.is_empty());
}

#[test]
fn an_outage_is_spoken_of_once() {
    let mut worker = worker();
    let warnings = |effects: &[WorkerEffect]| {
        effects.iter().filter(|effect| matches!(effect, WorkerEffect::Warn(_))).count()
    };
    let mut attempt = |now: u64, status: Option<u16>| {
        worker.note(event(now, Some(Reason::Depth)));
        let begun = worker.on_tick(at(now)).iter().any(|effect| matches!(effect, WorkerEffect::Call(_)));
        assert!(begun, "{now}");
        worker.on_call(CallOutcome::Begun(CallId(7)), at(now));
        worker.on_call(CallOutcome::Answered(CallId(7), status.map(CallAnswer::from)), at(now))
    };
    assert_eq!(warnings(&attempt(10_000, Some(200))), 0);
    let first = attempt(20_000, Some(401));
    assert!(matches!(first.last(), Some(WorkerEffect::Warn(text)) if text.contains("token")), "{first:?}");
    assert_eq!(warnings(&attempt(30_000, Some(401))), 0);
    assert_eq!(warnings(&attempt(40_000, Some(200))), 0);
    assert_eq!(warnings(&attempt(50_000, None)), 1);
}

/// Answers the call of a tick, if it makes one.
fn answered(worker: &mut Worker, now: u64, answer: CallAnswer) -> Option<Report> {
    let report = sent(worker.on_tick(at(now)))?;
    let id = CallId(u32::try_from(now).unwrap());
    worker.on_call(CallOutcome::Begun(id), at(now));
    worker.on_call(CallOutcome::Answered(id, Some(answer)), at(now));
    Some(report)
}

#[test]
fn an_analyzer_that_has_no_time_is_asked_again_when_it_said_and_told_less_often() {
    let mut worker = worker();
    worker.note(event(1_000, Some(Reason::Depth)));
    let busy = CallAnswer { status: 503, retry_after_s: Some(7) };
    let first = answered(&mut worker, 1_100, busy).unwrap();
    // What is urgent waits for the end of a window that is twice as long.
    worker.note(event(1_200, Some(Reason::Depth)));
    for now in (1_200..8_100).step_by(100) {
        assert_eq!(answered(&mut worker, now, 200.into()), None, "{now}");
    }
    assert_eq!(answered(&mut worker, 8_100, 200.into()).as_ref(), Some(&first));
    let second = answered(&mut worker, 8_200, 200.into()).unwrap();
    assert_eq!((second.from_ms, second.to_ms), (1_200, 3_200));
    // It has time again.
    worker.note(event(9_000, Some(Reason::Depth)));
    assert_eq!(answered(&mut worker, 9_100, 200.into()).unwrap().incidents.len(), 1);
}

#[test]
fn what_is_looked_at_under_pressure_stands_for_all_of_it() {
    let mut worker = worker();
    let requests = 50_000_u64;
    for n in 0..requests {
        let cost = Some(Cost::from_units(n % 7));
        worker.note(Event { operation: format!("Op{}", n % 10), cost, ..event(1_000, None) });
        if n % 1_000 == 0 {
            worker.note(event(1_000, Some(Reason::Depth)));
        }
    }
    let report = tick(&mut worker, 1_100, 200).unwrap();
    assert_eq!(report.check(), Ok(()));
    let sampling = report.sampling.unwrap();
    let exact: u64 = (0..requests).map(|n| (n % 7) * 1_000).sum();
    assert_eq!((sampling.requests, sampling.cost_milli_sum), (requests, exact));
    let sum = |is_wanted: fn(&&portcullis_report::RollupRow) -> bool| -> u64 {
        report.rollup.iter().filter(is_wanted).map(|row| row.count).sum()
    };
    // Refused requests are counted one by one.
    assert_eq!(sum(|row| row.key.refused.is_some()), 50);
    let allowed = sum(|row| row.key.refused.is_none());
    assert!(allowed.abs_diff(requests) < u64::from(sampling.one_in), "{allowed}");
    let clients = report.clients.map_or(0, |clients| clients.rows.len());
    assert_eq!(clients, 0, "who is calm waits");
}

#[test]
fn whoever_waits_to_be_told_of_is_told_when_nothing_else_happens() {
    let mut worker = worker();
    worker.note(event(1_000, None));
    assert_eq!(tick(&mut worker, 2_000, 200).unwrap().clients, None);
    assert_eq!(tick(&mut worker, 10_900, 200), None);
    assert_eq!(tick(&mut worker, 11_000, 200), None, "the window begins");
    let report = tick(&mut worker, 12_000, 200).unwrap();
    let row = &report.clients.as_ref().unwrap().rows[0];
    assert_eq!((row.client.as_deref(), row.allowed[&OperationKind::Query]), (Some("192.0.2.1"), 1));
    assert_eq!((report.rollup.len(), report.check()), (0, Ok(())));
}

#[test]
fn what_only_counts_is_an_incident_and_waits_for_the_end_of_the_window() {
    let mut worker = worker();
    worker.note(Event { shadowed: Some(Refusal::because(Reason::Depth)), ..event(0, None) });
    assert_eq!(tick(&mut worker, 100, 200), None);
    let report = tick(&mut worker, 1_000, 200).unwrap();
    let key = &report.rollup[0].key;
    assert_eq!((key.refused, key.shadowed), (None, Some(Reason::Depth)));
    let incident = &report.incidents[0];
    assert_eq!((incident.reason, incident.shadow), (Reason::Depth, true));
}

/// The report that these effects send, if they send one.
fn sent(effects: Vec<WorkerEffect>) -> Option<Report> {
    effects.into_iter().find_map(|effect| match effect {
        WorkerEffect::Call(call) => Some(serde_json::from_slice(&call.body).unwrap()),
        WorkerEffect::Count(..) | WorkerEffect::Set(..) | WorkerEffect::Fetch(_) | WorkerEffect::Warn(_) => {
            None
        }
    })
}

/// The host took a call, and it was answered.
fn answer(worker: &mut Worker, id: u32, status: Option<u16>) -> Option<Report> {
    assert_eq!(worker.on_call(CallOutcome::Begun(CallId(id)), at(2)), []);
    assert!(!worker.may_go(), "a call is under way");
    sent(worker.on_call(CallOutcome::Answered(CallId(id), status.map(CallAnswer::from)), at(3)))
}

#[test]
fn an_ending_worker_sends_what_it_has_and_may_go_then() {
    let mut worker = worker();
    assert!(!worker.may_go(), "it does not end");
    worker.note(event(1, None));
    assert_eq!(sent(worker.on_end(at(2))).unwrap().rollup.len(), 1);
    // What comes meanwhile goes out behind it, without a wait.
    worker.note(event(2, None));
    assert_eq!(answer(&mut worker, 1, Some(200)).unwrap().sequence, 2);
    assert_eq!(answer(&mut worker, 2, Some(200)), None);
    assert!(worker.may_go());
}

#[test]
fn an_ending_worker_waits_for_a_call_that_is_under_way() {
    let mut worker = worker();
    worker.note(event(1, Some(Reason::Depth)));
    assert!(sent(worker.on_tick(at(2))).is_some());
    worker.note(event(2, None));
    assert_eq!(sent(worker.on_end(at(2))), None);
    assert_eq!(answer(&mut worker, 1, Some(200)).unwrap().sequence, 2);
    assert_eq!(answer(&mut worker, 2, Some(200)), None);
    assert!(worker.may_go());
}

#[test]
fn an_ending_worker_does_not_wait_for_an_analyzer_that_takes_nothing() {
    for status in [None, Some(503)] {
        let mut worker = worker();
        worker.note(event(1, None));
        assert!(sent(worker.on_end(at(2))).is_some());
        assert_eq!(answer(&mut worker, 1, status), None);
        assert!(worker.may_go());
    }
    let mut refused = worker();
    refused.note(event(1, None));
    assert!(sent(refused.on_end(at(2))).is_some());
    refused.on_call(CallOutcome::NotBegun, at(2));
    assert!(refused.may_go());
    let mut silent = Worker::silent(WorkerBoot(Uuid::from_u128(1)));
    assert_eq!(silent.on_end(at(1)), []);
    assert!(silent.may_go());
    let mut idle = worker();
    assert_eq!(idle.on_end(at(1)), []);
    assert!(idle.may_go());
}
