//! However a body is cut, it is judged whole and passed on byte for byte.

use super::{EVIL, HONEST, in_pieces, post, shared};
use bytes::Bytes;
use portcullis_demo::client::{Payload, Protocol};
use portcullis_report::Reason;

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn the_way_a_body_is_cut_changes_nothing() {
    let site = shared();
    for protocol in Protocol::ALL {
        for size in [1, 2, 7, 1024] {
            site.gated(protocol, &in_pieces(HONEST, size)).await.arrived();
            site.gated(protocol, &in_pieces(EVIL, size)).await.refused(Reason::Introspection);
        }
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_body_that_spans_many_packets_arrives_whole() {
    let site = shared();
    let body = format!(r#"{{"note":"{}","query":"{{ me {{ id }} }}"}}"#, "ü/\\u00e9 ".repeat(20_000));
    for protocol in Protocol::ALL {
        site.gated(protocol, &post(body.clone())).await.arrived();
        site.gated(protocol, &in_pieces(&body, 4_097)).await.arrived();
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_body_without_bytes_is_refused() {
    let site = shared();
    for protocol in Protocol::ALL {
        for body in [Payload::Absent, Payload::Whole(Bytes::new()), Payload::Pieces(Vec::new(), Vec::new())] {
            site.gated(protocol, &post("").body(body)).await.refused(Reason::Json);
        }
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn white_space_and_unknown_properties_pass_untouched() {
    let site = shared();
    for body in [
        "\r\n { \"query\" : \"{me{id}}\" , \"variables\" : null , \"extensions\" : {} }\t\n",
        r#"{"query":"{me{id}}","tracing":{"id":[1,2.50,1e2,"\u00e4"]}}"#,
        r#"{"variables":{},"operationName":null,"query":"\uFEFF{me{id}}"}"#,
    ] {
        for protocol in Protocol::ALL {
            site.gated(protocol, &post(body)).await.arrived();
        }
    }
}
