//! Every case of the corpus on every transport that makes sense, in both protocols: what is hostile is refused as it says and never reaches
//! the upstream, its honest twins arrive byte for byte.

use super::{TETHER, shared};
use e2e::{Site, play, play_waves};
use portcullis_demo::client::Protocol;
use portcullis_demo::corpus::{self, PolicyFile, Verdict};
use portcullis_demo::stack::Stack;
use std::collections::BTreeSet;
use std::time::Instant;

async fn check(stack: &Stack, policy: PolicyFile) {
    let plays = corpus::plays(policy).unwrap();
    let all = 2 * plays.len();
    let families: BTreeSet<_> = plays.iter().filter_map(|play| play.family).collect();
    let started = Instant::now();
    let wrong = play(stack, plays).await;
    let seconds = started.elapsed().as_secs_f32();
    eprintln!("{policy:?}: {all} requests of {} families in {seconds:.1} s", families.len());
    let (policy, cases) = (policy.name(), wrong.len());
    assert!(wrong.is_empty(), "{cases} outcomes of {all} requests under {policy}:\n  {}", wrong.join("\n  "));
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn under_the_default_policy() {
    check(&shared(), PolicyFile::Default).await;
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn where_bare_documents_are_taken() {
    check(&Site::under(TETHER, PolicyFile::Bare), PolicyFile::Bare).await;
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn where_other_transports_are_off() {
    check(&Site::under(TETHER, PolicyFile::Closed), PolicyFile::Closed).await;
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn where_documents_must_be_in_a_list() {
    check(&Site::under(TETHER, PolicyFile::Trusted), PolicyFile::Trusted).await;
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn where_introspection_is_allowed() {
    check(&Site::under(TETHER, PolicyFile::Introspective), PolicyFile::Introspective).await;
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn where_the_schema_is_known() {
    check(&Site::under(TETHER, PolicyFile::Schema), PolicyFile::Schema).await;
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn floods_end_where_the_throttles_say() {
    let [http1, http2] = <[_; 2]>::try_from(corpus::waves(2).unwrap()).unwrap();
    let all = http1.len() + http2.len();
    let started = Instant::now();
    let wrong = play_waves(&Site::under(TETHER, PolicyFile::Throttled), [http1, http2]).await;
    eprintln!("{all} floods in {:.1} s", started.elapsed().as_secs_f32());
    assert!(wrong.is_empty(), "{} outcomes of {all} floods:\n  {}", wrong.len(), wrong.join("\n  "));
}

/// The twins are honest: the shop itself answers every one of them without an error.
#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn without_the_gate_the_twins_are_answered() {
    let site = shared();
    let mut wrong = BTreeSet::new();
    let mut cases = corpus::all().unwrap();
    cases.retain(|case| case.family.is_none());
    for policy in PolicyFile::ALL {
        let twins = cases.iter().flat_map(|case| case.plays(policy).unwrap());
        for (play, protocol) in twins.flat_map(|play| Protocol::ALL.map(|protocol| (play.clone(), protocol)))
        {
            if let Some(before) = &play.before {
                site.plain(protocol, before).await.arrived();
            }
            let exchange = site.plain(protocol, &play.request).await;
            exchange.arrived();
            let answer = String::from_utf8_lossy(&exchange.reply.body).into_owned();
            if answer.contains(r#""errors""#) {
                wrong.insert(format!("{}, {}: {answer}", play.name, play.way));
            }
        }
    }
    assert!(wrong.is_empty(), "{:#?}", wrong);
}

/// The attacks are some: without the gate the shop tells its schema to everybody who asks, in whichever way.
#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn without_the_gate_introspection_is_answered() {
    let site = shared();
    let mut cases = corpus::all().unwrap();
    cases.retain(|case| case.family.is_some_and(|family| (36..=40).contains(&family)));
    let mut wrong = BTreeSet::new();
    let mut ways = BTreeSet::new();
    for policy in [PolicyFile::Default, PolicyFile::Bare] {
        for play in cases.iter().flat_map(|case| case.plays(policy).unwrap()) {
            if !play.expected.contains(&Verdict::of("introspection")) {
                continue;
            }
            let exchange = site.plain(Protocol::Http2, &play.request).await;
            let answer = String::from_utf8_lossy(&exchange.reply.body).into_owned();
            if ["\"types\":", "\"queryType\":", "\"fields\":"].iter().any(|key| answer.contains(key)) {
                ways.insert(play.way);
            } else {
                wrong.insert(format!("{}, {}: {answer}", play.name, play.way));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(ways.len() >= 14, "{ways:?}");
}
