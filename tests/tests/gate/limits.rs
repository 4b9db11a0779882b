//! The gate's own limit on bodies holds where Envoy has none, and the client gets to read the answer.

use super::{TETHER, in_pieces, own, post, shared};
use e2e::{Site, Wanted};
use portcullis_demo::client::Protocol;
use portcullis_report::Reason;
use std::process::Stdio;

const DEFAULT: usize = 256 * 1024;

/// An honest request of exactly that many bytes.
fn body_of(bytes: usize) -> String {
    let frame = r#"{"query":"{me{id}}","x":""}"#;
    format!(r#"{{"query":"{{me{{id}}}}","x":"{}"}}"#, "x".repeat(bytes - frame.len()))
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn the_limit_is_inclusive() {
    let site = shared();
    for protocol in Protocol::ALL {
        for bytes in [DEFAULT - 1, DEFAULT] {
            site.gated(protocol, &post(body_of(bytes))).await.arrived();
            site.gated(protocol, &in_pieces(&body_of(bytes), 10_000)).await.arrived();
        }
        site.gated(protocol, &post(body_of(DEFAULT + 1))).await.refused(Reason::BodySize);
        site.gated(protocol, &in_pieces(&body_of(DEFAULT + 1), 10_000)).await.refused(Reason::BodySize);
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_client_that_sends_far_too_much_reads_the_answer() {
    let site = shared();
    for protocol in Protocol::ALL {
        for bytes in [2 * DEFAULT, 900_000] {
            site.gated(protocol, &post(body_of(bytes))).await.refused(Reason::BodySize);
            site.gated(protocol, &in_pieces(&body_of(bytes), 10_000)).await.refused(Reason::BodySize);
        }
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_refusal_that_is_clear_from_the_headers_is_read_by_a_client_that_still_sends() {
    let site = shared();
    for protocol in Protocol::ALL {
        for bytes in [1, 100_000, 900_000] {
            let text = "x".repeat(bytes);
            for mut request in [post(text.clone()), in_pieces(&text, 10_000)] {
                request.headers = vec![("content-type".to_owned(), b"text/plain".to_vec())];
                site.gated(protocol, &request).await.refused(Reason::ContentType);
            }
        }
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_body_without_end_is_cut_off() {
    let site = shared();
    let body = body_of(24 * 1024 * 1024);
    for protocol in Protocol::ALL {
        let id = uuid();
        let request = in_pieces(&body, 65_536).with("x-test-id", &id);
        // Envoy answers while the client still sends; whether that one reads it is its own affair.
        let reply = portcullis_demo::client::send(site.envoy.gated().unwrap(), protocol, &request).await;
        if let Ok(reply) = reply {
            assert_eq!(reply.status, 413, "{protocol:?}");
        }
        assert!(site.upstream.recorder.seen(&id).is_empty(), "{protocol:?}");
    }
    // The workers are as well as before.
    site.gated(Protocol::Http2, &post(body_of(1_000))).await.arrived();
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_limit_of_the_policy_holds_in_both_protocols() {
    let site = Site::own(
        TETHER,
        &Wanted { policy: "graphql: {limits: {body_bytes: 1000}}", concurrency: 1, ..Wanted::default() },
    );
    for protocol in Protocol::ALL {
        site.gated(protocol, &post(body_of(999))).await.arrived();
        site.gated(protocol, &post(body_of(1_000))).await.arrived();
        let refused = site.gated(protocol, &post(body_of(1_001))).await;
        refused.refused(Reason::BodySize);
        assert_eq!(refused.reply.json().pointer("/errors/0/extensions/limit"), Some(&1_000.into()));
        site.gated(protocol, &in_pieces(&body_of(200_000), 3_000)).await.refused(Reason::BodySize);
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn curl_shows_the_answer_over_http2() {
    let site = own(&Wanted { concurrency: 1, ..Wanted::default() });
    let folder = std::env::temp_dir().join(format!("portcullis-e2e-curl-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("body.json");
    std::fs::write(&file, body_of(700_000)).unwrap();
    let output = std::process::Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "20", "--http2-prior-knowledge", "--header"])
        .args(["content-type: application/json", "--write-out", "\n%{http_code}", "--data-binary"])
        .arg(format!("@{}", file.display()))
        .arg(format!("http://{}/graphql", site.envoy.gated().unwrap()))
        .stdin(Stdio::null())
        .output();
    std::fs::remove_dir_all(&folder).unwrap();
    let output = match output {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("curl is not installed: this test has shown nothing");
            return;
        }
        Err(error) => panic!("curl does not start: {error}"),
    };
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("PAYLOAD_TOO_LARGE") && text.ends_with("413"), "{text}");
}

fn uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}
