use crate::config::tests::mistakes;
use crate::{Introspection, Mode, Policy};
use portcullis_report::Reason;

const CLASSES: &str = "
clients:
  identity: [{header: x-api-key}]
  classes:
    - {name: staff, when: [{identity: [header]}], limits: {depth: 30}, mode: shadow}
    - {name: partner, when: [{header: {name: x-plan, one_of: [gold]}}], limits: {cost: 9}}
";

#[track_caller]
fn candidate<'p>(policy: &'p Policy, class: &str) -> &'p Policy {
    policy.of(policy.clients.named(class).unwrap()).candidate.as_deref().unwrap()
}

#[test]
fn a_policy_has_no_candidate_unless_it_says_so() {
    assert_eq!(Policy::parse("").unwrap().candidate, None);
    let policy = Policy::parse("candidate: {}").unwrap();
    let candidate = policy.candidate.as_deref().unwrap();
    assert_eq!(candidate.limits, policy.limits);
    assert!(
        candidate.candidate.is_none()
            && candidate.routes.is_empty()
            && candidate.throttles.rules().is_empty()
    );
}

#[test]
fn a_candidate_is_whole_and_knows_nothing_of_the_other_limits() {
    let text =
        "graphql: {limits: {depth: 3}}\ncandidate: {graphql: {limits: {tokens: 9}, introspection: allow}}";
    let policy = Policy::parse(text).unwrap();
    let candidate = policy.candidate.as_deref().unwrap();
    assert_eq!((policy.limits.depth, policy.limits.budget.tokens), (3, 5_000));
    assert_eq!((candidate.limits.depth, candidate.limits.budget.tokens), (15, 9));
    assert_eq!(candidate.introspection, Introspection::Allow);
}

#[test]
fn what_a_class_has_of_its_own_it_has_in_the_candidate_too_unless_that_says_otherwise() {
    let text = format!(
        "{CLASSES}candidate: {{graphql: {{limits: {{depth: 7}}}}, classes: {{partner: {{limits: {{tokens: 5}}}}, anonymous: {{mode: shadow}}}}}}"
    );
    let policy = Policy::parse(&text).unwrap();
    let staff = candidate(&policy, "staff");
    assert_eq!((staff.limits.depth, staff.mode(Reason::Depth)), (30, Mode::Shadow));
    let partner = candidate(&policy, "partner");
    assert_eq!((partner.limits.depth, partner.limits.budget.tokens), (7, 5));
    assert_eq!(partner.cost.max, Policy::parse("").unwrap().cost.max, "in place of what the class has");
    let anonymous = candidate(&policy, "anonymous");
    assert_eq!((anonymous.limits.depth, anonymous.mode(Reason::Depth)), (7, Mode::Shadow));
}

#[test]
fn mistakes_are_told_with_their_path() {
    mistakes(
        "candidate:\n  graphql:\n    limits: {dpth: 1}\n",
        &[
            "candidate.graphql.limits.dpth: unknown field `dpth`, expected one of body_bytes, held_bytes, document_bytes, tokens, nesting, depth, fields, root_fields, aliases, aliases_per_field, directives, introspection_depth, batch, url_bytes, json_nesting (line 3)",
        ],
    );
    mistakes(
        "candidate: {routes: []}",
        &[
            "candidate.routes: unknown field `routes`, expected one of mode, shadow_reasons, graphql, classes, throttles, correlation, responses (line 1)",
        ],
    );
    let text = format!(
        "{}candidate: {{graphql: {{limits: {{depth: 0}}}}, classes: {{nobody: {{}}, staff: {{limits: {{depth: 0}}}}}}, throttles: {{tracked_clients: 1}}}}",
        CLASSES.replace("cost: 9", "cost: 0"),
    );
    mistakes(
        &text,
        &[
            "candidate.graphql.limits.depth: must be at least 1, got 0",
            "candidate.throttles.tracked_clients: must be at least 8, got 1",
            "candidate.classes.nobody: no class is called `nobody`",
            "candidate.classes.staff.limits.depth: must be at least 1, got 0",
            "clients.classes[1].limits.cost: must be at least 1, got 0",
        ],
    );
}

#[test]
fn a_candidate_without_a_schema_costs_by_the_same_table() {
    let schema = portcullis_cost::Schema::default();
    let table = crate::CostTable::load(schema.compile().unwrap()).unwrap();
    let policy =
        Policy::parse_with("candidate: {graphql: {cost: {schema: nonsense, max: 7}}}", table).unwrap();
    let candidate = policy.candidate.as_deref().unwrap();
    let tables = policy.cost.table.as_ref().zip(candidate.cost.table.as_ref());
    assert!(tables.is_some_and(|(one, other)| one.is(other)));
}
