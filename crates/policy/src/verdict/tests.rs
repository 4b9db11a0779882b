use super::*;

#[track_caller]
fn check(measures: Measures, expected: Option<Reason>) {
    let policy = Policy::parse("").unwrap();
    let found = match judge_document(&policy, &measures, &mut Shadow::default()) {
        Verdict::Allow => None,
        Verdict::Deny(refusal) => Some(refusal.reason),
    };
    assert_eq!(found, expected, "{measures:?}");
}

const NONE: Measures = Measures {
    tokens: 0,
    operations: 0,
    fragments: 0,
    depth: 0,
    fields: 0,
    root_fields: 0,
    aliases: 0,
    aliases_per_field: 0,
    directives: 0,
    introspection: false,
};

#[track_caller]
fn inclusive(limit: u32, reason: Reason, measured: fn(u32) -> Measures) {
    check(measured(limit - 1), None);
    check(measured(limit), None);
    check(measured(limit + 1), Some(reason));
    check(measured(u32::MAX), Some(reason));
}

#[test]
fn every_limit_is_inclusive() {
    inclusive(15, Reason::Depth, |depth| Measures { depth, ..NONE });
    inclusive(60, Reason::Aliases, |aliases| Measures { aliases, ..NONE });
    inclusive(10, Reason::AliasesPerField, |aliases_per_field| Measures { aliases_per_field, ..NONE });
    inclusive(20, Reason::RootFields, |root_fields| Measures { root_fields, ..NONE });
    inclusive(50, Reason::Directives, |directives| Measures { directives, ..NONE });
    inclusive(2_000, Reason::Fields, |fields| Measures { fields, ..NONE });
}

#[test]
fn introspection_is_denied_unless_the_policy_allows_it() {
    check(Measures { introspection: true, ..NONE }, Some(Reason::Introspection));
    let open = Policy::parse("graphql: {introspection: allow}").unwrap();
    assert_eq!(
        judge_document(&open, &Measures { introspection: true, ..NONE }, &mut Shadow::default()),
        Verdict::Allow
    );
}

#[test]
fn the_limit_of_questions_about_the_schema_is_inclusive() {
    let policy = Policy::parse("").unwrap();
    assert_eq!(judge_introspection(&policy, 2, &mut Shadow::default()), Verdict::Allow);
    let beyond = Verdict::Deny(Refusal::beyond(Reason::IntrospectionDepth, 2, 3));
    assert_eq!(judge_introspection(&policy, 3, &mut Shadow::default()), beyond);
}

fn costing(field: Cost, r#type: Cost) -> Estimate {
    Estimate { field, r#type, ..Estimate::default() }
}

#[test]
fn the_limits_of_cost_are_inclusive() {
    let policy = Policy::parse("").unwrap();
    let units = Cost::from_units;
    assert_eq!(
        judge_estimate(&policy, &costing(units(20_000), units(20_000)), &mut Shadow::default()),
        Verdict::Allow
    );
    let beyond = Verdict::Deny(Refusal::beyond(Reason::Cost, 20_000, 20_001));
    assert_eq!(
        judge_estimate(&policy, &costing(Cost::from_milli(20_000_001), units(0)), &mut Shadow::default()),
        beyond
    );
    let beyond = Verdict::Deny(Refusal::beyond(Reason::TypeCost, 20_000, 20_001));
    assert_eq!(
        judge_estimate(&policy, &costing(units(0), Cost::from_milli(20_000_001)), &mut Shadow::default()),
        beyond
    );
}

#[test]
fn unknown_fields_are_refused_only_where_the_policy_says_so() {
    let estimate = Estimate { unknown_fields: 1, ..Estimate::default() };
    assert_eq!(
        judge_estimate(&Policy::parse("").unwrap(), &estimate, &mut Shadow::default()),
        Verdict::Allow
    );
    let strict = Policy::parse("graphql: {unknown_fields: refuse}").unwrap();
    let unknown = Verdict::Deny(Refusal::because(Reason::UnknownField));
    assert_eq!(judge_estimate(&strict, &estimate, &mut Shadow::default()), unknown);
}

#[test]
fn a_list_without_its_slicing_argument_is_refused() {
    let estimate = Estimate { slicing_violations: 1, ..Estimate::default() };
    let slicing = Verdict::Deny(Refusal::because(Reason::Slicing));
    assert_eq!(judge_estimate(&Policy::parse("").unwrap(), &estimate, &mut Shadow::default()), slicing);
}

#[test]
fn operations_are_charged_together() {
    let mut charge = Charge::default();
    for _ in 0..2 {
        charge.add(&Estimate { watched: vec![1, 2], ..costing(Cost::from_units(3), Cost::from_units(4)) });
    }
    charge.add(&Estimate::default());
    let expected = Charge { field: Cost::from_units(6), r#type: Cost::from_units(8), sensitive: vec![2, 4] };
    assert_eq!(charge, expected);
}

#[test]
fn what_only_counts_does_not_end_the_judging() {
    let policy = Policy::parse("shadow_reasons: [introspection, depth]").unwrap();
    let measures = Measures { introspection: true, depth: 16, ..NONE };
    let mut shadow = Shadow::default();
    assert_eq!(judge_document(&policy, &measures, &mut shadow), Verdict::Allow);
    assert_eq!(shadow.0, Some(Refusal::because(Reason::Introspection)));
    let measures = Measures { aliases: 61, ..measures };
    let refused = Verdict::Deny(Refusal::beyond(Reason::Aliases, 60, 61));
    assert_eq!(judge_document(&policy, &measures, &mut Shadow::default()), refused);
}
