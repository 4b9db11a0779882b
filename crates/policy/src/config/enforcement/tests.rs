use crate::config::tests::mistakes;
use crate::{ClassId, Mode, Policy};
use portcullis_report::Reason;

#[test]
fn everything_is_enforced_unless_the_policy_says_otherwise() {
    let policy = Policy::parse("").unwrap();
    assert!(Reason::ALL.iter().all(|reason| policy.mode(*reason) == Mode::Enforce));
}

#[test]
fn a_policy_in_shadow_refuses_only_what_the_gate_cannot_let_pass() {
    let policy = Policy::parse("mode: shadow").unwrap();
    let enforced: Vec<&str> = Reason::ALL
        .iter()
        .filter(|reason| policy.mode(**reason) == Mode::Enforce)
        .map(|reason| reason.label())
        .collect();
    let expected = [
        "persisted_query",
        "persisted_query_unsupported",
        "persisted_query_mismatch",
        "untrusted_id",
        "overloaded",
        "socket_memory",
        "unreadable",
    ];
    assert_eq!(enforced, expected);
}

#[test]
fn a_reason_in_the_list_only_counts() {
    let policy = Policy::parse("shadow_reasons: [depth, throttled]").unwrap();
    assert_eq!((policy.mode(Reason::Depth), policy.mode(Reason::Throttled)), (Mode::Shadow, Mode::Shadow));
    assert_eq!((policy.mode(Reason::Cost), policy.mode(Reason::Syntax)), (Mode::Enforce, Mode::Enforce));
}

#[test]
fn a_class_has_a_mode_of_its_own() {
    let text = "
clients:
  classes: [{name: partner, when: [{identity: [header]}], mode: shadow}]
";
    let policy = Policy::parse(text).unwrap();
    assert_eq!(policy.of(ClassId(0)).mode(Reason::Depth), Mode::Shadow);
    assert_eq!(policy.of(ClassId(1)).mode(Reason::Depth), Mode::Enforce);
    let policy = Policy::parse("mode: shadow\nclients: {anonymous: {mode: enforce}}").unwrap();
    assert_eq!(policy.of(ClassId(0)).mode(Reason::Depth), Mode::Enforce);
}

#[test]
fn a_reason_that_ends_the_judging_is_not_taken() {
    mistakes(
        "shadow_reasons: [depth, syntax, dpth, depth]",
        &[
            "shadow_reasons[1]: `syntax` ends the judging, so nothing else would be held against the request",
            "shadow_reasons[2]: no reason is called `dpth`",
            "shadow_reasons[3]: `depth` is there twice",
        ],
    );
}
