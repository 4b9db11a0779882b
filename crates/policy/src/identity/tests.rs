use crate::{Client, ClientKey, Evidence, Policy, SourceKind};
use std::net::IpAddr;

const POLICY: &str = r#"
clients:
  identity:
    - jwt: {claim: [sub]}
    - header: X-Api-Key
    - certificate: uri
    - address: {ipv6_prefix: 56}
  classes:
    - name: staff
      when:
        - claim: {claim: [realm, role], one_of: [staff, admin]}
          address: [10.0.0.0/8, "2001:db8::/32"]
        - certificate: {san: uri, prefix: "spiffe://td/ns/staff/"}
    - name: partner
      when: [{header: {name: x-plan, one_of: [gold]}}]
    - name: known
      when: [{identity: [jwt, certificate]}]
"#;

/// A request: headers, values of the properties by the end of their paths, address.
#[derive(Clone, Copy, Default)]
struct Sent<'s> {
    headers: &'s [(&'s str, &'s str)],
    properties: &'s [(&'s str, &'s str)],
    address: Option<&'s str>,
}

fn identify(policy: &str, sent: Sent<'_>) -> (Client, String) {
    let policy = Policy::parse(policy).unwrap();
    let value = |path: &crate::PropertyPath| {
        let known = sent.properties.iter().find(|(end, _)| path.segments().last() == Some(end));
        known.map(|(_, value)| value.as_bytes().to_vec())
    };
    let properties: Vec<_> = policy.clients.properties().iter().map(value).collect();
    let header = |name: &str| {
        let mut all = sent.headers.iter().filter(|(known, _)| *known == name);
        all.next().filter(|_| all.next().is_none()).map(|(_, value)| value.as_bytes())
    };
    let address = sent.address.map(|address| address.parse::<IpAddr>().unwrap());
    let client = policy.clients.identify(&Evidence { header: &header, properties: &properties, address });
    let class = policy.clients.class(client.class).unwrap().name.to_string();
    (client, class)
}

fn key(sent: Sent<'_>) -> ClientKey {
    identify(POLICY, sent).0.key
}

fn at(address: &str) -> Sent<'_> {
    Sent { address: Some(address), ..Sent::default() }
}

#[track_caller]
fn check(sent: Sent<'_>, source: SourceKind, class: &str) {
    let (client, found) = identify(POLICY, sent);
    assert_eq!((client.source, found.as_str()), (source, class));
}

#[test]
fn the_first_identity_speaks() {
    let headers: &[(&str, &str)] = &[("x-api-key", "k")];
    let claims: &[(&str, &str)] = &[("sub", "user-1"), ("uri_san_peer_certificate", "spiffe://td/cli")];
    let all = Sent { headers, properties: claims, address: Some("192.0.2.1") };
    check(all, SourceKind::Jwt, "known");
    check(Sent { properties: &claims[1..], ..all }, SourceKind::Header, "anonymous");
    check(Sent { properties: &claims[1..], headers: &[], ..all }, SourceKind::Certificate, "known");
    check(at("192.0.2.1"), SourceKind::Address, "anonymous");
    check(Sent::default(), SourceKind::Address, "anonymous");
}

#[test]
fn what_came_twice_is_empty_or_too_long_is_no_identity() {
    let (longest, long) = ("x".repeat(1_024), "x".repeat(1_025));
    for headers in
        [&[("x-api-key", "a"), ("x-api-key", "b")][..], &[("x-api-key", "")], &[("x-api-key", &long)]]
    {
        check(Sent { headers, ..at("192.0.2.1") }, SourceKind::Address, "anonymous");
    }
    check(Sent { headers: &[("x-api-key", &longest)], ..at("192.0.2.1") }, SourceKind::Header, "anonymous");
}

#[test]
fn the_first_class_with_a_condition_that_holds_is_it() {
    fn staff<'s>(role: &'s [(&'s str, &'s str)], address: &'s str) -> Sent<'s> {
        Sent { properties: role, address: Some(address), headers: &[("x-plan", "gold")] }
    }
    check(staff(&[("role", "staff")], "10.1.2.3"), SourceKind::Address, "staff");
    check(staff(&[("role", "admin")], "2001:db8::1"), SourceKind::Address, "staff");
    check(staff(&[("role", "admin")], "::ffff:10.1.2.3"), SourceKind::Address, "staff");
    check(staff(&[("role", "staff")], "192.0.2.1"), SourceKind::Address, "partner");
    check(staff(&[("role", "Staff")], "10.1.2.3"), SourceKind::Address, "partner");
    let certificate = [("uri_san_peer_certificate", "spiffe://td/ns/staff/x")];
    check(Sent { properties: &certificate, ..Sent::default() }, SourceKind::Certificate, "staff");
    check(Sent { headers: &[("x-plan", "silver")], ..at("10.1.2.3") }, SourceKind::Address, "anonymous");
}

#[test]
fn an_ipv6_client_is_its_prefix_and_an_ipv4_client_its_address() {
    assert_eq!(key(at("2001:db8:1:200::1")), key(at("2001:db8:1:2ff:ffff::9")));
    assert_ne!(key(at("2001:db8:1:200::1")), key(at("2001:db8:1:300::1")));
    assert_ne!(key(at("192.0.2.1")), key(at("192.0.2.2")));
    assert_eq!(key(at("192.0.2.1")), key(at("::ffff:192.0.2.1")));
    let by_default = |address| identify("", at(address)).0.key;
    assert_eq!(by_default("2001:db8:1:2::1"), by_default("2001:db8:1:2:ffff::"));
    assert_ne!(by_default("2001:db8:1:2::1"), by_default("2001:db8:1:3::1"));
}

#[test]
fn a_key_tells_neither_the_value_nor_where_it_came_from_and_depends_on_both() {
    let header = |name, value| {
        let policy = format!("clients: {{identity: [{{header: {name}}}]}}");
        identify(&policy, Sent { headers: &[(name, value)], ..Sent::default() }).0.key
    };
    assert_ne!(header("a", "bc"), header("ab", "c"));
    assert_ne!(header("a", "1"), header("a", "2"));
    let salted = "clients: {key_salt: pepper, identity: [{header: a}]}";
    let sent = Sent { headers: &[("a", "1")], ..Sent::default() };
    assert_ne!(identify(salted, sent).0.key, header("a", "1"));
    // Keys are compared between edges, so they must not change between versions.
    assert_eq!(header("a", "1").to_string(), KNOWN);
}

const KNOWN: &str = "84e9b73afc8ee146798b8bfc0c1d6e58";
