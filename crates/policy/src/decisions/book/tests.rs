use super::super::Effect;
use super::*;
use crate::ClientKey;
use portcullis_report::{Action, DECISION_VERSION, Decision, Scope};
use std::net::{IpAddr, Ipv4Addr};

const NOW: Timestamp = Timestamp::from_millis(1_000);

fn address(id: u64) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + u32::try_from(id).unwrap()))
}

fn block(id: u64) -> Decision {
    Decision {
        id,
        action: Action::Block,
        scope: Scope::Ip(address(id)),
        expires_at_ms: 9_000,
        reason: String::new(),
        origin: "import".to_owned(),
    }
}

fn page(revision: u64, ids: std::ops::Range<u64>) -> DecisionPage {
    DecisionPage {
        version: DECISION_VERSION,
        revision,
        full: false,
        floor: 0,
        more: false,
        decisions: ids.map(block).collect(),
        removed: Vec::new(),
    }
}

fn whole(book: &mut Book, page: &DecisionPage) -> Blobs {
    match book.take(page, NOW) {
        Page::Whole(blobs) => blobs,
        Page::Partial => panic!("more pages should follow"),
    }
}

fn is_blocked(book: &Book, id: u64) -> bool {
    let ruling = book.set().find(Some(address(id)), ClientKey([0; 16]), NOW);
    ruling.is_some_and(|ruling| ruling.effect == Effect::Block)
}

#[test]
fn nothing_changes_before_the_last_page() {
    let mut book = Book::new(1);
    whole(&mut book, &page(5, 1..3));
    let first = DecisionPage { full: true, more: true, ..page(7, 10..12) };
    assert_eq!(book.take(&first, NOW), Page::Partial);
    assert_eq!((book.revision(), book.set().revision()), (7, 5));
    assert!(is_blocked(&book, 1) && !is_blocked(&book, 10));
    let last = DecisionPage { removed: vec![10], ..page(9, 12..13) };
    let blobs = whole(&mut book, &last);
    assert_eq!((blobs.held, book.revision()), (2, 9));
    assert!(
        !is_blocked(&book, 1) && !is_blocked(&book, 10) && is_blocked(&book, 11) && is_blocked(&book, 12)
    );
}

#[test]
fn what_was_abandoned_is_asked_for_again() {
    let mut book = Book::new(1);
    whole(&mut book, &page(5, 1..3));
    book.take(&DecisionPage { more: true, ..page(7, 10..12) }, NOW);
    book.abandon();
    assert_eq!(book.revision(), 5);
    whole(&mut book, &page(8, 20..21));
    assert!(is_blocked(&book, 1) && !is_blocked(&book, 10) && is_blocked(&book, 20));
}

#[test]
fn small_changes_write_no_base() {
    let mut book = Book::new(1);
    assert!(whole(&mut book, &DecisionPage { full: true, ..page(1, 1..1_000) }).base.is_some());
    let removed = DecisionPage { removed: vec![5, 6, 4_000], ..page(2, 2_000..2_010) };
    let blobs = whole(&mut book, &removed);
    assert_eq!((blobs.base.is_some(), blobs.held), (false, 999 - 2 + 10));
    assert!(!is_blocked(&book, 5) && is_blocked(&book, 7) && is_blocked(&book, 2_009));
    assert!(blobs.delta.len() < 1_000, "{}", blobs.delta.len());
}

#[test]
fn many_changes_become_a_base_without_what_is_over() {
    let mut book = Book::new(1);
    whole(&mut book, &DecisionPage { full: true, ..page(1, 1..10) });
    let short = Decision { expires_at_ms: 1_001, ..block(20) };
    whole(&mut book, &DecisionPage { decisions: vec![short], ..page(2, 0..0) });
    assert_eq!(book.set().len(), 10);
    let many = page(3, 10_000..15_000);
    let later = Timestamp::from_millis(1_002);
    let Page::Whole(blobs) = book.take(&many, later) else { panic!("more pages should follow") };
    assert_eq!((blobs.base.is_some(), blobs.held), (true, 9 + 5_000));
}

#[test]
fn more_than_an_edge_holds_is_left_out_and_counted() {
    let mut book = Book::new(1);
    let most = u64::try_from(MOST_DECISIONS).unwrap();
    let mut all = DecisionPage { full: true, ..page(1, 1..most + 1) };
    // The oldest was made by a person, the next by a scenario.
    all.decisions[0].origin = "operator".to_owned();
    all.decisions[1].origin = "scenario".to_owned();
    whole(&mut book, &all);
    // Of lists the oldest make room.
    let blobs = whole(&mut book, &page(2, most + 1..most + 4));
    assert_eq!((blobs.held, blobs.dropped), (MOST_DECISIONS, 3));
    let left_out =
        |book: &Book| (1..most + 10).filter(|id| !is_blocked(book, *id)).take(5).collect::<Vec<_>>();
    assert_eq!(left_out(&book), [3, 4, 5, most + 4, most + 5]);
    let more = page(3, most + 1..most + 6).decisions;
    let full = DecisionPage { decisions: [all.decisions.clone(), more].concat(), ..all.clone() };
    assert_eq!(whole(&mut book, &full).dropped, 5);
    assert_eq!(left_out(&book), [3, 4, 5, 6, 7]);
    // However late one comes that is worth less than all others, it goes itself.
    all.decisions.iter_mut().for_each(|decision| decision.origin = "scenario".to_owned());
    all.decisions.extend(page(4, most + 1..most + 2).decisions);
    assert_eq!(whole(&mut book, &all).dropped, 1);
    assert!(is_blocked(&book, 1) && is_blocked(&book, most) && !is_blocked(&book, most + 1));
}

#[test]
fn who_takes_over_goes_on_from_there() {
    let mut book = Book::new(1);
    let base = whole(&mut book, &DecisionPage { full: true, ..page(1, 1..10) }).base.unwrap();
    let delta = whole(&mut book, &page(4, 20..22)).delta;
    let mut heir = Book::new(2);
    heir.take_over(DecisionSet::read(&base, &delta).unwrap());
    assert_eq!(heir.revision(), 4);
    whole(&mut heir, &page(5, 30..31));
    assert!(is_blocked(&heir, 1) && is_blocked(&heir, 21) && is_blocked(&heir, 30));
}
