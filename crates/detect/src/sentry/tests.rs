use super::*;
use crate::observation::Event;

const SCENARIOS: &str = "
name: NAME
filter: [{reason: [cost, throttled]}]
type: leaky
capacity: 2
leak_ms: 10000
group_by: [client]
score: 60
";

const HOUR: u64 = 3_600_000;

fn sentry(room: usize) -> Sentry {
    let text = SCENARIOS.replace("NAME", "bomb");
    Sentry::new(Scenarios::parse([("test", text.as_str())]).unwrap(), Settings::default(), room)
}

fn seen(at_ms: u64, client: &str, reason: &str) -> Observation {
    let line = format!(r#"{{"at_ms": {at_ms}, "client": "{client}", "reason": "{reason}"}}"#);
    Observation::parse(&line).unwrap()
}

fn at(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

/// What is detected of requests refused for their cost at these moments, by an analyzer whose time is always `now`.
#[track_caller]
fn check(moments: &[u64], now: u64, expected: usize) -> Counts {
    let mut sentry = sentry(10);
    let found = moments
        .iter()
        .map(|at_ms| sentry.observe(&seen(*at_ms, "192.0.2.1", "cost"), at(now)).detections.len());
    assert_eq!(found.sum::<usize>(), expected);
    sentry.counts()
}

#[test]
fn a_clock_that_is_ahead_empties_no_bucket() {
    check(&[HOUR, HOUR + 60_000, HOUR + 120_000], 10 * HOUR, 0);
    check(&[HOUR, 2 * HOUR, 3 * HOUR], HOUR, 1);
}

#[test]
fn a_little_out_of_order_counts_and_late_does_not() {
    check(&[HOUR, HOUR - 1, HOUR - 60_000], 2 * HOUR, 1);
    assert_eq!(check(&[HOUR, HOUR - 1, HOUR - 60_001], 2 * HOUR, 0).late, 1);
}

#[test]
fn requests_that_only_would_have_been_refused_feed_nothing() {
    let mut sentry = sentry(10);
    for _ in 0..10 {
        let shadowed = Observation { event: Event::Shadowed, ..seen(HOUR, "192.0.2.1", "cost") };
        assert_eq!(sentry.observe(&shadowed, at(HOUR)), Findings::default());
    }
}

#[test]
fn what_the_gate_answers_to_a_bound_client_feeds_nothing() {
    let mut sentry = sentry(10);
    let mut throttled = |at_ms| sentry.observe(&seen(at_ms, "192.0.2.1", "throttled"), at(at_ms));
    // Sixty points: it is throttled.
    let found: Vec<Findings> = (0..3).map(|_| throttled(HOUR)).collect();
    assert_eq!(found.iter().map(|found| found.proposals.len()).sum::<usize>(), 1);
    (1..20).for_each(|more| assert_eq!(throttled(HOUR + more), Findings::default()));
    // Refused for what it is all the same, it is blocked; after that nothing that the block answers counts.
    let cost = (0..3).map(|_| sentry.observe(&seen(HOUR + 30, "192.0.2.1", "cost"), at(HOUR + 30)));
    assert!(cost.flat_map(|found| found.proposals).any(|one| one.action == portcullis_report::Action::Block));
    for _ in 0..100 {
        assert_eq!(
            sentry.observe(&seen(HOUR + 40, "192.0.2.1", "blocked"), at(HOUR + 40)),
            Findings::default()
        );
    }
    assert_eq!(sentry.counts().echoes, 119);
}

#[test]
fn a_flood_of_clients_stays_within_its_room_and_is_counted() {
    let mut sentry = sentry(100);
    for client in 0..1_000_u32 {
        let client = std::net::Ipv4Addr::from_bits(0x0a00_0000 + client).to_string();
        sentry.observe(&seen(HOUR, &client, "cost"), at(HOUR));
    }
    assert_eq!((sentry.counts().groups, sentry.counts().evicted), (100, 900));
}

#[test]
fn the_same_events_are_the_same_findings() {
    let run = || {
        let mut sentry = sentry(50);
        let found = (0..500_u64).map(|step| {
            let client = format!("10.0.{}.{}", step % 3, step % 7);
            sentry.observe(&seen(HOUR + step * 777, &client, "cost"), at(HOUR + step * 777))
        });
        found.collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
}

#[test]
fn other_scenarios_and_settings_take_nothing_from_what_stays() {
    let parse = |texts: &[(&str, &str)]| {
        let texts: Vec<_> = texts
            .iter()
            .map(|(name, capacity)| {
                (
                    *name,
                    SCENARIOS.replace("NAME", name).replace("capacity: 2", &format!("capacity: {capacity}")),
                )
            })
            .collect();
        Scenarios::parse(texts.iter().map(|(name, text)| (*name, text.as_str()))).unwrap()
    };
    let settings = Settings::default();
    let mut sentry = Sentry::new(parse(&[("stays", "4"), ("changes", "4"), ("goes", "4")]), settings, 10);
    let client = portcullis_report::Scope::Ip("192.0.2.1".parse().unwrap());
    let pour = |sentry: &mut Sentry, client: &str| {
        let found = sentry.observe(&seen(HOUR, client, "cost"), at(HOUR)).detections;
        found.iter().map(|it| it.scenario.to_string()).collect::<Vec<_>>()
    };
    // All three overflow at the fifth: a score, and buckets that are empty again; then each is filled to the brim.
    (0..4).for_each(|_| assert_eq!(pour(&mut sentry, "192.0.2.1"), [""; 0]));
    assert_eq!(pour(&mut sentry, "192.0.2.1").len(), 3);
    (0..4).for_each(|_| assert_eq!(pour(&mut sentry, "192.0.2.9"), [""; 0]));
    let score = |sentry: &Sentry| sentry.reputation().standing(&client, at(HOUR)).unwrap();
    let before = score(&sentry);
    assert_eq!(before.score, 180.0);
    let half_life = crate::HalfLife::new(Span::from_hours(2));
    let others = Settings { half_life, ..settings };
    sentry.adopt(parse(&[("changes", "5"), ("stays", "4"), ("comes", "4")]), others, 20, at(HOUR));
    assert_eq!(score(&sentry), before);
    assert_eq!(pour(&mut sentry, "192.0.2.9"), ["stays"]);
    (0..3).for_each(|_| assert_eq!(pour(&mut sentry, "192.0.2.9"), [""; 0]));
    assert_eq!(pour(&mut sentry, "192.0.2.9"), ["comes"]);
    // The score fades by the new half-life from here on.
    let later = sentry.reputation().standing(&client, at(3 * HOUR)).unwrap();
    assert!((later.score - 90.0).abs() < 1e-6, "{}", later.score);
}

#[test]
fn points_go_to_a_user_only_where_all_events_were_of_that_user() {
    let by = |at_ms: u64, key: u128, identity: &str| {
        let line = format!(
            r#"{{"at_ms": {at_ms}, "client": "192.0.2.1", "client_key": "{key:032x}", "reason": "cost", "identity": "{identity}"}}"#
        );
        Observation::parse(&line).unwrap()
    };
    let check = |events: &[(u128, &str)], expected: Option<u128>| {
        let mut sentry = sentry(10);
        let found = events.iter().map(|(key, identity)| sentry.observe(&by(HOUR, *key, identity), at(HOUR)));
        let found: Vec<_> = found.flat_map(|found| found.detections).map(|found| found.user).collect();
        assert_eq!(found, [expected], "{events:?}");
    };
    check(&[(1, "authenticated"), (1, "authenticated"), (1, "authenticated")], Some(1));
    check(&[(1, "authenticated"), (1, "authenticated"), (2, "authenticated")], None);
    check(&[(2, "authenticated"), (1, "authenticated"), (1, "authenticated")], None);
    check(&[(1, "anyone"), (1, "anyone"), (2, "authenticated")], None);
    // A bucket that begins anew is of whom fills it then.
    let (one, two) = ((1, "authenticated"), (2, "authenticated"));
    let mut sentry = sentry(10);
    let mut pour =
        |at_ms: u64, (key, identity): (u128, &str)| sentry.observe(&by(at_ms, key, identity), at(at_ms));
    pour(HOUR, one);
    let later = HOUR + 20_000;
    let found = [pour(later, two), pour(later, two), pour(later, two)];
    assert_eq!(found[2].detections[0].user, Some(2));
}
