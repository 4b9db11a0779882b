use super::*;
use crate::worker::WorkerEffect;
use portcullis_policy::Policy;
use portcullis_policy::throttles::{Buckets as _, Shelf};
use portcullis_report::{ClassLabel, Metric, SocketMetric};

const NOW: Timestamp = Timestamp::from_millis(1_000_000);

fn event(client: u8, news: SocketNews) -> SocketEvent {
    let class = Policy::parse("").unwrap().clients.everyone_else();
    SocketEvent { at: NOW, class, class_name: "anonymous".into(), client: ClientKey([client; 16]), news }
}

fn ended() -> SocketNews {
    SocketNews::Ended { code: CloseCode::Normal, duration_ms: 1_500, messages: 3 }
}

fn note(crowd: &mut Crowd, event: SocketEvent) {
    crowd.note_open(&event);
    crowd.note(event);
}

fn gauge(effects: &[WorkerEffect]) -> Option<u64> {
    let wanted = Metric::Socket(SocketMetric::Active(ClassLabel(0)));
    effects.iter().find_map(|effect| match effect {
        WorkerEffect::Set(metric, value) if *metric == wanted => Some(*value),
        WorkerEffect::Set(..)
        | WorkerEffect::Fetch(_)
        | WorkerEffect::Call(_)
        | WorkerEffect::Count(..)
        | WorkerEffect::Warn(_) => None,
    })
}

#[test]
fn a_report_says_what_was_open_and_what_happened() {
    let mut crowd = Crowd::default();
    assert_eq!(crowd.cut(), None);
    note(&mut crowd, event(1, SocketNews::Opened));
    note(&mut crowd, event(1, SocketNews::Opened));
    note(&mut crowd, event(2, SocketNews::Refused(Reason::SocketOrigin)));
    let traffic = Traffic { messages: 2, bytes: 90 };
    let carried = Carried { from_client: traffic, operations: 1, ..Carried::default() };
    note(&mut crowd, event(1, SocketNews::Carried(carried)));
    note(&mut crowd, event(1, ended()));
    let report = crowd.cut().unwrap();
    let [row] = report.rows.as_slice() else { panic!("one class") };
    assert_eq!((row.active, row.opened, row.operations, row.from_clients), (1, 2, 1, traffic));
    assert_eq!(row.refused.get(&Reason::SocketOrigin), Some(&1));
    assert_eq!(
        (row.closes.get(&CloseCode::Normal), row.duration_ms.count(), row.messages.sum),
        (Some(&1), 1, 3)
    );
    let keys: Vec<_> =
        report.clients.iter().map(|client| (client.attempts, client.rejected, client.messages)).collect();
    assert_eq!(keys, [(1, 1, 0), (2, 0, 2)], "who was turned away comes first");
    let next = crowd.cut().unwrap();
    assert_eq!((next.rows[0].active, next.rows[0].opened, next.clients.len()), (1, 0, 0));
    note(&mut crowd, event(1, ended()));
    crowd.cut();
    assert_eq!(crowd.cut(), None, "nothing is open and nothing happened");
}

#[test]
fn clients_without_a_line_are_counted() {
    let mut crowd = Crowd::default();
    for number in 0..CLIENTS + 3 {
        let mut key = [1; 16];
        key[..8].copy_from_slice(&number.to_le_bytes());
        note(&mut crowd, SocketEvent { client: ClientKey(key), ..event(0, SocketNews::Failed) });
    }
    let report = crowd.cut().unwrap();
    assert_eq!((report.clients.len(), report.clients_merged), (Bounds::SOCKET_CLIENTS, 3));
    assert_eq!(report.rows[0].failed, u64::try_from(CLIENTS + 3).unwrap());
}

#[test]
fn the_gauge_is_the_sum_of_all_workers_that_still_speak() {
    let policy = Policy::parse("").unwrap();
    let mut shelf = Shelf::default();
    let (mut one, mut two) = (Crowd::default(), Crowd::default());
    for _ in 0..3 {
        one.note_open(&event(1, SocketNews::Opened));
    }
    two.note_open(&event(1, SocketNews::Opened));
    assert_eq!(gauge(&one.tell(1, &policy, &mut shelf, NOW)), Some(3));
    assert_eq!(gauge(&two.tell(2, &policy, &mut shelf, NOW)), Some(4));
    assert!(one.tell(1, &policy, &mut shelf, NOW.later(999)).is_empty(), "nothing changed");
    one.note_open(&event(1, ended()));
    assert_eq!(gauge(&one.tell(1, &policy, &mut shelf, NOW.later(999))), Some(3));
    // The VM of the first traps and says nothing any more.
    let after = |ms: u64| NOW.later(999 + ms);
    assert_eq!(gauge(&two.tell(2, &policy, &mut shelf, after(15_000))), Some(3));
    assert_eq!(gauge(&two.tell(2, &policy, &mut shelf, after(16_001))), Some(1));
    two.note_open(&event(1, ended()));
    two.note_open(&event(1, ended()));
    assert_eq!(gauge(&two.tell(2, &policy, &mut shelf, after(17_002))), Some(0), "never below");
}

#[test]
fn bytes_that_are_no_blob_are_begun_anew() {
    let policy = Policy::parse("").unwrap();
    let mut shelf = Shelf::default();
    shelf.store("portcullis.sockets.open.1", &[9; 7], None).unwrap();
    let mut crowd = Crowd::default();
    crowd.note_open(&event(1, SocketNews::Opened));
    assert_eq!(gauge(&crowd.tell(1, &policy, &mut shelf, NOW)), Some(1));
}
