//! What the gate does to answers where the policy wants it, and that it does nothing where not.

use super::{HONEST, own, post, shared};
use e2e::{PATIENCE, Site, Wanted};
use portcullis_demo::client::{Connection, Protocol, Request};
use portcullis_demo::prometheus::Metrics;
use portcullis_demo::stack::Stack;
use portcullis_demo::upstream::{BEHAVIOUR, TEST_ID};
use portcullis_demo::wait;
use serde_json::{Value, json};

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

/// All that may be done to an answer.
const READ: &str = "responses: {strip_suggestions: true, count_errors: true, actual_cost: true}";

/// So many errors of a code were counted.
fn errors(metrics: &Metrics, code: &str) -> f64 {
    metrics.sum("portcullis_graphql_response_errors", &[("code", code)])
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn errors_are_counted_by_their_codes() {
    let policy = "responses: {count_errors: true}";
    let site = own(&Wanted { policy, concurrency: 1, ..Wanted::default() });
    let code = |code: &str| post(HONEST).with(BEHAVIOUR, format!("error={code}"));
    for protocol in Protocol::ALL {
        for request in [code("FORBIDDEN"), code("FORBIDDEN"), code("MADE_UP"), post(HONEST)] {
            site.gated(protocol, &request).await.arrived();
        }
        let text = site.gated(protocol, &code("FORBIDDEN")).await.reply.body;
        assert!(String::from_utf8_lossy(&text).contains("Did you mean"), "an answer that is counted changed");
    }
    let metrics = site.envoy.metrics().await.unwrap();
    assert_eq!((errors(&metrics, "forbidden"), errors(&metrics, "other")), (6.0, 2.0));
    assert_eq!(metrics.sum("portcullis_graphql_response_errors", &[]), 8.0);
    assert_eq!(metrics.sum("portcullis_graphql_responses_unread", &[]), 0.0);
}

/// The page of the analyzer on an operation, once it has so many requests.
async fn operation(site: &Site<Box<Stack>>, name: &str, requests: u64) -> Value {
    let find = async || {
        let page = site.analyzer.get("/monitoring/graphql/").await.ok()?.json();
        let operations = page["by_operation"].as_array()?;
        let found = operations.iter().find(|one| one["operation"] == name && one["requests"] == requests);
        found.cloned()
    };
    wait::until("the operation at the analyzer", PATIENCE, find).await.unwrap()
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn the_actual_cost_is_told_everywhere() {
    let policy = "responses: {actual_cost: true}";
    let site = own(&Wanted { policy, concurrency: 1, ..Wanted::default() });
    // More is asked for than a page of the shop has.
    let asked = post(r#"{"query":"query Newest { newest(first: 1000) { id } }"}"#);
    let mut told = Vec::new();
    for protocol in Protocol::ALL {
        let exchange = site.gated(protocol, &asked).await;
        exchange.arrived();
        let entries = exchange.reply.json()["data"]["newest"].as_array().unwrap().len();
        assert!(entries > 0 && entries < 1_000, "{entries}");
        let id = exchange.reply.header("x-correlation-id").unwrap();
        let find = async || site.envoy.access_log().into_iter().find(|line| line["correlation_id"] == id);
        let line = wait::until("the line in the access log", PATIENCE, find).await.unwrap();
        let cost = |name: &str| line[name].as_str().and_then(|cost| cost.parse::<f64>().ok()).unwrap();
        let (actual, estimate) = (cost("actual_cost"), cost("cost"));
        assert!(
            actual >= entries as f64 && actual < estimate,
            "{actual} of {estimate} for {entries} entries"
        );
        told.push((actual, estimate));
    }
    assert_eq!(told[0], told[1]);
    let (actual, estimate) = told[0];
    let metrics = wait::until("the histogram", PATIENCE, async || {
        let metrics = site.envoy.metrics().await.ok()?;
        (metrics.sum("portcullis_graphql_actual_cost_count", &[]) == 2.0).then_some(metrics)
    });
    let sum = metrics.await.unwrap().sum("portcullis_graphql_actual_cost_sum", &[]);
    assert!((sum - 2.0 * actual).abs() < 0.1 * sum, "Envoy's sums are near: {sum} for 2 times {actual}");
    let page = operation(&site, "Newest", 2).await;
    let shown = |name: &str| page[name].as_f64().unwrap().ceil();
    assert_eq!((shown("actual_cost_mean"), shown("cost_mean")), (actual, estimate), "{page}");
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn trailers_end_an_answer_as_well() {
    let site = own(&Wanted { policy: READ, concurrency: 1, ..Wanted::default() });
    for protocol in Protocol::ALL {
        let request = post(HONEST).with(BEHAVIOUR, "trailers").with("te", "trailers");
        let exchange = site.gated(protocol, &request).await;
        assert_eq!(
            exchange.reply.trailers.get("x-checksum").map(|value| value.as_bytes()),
            Some(&b"abc"[..])
        );
        assert_eq!(exchange.reply.json()["data"]["me"]["id"], "u1", "{:?}", exchange.reply);
    }
    let page = operation(&site, "Me", 2).await;
    assert!(page["actual_cost_mean"].as_f64() > Some(0.0), "{page}");
    let metrics = site.envoy.metrics().await.unwrap();
    assert_eq!(metrics.sum("portcullis_graphql_responses_unread", &[]), 0.0);
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn an_answer_to_an_upload_that_still_comes_is_read() {
    let site = own(&Wanted { policy: READ, concurrency: 1, ..Wanted::default() });
    let form = [
        "--b\r\ncontent-disposition: form-data; name=\"operations\"\r\n\r\n",
        r#"{"query":"query Early { me { id } }"}"#,
        "\r\n--b\r\ncontent-disposition: form-data; name=\"map\"\r\n\r\n{\"0\":[\"variables.f\"]}\r\n",
        "--b\r\ncontent-disposition: form-data; name=\"0\"; filename=\"a\"\r\n\r\n",
    ];
    let form = form.concat().replace(r#"{ id } }"}"#, r#"{ id } }","variables":{"f":null}}"#);
    let mut request = Request::json("/graphql", "").with("apollo-require-preflight", "1");
    request.headers[0].1 = b"multipart/form-data; boundary=b".to_vec();
    for (number, protocol) in [1.0, 2.0].into_iter().zip(Protocol::ALL) {
        let connection = Connection::open(site.envoy.gated().unwrap(), protocol).await.unwrap();
        let upload = connection.upload(&request.clone().with(BEHAVIOUR, "early"), Some(1_000_000)).unwrap();
        assert!(upload.send(form.clone()).await);
        wait::until("the answer", PATIENCE, async || upload.is_answered().then_some(())).await.unwrap();
        let reply = upload.finish().await.unwrap();
        assert_eq!(reply.status, 200, "{protocol:?}: {reply:?}");
        assert!(reply.header("x-correlation-id").is_some(), "{protocol:?}: {reply:?}");
        assert_eq!(reply.json()["errors"][0]["message"], "No such thing.", "{protocol:?}: {reply:?}");
        let metrics = site.envoy.metrics().await.unwrap();
        assert_eq!(errors(&metrics, "forbidden"), number, "{protocol:?}");
        assert_eq!(metrics.sum("portcullis_graphql_responses_unread", &[]), 0.0);
    }
    let page = operation(&site, "Early", 2).await;
    assert!(page["actual_cost_mean"].as_f64() > Some(0.0), "{page}");
}
