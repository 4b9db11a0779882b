use crate::config::tests::mistakes;
use crate::{ClassId, Disclosure, Introspection, Policy, Switch};
use portcullis_cost::Cost;

const CLASSES: &str = "
graphql: {limits: {aliases: 30}}
clients:
  classes:
    - name: staff
      when: [{address: [10.0.0.0/8]}]
      limits: {depth: 20, cost: 50000, batch: 3, body_bytes: 1000, introspection: allow}
      sees: {cost: true}
    - name: partner
      when: [{header: {name: X-Plan, one_of: [gold]}}]
      sees: {limits: false, throttles: false}
  anonymous:
    limits: {depth: 7}
";

fn class(policy: &Policy, name: &str) -> ClassId {
    let place = policy.clients.classes().iter().position(|class| *class.name == *name).unwrap();
    ClassId(u8::try_from(place).unwrap())
}

#[test]
fn a_class_has_the_limits_of_all_but_those_it_overrides() {
    let policy = Policy::parse(CLASSES).unwrap();
    let of = |name| policy.of(class(&policy, name));
    let staff = of("staff");
    assert_eq!((staff.limits.depth, staff.limits.aliases, staff.limits.batch), (20, 30, 3));
    assert_eq!((staff.limits.body_bytes, staff.cost.max), (1_000, Cost::from_units(50_000)));
    assert_eq!(staff.introspection, Introspection::Allow);
    let partner = of("partner");
    assert_eq!((partner.limits.depth, partner.introspection), (15, Introspection::Deny));
    assert_eq!(of("anonymous").limits.depth, 7);
}

#[test]
fn limits_are_hidden_from_anonymous_clients_where_there_are_classes() {
    let policy = Policy::parse(CLASSES).unwrap();
    let shown = |name| policy.of(class(&policy, name)).responses.disclosure;
    assert_eq!(shown("staff"), Disclosure::Limits);
    assert_eq!(shown("partner"), Disclosure::Reason);
    assert_eq!(shown("anonymous"), Disclosure::Reason);
    let open = Policy::parse(&format!("{CLASSES}    sees: {{limits: true}}\n")).unwrap();
    assert_eq!(open.of(class(&open, "anonymous")).responses.disclosure, Disclosure::Limits);
    let plain = Policy::parse("").unwrap();
    assert_eq!(plain.of(class(&plain, "anonymous")).responses.disclosure, Disclosure::Limits);
}

#[test]
fn what_a_class_sees_is_its_own() {
    let policy = Policy::parse(CLASSES).unwrap();
    let sight = |name| policy.clients.class(class(&policy, name)).unwrap().sight;
    let seen = |name| (sight(name).throttles, sight(name).cost);
    assert_eq!(seen("staff"), (Switch::On, Switch::On));
    assert_eq!(seen("partner"), (Switch::Off, Switch::Off));
    assert_eq!(seen("anonymous"), (Switch::Off, Switch::Off));
}

#[test]
fn a_property_is_asked_for_once() {
    let text = "
clients:
  identity: [{jwt: {claim: [sub]}}, {certificate: dns}, {jwt: {metadata: other, claim: [a, b]}}]
  classes:
    - {name: x, when: [{claim: {claim: [sub], one_of: [root]}}, {certificate: {san: dns, prefix: x}}]}
";
    let policy = Policy::parse(text).unwrap();
    let paths: Vec<String> = policy
        .clients
        .properties()
        .iter()
        .map(|path| path.segments().collect::<Vec<_>>().join("/"))
        .collect();
    let jwt = "metadata/filter_metadata/envoy.filters.http.jwt_authn";
    let expected = [
        format!("{jwt}/jwt_payload/sub"),
        "connection/dns_san_peer_certificate".to_owned(),
        format!("{jwt}/other/a/b"),
    ];
    assert_eq!(paths, expected);
}

#[test]
fn mistakes_of_form_are_told_with_path_and_line() {
    mistakes(
        "clients: {identity: [{cookie: x}]}\n",
        &[
            "clients.identity[0]: unknown variant `cookie`, expected one of jwt, header, certificate, address (line 1)",
        ],
    );
    mistakes("clients:\n  classes:\n    - name: x\n", &["clients.classes[0]: missing field `when` (line 3)"]);
    mistakes(
        "clients: {classes: [{name: x, when: [{ip: [10.0.0.0/8]}]}]}\n",
        &[
            "clients.classes[0].when[0].ip: unknown field `ip`, expected one of identity, claim, header, address, certificate (line 1)",
        ],
    );
    mistakes(
        "clients: {anonymous: {sees: {cost: 1}}}\n",
        &["clients.anonymous.sees.cost: invalid boolean (line 1)"],
    );
}

#[test]
fn values_without_sense_are_told_all_at_once() {
    let text = "
clients:
  identity:
    - address: {ipv6_prefix: 0}
    - header: 'x y'
    - jwt: {metadata: '', claim: []}
  classes:
    - {name: Staff, when: []}
    - {name: a, when: [{}], limits: {depth: 0, batch: 10001}}
    - {name: a, when: [{address: [10.0.0.0/33, 10.0.0.1]}]}
    - {name: anonymous, when: [{claim: {claim: [role], one_of: []}}]}
    - {name: b, when: [{certificate: {san: uri, prefix: ''}}, {identity: []}]}
    - {name: other, when: [{identity: [header]}]}
";
    mistakes(
        text,
        &[
            "clients.identity[0].address.ipv6_prefix: must be at least 1, got 0",
            "clients.identity[0]: every request has an address, so what follows is never asked: put it last",
            "clients.identity[1].header: must be the name of a header, got `x y`",
            "clients.identity[2].jwt.metadata: must be 1 to 256 bytes without control characters",
            "clients.identity[2].jwt.claim: must name a claim",
            "clients.classes[0].name: must be 1 to 32 of a-z and _, got `Staff`",
            "clients.classes[0].when: must have at least one condition, else nobody is of this class",
            "clients.classes[1].when[0]: must say something, else everyone is of this class",
            "clients.classes[2].when[0].address[0]: must be an address or a network such as 10.0.0.0/8, got `10.0.0.0/33`",
            "clients.classes[2].name: `a` is there twice",
            "clients.classes[3].name: `anonymous` is the class of everyone else: see `clients.anonymous`",
            "clients.classes[3].when[0].claim.one_of: must name at least one",
            "clients.classes[4].when[0].certificate.prefix: must be texts of 1 to 256 bytes",
            "clients.classes[4].when[1].identity: must name at least one",
            "clients.classes[5].name: `other` stands in reports for every class that found no row: take another name",
            "clients.classes[1].limits.batch: must be at most 10000, got 10001",
            "clients.classes[1].limits.depth: must be at least 1, got 0",
        ],
    );
}

#[test]
fn an_ipv4_address_is_written_as_one() {
    mistakes(
        "clients: {classes: [{name: a, when: [{address: [\"::ffff:10.0.0.0/104\", \"::ffff:192.0.2.1\", \"::ffff:0:0/95\", \"::1\"]}]}]}",
        &[
            "clients.classes[0].when[0].address[0]: must be written as the IPv4 address or network that it stands for, got `::ffff:10.0.0.0/104`",
            "clients.classes[0].when[0].address[1]: must be written as the IPv4 address or network that it stands for, got `::ffff:192.0.2.1`",
        ],
    );
}

#[test]
fn every_list_has_a_bound() {
    let many = |entry: &str, count: usize| vec![entry; count].join(", ");
    mistakes(&format!("clients: {{identity: [{}]}}", many("{header: a}", 8)), &[]);
    mistakes(
        &format!("clients: {{identity: [{}]}}", many("{header: a}", 9)),
        &["clients.identity: must have at most 8 entries, got 9"],
    );
    let letters = "abcdefghijklmnopq";
    let classes = |count: usize| {
        let class = |letter| format!("{{name: {letter}, when: [{{address: [10.0.0.0/8]}}]}}");
        letters.chars().take(count).map(class).collect::<Vec<_>>().join(", ")
    };
    mistakes(&format!("clients: {{classes: [{}]}}", classes(15)), &[]);
    mistakes(
        &format!("clients: {{classes: [{}]}}", classes(16)),
        &["clients.classes: must have at most 16 entries, got 17"],
    );
    let networks = |count: usize| {
        format!("clients: {{classes: [{{name: x, when: [{{address: [{}]}}]}}]}}", many("10.0.0.1", count))
    };
    mistakes(&networks(64), &[]);
    mistakes(&networks(65), &["clients.classes[0].when[0].address: must have at most 64 entries, got 65"]);
}
