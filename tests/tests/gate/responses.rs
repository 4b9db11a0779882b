//! What the gate does to answers where the policy wants it, and that it does nothing where not.

use super::{own, post, shared};
use e2e::Wanted;
use portcullis_demo::client::{Connection, Protocol};
use portcullis_demo::upstream::{BEHAVIOUR, TEST_ID};
use serde_json::json;

/// A field that is not there, but nearly.
const NEARLY: &str = r#"{"query":"{ me { nam } }"}"#;

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn an_answer_is_left_alone() {
    let site = shared();
    for protocol in Protocol::ALL {
        for request in [post(NEARLY), post(NEARLY).with("accept-encoding", "gzip")] {
            let (gated, plain) = (site.gated(protocol, &request).await, site.plain(protocol, &request).await);
            assert_eq!(gated.reply.body, plain.reply.body);
            assert_eq!(
                gated.reply.headers.get("content-encoding"),
                plain.reply.headers.get("content-encoding")
            );
            assert_eq!(gated.arrived().header("accept-encoding"), plain.arrived().header("accept-encoding"));
        }
        let plain = site.plain(protocol, &post(NEARLY)).await;
        let text = String::from_utf8_lossy(&plain.reply.body).into_owned();
        assert!(text.contains("Did you mean"), "the upstream suggests nothing: {text}");
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn suggestions_are_taken_out() {
    let policy = "responses: {strip_suggestions: true}";
    let site = own(&Wanted { policy, concurrency: 1, ..Wanted::default() });
    for protocol in Protocol::ALL {
        for request in [post(NEARLY), post(NEARLY).with("accept-encoding", "gzip, br")] {
            let exchange = site.gated(protocol, &request).await;
            let seen = exchange.arrived();
            assert!(!seen.headers.contains_key("accept-encoding"), "the answer could not be read");
            let text = String::from_utf8_lossy(&exchange.reply.body).into_owned();
            assert!(!text.contains("Did you mean") && !text.contains("\"name\""), "{text}");
            let message =
                exchange.reply.json()["errors"][0]["message"].as_str().unwrap_or_default().to_owned();
            assert!(message.contains("nam"), "what is wrong must still be said: {text}");
            assert!(exchange.reply.json()["errors"][0].get("locations").is_some(), "{text}");
        }
        // A text of the shop's own that happens to sound like one.
        let review = json!({"query": "mutation($t: String!) { addReview(product: 1, rating: 5, text: $t) { text } }",
            "variables": {"t": "Did you mean \"this\"?"}});
        let exchange = site.gated(protocol, &post(review.to_string())).await;
        exchange.arrived();
        assert_eq!(exchange.reply.json()["data"]["addReview"]["text"], "Did you mean \"this\"?");
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_stream_that_is_read_is_not_held() {
    let policy = "responses: {strip_suggestions: true, count_errors: true, actual_cost: true}";
    let site = own(&Wanted { policy, concurrency: 1, ..Wanted::default() });
    for protocol in Protocol::ALL {
        let id = super::id();
        let request = post(r#"{"query":"subscription { countdown(from: 2) }"}"#);
        let request = request.with("accept", "text/event-stream").with(BEHAVIOUR, "steps").with(TEST_ID, &id);
        let mut connection = Connection::open(site.envoy.gated().unwrap(), protocol).await.unwrap();
        site.upstream.recorder.release(&id, 1);
        let mut answer = connection.begin(&request).await.unwrap();
        let first = answer.piece().await.unwrap().unwrap();
        let first = String::from_utf8_lossy(&first).into_owned();
        assert!(first.contains(r#""countdown":2"#), "{first}");
        site.upstream.recorder.release(&id, 1);
        let rest = answer.rest().await.unwrap();
        assert!(String::from_utf8_lossy(&rest.body).contains("event: complete"));
    }
}
