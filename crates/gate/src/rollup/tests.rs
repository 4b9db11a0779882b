use super::*;
use crate::correlation::CorrelationId;
use crate::time::Timestamp;
use portcullis_policy::ClientKey;
use portcullis_policy::Refusal;
use portcullis_report::{Bounds, Identity, OperationKind, Reason, Transport};

fn event(operation: &str, cost: u64) -> Event {
    Event {
        at: Timestamp::from_millis(1),
        correlation: CorrelationId::parse(b"c").unwrap(),
        client: None,
        client_key: ClientKey([0; 16]),
        identity: Identity::Anyone,
        class: "anonymous".into(),
        transport: Transport::Post,
        kind: OperationKind::Query,
        operation: operation.to_owned(),
        refusal: None,
        shadowed: None,
        measures: None,
        cost: Some(Cost::from_units(cost)),
        actual: None,
        sensitive: 0,
        shape: None,
        document: None,
        compared: None,
        body_bytes: 10,
    }
}

#[test]
fn requests_of_one_key_are_one_row() {
    let mut rollup = Rollup::default();
    for cost in [3, 9, 1] {
        assert_eq!(rollup.add(&event("A", cost), 1), Place::Own);
    }
    rollup.add(&event("B", 1), 1);
    let rows = rollup.cut();
    assert_eq!(rows.iter().map(|row| row.count).collect::<Vec<_>>(), [3, 1]);
    assert_eq!((rows[0].cost_milli_sum, rows[0].cost_milli_max, rows[0].body_bytes_sum), (13_000, 9_000, 30));
    assert!(rollup.is_empty());
}

#[test]
fn a_request_that_stands_for_several_counts_as_they_do() {
    let mut rollup = Rollup::default();
    rollup.add(&event("A", 3), 4);
    let row = rollup.cut().remove(0);
    assert_eq!(
        (row.count, row.cost_milli_sum, row.cost_milli_max, row.body_bytes_sum),
        (4, 12_000, 3_000, 40)
    );
}

#[test]
fn a_flood_of_names_is_bounded_and_loses_no_request() {
    let mut rollup = Rollup::default();
    let merged =
        (0..5_000).filter(|n| rollup.add(&event(&format!("Flood{n}"), 1), 1) == Place::Other).count();
    let rows = rollup.cut();
    assert!(rows.len() <= Bounds::ROWS, "{}", rows.len());
    assert_eq!(rows.iter().map(|row| row.count).sum::<u64>(), 5_000);
    let other = rows.iter().find(|row| row.key.operation == OTHER).unwrap();
    assert_eq!(usize::try_from(other.count).unwrap(), merged);
}

#[test]
fn a_flood_does_not_push_out_those_who_were_busy_before() {
    let mut rollup = Rollup::default();
    for _ in 0..3 {
        for _ in 0..10 {
            rollup.add(&event("Honest", 1), 1);
        }
        for n in 0..5_000 {
            rollup.add(&event(&format!("Flood{n}"), 1), 1);
        }
        rollup.cut();
    }
    for n in 0..5_000 {
        rollup.add(&event(&format!("Other{n}"), 1), 1);
    }
    assert_eq!(rollup.add(&event("Honest", 1), 1), Place::Own);
    assert!(rollup.regulars.len() <= REGULARS);
}

#[test]
fn however_many_classes_and_reasons_there_are_a_report_is_not_too_long() {
    let mut rollup = Rollup::default();
    let all = || {
        let classes = (0..16).map(|class| format!("class_{}", char::from(b'a' + class)));
        classes.flat_map(|class| Reason::ALL.iter().map(move |reason| (class.clone(), *reason)))
    };
    let mut count = 0;
    for window in 0..2 {
        for (class, reason) in all() {
            for (index, kind) in OperationKind::ALL.into_iter().enumerate() {
                let refusal = Some(Refusal::because(reason));
                let name = format!("Flood{window}{class}{reason:?}{index}");
                let event = Event { class: class.as_str().into(), kind, refusal, ..event(&name, 1) };
                rollup.add(&Event { refusal: None, shadowed: refusal, ..event.clone() }, 1);
                rollup.add(&event, 1);
                count += 2;
            }
        }
        let rows = rollup.cut();
        assert!(rows.len() <= Bounds::ROWS, "{}", rows.len());
        assert_eq!(rows.iter().map(|row| row.count).sum::<u64>(), count);
        count = 0;
    }
}
