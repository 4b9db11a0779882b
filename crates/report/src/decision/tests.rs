use super::*;
use serde_json::{Value, json};

fn decision(scope: Scope) -> Decision {
    Decision {
        id: 7,
        action: Action::Block,
        scope,
        expires_at_ms: 1_700_000_000_000,
        reason: "GraphQL bomb".into(),
        origin: "scenario".into(),
    }
}

fn page() -> DecisionPage {
    DecisionPage {
        version: DECISION_VERSION,
        revision: 12,
        full: false,
        floor: 9,
        more: true,
        decisions: vec![decision(Scope::Ip("192.0.2.7".parse().unwrap()))],
        removed: vec![3],
    }
}

#[track_caller]
fn check(change: impl FnOnce(&mut DecisionPage), expected: Result<(), &str>) {
    let mut page = page();
    change(&mut page);
    assert_eq!(page.check().map_err(|error| error.to_string()), expected.map_err(str::to_owned));
}

#[track_caller]
fn scope(json: Value, expected: Result<(), &str>) {
    match (serde_json::from_value::<Scope>(json.clone()), expected) {
        (Ok(scope), Ok(())) => {
            assert_eq!(serde_json::to_value(scope).unwrap(), json);
            assert_eq!(Scope::parse(scope.kind(), &scope.value()), Some(Ok(scope)));
        }
        (outcome, expected) => {
            assert_eq!(outcome.map_err(|error| error.to_string()).err().as_deref(), expected.err())
        }
    }
}

#[test]
fn a_page_is_this_json() {
    let throttle = Decision {
        action: Action::Throttle { factor_milli: 250 },
        ..decision(Scope::ClientKey(0x0123_4567_89ab_cdef))
    };
    let allow = Decision { action: Action::Allow, ..decision(Scope::Cidr("10.0.0.0/8".parse().unwrap())) };
    let whole = DecisionPage { decisions: vec![throttle, allow], ..page() };
    let rest = |value: &mut Value| {
        for (name, is) in [
            ("id", json!(7)),
            ("expires_at_ms", json!(1_700_000_000_000_u64)),
            ("reason", json!("GraphQL bomb")),
            ("origin", json!("scenario")),
        ] {
            value[name] = is;
        }
    };
    let mut decisions = [
        json!({
            "action": { "throttle": { "factor_milli": 250 } },
            "scope": { "client_key": "00000000000000000123456789abcdef" },
        }),
        json!({ "action": "allow", "scope": { "cidr": "10.0.0.0/8" } }),
    ];
    decisions.iter_mut().for_each(rest);
    let expected = json!({ "version": 1, "revision": 12, "full": false, "floor": 9, "more": true, "decisions": decisions, "removed": [3] });
    assert_eq!(serde_json::to_value(&whole).unwrap(), expected);
    assert_eq!(serde_json::from_value::<DecisionPage>(expected).unwrap(), whole);
}

#[test]
fn a_scope_is_written_in_one_way() {
    for (kind, value) in [
        ("ip", "192.0.2.7"),
        ("ip", "2001:db8::1"),
        ("cidr", "0.0.0.0/0"),
        ("cidr", "10.0.0.0/8"),
        ("cidr", "10.1.2.3/32"),
        ("cidr", "::/0"),
        ("cidr", "2001:db8::/64"),
        ("cidr", "2001:db8::1/128"),
        ("client_key", "0123456789abcdef0123456789abcdef"),
    ] {
        scope(json!({ kind: value }), Ok(()));
    }
    let address = "must be an IPv4 or IPv6 address without zone";
    for text in
        ["", "192.0.2", "192.0.2.07", "192.0.2.7 ", "192.0.2.7:80", "[::1]", "fe80::1%eth0", "10.0.0.0/8"]
    {
        scope(json!({ "ip": text }), Err(address));
    }
    let mapped = "must be written as the IPv4 address that it stands for";
    scope(json!({ "ip": "::ffff:192.0.2.7" }), Err(mapped));
    scope(json!({ "cidr": "::ffff:0.0.0.0/96" }), Err(mapped));
    let range = "must be ADDRESS/PREFIX such as 10.0.0.0/8 or 2001:db8::/32";
    for text in ["10.0.0.0", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/+8", "10.0.0.0/256", "10.0.0.0/8/8"] {
        scope(json!({ "cidr": text }), Err(range));
    }
    scope(json!({ "cidr": "10.0.0.0/33" }), Err("the prefix must be at most 32, got 33"));
    scope(json!({ "cidr": "::/129" }), Err("the prefix must be at most 128, got 129"));
    scope(json!({ "cidr": "10.0.0.1/8" }), Err("must begin with the first address of the range"));
    for text in [
        "",
        "0123456789ABCDEF0123456789ABCDEF",
        "0123456789abcdef0123456789abcde",
        "+123456789abcdef0123456789abcdef",
    ] {
        scope(json!({ "client_key": text }), Err("must be 32 lowercase hex digits"));
    }
    assert_eq!(Scope::parse("country", "AQ"), None);
    assert!(serde_json::from_value::<Scope>(json!({ "ip": "::1", "cidr": "::/0" })).is_err());
}

#[test]
fn a_range_contains_what_shares_its_prefix() {
    let check = |range: &str, address: &str, expected: bool| {
        let range: Cidr = range.parse().unwrap();
        assert_eq!(range.contains(address.parse().unwrap()), expected, "{range} {address}");
    };
    check("10.0.0.0/8", "10.255.255.255", true);
    check("10.0.0.0/8", "11.0.0.0", false);
    check("10.0.0.0/8", "::ffff:10.1.1.1", true);
    check("0.0.0.0/0", "255.1.2.3", true);
    check("0.0.0.0/0", "2001:db8::1", false);
    check("2001:db8::/63", "2001:db8:0:1::9", true);
    check("2001:db8::/64", "2001:db8:0:1::9", false);
    check("192.0.2.7/32", "192.0.2.7", true);
    check("192.0.2.7/32", "192.0.2.6", false);
    let around = Cidr::around("2001:db8::9".parse().unwrap(), 64).unwrap();
    assert_eq!(around.to_string(), "2001:db8::/64");
}

#[test]
fn what_makes_no_sense_is_refused_with_its_path() {
    check(|_| (), Ok(()));
    check(|page| page.version = 2, Err("version: must be 1, got 2"));
    check(|page| page.decisions[0].id = 0, Err("decisions[0].id: must be at least 1"));
    for (factor_milli, fits) in [(0, false), (1, true), (999, true), (1_000, false)] {
        let said =
            format!("decisions[0].action.throttle.factor_milli: must be from 1 to 999, got {factor_milli}");
        let expected = if fits { Ok(()) } else { Err(said.as_str()) };
        check(|page| page.decisions[0].action = Action::Throttle { factor_milli }, expected);
    }
    check(|page| page.decisions[0].reason = "r".repeat(96), Ok(()));
    let long = Err("decisions[0].reason: at most 96 bytes, got 97");
    check(|page| page.decisions[0].reason = "r".repeat(97), long);
    let control = Err("decisions[0].reason: must not have control characters");
    check(|page| page.decisions[0].reason = "two\nlines".into(), control);
    check(|page| page.decisions[0].origin = "o".repeat(32), Ok(()));
    let origin = Err("decisions[0].origin: must be 1 to 32 of a-z, 0-9, `-`, `_`, `.`, `:`, `/`");
    for text in [String::new(), "o".repeat(33), "Operator".into(), "a b".into()] {
        check(|page| page.decisions[0].origin = text, origin);
    }
}

#[test]
fn what_makes_no_sense_does_not_keep_the_rest_from_being_told() {
    let one = |id: u64| Decision { id, ..decision(Scope::ClientKey(id.into())) };
    let long = Decision { reason: "é\n".repeat(60), origin: "import:[Ip]".repeat(5), ..one(1) };
    let nobody = Decision { origin: "[]".into(), ..one(2) };
    let nothing = Decision { action: Action::Throttle { factor_milli: 0 }, ..one(3) };
    let page = DecisionPage { decisions: vec![long, nobody, nothing, one(4)], ..page() };
    let (sifted, dropped) = page.clone().sift().unwrap();
    assert_eq!((sifted.check(), dropped), (Ok(()), 1));
    let texts: Vec<_> =
        sifted.decisions.iter().map(|it| (it.id, it.reason.as_str(), it.origin.as_str())).collect();
    let cut = "é".repeat(48);
    assert_eq!(
        texts,
        [
            (1, cut.as_str(), "import:pimport:pimport:pimport:p"),
            (2, "GraphQL bomb", "other"),
            (4, "GraphQL bomb", "scenario"),
        ]
    );
    assert_eq!(sifted.removed, [3, 3]);
    assert_eq!(DecisionPage { version: 2, ..page.clone() }.sift(), Err(DecisionError::Version(2)));
    let many = DecisionPage { removed: vec![1; 2_049], ..page };
    assert!(matches!(many.sift(), Err(DecisionError::TooMany { .. })));
}

#[test]
fn lists_hold_as_many_as_their_bound() {
    let one = decision(Scope::ClientKey(1));
    check(|page| page.decisions = vec![one.clone(); 2_048], Ok(()));
    check(|page| page.decisions = vec![one.clone(); 2_049], Err("decisions: at most 2048 entries, got 2049"));
    check(|page| page.removed = vec![1; 2_048], Ok(()));
    check(|page| page.removed = vec![1; 2_049], Err("removed: at most 2048 entries, got 2049"));
}

#[test]
fn the_largest_page_has_fewer_bytes_than_its_bound() {
    let address = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128".parse().unwrap();
    let largest = Decision {
        id: u64::MAX,
        action: Action::Throttle { factor_milli: 999 },
        scope: Scope::Cidr(address),
        expires_at_ms: u64::MAX,
        reason: "\"".repeat(DecisionBounds::REASON_BYTES),
        origin: "o".repeat(DecisionBounds::ORIGIN_BYTES),
    };
    let decisions = vec![largest; DecisionBounds::DECISIONS];
    let removed = vec![u64::MAX; DecisionBounds::REMOVED];
    let page = DecisionPage { revision: u64::MAX, floor: u64::MAX, decisions, removed, ..page() };
    assert_eq!(page.check(), Ok(()));
    assert!(serde_json::to_vec(&page).unwrap().len() < DecisionBounds::PAGE_BYTES);
}

#[test]
fn an_unknown_field_or_word_is_refused() {
    let read = |change: &dyn Fn(&mut Value)| {
        let mut value = serde_json::to_value(page()).unwrap();
        change(&mut value);
        serde_json::from_value::<DecisionPage>(value)
    };
    assert!(read(&|_| ()).is_ok());
    assert!(read(&|value| value["extra"] = json!(1)).is_err());
    assert!(read(&|value| value["decisions"][0]["extra"] = json!(1)).is_err());
    assert!(read(&|value| value["decisions"][0]["action"] = json!("captcha")).is_err());
    let two = json!({ "throttle": { "factor_milli": 1, "factor": 1 } });
    assert!(read(&|value| value["decisions"][0]["action"] = two.clone()).is_err());
    assert!(read(&|value| value["decisions"][0]["scope"] = json!({ "country": "AQ" })).is_err());
    assert!(read(&|value| value["revision"] = json!(-1)).is_err());
}
