//! What only counts: the socket goes on, and is judged on.

use crate::limits::EVIL;
use crate::wire::{masked, plain};
use crate::{Line, NEW, OLD, Outcome, start};
use portcullis_gate::Effect;
use portcullis_policy::Policy;
use portcullis_report::{Metric, Reason, ThrottleLabel};

const NEAR: &str = "websocket: {limits: {burst: 4, messages_per_second: 1, control_frames_per_second: 1, frames_per_message: 2, \
    open_operations: 1, init_timeout_ms: 1000, idle_ms: 20000, lifetime_ms: 60000}}";

/// Does that for which a socket would be closed, or an operation refused.
fn provoke(line: &mut Line, reason: Reason) -> Vec<Outcome> {
    match reason {
        Reason::SocketControls => (0..3).map(|_| line.say(&masked(0x89, b"p"))).collect(),
        Reason::SocketMessages => (0..9).map(|_| line.text(r#"{"type":"ping"}"#)).collect(),
        Reason::SocketIdle => vec![line.wait(20_000)],
        Reason::SocketLifetime => {
            let quarter = |_| [line.answer(&plain(0x89, b"")), line.wait(15_000)];
            (0..5).flat_map(quarter).collect()
        }
        Reason::SocketInitTimeout => vec![line.wait(1_000)],
        Reason::SocketUnanswered => {
            let refused = line.text(&start(NEW, "u", EVIL));
            vec![refused, line.wait(5_000)]
        }
        Reason::SocketOperations => {
            (0..2).map(|id| line.text(&start(NEW, &id.to_string(), "subscription { a }"))).collect()
        }
        other => panic!("nothing here provokes {other:?}"),
    }
}

#[test]
fn a_socket_is_judged_on_after_whatever_only_counts() {
    let mut tried = 0;
    for reason in Reason::ALL.iter().copied().filter(|reason| reason.is_of_sockets()) {
        let text = format!("{NEAR}\nshadow_reasons: [{}]", reason.label());
        let is_of_open_ones = reason.close_code().is_some() || reason == Reason::SocketOperations;
        if !is_of_open_ones || Policy::parse(&text).is_err() {
            continue;
        }
        tried += 1;
        let mut line = if reason == Reason::SocketInitTimeout {
            Line::open(&text, NEW)
        } else {
            Line::ready(&text, NEW)
        };
        let outcomes = provoke(&mut line, reason);
        let shadowed = Effect::Count(Metric::Shadowed(reason), 1);
        assert!(outcomes.iter().any(|outcome| outcome.list.contains(&shadowed)), "{reason:?}");
        if reason == Reason::SocketInitTimeout {
            line.text(r#"{"type":"connection_init"}"#);
            line.server_text(r#"{"type":"connection_ack"}"#);
        }
        line.wait(1_000);
        let evil = line.text(&start(NEW, "evil", EVIL));
        assert_eq!(evil.refused(), Some(Reason::Cost), "{reason:?}: {evil:?}");
    }
    assert_eq!(tried, 7);
}

#[test]
fn what_the_gate_can_no_longer_read_is_in_no_shadow_of_its_own() {
    let refused = Policy::parse("shadow_reasons: [socket_frames]").unwrap_err().to_string();
    assert!(refused.contains("ends the judging"), "{refused}");
}

#[test]
fn a_throttle_of_messages_that_only_counts_denies_nothing() {
    let throttle =
        "websocket: {messages: [{name: talk, per: client, capacity: 1, refill: 1, window_ms: 60000}]}";
    for (mode, expected) in [
        ("", Metric::ThrottleDenied(ThrottleLabel(0))),
        ("shadow_reasons: [socket_messages]\n", Metric::ThrottleShadowed(ThrottleLabel(0))),
    ] {
        let mut line = Line::open(&format!("{mode}{throttle}"), OLD);
        line.text(r#"{"type":"connection_init"}"#);
        let outcome = line.text(&start(OLD, "1", "{ me { id } }"));
        let counted = outcome.list.iter().filter(|effect| {
            matches!(effect, Effect::Count(Metric::ThrottleDenied(_) | Metric::ThrottleShadowed(_), _))
        });
        assert_eq!(counted.collect::<Vec<_>>(), [&Effect::Count(expected, 1)]);
    }
}
