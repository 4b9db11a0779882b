use super::*;
use crate::outbox::Call;
use flate2::Compression;
use flate2::write::GzEncoder;
use portcullis_policy::decisions::Effect;
use portcullis_policy::throttles::{Conflict, Shelf, Version};
use portcullis_policy::{ClientKey, Switch, Token};
use portcullis_report::{Action, DECISION_VERSION, Decision, DecisionPage, Poll as Outcome, Scope};
use std::io::Write as _;
use uuid::Uuid;

const fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn worker(number: u128, shared: &mut dyn Buckets) -> Bulletin {
    let token = Token::Inline("t".to_owned());
    let analyzer = Analyzer { cluster: "analyzer".to_owned(), decisions: Switch::On, token };
    Bulletin::fetching(WorkerBoot(Uuid::from_u128(number)), analyzer, "t".to_owned(), shared)
}

fn block(id: u64) -> Decision {
    Decision {
        id,
        action: Action::Block,
        scope: Scope::Ip([10, 0, 0, u8::try_from(id).unwrap()].into()),
        expires_at_ms: 1_000_000,
        reason: String::new(),
        origin: "scenario".to_owned(),
    }
}

fn page(revision: u64, ids: &[u64]) -> DecisionPage {
    DecisionPage {
        version: DECISION_VERSION,
        revision,
        full: false,
        floor: 0,
        more: false,
        decisions: ids.iter().map(|id| block(*id)).collect(),
        removed: Vec::new(),
    }
}

fn is_blocked(bulletin: &Bulletin, id: u8) -> bool {
    let ruling = bulletin.decisions().find(Some([10, 0, 0, id].into()), ClientKey([0; 16]), at(1_000));
    ruling.is_some_and(|ruling| ruling.effect == Effect::Block)
}

/// The question that is asked, when one is; the host takes it.
fn asked(effects: &[WorkerEffect]) -> Option<&Call> {
    effects.iter().find_map(|effect| match effect {
        WorkerEffect::Fetch(call) => Some(call),
        WorkerEffect::Call(_) | WorkerEffect::Count(..) | WorkerEffect::Set(..) | WorkerEffect::Warn(_) => {
            None
        }
    })
}

fn path(effects: &[WorkerEffect]) -> Option<&str> {
    let headers = &asked(effects)?.headers;
    headers.iter().find(|(name, _)| *name == ":path").map(|(_, value)| value.as_str())
}

fn polls(effects: &[WorkerEffect], outcome: Outcome) -> bool {
    effects.contains(&WorkerEffect::Count(Metric::Decision(DecisionMetric::Polls(outcome)), 1))
}

const ID: CallId = CallId(9);

/// The host takes a call, and the analyzer answers it.
fn answer(
    bulletin: &mut Bulletin,
    shared: &mut dyn Buckets,
    now: u64,
    status: u16,
    body: &[u8],
) -> Vec<WorkerEffect> {
    assert_eq!(bulletin.on_call(CallOutcome::Begun(ID), None, at(now), shared), []);
    assert!(bulletin.awaits(ID));
    bulletin.on_call(CallOutcome::Answered(ID, Some(status.into())), Some(body), at(now), shared)
}

fn tell(
    bulletin: &mut Bulletin,
    shared: &mut dyn Buckets,
    now: u64,
    page: &DecisionPage,
) -> Vec<WorkerEffect> {
    answer(bulletin, shared, now, 200, &serde_json::to_vec(page).unwrap())
}

#[test]
fn one_worker_asks_and_all_carry_out_what_it_is_told() {
    let mut shelf = Shelf::default();
    let (mut one, mut other) = (worker(1, &mut shelf), worker(2, &mut shelf));
    let effects = one.on_tick(at(1_000), &mut shelf);
    assert_eq!(path(&effects), Some("/edge/v1/decisions?after=0&wait=25"));
    assert!(asked(&effects).unwrap().headers.contains(&("authorization", "Bearer t".to_owned())));
    assert_eq!(other.on_tick(at(1_000), &mut shelf), []);
    let effects = tell(&mut one, &mut shelf, 1_100, &page(7, &[1, 2]));
    assert!(polls(&effects, Outcome::Changed));
    assert!(effects.contains(&WorkerEffect::Set(Metric::Decision(DecisionMetric::Held), 2)));
    // It asks on at once, after what it has.
    assert_eq!(path(&effects), Some("/edge/v1/decisions?after=7&wait=25"));
    assert!(is_blocked(&one, 1) && !is_blocked(&other, 1));
    assert_eq!(other.on_tick(at(1_200), &mut shelf), []);
    assert!(is_blocked(&other, 1) && is_blocked(&other, 2) && !is_blocked(&other, 3));
    let removed = DecisionPage { removed: vec![1], ..page(8, &[3]) };
    tell(&mut one, &mut shelf, 1_300, &removed);
    other.on_tick(at(1_400), &mut shelf);
    assert!(!is_blocked(&other, 1) && is_blocked(&other, 2) && is_blocked(&other, 3));
}

#[test]
fn who_comes_later_has_it_at_once() {
    let mut shelf = Shelf::default();
    let mut one = worker(1, &mut shelf);
    one.on_tick(at(1_000), &mut shelf);
    tell(&mut one, &mut shelf, 1_100, &DecisionPage { full: true, ..page(7, &[1]) });
    assert!(is_blocked(&worker(2, &mut shelf), 1));
}

#[test]
fn who_follows_goes_on_from_there_and_what_the_other_hears_is_ignored() {
    let mut shelf = Shelf::default();
    let (mut one, mut other) = (worker(1, &mut shelf), worker(2, &mut shelf));
    one.on_tick(at(1_000), &mut shelf);
    tell(&mut one, &mut shelf, 1_100, &DecisionPage { full: true, ..page(7, &[1]) });
    one.on_call(CallOutcome::Begun(ID), None, at(1_100), &mut shelf);
    // Nobody hears of the first worker any more: its lease runs out.
    let ticks = (12..200_u64).map(|tenth| (tenth, other.on_tick(at(tenth * 100), &mut shelf)));
    let (first, effects) = ticks.into_iter().find(|(_, effects)| asked(effects).is_some()).unwrap();
    assert!((100..=130).contains(&first), "after {first} tenths");
    assert_eq!(path(&effects), Some("/edge/v1/decisions?after=7&wait=25"));
    tell(&mut other, &mut shelf, 20_000, &page(9, &[2]));
    let body = serde_json::to_vec(&page(8, &[5])).unwrap();
    let late = one.on_call(CallOutcome::Answered(ID, Some(200.into())), Some(&body), at(20_100), &mut shelf);
    assert_eq!((asked(&late), is_blocked(&one, 5)), (None, false));
    one.on_tick(at(20_200), &mut shelf);
    assert!(is_blocked(&one, 1) && is_blocked(&one, 2));
}

#[test]
fn pages_are_fetched_one_after_the_other_and_take_effect_together() {
    let mut shelf = Shelf::default();
    let mut one = worker(1, &mut shelf);
    one.on_tick(at(1_000), &mut shelf);
    let first = DecisionPage { full: true, floor: 9, more: true, ..page(5, &[1]) };
    let effects = tell(&mut one, &mut shelf, 1_100, &first);
    assert_eq!(path(&effects), Some("/edge/v1/decisions?after=5&wait=0&floor=9"));
    assert!(!is_blocked(&one, 1));
    tell(&mut one, &mut shelf, 1_200, &page(10, &[2]));
    assert!(is_blocked(&one, 1) && is_blocked(&one, 2));
    // What is new comes in pages, too; no set is named then.
    let effects = tell(&mut one, &mut shelf, 1_300, &DecisionPage { more: true, ..page(11, &[3]) });
    assert_eq!(path(&effects), Some("/edge/v1/decisions?after=11&wait=0"));
}

#[test]
fn a_full_set_that_begins_again_and_again_is_asked_for_once_a_second() {
    let mut shelf = Shelf::default();
    let mut one = worker(1, &mut shelf);
    let first = DecisionPage { full: true, floor: 9, more: true, ..page(5, &[1]) };
    let mut asked_at = Vec::new();
    for tenth in 10..40_u64 {
        let mut effects = one.on_tick(at(tenth * 100), &mut shelf);
        while asked(&effects).is_some() {
            asked_at.push(tenth);
            effects = tell(&mut one, &mut shelf, tenth * 100, &first);
        }
    }
    // The first page of the first time is none that begins again.
    assert_eq!(asked_at, [10, 10, 20, 30]);
}

#[test]
fn a_decision_that_makes_no_sense_is_dropped_and_the_others_hold() {
    let mut shelf = Shelf::default();
    let mut one = worker(1, &mut shelf);
    one.on_tick(at(1_000), &mut shelf);
    tell(&mut one, &mut shelf, 1_100, &page(7, &[1, 2, 3]));
    let mut changed = page(8, &[1, 2, 3]);
    changed.decisions[0].action = Action::Throttle { factor_milli: 0 };
    changed.decisions[1].origin = "import:[ip]".to_owned();
    let effects = tell(&mut one, &mut shelf, 1_200, &changed);
    assert!(polls(&effects, Outcome::Changed));
    assert!(effects.contains(&WorkerEffect::Count(Metric::Decision(DecisionMetric::Dropped), 1)));
    assert!(!is_blocked(&one, 1) && is_blocked(&one, 2) && is_blocked(&one, 3));
}

#[test]
fn an_analyzer_that_is_away_is_asked_ever_less_and_what_is_decided_holds() {
    let mut shelf = Shelf::default();
    let mut one = worker(1, &mut shelf);
    one.on_tick(at(1_000), &mut shelf);
    tell(&mut one, &mut shelf, 1_100, &page(7, &[1]));
    let effects = answer(&mut one, &mut shelf, 1_200, 503, b"");
    assert!(polls(&effects, Outcome::Failed));
    let warnings = |effects: &[WorkerEffect]| {
        effects.iter().filter(|effect| matches!(effect, WorkerEffect::Warn(_))).count()
    };
    assert_eq!(warnings(&effects), 1);
    let mut now = 1_200;
    let mut pauses = Vec::new();
    for _ in 0..10 {
        let failed_at = now;
        while asked(&one.on_tick(at(now), &mut shelf)).is_none() {
            now += 100;
        }
        pauses.push(now - failed_at);
        let effects = one.on_call(CallOutcome::NotBegun, None, at(now), &mut shelf);
        assert_eq!((polls(&effects, Outcome::Failed), warnings(&effects)), (true, 0), "it is said once");
    }
    assert_eq!(pauses, [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000]);
    assert!(is_blocked(&one, 1));
}

#[test]
fn what_is_no_page_is_unfit_and_changes_nothing() {
    let mut shelf = Shelf::default();
    let wrong = DecisionPage { version: 9, ..page(7, &[1]) };
    for body in [b"".as_slice(), b"[]", b"{\"version\":1}", &serde_json::to_vec(&wrong).unwrap()] {
        let mut one = worker(1, &mut shelf);
        one.on_tick(at(1_000), &mut shelf);
        let effects = answer(&mut one, &mut shelf, 1_100, 200, body);
        assert!(polls(&effects, Outcome::Unfit) && asked(&effects).is_none());
        assert!(one.decisions().is_empty());
    }
}

#[test]
fn an_answer_may_be_compressed_within_its_bound() {
    let gzip = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let mut json = serde_json::to_vec(&page(7, &[1])).unwrap();
    let check = |json: &[u8], is_taken: bool| {
        let mut shelf = Shelf::default();
        let mut one = worker(1, &mut shelf);
        let effects = one.on_tick(at(1_000), &mut shelf);
        assert!(asked(&effects).unwrap().headers.contains(&("accept-encoding", "gzip".to_owned())));
        answer(&mut one, &mut shelf, 1_100, 200, &gzip(json));
        assert_eq!(is_blocked(&one, 1), is_taken);
    };
    check(&json, true);
    json.resize(LARGEST_ANSWER, b' ');
    check(&json, true);
    json.push(b' ');
    check(&json, false);
    check(b"nonsense", false);
}

#[test]
fn an_analyzer_that_does_not_wait_is_asked_once_a_second() {
    let mut shelf = Shelf::default();
    let mut one = worker(1, &mut shelf);
    let mut asked_at = Vec::new();
    for tenth in 10..50 {
        if asked(&one.on_tick(at(tenth * 100), &mut shelf)).is_some() {
            asked_at.push(tenth);
            let effects = answer(&mut one, &mut shelf, tenth * 100, 204, b"");
            assert!(polls(&effects, Outcome::Unchanged) && asked(&effects).is_none());
        }
    }
    assert_eq!(asked_at, [10, 20, 30, 40]);
}

#[test]
fn a_call_that_is_lost_is_given_up() {
    let mut shelf = Shelf::default();
    let mut one = worker(1, &mut shelf);
    assert!(asked(&one.on_tick(at(1_000), &mut shelf)).is_some());
    assert!(asked(&one.on_tick(at(90_000), &mut shelf)).is_none());
    assert!(polls(&one.on_tick(at(91_100), &mut shelf), Outcome::Failed));
    assert!(asked(&one.on_tick(at(91_300), &mut shelf)).is_some());
}

#[test]
fn shared_bytes_that_are_no_set_are_counted_once_and_what_was_known_holds() {
    let mut shelf = Shelf::default();
    let (mut one, mut other) = (worker(1, &mut shelf), worker(2, &mut shelf));
    one.on_tick(at(1_000), &mut shelf);
    tell(&mut one, &mut shelf, 1_100, &DecisionPage { full: true, ..page(7, &[1]) });
    other.on_tick(at(1_200), &mut shelf);
    shelf.store(DELTA, b"nonsense", None).unwrap();
    let (bytes, version) = shelf.load(HEAD);
    let head = Head::read(&bytes).unwrap();
    shelf.store(HEAD, &Head { issue: head.issue + 1, ..head }.bytes(), version).unwrap();
    assert_eq!(other.on_tick(at(1_300), &mut shelf), []);
    let unreadable = WorkerEffect::Count(Metric::Decision(DecisionMetric::Unreadable), 1);
    assert_eq!(other.on_tick(at(1_400), &mut shelf), [unreadable]);
    assert_eq!(other.on_tick(at(1_500), &mut shelf), []);
    assert!(is_blocked(&other, 1));
}

#[test]
fn who_fetches_mends_what_was_damaged() {
    let mut shelf = Shelf::default();
    let (mut one, mut other) = (worker(1, &mut shelf), worker(2, &mut shelf));
    one.on_tick(at(1_000), &mut shelf);
    tell(&mut one, &mut shelf, 1_100, &DecisionPage { full: true, ..page(7, &[1]) });
    // A third has written its base and its delta under the head of the first, and then its own head.
    let mut third = Book::new(99);
    let Page::Whole(blobs) = third.take(&DecisionPage { full: true, ..page(9, &[3]) }, at(1_200)) else {
        panic!()
    };
    shelf.store(BASE, &blobs.base.unwrap(), None).unwrap();
    let (bytes, version) = shelf.load(HEAD);
    let head = Head::read(&bytes).unwrap();
    shelf.store(HEAD, &Head { issue: head.issue + 1, generation: 5 }.bytes(), version).unwrap();
    (13..18_u64).for_each(|tenth| {
        one.on_tick(at(tenth * 100), &mut shelf);
        other.on_tick(at(tenth * 100), &mut shelf);
    });
    assert!(is_blocked(&one, 1) && is_blocked(&other, 1));
    assert!(is_blocked(&worker(4, &mut shelf), 1), "all of it is there again");
}

/// Shared state in which another worker's head always comes first, so many times.
struct Busy(Shelf, u32);

impl Buckets for Busy {
    fn load(&mut self, key: &str) -> (Vec<u8>, Option<Version>) {
        self.0.load(key)
    }

    fn store(&mut self, key: &str, bytes: &[u8], version: Option<Version>) -> Result<(), Conflict> {
        if key == HEAD && self.1 > 0 {
            self.1 -= 1;
            let (head, version) = self.0.load(HEAD);
            self.0.store(BASE, b"another", None)?;
            self.0.store(HEAD, &head, version)?;
        }
        self.0.store(key, bytes, version)
    }
}

#[test]
fn who_comes_last_writes_all_of_it() {
    let mut busy = Busy(Shelf::default(), 0);
    let mut one = worker(1, &mut busy);
    one.on_tick(at(1_000), &mut busy);
    tell(&mut one, &mut busy, 1_100, &DecisionPage { full: true, ..page(7, &[1]) });
    busy.1 = 2;
    tell(&mut one, &mut busy, 1_200, &page(8, &[2]));
    let other = worker(2, &mut busy);
    assert!(is_blocked(&other, 1) && is_blocked(&other, 2));
}

#[test]
fn a_clock_that_is_set_back_stops_nothing() {
    let mut shelf = Shelf::default();
    let mut one = worker(1, &mut shelf);
    one.on_tick(at(1_000_000), &mut shelf);
    answer(&mut one, &mut shelf, 1_000_000, 503, b"");
    let mut other = worker(2, &mut shelf);
    assert!(asked(&one.on_tick(at(1_000), &mut shelf)).is_some());
    assert!(asked(&other.on_tick(at(1_000), &mut shelf)).is_none());
}

#[test]
fn without_an_analyzer_nothing_is_asked() {
    let mut shelf = Shelf::default();
    let mut silent = Bulletin::silent();
    assert_eq!(silent.on_tick(at(1_000), &mut shelf), []);
    assert!(silent.decisions().is_empty() && !silent.awaits(ID));
}

/// Shared state that takes nothing.
struct Deaf;

impl Buckets for Deaf {
    fn load(&mut self, _: &str) -> (Vec<u8>, Option<Version>) {
        (Vec::new(), None)
    }

    fn store(&mut self, _: &str, _: &[u8], _: Option<Version>) -> Result<(), Conflict> {
        Err(Conflict)
    }
}

#[test]
fn who_cannot_hold_the_lease_does_not_ask() {
    assert_eq!(worker(1, &mut Deaf).on_tick(at(1_000), &mut Deaf), []);
}
