//! Operations in URLs: judged like any other, and passed on with every byte of the URL as it came.

use super::{own, shared};
use e2e::Wanted;
use portcullis_demo::client::{Protocol, Request};

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_url_arrives_byte_for_byte() {
    let site = shared();
    for path in [
        "/graphql?query=%7Bme%7Bid%7D%7D",
        "/graphql?query={me{id}}",
        "/graphql?query=%7bme%7bid%7d%7d&",
        "/graphql?&&query=%7Bme%7Bid%7D%7D&x=%2F..%2F&y=a+b%20c",
        "/graphql?query=query+Me%7Bme%7Bid%7D%7D&operationName=Me&variables=%7B%7D&extensions=%7B%7D",
        "/graphql?query=query($n:Int){products(first:$n){nodes{id}}}&variables=%7B%22n%22%3A2%7D",
        "/graphql?%71uery=%7Bme%7Bid%7D%7D&utm_source=%E2%82%AC",
    ] {
        for protocol in Protocol::ALL {
            let exchange = site.gated(protocol, &Request::get(path)).await;
            let seen = exchange.arrived();
            assert!(seen.header("x-graphql-cost").is_some(), "{path}");
            assert!(exchange.reply.json().get("errors").is_none(), "{path}: {:?}", exchange.reply);
        }
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn the_upstream_learns_the_operation_of_a_url() {
    let site = shared();
    let path = "/graphql?query=query+Me%7Bme%7Bid%7D%7D+query+Other%7Bme%7Bname%7D%7D&operationName=Me";
    for protocol in Protocol::ALL {
        let exchange = site.gated(protocol, &Request::get(path).with("x-graphql-operation", "Mine")).await;
        assert_eq!(exchange.arrived().header("x-graphql-operation"), Some("Me"));
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_mutation_in_a_url_is_told_to_post() {
    let site = shared();
    for protocol in Protocol::ALL {
        let path = "/graphql?query=mutation%7BimportEverything%7D";
        let exchange = site.gated(protocol, &Request::get(path)).await;
        exchange.refused_as("get_mutation");
        assert_eq!(exchange.reply.header("allow"), Some("POST"));
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn the_limit_of_a_url_is_inclusive() {
    let site =
        own(&Wanted { policy: "graphql: {limits: {url_bytes: 200}}", concurrency: 1, ..Wanted::default() });
    let path = |bytes: usize| {
        let start = "/graphql?query=%7Bme%7Bid%7D%7D&pad=";
        format!("{start}{}", "x".repeat(bytes - start.len()))
    };
    for protocol in Protocol::ALL {
        for bytes in [199, 200] {
            site.gated(protocol, &Request::get(&path(bytes))).await.arrived();
        }
        site.gated(protocol, &Request::get(&path(201))).await.refused_as("url_size");
    }
}
