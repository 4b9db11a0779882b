//! Packed bodies are judged unpacked and passed on packed, as they came.

use super::{EVIL, HONEST, own, post, shared};
use bytes::Bytes;
use e2e::Wanted;
use portcullis_demo::client::{Payload, Protocol, Request};
use portcullis_demo::coding::Coding;
use portcullis_demo::upstream::hash;

fn packed(coding: Coding, body: &str) -> Request {
    post(coding.pack(body.as_bytes()).unwrap()).with("content-encoding", coding.token())
}

/// Cut into pieces of one byte, with a trailer after them.
fn byte_by_byte(request: &Request) -> Request {
    let Payload::Whole(body) = &request.body else { panic!("one piece to cut") };
    let pieces = body.chunks(1).map(Bytes::copy_from_slice).collect();
    let trailers = vec![("x-checksum".to_owned(), b"abc".to_vec())];
    request.clone().body(Payload::Pieces(pieces, trailers))
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_packed_body_arrives_packed() {
    let site = shared();
    for protocol in Protocol::ALL {
        for coding in Coding::ALL {
            let whole = packed(coding, HONEST);
            for request in [byte_by_byte(&whole), whole] {
                let exchange = site.gated(protocol, &request).await;
                let seen = exchange.arrived();
                assert_eq!(seen.header("content-encoding"), Some(coding.token()));
                assert_eq!(seen.header("x-graphql-operation"), Some("Me"), "{coding:?}");
                assert_eq!(exchange.reply.json()["data"]["me"]["name"], "Ada", "{coding:?}");
            }
        }
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn packing_hides_nothing_however_it_is_cut() {
    let site = shared();
    for protocol in Protocol::ALL {
        for coding in Coding::ALL {
            let whole = packed(coding, EVIL);
            site.gated(protocol, &byte_by_byte(&whole)).await.refused_as("introspection");
            site.gated(protocol, &whole).await.refused_as("introspection");
        }
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn the_policy_says_which_are_unpacked() {
    let policy = "graphql: {content_encodings: [gzip]}";
    let site = own(&Wanted { policy, concurrency: 1, ..Wanted::default() });
    for protocol in Protocol::ALL {
        site.gated(protocol, &packed(Coding::Gzip, HONEST)).await.arrived();
        for coding in [Coding::Deflate, Coding::Brotli, Coding::Zstd] {
            site.gated(protocol, &packed(coding, HONEST)).await.refused_as("content_encoding");
        }
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn the_limit_of_a_body_holds_for_what_is_in_it() {
    let policy = "graphql: {limits: {body_bytes: 3000}}";
    let site = own(&Wanted { policy, concurrency: 1, ..Wanted::default() });
    // Text that hardly packs, so that only its length can be objected to.
    let noise: String = (0..60).map(|number| hash(&number.to_string())).collect();
    let body = |bytes: usize| {
        let frame = r#"{"query":"{me{id}}","x":""}"#;
        format!(
            r#"{{"query":"{{me{{id}}}}","x":"{}"}}"#,
            noise.chars().take(bytes - frame.len()).collect::<String>()
        )
    };
    for protocol in Protocol::ALL {
        for coding in Coding::ALL {
            for bytes in [2_999, 3_000] {
                site.gated(protocol, &packed(coding, &body(bytes))).await.arrived();
            }
            let refused = site.gated(protocol, &packed(coding, &body(3_001))).await;
            assert_eq!(refused.reply.status, 413, "{coding:?}: {:?}", refused.reply);
            refused.saw_nothing();
        }
    }
}
