//! What a refusal looks like to the client.

use super::{EVIL, own, post, shared};
use e2e::Wanted;
use portcullis_demo::client::{Protocol, Request};
use portcullis_report::Reason;
use serde_json::json;

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_refusal_tells_code_limit_and_what_was_found() {
    let site = shared();
    let deep = format!("{{a{}{}}}", "{a".repeat(39), "}".repeat(39));
    let exchange = site.gated(Protocol::Http2, &post(json!({"query": deep}).to_string())).await;
    exchange.refused(Reason::Depth);
    let extensions = exchange.reply.json().pointer("/errors/0/extensions").cloned().unwrap();
    assert_eq!(extensions, json!({"code": "MAX_DEPTH_EXCEEDED", "limit": 15, "actual": 40}));
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn the_content_type_follows_accept() {
    let site = shared();
    for (accept, expected) in [
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("application/graphql-response+json", "application/graphql-response+json"),
        ("application/graphql-response+json, application/json;q=0.9", "application/graphql-response+json"),
    ] {
        for protocol in Protocol::ALL {
            let exchange = site.gated(protocol, &post(EVIL).with("accept", accept)).await;
            exchange.refused(Reason::Introspection);
            let content_type = exchange.reply.header("content-type").unwrap_or_default();
            let essence = content_type.split(';').next().unwrap_or_default().trim();
            assert_eq!(essence, expected, "{accept}");
        }
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn another_method_is_refused_and_the_answer_says_which_is_not() {
    let site = shared();
    for protocol in Protocol::ALL {
        let request = Request { method: "PUT".to_owned(), ..post(EVIL) };
        let exchange = site.gated(protocol, &request).await;
        exchange.refused(Reason::Method);
        let allow = exchange.reply.header("allow").unwrap_or_default();
        assert!(allow.split(',').any(|method| method.trim() == "POST"), "{allow}");
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn limits_may_be_answered_like_validation() {
    let policy = "responses: {validation_status: 422}\ngraphql: {limits: {depth: 2}}";
    let site = own(&Wanted { policy, concurrency: 1, ..Wanted::default() });
    for protocol in Protocol::ALL {
        let deep = site.gated(protocol, &post(r#"{"query":"{ me { favourites { id } } }"}"#)).await;
        deep.refused_with(422, Some("MAX_DEPTH_EXCEEDED"));
        site.gated(protocol, &post(r#"{"query":"{ me { "}"#)).await.refused(Reason::Syntax);
        site.gated(protocol, &post(EVIL)).await.saw_nothing();
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_policy_may_keep_its_limits_to_itself() {
    let policy = "responses: {expose_limits: false}\ngraphql: {limits: {depth: 2, batch: 2}}";
    let site = own(&Wanted { policy, concurrency: 1, ..Wanted::default() });
    let item = r#"{"query":"{ me { id } }"}"#;
    for protocol in Protocol::ALL {
        for body in
            [r#"{"query":"{ me { favourites { id } } }"}"#.to_owned(), format!("[{item},{item},{item}]")]
        {
            let exchange = site.gated(protocol, &post(body)).await;
            exchange.saw_nothing();
            let extensions = exchange.reply.json()["errors"][0]["extensions"].clone();
            assert_eq!(
                extensions.as_object().map(serde_json::Map::len),
                Some(1),
                "more than a code: {extensions}"
            );
        }
    }
}
