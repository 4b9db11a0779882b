//! Questions that take long: whom they keep waiting, and for how long.

use crate::harness::{Service, until};
use crate::security::{decisions, deliver, refusals};
use std::time::Duration;

/// More than there are connections for questions.
const ASKERS: usize = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_without_end_keep_nobody_but_those_who_ask_and_not_for_long() {
    let service = Service::start_with(|config| {
        config.store.readers = 2;
        config.http.request_timeout = Duration::from_secs(1);
        config.security.reputation.block_at = 50.0;
        config.security.reputation.release_at = 25.0;
    })
    .await;
    service.ground.connect().await.make_sockets_endless().await;
    let mut askers = tokio::task::JoinSet::new();
    for _ in 0..ASKERS {
        let url = format!("{}/monitoring/websocket/?window=1h", service.url);
        let key = service.viewer.reveal();
        askers.spawn(async move {
            let client = reqwest::Client::new();
            loop {
                let reply = client.get(&url).header("x-api-key", &key).send().await.unwrap();
                assert_eq!(reply.status(), 503);
            }
        });
    }
    let answers = async || service.get("/monitoring/graphql/?window=1h").await.status == 200;
    until(async || !answers().await).await;

    // Meanwhile the engine judges, and edges are told.
    deliver(&service, refusals("192.0.2.7", 6)).await;
    let told = async || {
        let request = service.request("GET", "/edge/v1/decisions?after=0&wait=0");
        let reply = crate::harness::send(request.bearer_auth(service.edge.reveal())).await;
        reply.status == 200 && reply.text.contains("192.0.2.7")
    };
    until(told).await;
    assert!(!askers.is_empty());

    // Nobody asks any more: what was begun ends by itself.
    askers.shutdown().await;
    until(answers).await;
    assert!(decisions(&service).await.contains(&("block".to_owned(), "192.0.2.7".to_owned())));
    service.running.stop().await;
}
