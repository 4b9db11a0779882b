use super::*;
use portcullis_policy::{Switch, Token};

fn outbox() -> Outbox {
    let analyzer = Analyzer {
        cluster: "analyzer".to_owned(),
        decisions: Switch::Off,
        token: Token::Inline("t".to_owned()),
    };
    let mut outbox = Outbox::new(analyzer, "t".to_owned());
    outbox.push(b"one".to_vec());
    outbox.push(b"two".to_vec());
    outbox
}

const fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// Makes a call at a time and lets the host answer it.
fn attempt(outbox: &mut Outbox, now: u64, status: Option<u16>) -> (Vec<u8>, Option<Delivery>) {
    let call = outbox.next_call(at(now)).unwrap();
    let id = CallId(u32::try_from(now).unwrap());
    assert_eq!(outbox.on_call(CallOutcome::Begun(id), at(now)), None);
    (call.body, outbox.on_call(CallOutcome::Answered(id, status.map(CallAnswer::from)), at(now)))
}

#[test]
fn reports_go_out_in_order_one_at_a_time() {
    let mut outbox = outbox();
    let call = outbox.next_call(at(0)).unwrap();
    assert_eq!((call.cluster.as_str(), call.body.as_slice()), ("analyzer", b"one".as_slice()));
    assert!(call.headers.contains(&("authorization", "Bearer t".to_owned())));
    assert_eq!(outbox.next_call(at(0)), None, "one is in flight");
    outbox.on_call(CallOutcome::Begun(CallId(1)), at(0));
    assert_eq!(
        outbox.on_call(CallOutcome::Answered(CallId(1), Some(200.into())), at(0)),
        Some(Delivery::Sent)
    );
    assert_eq!(attempt(&mut outbox, 1, Some(200)), (b"two".to_vec(), Some(Delivery::Sent)));
    assert_eq!(outbox.next_call(at(2)), None);
}

#[test]
fn what_may_pass_is_sent_again_with_growing_pauses() {
    let mut outbox = outbox();
    let mut now = 0;
    for pause in [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000] {
        for status in [None, Some(503), Some(429), Some(401)].into_iter().take(1) {
            assert_eq!(attempt(&mut outbox, now, status), (b"one".to_vec(), Some(Delivery::Failed)));
        }
        assert_eq!(outbox.next_call(at(now + pause - 1)), None);
        now += pause;
    }
    assert_eq!(attempt(&mut outbox, now, Some(200)).1, Some(Delivery::Sent));
    assert_eq!(attempt(&mut outbox, now, Some(503)), (b"two".to_vec(), Some(Delivery::Failed)));
    assert!(outbox.next_call(at(now + 100)).is_some(), "the pause starts small again");
}

#[test]
fn only_what_the_analyzer_refuses_for_good_is_given_up() {
    for (status, expected) in [
        (200, Delivery::Sent),
        (400, Delivery::Rejected),
        (413, Delivery::Rejected),
        (415, Delivery::Rejected),
        (422, Delivery::Rejected),
        (401, Delivery::Failed),
        (403, Delivery::Failed),
        (404, Delivery::Failed),
        (429, Delivery::Failed),
        (500, Delivery::Failed),
        (503, Delivery::Failed),
        (504, Delivery::Failed),
    ] {
        assert_eq!(attempt(&mut outbox(), 0, Some(status)).1, Some(expected), "{status}");
    }
}

#[test]
fn a_call_that_does_not_begin_is_tried_again() {
    let mut outbox = outbox();
    outbox.next_call(at(0)).unwrap();
    assert_eq!(outbox.on_call(CallOutcome::NotBegun, at(0)), Some(Delivery::Failed));
    assert_eq!(attempt(&mut outbox, 100, Some(200)), (b"one".to_vec(), Some(Delivery::Sent)));
}

#[test]
fn a_call_without_any_word_is_given_up_and_a_late_word_is_ignored() {
    let mut outbox = outbox();
    outbox.next_call(at(0)).unwrap();
    outbox.on_call(CallOutcome::Begun(CallId(9)), at(0));
    assert_eq!(outbox.give_up_lost(at(15_000)), None);
    assert_eq!(outbox.give_up_lost(at(15_001)), Some(Delivery::Failed));
    assert_eq!(outbox.on_call(CallOutcome::Answered(CallId(9), Some(200.into())), at(15_002)), None);
    assert_eq!(attempt(&mut outbox, 20_000, Some(200)).0, b"one");
}
