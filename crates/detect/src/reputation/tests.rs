use super::*;
use crate::moment::Span;
use proptest::prelude::*;
use std::sync::Arc;

const START: Moment = Moment::from_millis(1_700_000_000_000);
const THROTTLE: Action = Action::Throttle { factor_milli: 250 };

fn ip(text: &str) -> Scope {
    Scope::Ip(text.parse().unwrap())
}

fn cidr(text: &str) -> Scope {
    Scope::Cidr(text.parse().unwrap())
}

fn minutes(minutes: u64) -> Moment {
    START.after(Span::from_secs(minutes * 60))
}

fn detection(scope: Scope, score: u32, at: Moment) -> Detection {
    Detection {
        scenario: Arc::from("bomb"),
        at,
        since: at,
        events: 6,
        group: Vec::new(),
        scope: Some(scope),
        user: None,
        score,
        correlation_id: String::new(),
        verdict: None,
    }
}

fn by(user: u128, detection: Detection) -> Detection {
    Detection { user: Some(user), ..detection }
}

fn reputation() -> Reputation {
    Reputation::new(Settings::default())
}

fn user(client: &str, key: u128, at: Moment) -> Observation {
    let line = format!(
        r#"{{"at_ms": {}, "client": "{client}", "client_key": "{key:032x}", "identity": "authenticated"}}"#,
        at.millis()
    );
    Observation::parse(&line).unwrap()
}

/// What is decided, and for how many minutes.
fn told(proposals: &[Proposal], at: Moment) -> Vec<(Scope, Action, u64)> {
    let minutes = |expires: Moment| expires.since(at).millis().div_ceil(60_000);
    proposals.iter().map(|one| (one.scope, one.action, minutes(one.expires))).collect()
}

#[test]
fn a_score_throttles_then_blocks_until_it_has_faded() {
    let mut reputation = reputation();
    let client = ip("192.0.2.1");
    let mut blame = |score, at| told(&reputation.blame(&detection(client, score, at)), at);
    assert_eq!(blame(49, minutes(0)), []);
    // 99 fades to 25 in 119 minutes, 198 to 50 in as many.
    assert_eq!(blame(50, minutes(0)), [(client, THROTTLE, 120)]);
    assert_eq!(blame(99, minutes(0)), [(client, THROTTLE, 180), (client, Action::Block, 120)]);
    let standing = reputation.standing(&client, minutes(60)).unwrap();
    assert!((standing.score - 99.0).abs() < 1e-9);
    assert_eq!((standing.blocks, standing.blocked_until.is_some()), (1, true));
}

#[test]
fn what_is_in_force_is_not_decided_again() {
    let mut reputation = reputation();
    let client = ip("192.0.2.1");
    assert_eq!(reputation.blame(&detection(client, 200, minutes(0))).len(), 2);
    assert_eq!(reputation.blame(&detection(client, 0, minutes(1))), []);
    assert_eq!(reputation.standing(&client, minutes(1)).unwrap().blocks, 1);
}

#[test]
fn what_was_not_decided_is_proposed_again() {
    let mut reputation = reputation();
    let client = ip("192.0.2.1");
    let proposals = reputation.blame(&detection(client, 200, minutes(0)));
    proposals.iter().for_each(|one| reputation.undecided(one));
    assert_eq!(reputation.blame(&detection(client, 0, minutes(0))), proposals);
}

#[test]
fn between_the_thresholds_a_released_client_is_not_blocked_again() {
    let mut reputation = reputation();
    let client = ip("192.0.2.1");
    reputation.blame(&detection(client, 100, minutes(0)));
    let released = reputation.standing(&client, minutes(0)).unwrap().blocked_until.unwrap();
    assert!(reputation.standing(&client, released).unwrap().score <= 50.0 + 1e-9);
    let again = reputation.blame(&detection(client, 40, released));
    assert!(again.iter().all(|one| one.action != Action::Block), "{again:?}");
    assert!(reputation.blame(&detection(client, 20, released)).iter().any(|one| one.action == Action::Block));
}

#[test]
fn who_comes_back_is_blocked_twice_as_long_up_to_the_longest() {
    let mut reputation = reputation();
    let client = ip("192.0.2.1");
    let mut at = minutes(0);
    let mut lasted = Vec::new();
    for _ in 0..12 {
        let proposals = reputation.blame(&detection(client, 100, at));
        let block = proposals.iter().find(|one| one.action == Action::Block).unwrap();
        lasted.push(block.expires.since(at).millis() / 60_000);
        at = block.expires;
    }
    // The score asks for an hour and some minutes, then the doubling of half an hour for more, up to a week.
    assert!((60..120).contains(&lasted[0]), "{lasted:?}");
    assert_eq!(lasted[2..], [120, 240, 480, 960, 1920, 3840, 7680, 10080, 10080, 10080]);
}

#[test]
fn blocks_of_long_ago_are_forgotten() {
    let mut reputation = reputation();
    let client = ip("192.0.2.1");
    reputation.blame(&detection(client, 100, minutes(0)));
    let later = minutes(0).after(Span::from_hours(7 * 24 + 2));
    reputation.blame(&detection(client, 100, later));
    assert_eq!(reputation.standing(&client, later).unwrap().blocks, 1);
}

#[test]
fn an_allowlist_is_above_any_score() {
    let mut reputation = reputation();
    let mut allowlist = Roster::default();
    allowlist.add(cidr("192.0.2.0/24"), minutes(10));
    allowlist.add(Scope::ClientKey(7), minutes(10));
    reputation.allow(allowlist);
    assert_eq!(reputation.blame(&detection(ip("192.0.2.1"), 1_000, minutes(0))), []);
    assert_eq!(reputation.blame(&by(7, detection(ip("198.51.100.1"), 1_000, minutes(0)))), []);
    assert_eq!(reputation.tracked(), 0);
    assert_eq!(reputation.blame(&detection(ip("192.0.2.1"), 1_000, minutes(10))).len(), 2);
}

#[test]
fn of_a_range_around_who_is_on_the_allowlist_nothing_is_decided() {
    let mut reputation = reputation();
    let mut allowlist = Roster::default();
    allowlist.add(ip("192.0.2.99"), minutes(30));
    reputation.allow(allowlist);
    let (range, other) = (cidr("192.0.2.0/24"), cidr("198.51.100.0/24"));
    for host in 1..=7 {
        let proposals = reputation.blame(&detection(ip(&format!("192.0.2.{host}")), 100, minutes(host)));
        assert!(!proposals.is_empty() && proposals.iter().all(|one| one.scope != range), "{proposals:?}");
    }
    assert_eq!(reputation.blame(&detection(range, 500, minutes(8))), []);
    // What the range has done is known all the same, and counts when nobody in it is allowed any more.
    assert!(reputation.standing(&range, minutes(8)).unwrap().score > 400.0);
    assert!(reputation.blame(&detection(other, 500, minutes(8))).iter().any(|one| one.scope == other));
    assert!(reputation.blame(&detection(range, 0, minutes(31))).iter().any(|one| one.scope == range));
}

#[test]
fn what_a_throttle_of_an_operator_answers_is_an_echo() {
    let mut reputation = reputation();
    let mut throttled = Roster::default();
    for scope in [cidr("10.0.0.0/8"), ip("2001:db8::1"), Scope::ClientKey(7)] {
        throttled.add(scope, minutes(10));
    }
    reputation.throttled(throttled);
    let is_echo = |client: &str, key: u128, at: Moment| {
        let line = format!(
            r#"{{"at_ms": {}, "client": "{client}", "client_key": "{key:032x}", "reason": "throttled"}}"#,
            at.millis()
        );
        reputation.is_echo(&Observation::parse(&line).unwrap(), at)
    };
    for (client, key) in [("10.1.2.3", 1), ("2001:db8::1", 1), ("192.0.2.1", 7)] {
        assert!(is_echo(client, key, minutes(9)) && !is_echo(client, key, minutes(10)), "{client} {key}");
    }
    assert!(!is_echo("192.0.2.1", 1, minutes(0)));
}

#[test]
fn of_users_who_share_an_address_the_offender_is_blocked_and_the_address_left_alone() {
    let mut reputation = reputation();
    let client = ip("192.0.2.1");
    for key in 1..=3 {
        reputation.meet(&user("192.0.2.1", key, minutes(0)), minutes(0));
    }
    let offender = Scope::ClientKey(9);
    let proposals = reputation.blame(&by(9, detection(client, 100, minutes(1))));
    let decided: Vec<(Scope, Action)> = proposals.iter().map(|one| (one.scope, one.action)).collect();
    assert_eq!(decided, [(offender, THROTTLE), (offender, Action::Block)]);
    assert_eq!(reputation.standing(&client, minutes(1)), None);
    // Of whom nobody knows who it was, only the address is known.
    let proposals = reputation.blame(&detection(client, 100, minutes(2)));
    let decided: Vec<(Scope, Action)> = proposals.iter().map(|one| (one.scope, one.action)).collect();
    assert_eq!(decided, [(client, THROTTLE)]);
    // A day later nobody has been seen there.
    let later = minutes(1).after(Span::from_hours(24));
    let proposals = reputation.blame(&detection(client, 100, later));
    assert!(proposals.iter().any(|one| one.action == Action::Block));
}

#[test]
fn the_offender_is_no_user_whom_a_block_would_hit() {
    let mut reputation = reputation();
    for key in 1..=3 {
        reputation.meet(&user("192.0.2.1", key, minutes(0)), minutes(0));
    }
    let proposals = reputation.blame(&by(3, detection(ip("192.0.2.1"), 100, minutes(1))));
    assert!(proposals.iter().any(|one| one.scope == ip("192.0.2.1") && one.action == Action::Block));
}

#[test]
fn a_range_is_blocked_with_its_sixth_client() {
    let mut reputation = reputation();
    let mut ranges = Vec::new();
    for host in 1..=7 {
        let proposals = reputation.blame(&detection(ip(&format!("192.0.2.{host}")), 100, minutes(host)));
        ranges.push(proposals.into_iter().filter(|one| one.origin == RANGE_ORIGIN).collect::<Vec<_>>());
    }
    assert_eq!(ranges.iter().map(Vec::len).collect::<Vec<_>>(), [0, 0, 0, 0, 0, 1, 0]);
    let range = &ranges[5][0];
    assert_eq!((range.scope, range.action), (cidr("192.0.2.0/24"), Action::Block));
    assert_eq!(range.reason, "6 clients of this range are blocked");
}

#[test]
fn networks_of_ipv6_are_clients_of_their_range() {
    let mut reputation = reputation();
    let networks = (0..6).map(|number| cidr(&format!("2001:db8:7:{number}::/64")));
    let proposals: Vec<Proposal> =
        networks.flat_map(|network| reputation.blame(&detection(network, 100, minutes(0)))).collect();
    assert_eq!(proposals.last().unwrap().scope, cidr("2001:db8:7::/48"));
}

#[test]
fn the_causes_explain_the_score() {
    let mut reputation = reputation();
    let client = ip("192.0.2.1");
    for (number, score) in (0..12).map(|number| (number, 10 + number)) {
        let scenario: Arc<str> = format!("s{number}").into();
        reputation.blame(&Detection { scenario, ..detection(client, score, minutes(u64::from(number))) });
    }
    let standing = reputation.standing(&client, minutes(30)).unwrap();
    let sum: f64 = standing.causes.iter().map(|cause| cause.points).sum();
    assert!((sum - standing.score).abs() < 1e-9);
    assert_eq!(standing.causes.iter().map(|cause| cause.count).sum::<u32>(), 12);
    assert!(standing.causes.len() <= 8);
    assert!(standing.causes.iter().any(|cause| &*cause.scenario == "other"));
}

#[test]
fn the_reason_of_a_decision_names_scenario_score_and_causes() {
    let mut reputation = reputation();
    let client = ip("192.0.2.1");
    let probing = Detection { scenario: "probing".into(), ..detection(client, 30, minutes(0)) };
    reputation.blame(&probing);
    let proposals = reputation.blame(&detection(client, 90, minutes(0)));
    assert_eq!(proposals[0].reason, "bomb: score 120 (bomb 90, probing 30)");
}

#[test]
fn who_is_forgiven_begins_anew() {
    let mut reputation = reputation();
    let client = ip("192.0.2.1");
    assert_eq!(reputation.blame(&detection(client, 100, minutes(0))).len(), 2);
    reputation.forgive(&client);
    assert_eq!(reputation.standing(&client, minutes(1)), None);
    let again = reputation.blame(&detection(client, 100, minutes(1)));
    assert!(again.iter().any(|one| one.action == Action::Block));
    assert_eq!(reputation.standing(&client, minutes(1)).unwrap().blocks, 1);
}

#[test]
fn who_is_forgiven_counts_no_more_against_its_range() {
    let mut reputation = reputation();
    for host in 1..=5 {
        reputation.blame(&detection(ip(&format!("192.0.2.{host}")), 100, minutes(host)));
    }
    (1..=5).for_each(|host| reputation.forgive(&ip(&format!("192.0.2.{host}"))));
    let proposals = reputation.blame(&detection(ip("192.0.2.6"), 100, minutes(6)));
    assert!(proposals.iter().all(|one| one.origin != RANGE_ORIGIN), "{proposals:?}");
}

#[test]
fn what_makes_up_a_limit_exactly_reaches_it() {
    for parts in [3_u32, 6, 7] {
        let settings = Settings { block_at: 90.0, ..Settings::default() };
        let mut reputation = Reputation::new(settings);
        let client = ip("192.0.2.1");
        let causes = (0..parts).map(|part| Cause {
            scenario: format!("s{part}").into(),
            points: 90.0 / f64::from(parts),
            count: 1,
            last: minutes(0),
        });
        let record = Record {
            scope: client,
            as_of: minutes(0),
            causes: causes.collect(),
            blocks: 0,
            blocked_until: Moment::default(),
            throttled_until: Moment::default(),
        };
        reputation.restore(&record, minutes(0));
        let proposals = reputation.blame(&detection(client, 0, minutes(0)));
        assert!(proposals.iter().any(|one| one.action == Action::Block), "{parts}");
    }
}

#[test]
fn who_is_where_outlasts_what_they_did() {
    let mut reputation = reputation();
    for key in 1..=3 {
        reputation.met("192.0.2.1".parse().unwrap(), key, minutes(0));
    }
    reputation.blame(&detection(ip("192.0.2.1"), 30, minutes(0)));
    reputation.forget_deeds();
    assert_eq!(reputation.tracked(), 0);
    let proposals = reputation.blame(&by(9, detection(ip("192.0.2.1"), 100, minutes(1))));
    assert!(proposals.iter().all(|one| one.scope == Scope::ClientKey(9)), "{proposals:?}");
}

#[test]
fn what_was_kept_is_taken_back() {
    let mut before = reputation();
    let client = ip("192.0.2.1");
    before.blame(&detection(client, 70, minutes(0)));
    before.blame(&detection(client, 70, minutes(3)));
    let record = before.record(&client, minutes(5)).unwrap();
    let mut after = reputation();
    after.restore(&record, minutes(9));
    let (one, other) =
        (before.standing(&client, minutes(9)).unwrap(), after.standing(&client, minutes(9)).unwrap());
    assert!((one.score - other.score).abs() < 1e-9);
    assert_eq!(
        (one.blocks, one.blocked_until, one.throttled_until),
        (other.blocks, other.blocked_until, other.throttled_until)
    );
    assert_eq!(after.blame(&detection(client, 0, minutes(9))), []);
}

proptest! {
    #[test]
    fn a_score_is_bounded_its_causes_explain_it_and_decisions_end(
        steps in prop::collection::vec((0_u8..3, 0_u32..1_000, 0_u64..10_000_000), 1..60),
    ) {
        let settings = Settings::default();
        let mut reputation = Reputation::new(settings);
        let mut at = START;
        for (host, score, passed) in steps {
            at = at.after(Span::from_millis(passed));
            let client = ip(&format!("192.0.2.{host}"));
            let proposals = reputation.blame(&detection(client, score, at));
            for one in &proposals {
                prop_assert!(one.expires > at && one.expires.since(at) <= settings.block_longest);
                prop_assert!(one.reason.len() <= DecisionBounds::REASON_BYTES);
            }
            if let Some(standing) = reputation.standing(&client, at) {
                prop_assert!(standing.score <= settings.highest + 1e-6);
                let sum: f64 = standing.causes.iter().map(|cause| cause.points).sum();
                prop_assert!((sum - standing.score).abs() < 1e-6);
                prop_assert!(standing.score < settings.block_at || standing.blocked_until.is_some());
            }
        }
    }

    #[test]
    fn longer_ago_is_never_worse(score in 1_u32..900, passed in 0_u64..100_000_000, more in 0_u64..100_000_000) {
        let mut reputation = reputation();
        let client = ip("192.0.2.1");
        reputation.blame(&detection(client, score, START));
        let score = |at| reputation.standing(&client, at).map_or(0.0, |standing| standing.score);
        let earlier = START.after(Span::from_millis(passed));
        prop_assert!(score(earlier.after(Span::from_millis(more))) <= score(earlier));
    }
}
