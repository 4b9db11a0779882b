use crate::config::tests::mistakes;
use crate::{Introspection, Mode, Policy, ProfileId, Reach, Switch, Told, Under, UnknownFields};
use portcullis_report::Reason;

const PROFILES: &str = "
graphql: {limits: {depth: 9, tokens: 700}}
clients:
  identity: [{header: x-api-key}]
  classes: [{name: staff, when: [{identity: [header]}], limits: {depth: 30}}]
profiles:
  open: {mode: shadow, graphql: {introspection: allow}}
  strict:
    shadow_reasons: [aliases]
    graphql: {limits: {depth: 3}, unknown_fields: refuse, transports: {get: false}}
    responses: {validation_status: 422}
    classes: {staff: {limits: {tokens: 50}}}
";

fn policy() -> Policy {
    Policy::parse(PROFILES).unwrap()
}

#[track_caller]
fn under<'p>(policy: &'p Policy, profile: &str, class: &str) -> &'p Policy {
    let (profile, class) = (policy.profiles.id(profile).unwrap(), policy.clients.named(class).unwrap());
    policy.under(Under { profile: Some(profile), class })
}

#[test]
fn a_profile_changes_what_it_says_and_nothing_else() {
    let policy = policy();
    let strict = under(&policy, "strict", "anonymous");
    assert_eq!((strict.limits.depth, strict.limits.budget.tokens), (3, 700));
    assert_eq!((strict.unknown_fields, strict.introspection), (UnknownFields::Refuse, Introspection::Deny));
    assert_eq!((strict.transports.get, strict.transports.batch), (Switch::Off, Switch::On));
    assert_eq!((strict.mode(Reason::Aliases), strict.mode(Reason::Depth)), (Mode::Shadow, Mode::Enforce));
    let open = under(&policy, "open", "anonymous");
    assert_eq!((open.limits.depth, open.mode(Reason::Depth)), (9, Mode::Shadow));
    assert_eq!(open.introspection, Introspection::Allow);
    let class = policy.clients.everyone_else();
    assert_eq!(policy.under(class), policy.of(class), "without a profile it is the policy of all");
}

#[test]
fn what_a_class_has_it_has_under_a_profile_unless_that_says_otherwise() {
    let policy = policy();
    assert_eq!(under(&policy, "open", "staff").limits.depth, 30);
    let staff = under(&policy, "strict", "staff");
    assert_eq!((staff.limits.depth, staff.limits.budget.tokens), (3, 50));
}

#[test]
fn a_profile_lies_over_the_candidate_too() {
    let text = format!(
        "{PROFILES}candidate: {{graphql: {{limits: {{depth: 5, fields: 8}}}}, classes: {{staff: {{limits: {{depth: 6}}}}}}}}"
    );
    let policy = Policy::parse(&text).unwrap();
    let candidate = |profile: &str, class: &str| under(&policy, profile, class).candidate.clone().unwrap();
    let strict = candidate("strict", "anonymous");
    assert_eq!((strict.limits.depth, strict.limits.fields, strict.limits.budget.tokens), (3, 8, 5_000));
    assert_eq!(candidate("open", "anonymous").introspection, Introspection::Allow);
    let staff = candidate("strict", "staff");
    assert_eq!((staff.limits.depth, staff.limits.budget.tokens), (6, 5_000));
}

#[test]
fn envoy_names_a_profile_where_there_are_any() {
    assert_eq!(Policy::parse("").unwrap().clients.properties(), []);
    let policy = policy();
    let [path] = policy.clients.properties() else { panic!("one property") };
    let asked: Vec<_> = path.segments().collect();
    assert_eq!(asked, ["xds", "route_metadata", "filter_metadata", "portcullis", "profile"]);
    let told = |said: Option<&str>| policy.profiles.told(&[said.map(|text| text.as_bytes().to_vec())]);
    assert_eq!(told(None), Told::Nothing);
    assert_eq!(told(Some("strict")), Told::Profile(policy.profiles.id("strict").unwrap()));
    assert_eq!([told(Some("Strict")), told(Some(""))], [Told::Unknown; 2]);
    assert_eq!(policy.profiles.told(&[]), Told::Nothing);
}

#[test]
fn routes_have_a_reach_and_a_profile() {
    let text = format!(
        "{PROFILES}routes: [{{path: /a}}, {{path: /b, match: prefix, profile: strict}}, {{path: /b/off, enabled: false}}]"
    );
    let policy = Policy::parse(&text).unwrap();
    let routes: Vec<_> = policy
        .routes
        .iter()
        .map(|route| (route.path.as_str(), route.reach, route.profile, route.judged))
        .collect();
    let strict = policy.profiles.id("strict");
    assert_eq!(
        routes,
        [
            ("/a", Reach::Exact, None, Switch::On),
            ("/b", Reach::Prefix, strict, Switch::On),
            ("/b/off", Reach::Exact, None, Switch::Off),
        ]
    );
    assert_eq!(strict, Some(ProfileId(1)));
}

#[test]
fn mistakes_are_told_with_their_path() {
    mistakes(
        "profiles:\n  strict:\n    graphql: {limits: {dpth: 1}}\n",
        &[
            "profiles.strict.graphql.limits.dpth: unknown field `dpth`, expected one of body_bytes, held_bytes, document_bytes, tokens, nesting, depth, fields, root_fields, aliases, aliases_per_field, directives, introspection_depth, batch, url_bytes, json_nesting (line 3)",
        ],
    );
    mistakes(
        "routes: [{path: /a, profile: nobody}, {path: /a, match: exact}]\nprofiles: {Strict: {}, strict: {throttles: 1}}",
        &[
            "profiles.strict.throttles: unknown field `throttles`, expected one of mode, shadow_reasons, graphql, responses, classes (line 2)",
        ],
    );
    mistakes(
        "routes: [{path: /a, profile: nobody}, {path: /a, match: exact}]\ngraphql: {limits: {tokens: 0}}\nprofiles: {Strict: {}, strict: {graphql: {limits: {depth: 0}}, classes: {staff: {}}}}",
        &[
            "routes[0].profile: no profile is called `nobody`",
            "routes[1].path: `/a` is there twice",
            "graphql.limits.tokens: must be at least 1, got 0",
            "profiles.Strict: must be 1 to 32 of a-z and _, got `Strict`",
            "profiles.strict.graphql.limits.depth: must be at least 1, got 0",
            "profiles.strict.classes.staff: no class is called `staff`",
        ],
    );
}

#[test]
fn what_is_wrong_is_told_of_each_profile_and_of_the_candidate_where_it_is_written() {
    let depth = |path: &str| format!("{path}graphql.limits.depth: must be at least 1, got 0");
    let told = |text: &str, expected: &[&str]| {
        let expected: Vec<_> = expected.iter().map(|path| depth(path)).collect();
        mistakes(text, &expected.iter().map(String::as_str).collect::<Vec<_>>());
    };
    let zero = "graphql: {limits: {depth: 0}}";
    told(&format!("profiles: {{p: {{{zero}}}, q: {{{zero}}}}}"), &["profiles.p.", "profiles.q."]);
    told(
        &format!("candidate: {{{zero}}}\nprofiles: {{p: {{{zero}}}, q: {{{zero}}}}}"),
        &["candidate.", "profiles.p.", "profiles.q."],
    );
    // What is wrong without a profile is told once.
    told(&format!("{zero}\nprofiles: {{p: {{}}, q: {{mode: shadow}}}}"), &[""]);
    told(&format!("candidate: {{{zero}}}\nprofiles: {{p: {{}}}}"), &["candidate."]);
    told(&format!("{zero}\ncandidate: {{{zero}}}\nprofiles: {{p: {{}}}}"), &["", "candidate."]);
    let classes = "
clients: {classes: [{name: a, when: [{address: [10.0.0.0/8]}]}]}
candidate: {classes: {a: {limits: {depth: 0}}}}
profiles: {p: {classes: {a: {limits: {depth: 0}}}}, q: {classes: {a: {limits: {depth: 0}}}}}";
    let at = |path: &str| format!("{path}classes.a.limits.depth: must be at least 1, got 0");
    mistakes(classes, &[&at("candidate."), &at("profiles.p."), &at("profiles.q.")]);
}

#[test]
fn profiles_have_a_bound() {
    let profiles = |count: usize| {
        let names: Vec<_> = (0..count).map(|number| format!("{}: {{}}", "p".repeat(number + 1))).collect();
        format!("profiles: {{{}}}", names.join(", "))
    };
    assert!(Policy::parse(&profiles(16)).is_ok());
    mistakes(&profiles(17), &["profiles: must have at most 16 entries, got 17"]);
}

#[test]
fn a_profile_may_cost_by_a_schema_of_its_own() {
    let schema = portcullis_cost::Schema::default().compile().unwrap();
    let table = || crate::CostTable::load(schema.clone()).unwrap();
    let found = Policy::parse_with("profiles: {other: {graphql: {cost: {schema: nonsense}}}}", table());
    let told: Vec<_> = found.unwrap_err().iter().map(|mistake| mistake.path.clone()).collect();
    assert_eq!(told, ["profiles.other.graphql.cost.schema"]);
    let policy = Policy::parse_with("profiles: {other: {graphql: {cost: {max: 7}}}}", table()).unwrap();
    let tables = policy.cost.table.as_ref().zip(under(&policy, "other", "anonymous").cost.table.as_ref());
    assert!(tables.is_some_and(|(one, other)| one.is(other)));
}
