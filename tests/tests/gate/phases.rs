//! Whatever a client does, and whenever it goes away, the VM lives on.

use super::{EVIL, HONEST, own, post};
use e2e::{PATIENCE, Wanted};
use portcullis_demo::client::{Payload, Protocol, Request};
use portcullis_demo::wait;
use portcullis_report::Reason;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn odd_requests_do_not_kill_the_vm() {
    let site = own(&Wanted { concurrency: 1, ..Wanted::default() });
    let gate = site.envoy.gated().unwrap();
    for protocol in Protocol::ALL {
        for method in ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
            for path in ["/graphql", "/graphql?query={me{id}}", "/", "/rest/status", "*"] {
                let path = if path == "*" && method != "OPTIONS" { "/%ff%00" } else { path };
                let request = Request { method: method.to_owned(), ..Request::get(path) };
                // Envoy itself may hang up on the oddest of them.
                let reply = portcullis_demo::client::send(gate, protocol, &request).await;
                let judged = path.starts_with("/graphql") && !matches!(method, "OPTIONS" | "TRACE" | "BREW");
                if let (Ok(reply), true) = (&reply, judged) {
                    let expected = match (method, path) {
                        ("GET", "/graphql") => 400,
                        ("GET", _) => 200,
                        _ => 405,
                    };
                    assert_eq!(reply.status, expected, "{protocol:?} {method} {path}");
                    assert_eq!(
                        reply.headers.contains_key("allow"),
                        expected == 405,
                        "{protocol:?} {method} {path}"
                    );
                }
            }
        }
        for behaviour in ["status=500", "status=204", "status=304", "status=401", "sink", "delay=20"] {
            let reply = site.gated(protocol, &post(HONEST).with("x-demo-upstream", behaviour)).await.reply;
            assert!(reply.header("x-correlation-id").is_some(), "{behaviour}");
        }
        let upgrade = post(EVIL).with("upgrade", "websocket");
        if protocol == Protocol::Http1 {
            site.gated(protocol, &upgrade.with("connection", "upgrade")).await.saw_nothing();
        }
        let get = Request::get("/graphql").body(Payload::Pieces(vec![EVIL.into()], Vec::new()));
        site.gated(protocol, &get).await.saw_nothing();
    }
    for text in RAW {
        raw(gate, text).await;
    }
    // Still filtering, and never reloaded.
    site.gated(Protocol::Http1, &post(HONEST)).await.arrived();
    site.gated(Protocol::Http2, &post(EVIL)).await.refused(Reason::Introspection);
    let metrics = site.envoy.metrics().await.unwrap();
    for stat in ["success", "failure", "backoff"] {
        let name = format!("envoy_wasm_portcullis_vm_reload_{stat}");
        assert_eq!(metrics.sum(&name, &[]), 0.0, "{name}");
    }
}

/// What a well-behaved client library does not send.
const RAW: &[&str] = &[
    "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 17\r\n\r\n{\"query\":\"{a{b}}\"",
    "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"query\":",
    "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"que\r\n",
    "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /graphql HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    "POST http://other.test/graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    "GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
    "CONNECT /graphql HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}POST /graphql HTTP/1.1\r\n",
];

/// Sends the bytes, says that nothing follows, and reads until the server hangs up.
async fn raw(to: std::net::SocketAddr, text: &str) {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    // A reset is an answer too; an endless wait is not.
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "no end after {text:?}");
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn clients_that_go_away_half_way_leave_nothing_behind() {
    let site = own(&Wanted { concurrency: 1, ..Wanted::default() });
    let gate = site.envoy.gated().unwrap();
    for body in ["", "{", EVIL, &"x".repeat(300_000)] {
        let head = "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n";
        let mut stream = TcpStream::connect(gate).await.unwrap();
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        drop(stream);
    }
    let active = "envoy_http_downstream_rq_active";
    let gated = [("envoy_http_conn_manager_prefix", "gated")];
    wait::until("the gate to forget them", PATIENCE, async || {
        let metrics = site.envoy.metrics().await.unwrap();
        (metrics.has(active, &gated) && metrics.sum(active, &gated) == 0.0).then_some(())
    })
    .await
    .unwrap();
    assert_eq!(site.upstream.recorder.arrived(), 0);
    site.gated(Protocol::Http1, &post(HONEST)).await.arrived();
}
