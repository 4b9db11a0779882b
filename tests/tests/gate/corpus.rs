//! Real operations of real clients pass, byte for byte; the few that do not never arrive.

use super::{post, shared};
use e2e::{Exchange, repository};
use portcullis_demo::client::{Connection, Protocol};
use portcullis_demo::operation::{self, Operation};
use portcullis_demo::upstream::TEST_ID;

/// Of a thousand operations of clients, so many may be refused by the default policy.
const REFUSED_PER_THOUSAND: usize = 5;

/// The development corpus beside the repository where it is there, else the project's own.
fn operations() -> Vec<Operation> {
    let beside = repository().join("../shared/corpus/operations.jsonl");
    let all = match std::fs::read_to_string(&beside) {
        Ok(text) => operation::read(&text).unwrap(),
        Err(_) => {
            eprintln!("{} is absent: the project's own corpus instead", beside.display());
            operation::shop().unwrap()
        }
    };
    let operations: Vec<_> = all.into_iter().filter(|operation| operation.client).collect();
    eprintln!("{} operations of clients", operations.len());
    operations
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn operations_of_clients_arrive_byte_for_byte() {
    let site = shared();
    let operations = operations();
    for protocol in Protocol::ALL {
        let mut connection = Connection::open(site.envoy.gated().unwrap(), protocol).await.unwrap();
        let mut refused = Vec::new();
        for operation in &operations {
            let id = uuid::Uuid::new_v4().to_string();
            let request = post(operation.body()).with("x-demo-upstream", "sink").with(TEST_ID, &id);
            let reply = connection.send(&request).await.unwrap();
            let seen = site.upstream.recorder.take(&id);
            let exchange = Exchange { protocol, request, reply, seen };
            if exchange.reply.status == 200 {
                exchange.arrived();
            } else {
                exchange.saw_nothing();
                let code = exchange.reply.code().unwrap_or_default();
                assert!(
                    !code.is_empty() && (400..500).contains(&exchange.reply.status),
                    "{:?}",
                    exchange.reply
                );
                refused.push(format!("{code} {}", operation.source));
            }
        }
        eprintln!("{protocol:?}: {} of {} refused: {refused:#?}", refused.len(), operations.len());
        let (refused, all) = (refused.len(), operations.len());
        assert!(refused * 1_000 <= all * REFUSED_PER_THOUSAND, "{refused} of {all} refused: see above");
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn the_shop_s_own_operations_are_answered_by_the_shop() {
    let site = shared();
    for protocol in Protocol::ALL {
        for operation in operation::shop().unwrap() {
            let exchange = site.gated(protocol, &post(operation.body())).await;
            exchange.arrived();
            assert!(exchange.reply.json().get("errors").is_none(), "{}", operation.query);
        }
    }
}
