use super::*;

#[track_caller]
fn check(line: &str, expected: Result<(), &str>) {
    let outcome = Observation::parse(line).map(drop).map_err(|unfit| unfit.to_string());
    assert_eq!(outcome, expected.map_err(str::to_owned));
}

fn from(client: &str) -> Observation {
    Observation::parse(&format!(r#"{{"at_ms": 1, "client": "{client}"}}"#)).unwrap()
}

#[test]
fn a_line_may_leave_out_most() {
    check(r#"{"at_ms": 1}"#, Ok(()));
    check(r#"{"at_ms": 1, "client": "me"}"#, Err("client: must be an IP address"));
    check(r#"{"at_ms": 1, "client_key": "7"}"#, Err("client_key: must be 32 lowercase hex digits"));
    check(r#"{"at_ms": 1, "count": 0}"#, Err("count: must be at least 1"));
}

#[test]
fn an_incident_is_a_line_and_the_same_either_way() {
    let incident = r#"{"at_ms": 5, "correlation_id": "c", "client": "::ffff:192.0.2.7",
        "client_key": "0000000000000000000000000000000f", "class": "default", "reason": "cost", "shadow": true,
        "limit": 10, "actual": 95, "transport": "get", "kind": "query", "operation": "Q", "shape": "0123456789abcdef",
        "document": "{a}", "measured": {"tokens": 1, "depth": 2, "fields": 3, "root_fields": 4, "aliases": 5,
        "aliases_per_field": 6, "directives": 7}, "cost_milli": 95001, "body_bytes": 9}"#;
    let line = Observation::parse(incident).unwrap();
    assert_eq!(line, Observation::from(&serde_json::from_str::<Incident>(incident).unwrap()));
    assert_eq!((line.event, line.client_key), (Event::Shadowed, Some(15)));
    let numbers = [Number::Excess, Number::Cost, Number::Tokens, Number::Directives, Number::BodyBytes];
    assert_eq!(numbers.map(|number| number.of(&line)), [9, 96, 1, 7, 9].map(Some));
}

#[test]
fn a_client_is_an_ipv4_address_or_an_ipv6_network() {
    let words =
        |client| [Text::Client, Text::Prefix].map(|text| text.of(&from(client)).unwrap().into_owned());
    assert_eq!(words("192.0.2.7"), ["192.0.2.7", "192.0.2.0/24"]);
    assert_eq!(words("::ffff:192.0.2.7"), ["192.0.2.7", "192.0.2.0/24"]);
    assert_eq!(words("2001:db8:1:2:3::4"), ["2001:db8:1:2::/64", "2001:db8:1::/48"]);
}

#[test]
fn what_is_told_of_a_client_is_one_observation_for_each_thing() {
    let row = r#"{"client": "192.0.2.7", "client_key": "0000000000000000000000000000000f", "identity": "authenticated",
        "class": "default", "allowed": {"query": 5, "mutation": 2}, "sensitive": 2, "unfinished": 1, "statuses": {},
        "suggestions": 0, "failures": [{"code": "UNAUTHENTICATED", "kind": "mutation", "operation": "Login",
        "shape": null, "sensitive": 1, "count": 3, "correlation_id": "f"}], "failures_merged": 4, "correlation_id": "c"}"#;
    let row = serde_json::from_str(row).unwrap();
    let all = Observation::of_client(&row, Moment::from_millis(9));
    let told: Vec<_> = all.iter().map(|it| (it.event, it.count, it.code.as_deref(), it.sensitive)).collect();
    let expected = [
        (Event::Allowed, 5, None, 0),
        (Event::Allowed, 2, None, 0),
        (Event::Failed, 3, Some("UNAUTHENTICATED"), 1),
        (Event::Failed, 4, Some("OTHER"), 0),
        (Event::Unfinished, 1, None, 0),
    ];
    assert_eq!(told, expected);
    assert!(all.iter().all(|it| it.user() == Some(15) && it.at == Moment::from_millis(9)));
    // What is no address and no key is not known.
    let odd = portcullis_report::ClientRow { client: Some("me".into()), client_key: "k".into(), ..row };
    let odd = Observation::of_client(&odd, Moment::from_millis(9));
    assert!(odd.iter().all(|it| it.client().is_none() && it.user().is_none()));
}
