use super::*;

#[track_caller]
fn check(measures: Measures, expected: Option<Reason>) {
    let policy = Policy::parse("").unwrap();
    let found = match judge_document(&policy, &measures) {
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

#[test]
fn every_limit_is_inclusive() {
    check(NONE, None);
    for (limit, reason) in [
        (15, Reason::Depth),
        (60, Reason::Aliases),
        (10, Reason::AliasesPerField),
        (20, Reason::RootFields),
        (50, Reason::Directives),
        (2_000, Reason::Fields),
    ] {
        let measures = |value: u32| {
            let mut measures = NONE;
            let field = match reason {
                Reason::Depth => &mut measures.depth,
                Reason::Aliases => &mut measures.aliases,
                Reason::AliasesPerField => &mut measures.aliases_per_field,
                Reason::RootFields => &mut measures.root_fields,
                Reason::Directives => &mut measures.directives,
                _ => &mut measures.fields,
            };
            *field = value;
            measures
        };
        check(measures(limit - 1), None);
        check(measures(limit), None);
        check(measures(limit + 1), Some(reason));
        check(measures(u32::MAX), Some(reason));
    }
}

#[test]
fn introspection_is_denied_unless_the_policy_allows_it() {
    check(Measures { introspection: true, ..NONE }, Some(Reason::Introspection));
    let open = Policy::parse("graphql: {introspection: allow}").unwrap();
    assert_eq!(judge_document(&open, &Measures { introspection: true, ..NONE }), Verdict::Allow);
}

#[test]
fn the_limit_of_cost_is_inclusive() {
    let policy = Policy::parse("").unwrap();
    assert_eq!(judge_cost(&policy, Cost::from_units(20_000)), Verdict::Allow);
    let beyond = Verdict::Deny(Refusal::beyond(Reason::Cost, 20_000, 20_001));
    assert_eq!(judge_cost(&policy, Cost::from_milli(20_000_001)), beyond);
}
