//! The access log tells the same story as the reply.

use super::{EVIL, HONEST, own, post};
use e2e::{PATIENCE, Wanted};
use portcullis_demo::client::{Protocol, Request};
use portcullis_demo::wait;
use serde_json::Value;

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn the_access_log_carries_id_operation_verdict_and_cost() {
    let site = own(&Wanted { concurrency: 1, ..Wanted::default() });
    for protocol in Protocol::ALL {
        let allowed = site.gated(protocol, &post(HONEST)).await;
        let cost = allowed.arrived().header("x-graphql-cost").unwrap().to_owned();
        let refused = site.gated(protocol, &post(EVIL)).await;
        let line = async |id: &str| -> Value {
            // Envoy writes its file every few seconds.
            let find = async || site.envoy.access_log().into_iter().find(|line| line["correlation_id"] == id);
            wait::until("the line in the access log", PATIENCE, find).await.unwrap()
        };
        let allowed = line(allowed.reply.header("x-correlation-id").unwrap()).await;
        assert_eq!((&allowed["operation"], &allowed["verdict"]), (&"Me".into(), &"allowed".into()));
        assert_eq!(allowed["cost"].as_str(), Some(cost.as_str()));
        assert_eq!((&allowed["status"], &allowed["path"]), (&200.into(), &"/graphql".into()));
        let refused = line(refused.reply.header("x-correlation-id").unwrap()).await;
        assert_eq!((&refused["verdict"], &refused["status"]), (&"introspection".into(), &403.into()));
    }
    site.gated(Protocol::Http1, &Request::get("/rest/status")).await;
    let find = async || site.envoy.access_log().into_iter().find(|line| line["path"] == "/rest/status");
    let passed = wait::until("the line in the access log", PATIENCE, find).await.unwrap();
    assert_eq!((&passed["verdict"], &passed["correlation_id"]), (&Value::Null, &Value::Null));
}
