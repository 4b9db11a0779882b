use super::*;
use crate::correlation::CorrelationId;
use crate::judge::{Change, Compared};
use crate::time::Timestamp;
use portcullis_policy::ClientKey;
use portcullis_report::{Identity, Transport};

fn event(compared: Option<Compared>) -> Event {
    Event {
        at: Timestamp::from_millis(1),
        correlation: CorrelationId::parse(b"c").unwrap(),
        client: None,
        client_key: ClientKey([0; 16]),
        identity: Identity::Anyone,
        class: "anonymous".into(),
        transport: Transport::Post,
        kind: OperationKind::Query,
        operation: "A".to_owned(),
        refusal: None,
        shadowed: None,
        measures: None,
        cost: None,
        actual: None,
        sensitive: 0,
        shape: None,
        document: None,
        compared,
        body_bytes: 10,
    }
}

fn added(operation: &str) -> Compared {
    let change = Change {
        live: None,
        candidate: Some(Reason::Depth),
        operation: operation.to_owned(),
        kind: OperationKind::Query,
        document: Some("{a}".to_owned()),
    };
    Compared { difference: Difference::Added, change: Some(Box::new(change)) }
}

fn plain(difference: Difference) -> Option<Compared> {
    Some(Compared { difference, change: None })
}

#[test]
fn where_there_is_no_candidate_nothing_is_told() {
    let mut candidates = Candidates::default();
    candidates.add(&event(None));
    assert_eq!(candidates.cut(), None);
}

#[test]
fn requests_of_one_key_are_one_row_with_one_of_them() {
    let mut candidates = Candidates::default();
    for compared in
        [Some(added("A")), plain(Difference::Same), Some(added("A")), plain(Difference::Undecided)]
    {
        candidates.add(&event(compared));
    }
    let told = candidates.cut().unwrap();
    assert_eq!((told.judged, told.undecided, told.dropped), (4, 1, 0));
    let [row] = told.changes.as_slice() else { panic!("{:?}", told.changes) };
    assert_eq!((row.count, row.correlation_id.as_str(), row.document.as_deref()), (2, "c", Some("{a}")));
    assert_eq!(candidates.cut(), None);
}

#[test]
fn a_flood_of_names_stays_within_what_a_report_takes_and_loses_no_count() {
    let mut candidates = Candidates::default();
    for number in 0..5_000 {
        candidates.add(&event(Some(added(&format!("Flood{number}")))));
    }
    let told = candidates.cut().unwrap();
    assert_eq!((told.judged, told.dropped), (5_000, 0));
    assert_eq!(told.changes.iter().map(|row| row.count).sum::<u64>(), 5_000);
    assert_eq!(told.changes.len(), NAMED_ROWS + 1);
    let documents = told.changes.iter().filter(|row| row.document.is_some()).count();
    assert_eq!(documents, Bounds::CHANGE_DOCUMENTS);
}

#[test]
fn what_finds_no_row_is_counted() {
    let mut candidates = Candidates::default();
    let mut all = 0;
    for (live, candidate) in
        Reason::ALL.iter().flat_map(|one| Reason::ALL.iter().map(move |other| (*one, *other)))
    {
        let Compared { change, .. } = added("A");
        let change = Change { live: Some(live), candidate: Some(candidate), ..*change.unwrap() };
        let compared = Compared { difference: Difference::Changed, change: Some(Box::new(change)) };
        candidates.add(&event(Some(compared)));
        all += 1;
    }
    let told = candidates.cut().unwrap();
    assert_eq!(told.changes.len(), Bounds::CHANGES);
    assert_eq!(told.changes.iter().map(|row| row.count).sum::<u64>() + told.dropped, all);
}
