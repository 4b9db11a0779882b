use super::super::{Blobs, Book, Page, Share};
use super::*;
use portcullis_report::{Action, DECISION_VERSION, Decision, DecisionOrigin, DecisionPage, Scope};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_millis(1_000);
const NOBODY: ClientKey = ClientKey([0; 16]);

fn decision(id: u64, action: Action, scope: &str) -> Decision {
    let kind = match scope.len() {
        32 => "client_key",
        _ if scope.contains('/') => "cidr",
        _ => "ip",
    };
    Decision {
        id,
        action,
        scope: Scope::parse(kind, scope).unwrap().unwrap(),
        expires_at_ms: 2_000,
        reason: String::new(),
        origin: "operator".to_owned(),
    }
}

fn page(decisions: Vec<Decision>) -> DecisionPage {
    DecisionPage {
        version: DECISION_VERSION,
        revision: 1,
        full: true,
        floor: 0,
        more: false,
        decisions,
        removed: Vec::new(),
    }
}

/// A set as another worker reads it.
fn set(decisions: Vec<Decision>) -> DecisionSet {
    let mut book = Book::new(7);
    let Page::Whole(Blobs { base, delta, .. }) = book.take(&page(decisions), NOW) else {
        panic!("a whole page")
    };
    let read = DecisionSet::read(&base.unwrap(), &delta).unwrap();
    assert_eq!(&read, book.set());
    read
}

fn of(decisions: &[(Action, &str)]) -> DecisionSet {
    let all = (1..).zip(decisions).map(|(id, (action, scope))| decision(id, *action, scope));
    set(all.collect())
}

fn found(set: &DecisionSet, address: &str, key: ClientKey) -> Option<Effect> {
    set.find(Some(address.parse().unwrap()), key, NOW).map(|ruling| ruling.effect)
}

#[track_caller]
fn check(decisions: &[(Action, &str)], address: &str, expected: Option<Effect>) {
    assert_eq!(found(&of(decisions), address, NOBODY), expected, "{address}");
}

const BLOCK: Action = Action::Block;
const ALLOW: Action = Action::Allow;
const HALF: Action = Action::Throttle { factor_milli: 500 };
const TENTH: Action = Action::Throttle { factor_milli: 100 };

fn throttled(milli: u16) -> Option<Effect> {
    Some(Effect::Throttle(Share::from_milli(milli)))
}

#[test]
fn an_address_is_found_alone_and_in_its_ranges() {
    let decisions =
        [(BLOCK, "192.0.2.7"), (BLOCK, "10.1.0.0/16"), (BLOCK, "2001:db8::/32"), (BLOCK, "2001:db9::1")];
    for (address, expected) in [
        ("192.0.2.7", true),
        ("192.0.2.6", false),
        ("192.0.2.8", false),
        ("10.1.0.0", true),
        ("10.1.255.255", true),
        ("10.0.255.255", false),
        ("10.2.0.0", false),
        ("2001:db8:ffff::1", true),
        ("2001:db9::1", true),
        ("2001:db9::2", false),
        ("::ffff:192.0.2.7", true),
        // The bits of the IPv4 address, as an IPv6 one.
        ("c000:0207::", false),
    ] {
        check(&decisions, address, expected.then_some(Effect::Block));
    }
}

#[test]
fn the_whole_of_the_addresses_is_a_range_too() {
    check(&[(BLOCK, "0.0.0.0/0")], "203.0.113.1", Some(Effect::Block));
    check(&[(BLOCK, "0.0.0.0/0")], "2001:db8::1", None);
    check(&[(BLOCK, "::/0")], "2001:db8::1", Some(Effect::Block));
}

#[test]
fn a_longer_prefix_is_closer() {
    let nested = [(BLOCK, "10.0.0.0/8"), (HALF, "10.1.0.0/16"), (TENTH, "10.1.2.0/24"), (BLOCK, "10.1.2.3")];
    check(&nested, "10.9.9.9", Some(Effect::Block));
    check(&nested, "10.1.9.9", throttled(500));
    check(&nested, "10.1.2.9", throttled(100));
    check(&nested, "10.1.2.3", Some(Effect::Block));
    check(&nested, "10.1.3.0", throttled(500));
}

#[test]
fn an_allowing_decision_is_above_all_others() {
    check(&[(ALLOW, "10.0.0.0/8"), (BLOCK, "10.1.2.3")], "10.1.2.3", Some(Effect::Allow));
    check(&[(BLOCK, "10.0.0.0/8"), (ALLOW, "10.1.2.3")], "10.1.2.3", Some(Effect::Allow));
}

#[test]
fn of_equally_close_ones_the_stricter_holds() {
    check(&[(HALF, "10.1.2.3"), (TENTH, "10.1.2.3")], "10.1.2.3", throttled(100));
    check(&[(HALF, "10.1.2.3"), (BLOCK, "10.1.2.3"), (TENTH, "10.1.2.3")], "10.1.2.3", Some(Effect::Block));
    check(&[(TENTH, "10.1.2.0/24"), (HALF, "10.1.2.0/24")], "10.1.2.3", throttled(100));
}

#[test]
fn a_key_is_closer_than_an_address() {
    let key = ClientKey(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef_u128.to_be_bytes());
    let set = of(&[(BLOCK, "10.1.2.3"), (HALF, "0123456789abcdef0123456789abcdef")]);
    assert_eq!(found(&set, "10.1.2.3", key), throttled(500));
    assert_eq!(found(&set, "10.1.2.3", NOBODY), Some(Effect::Block));
    assert_eq!(set.find(None, key, NOW).map(|ruling| ruling.effect), throttled(500));
    assert_eq!(set.find(None, key, NOW).map(|ruling| ruling.origin), Some(DecisionOrigin::Operator));
}

#[test]
fn a_decision_ends_with_its_time() {
    let set = of(&[(BLOCK, "10.1.2.3")]);
    let at = |millis| set.find(Some([10, 1, 2, 3].into()), NOBODY, Timestamp::from_millis(millis));
    assert!(at(1_999).is_some() && at(2_000).is_none());
}

#[test]
fn parts_of_two_sets_are_none() {
    let mut book = Book::new(7);
    let Page::Whole(one) = book.take(&page(vec![decision(1, BLOCK, "10.0.0.1")]), NOW) else { panic!() };
    let Page::Whole(other) = book.take(&page(vec![decision(1, BLOCK, "10.0.0.1")]), NOW) else { panic!() };
    assert_eq!(DecisionSet::read(&one.base.unwrap(), &other.delta), Err(Unreadable));
    assert!(DecisionSet::read(&other.base.unwrap(), &other.delta).is_ok());
    assert_eq!(DecisionSet::read(&[], &[]), Err(Unreadable));
}

/// A range around an address that has few bits, so that ranges nest and meet.
fn scope() -> impl Strategy<Value = (u32, u8)> {
    (0_u32..64, 0_u8..=8).prop_map(|(low, bits)| (0x0a00_0000 | (low & (0xff << (8 - bits))), 24 + bits))
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => Just(Action::Block),
        4 => (1_u16..1_000).prop_map(|factor_milli| Action::Throttle { factor_milli }),
        1 => Just(Action::Allow),
    ]
}

/// What the words of the wire say, word by word.
fn expected(all: &[Decision], address: std::net::IpAddr) -> Option<Effect> {
    let fitting = || {
        all.iter().filter(|one| match one.scope {
            Scope::Ip(ip) => ip == address,
            Scope::Cidr(range) => range.contains(address),
            Scope::ClientKey(_) => false,
        })
    };
    let records = || fitting().map(super::super::record::Record::from);
    if fitting().any(|one| one.action == Action::Allow) {
        return Some(Effect::Allow);
    }
    let closest = records().map(|record| record.prefix).max()?;
    records().filter(|record| record.prefix == closest).map(|record| record.effect).min()
}

proptest! {
    #[test]
    fn a_look_up_is_what_reading_all_decisions_would_say(
        all in prop::collection::vec((scope(), action()), 0..60),
        changes in prop::collection::vec((1_u64..80, scope(), action()), 0..30),
        removed in prop::collection::vec(1_u64..80, 0..20),
    ) {
        let make = |id, ((bits, prefix), action): &((u32, u8), Action)| Decision {
            id,
            action: *action,
            scope: Scope::parse("cidr", &format!("{}/{prefix}", std::net::Ipv4Addr::from_bits(*bits))).unwrap().unwrap(),
            expires_at_ms: 2_000,
            reason: String::new(),
            origin: "scenario".to_owned(),
        };
        let mut known: std::collections::BTreeMap<u64, Decision> =
            (1..).zip(&all).map(|(id, one)| (id, make(id, one))).collect();
        let mut book = Book::new(7);
        let first = page(known.values().cloned().collect());
        let Page::Whole(blobs) = book.take(&first, NOW) else { panic!() };
        let changed: Vec<Decision> =
            changes.iter().map(|(id, scope, action)| make(*id, &(*scope, *action))).collect();
        // Of changes to one id in one page the last counts.
        removed.iter().for_each(|id| drop(known.remove(id)));
        changed.iter().for_each(|one| drop(known.insert(one.id, one.clone())));
        let second = DecisionPage { full: false, removed, revision: 2, ..page(changed) };
        let Page::Whole(after) = book.take(&second, NOW) else { panic!() };
        let base = after.base.or(blobs.base).unwrap();
        let set = DecisionSet::read(&base, &after.delta).unwrap();
        prop_assert_eq!(&set, book.set());
        let known: Vec<Decision> = known.into_values().collect();
        for low in 0..80_u32 {
            let address = std::net::IpAddr::V4(std::net::Ipv4Addr::from_bits(0x0a00_0000 | low));
            let found = set.find(Some(address), NOBODY, NOW).map(|ruling| ruling.effect);
            prop_assert_eq!(found, expected(&known, address), "{}", address);
        }
    }

    #[test]
    fn no_bytes_make_a_look_up_panic(
        base in prop::collection::vec(any::<u8>(), 0..400),
        delta in prop::collection::vec(any::<u8>(), 0..400),
        change in prop::collection::vec((0_usize..2_000, any::<u8>()), 0..40),
        key in any::<[u8; 16]>(),
    ) {
        drop(DecisionSet::read(&base, &delta));
        let mut book = Book::new(7);
        let decisions = (1..30).map(|id| decision(id, BLOCK, &format!("10.0.{id}.0/24"))).collect();
        let Page::Whole(blobs) = book.take(&page(decisions), NOW) else { panic!() };
        let mut base = blobs.base.unwrap();
        for (place, byte) in change {
            if let Some(it) = base.get_mut(place) {
                *it = byte;
            }
        }
        if let Ok(set) = DecisionSet::read(&base, &blobs.delta) {
            set.find(Some([10, 0, 5, 1].into()), ClientKey(key), NOW);
            set.find(Some([0; 16].into()), ClientKey(key), NOW);
        }
    }
}
