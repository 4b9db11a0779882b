//! Documents that are named by their hash: a client registers through the gate, and what it names later is judged anew.

use super::{TETHER, id, in_pieces, own, post};
use e2e::{Exchange, Site, Wanted};
use portcullis_demo::client::{Connection, Protocol, Request};
use portcullis_demo::corpus::PolicyFile;
use portcullis_demo::stack::Stack;
use portcullis_demo::upstream::{TEST_ID, hash};
use serde_json::{Value, json};

const NOT_FOUND: &str = "persisted_query";

/// The hash, with the text beside it or alone.
fn call(document: &str, variables: &Value, with_text: bool) -> Request {
    let mut body = json!({
        "variables": variables,
        "extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash(document)}},
    });
    if with_text {
        body["query"] = document.into();
    }
    post(body.to_string())
}

async fn on(
    site: &Site<Box<Stack>>,
    connection: &mut Connection,
    protocol: Protocol,
    request: &Request,
) -> Exchange {
    let id = id();
    let request = request.clone().with(TEST_ID, &id);
    let reply = connection.send(&request).await.unwrap();
    Exchange { protocol, seen: site.upstream.recorder.take(&id), reply, request }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_client_misses_registers_and_calls_by_hash() {
    let site = own(&Wanted { concurrency: 1, ..Wanted::default() });
    let gate = site.envoy.gated().unwrap();
    for (number, protocol) in Protocol::ALL.into_iter().enumerate() {
        let mut first = Connection::open(gate, protocol).await.unwrap();
        let mut second = Connection::open(gate, protocol).await.unwrap();
        let document =
            format!("query Page{number}($n: Int) {{ products(first: $n) {{ nodes {{ id name }} }} }}");
        let honest = json!({"n": 2});
        let missed = on(&site, &mut first, protocol, &call(&document, &honest, false)).await;
        missed.refused_as(NOT_FOUND);
        assert_eq!(missed.reply.json()["errors"][0]["message"], "PersistedQueryNotFound");
        assert_eq!(missed.reply.header("cache-control"), Some("no-store"), "a miss must not be cached");
        on(&site, &mut first, protocol, &call(&document, &honest, true)).await.arrived();
        for connection in [&mut first, &mut second] {
            let called = on(&site, connection, protocol, &call(&document, &honest, false)).await;
            let seen = called.arrived();
            assert_eq!(seen.header("x-graphql-operation"), Some(format!("Page{number}").as_str()));
            assert_eq!(called.reply.json()["data"]["products"]["nodes"].as_array().unwrap().len(), 2);
            let pieces = in_pieces(std::str::from_utf8(&called.body()).unwrap(), 1);
            on(&site, connection, protocol, &pieces).await.arrived();
            on(&site, connection, protocol, &call(&document, &json!({"n": 1_000_000}), false))
                .await
                .refused_as("cost");
        }
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn what_is_refused_is_not_registered() {
    let site = own(&Wanted { concurrency: 1, ..Wanted::default() });
    let document = "{ __schema { types { name } } }";
    for protocol in Protocol::ALL {
        site.gated(protocol, &call(document, &Value::Null, true)).await.refused_as("introspection");
        site.gated(protocol, &call(document, &Value::Null, false)).await.saw_nothing();
        let promised = json!({"persistedQuery": {"version": 1, "sha256Hash": hash("{ me { id } }")}});
        let wrong = json!({"query": "{ me { name } }", "extensions": promised});
        site.gated(protocol, &post(wrong.to_string())).await.refused_as("persisted_query_mismatch");
        site.gated(protocol, &call("{ me { id } }", &Value::Null, false)).await.refused_as(NOT_FOUND);
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_client_of_four_workers_gets_through_by_registering_again() {
    let site = own(&Wanted { concurrency: 4, ..Wanted::default() });
    let document = "query Everywhere { me { id name } }";
    for protocol in Protocol::ALL {
        for _ in 0..40 {
            let called = site.gated(protocol, &call(document, &Value::Null, false)).await;
            if called.reply.code().is_some() {
                called.refused_as(NOT_FOUND);
                site.gated(protocol, &call(document, &Value::Null, true)).await.arrived();
            } else {
                called.arrived();
            }
        }
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_flood_of_registrations_pushes_out_the_oldest_and_no_more() {
    let policy = "graphql: {persisted_queries: {enabled: true, cache_bytes: 65536}}";
    let site = own(&Wanted { policy, concurrency: 1, ..Wanted::default() });
    let gate = site.envoy.gated().unwrap();
    for protocol in Protocol::ALL {
        let mut connection = Connection::open(gate, protocol).await.unwrap();
        let document = |number: usize| format!("query N{number} {{ me {{ id }} }} # {}", "x".repeat(1_000));
        for number in 0..300 {
            on(&site, &mut connection, protocol, &call(&document(number), &Value::Null, true))
                .await
                .arrived();
        }
        for (number, is_known) in [(0, false), (1, false), (298, true), (299, true)] {
            let called =
                on(&site, &mut connection, protocol, &call(&document(number), &Value::Null, false)).await;
            if is_known {
                called.arrived();
            } else {
                called.refused_as(NOT_FOUND);
            }
        }
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_document_of_the_list_is_judged_with_the_variables_that_came() {
    let site = Site::under(TETHER, PolicyFile::Trusted);
    let mut operations = portcullis_demo::operation::shop().unwrap().into_iter();
    let product = operations.find(|operation| operation.source == "shop/product").unwrap().query;
    let id = format!("sha256:{}", hash(&product));
    for protocol in Protocol::ALL {
        let known = post(json!({"documentId": id, "variables": {"id": "5"}}).to_string());
        let exchange = site.gated(protocol, &known).await;
        assert_eq!(exchange.arrived().header("x-graphql-operation"), Some("ProductPage"));
        assert_eq!(exchange.reply.json()["data"]["product"]["name"], "Product 5");
        let unknown = post(json!({"documentId": format!("sha256:{}", hash("{me{id}}"))}).to_string());
        site.gated(protocol, &unknown).await.refused_as("untrusted_id");
        site.gated(protocol, &post(json!({"query": "{me{email}}"}).to_string()))
            .await
            .refused_as("untrusted_document");
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_list_that_is_only_watched_refuses_unknown_ids_alone() {
    let policy =
        r#"graphql: {"trusted_documents":{"mode":"log","documents":{"abc":"query Listed { me { id } }"}}}"#;
    let site = own(&Wanted { policy, concurrency: 1, ..Wanted::default() });
    for protocol in Protocol::ALL {
        // The shop does not know this list.
        let named = |id: &str| post(json!({"documentId": id}).to_string()).with("x-demo-upstream", "sink");
        let listed = site.gated(protocol, &named("abc")).await;
        assert_eq!(listed.arrived().header("x-graphql-operation"), Some("Listed"));
        site.gated(protocol, &post(r#"{"query":"query Mine { me { name } }"}"#)).await.arrived();
        site.gated(protocol, &named("abd")).await.refused_as("untrusted_id");
        site.gated(protocol, &Request::get("/graphql?documentId=abd")).await.refused_as("untrusted_id");
    }
}

/// The same document in the list of Apollo's and of Relay's compiler.
const MANIFESTS: [&str; 2] = [
    r#"{"format":"apollo-persisted-query-manifest","version":1,"operations":[
        {"id":"5f2bd22ea6d4b2d9","name":"Listed","type":"query","body":"query Listed { me { id } }"}]}"#,
    r#"{"5f2bd22ea6d4b2d9":"query Listed { me { id } }"}"#,
];

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn the_lists_of_apollo_and_relay_are_read() {
    for manifest in MANIFESTS {
        let section = json!({"trusted_documents": {"mode": "require", "manifest": manifest}});
        let policy = format!("graphql: {section}").leak();
        let site = own(&Wanted { policy, concurrency: 1, ..Wanted::default() });
        for protocol in Protocol::ALL {
            let named = post(r#"{"documentId":"5f2bd22ea6d4b2d9"}"#).with("x-demo-upstream", "sink");
            let listed = site.gated(protocol, &named).await;
            assert_eq!(listed.arrived().header("x-graphql-operation"), Some("Listed"));
            let free = post(r#"{"query":"query Mine { me { name } }"}"#);
            site.gated(protocol, &free).await.refused_as("untrusted_document");
        }
    }
}
