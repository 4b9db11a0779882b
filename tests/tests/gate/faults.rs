//! A VM that traps costs one request; nothing passes unfiltered meanwhile, and filtering comes back.

use super::{EVIL, HONEST, own, post};
use e2e::{Build, PATIENCE, Wanted};
use portcullis_demo::client::Protocol;
use portcullis_demo::wait;
use portcullis_report::Reason;

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn nothing_passes_unfiltered_after_a_trap() {
    let site = own(&Wanted { concurrency: 1, build: Build::Fault, ..Wanted::default() });
    for protocol in Protocol::ALL {
        site.gated(protocol, &post(HONEST)).await.arrived();
        let trapped = site.gated(protocol, &post(HONEST).with("x-portcullis-fault", "trap")).await;
        assert_eq!(trapped.reply.status, 503);
        trapped.saw_nothing();
        wait::until("the VM to come back", PATIENCE, async || {
            let exchange = site.gated(protocol, &post(EVIL)).await;
            exchange.saw_nothing();
            if exchange.reply.status == 503 {
                return None;
            }
            exchange.refused(Reason::Introspection);
            Some(())
        })
        .await
        .unwrap();
        site.gated(protocol, &post(HONEST)).await.arrived();
    }
    let metrics = site.envoy.metrics().await.unwrap();
    assert!(metrics.sum("envoy_wasm_portcullis_vm_reload_success", &[]) >= 2.0);
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn what_was_counted_before_a_trap_stays_and_goes_on() {
    let site = own(&Wanted { concurrency: 1, build: Build::Fault, ..Wanted::default() });
    let allowed = [("operation_type", "query"), ("outcome", "allowed")];
    let mut honest = 0.0;
    for _ in 0..3 {
        wait::until("an honest request to pass", PATIENCE, async || {
            let exchange = site.gated(Protocol::Http1, &post(HONEST)).await;
            (exchange.reply.status == 200).then_some(())
        })
        .await
        .unwrap();
        honest += 1.0;
        let trapped = site.gated(Protocol::Http1, &post(HONEST).with("x-portcullis-fault", "trap")).await;
        assert_eq!(trapped.reply.status, 503);
    }
    wait::until("the counters", PATIENCE, async || {
        let metrics = site.envoy.metrics().await.unwrap();
        (metrics.sum("portcullis_graphql_requests", &allowed) == honest).then_some(())
    })
    .await
    .unwrap();
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn the_shipped_filter_knows_no_faults() {
    let site = super::shared();
    let exchange = site.gated(Protocol::Http1, &post(HONEST).with("x-portcullis-fault", "trap")).await;
    exchange.arrived();
}
