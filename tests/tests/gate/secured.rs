//! The way to the analyzer over TLS: Envoy shows a certificate of its own, as `portcullis envoy` renders it.

use super::certificates::{issuer, leaf, write};
use super::{EVIL, HONEST, TETHER, post};
use e2e::{PATIENCE, Site, Wanted};
use portcullis_demo::client::{self, Protocol, Reply, Request};
use portcullis_demo::stack::{Decisions, Stack};
use portcullis_demo::wait;
use portcullis_report::Reason;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// A way to the analyzer on which nobody shows a certificate.
const LISTENER: &str = r#"    - name: to_analyzer
      address: {socket_address: {address: 127.0.0.1, port_value: 0}}
      enable_reuse_port: false
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: to_analyzer
                route_config: {virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: to_analyzer}}]}]}
                http_filters:
                  - name: envoy.filters.http.router
                    typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
"#;

/// A stack whose analyzer serves over TLS, and whose Envoy shows it the certificate of this name.
fn site(shown: &'static str) -> Site<Box<Stack>> {
    let wanted = Wanted { decisions: Decisions::Obeyed, concurrency: 2, ..Wanted::default() };
    Site::changed(TETHER, &wanted, |text, folder| {
        let ours = issuer("the shop");
        write(folder, "ca", &ours.pem(), "");
        leaf(folder, "analyzer", &["127.0.0.1"], &ours);
        leaf(folder, "edge", &["edge.shop.test"], &ours);
        leaf(folder, "forger", &["edge.shop.test"], &issuer("the shop"));
        let file = |name: &str| folder.join(name).display().to_string();
        let [certificate, key, ca] = ["analyzer.pem", "analyzer.key", "ca.pem"].map(file);
        let tls = json!({"tls": {"certificate": certificate, "key": key, "edge_ca": ca}});
        std::fs::write(folder.join("analyzer.yaml"), tls.to_string()).unwrap();

        let [shown, key] = [format!("{shown}.pem"), format!("{shown}.key")].map(|name| file(&name));
        let rendered =
            transport(folder, &["--analyzer-ca", &ca, "--analyzer-cert", &shown, "--analyzer-key", &key]);
        let name = "    - name: \"portcullis_analyzer\"\n";
        let at = text.find(name).expect("the analyzer's cluster");
        let bare = transport(folder, &["--analyzer-ca", &ca]);
        let other = text.get(at..).unwrap().replace("portcullis_analyzer", "to_analyzer");
        let with = |cluster: &str, socket: &Value| {
            cluster.replacen(
                "      type: STATIC\n",
                &format!("      type: STATIC\n      transport_socket: {socket}\n"),
                1,
            )
        };
        let before =
            text.get(..at).unwrap().replacen("  clusters:\n", &format!("{LISTENER}\n  clusters:\n"), 1);
        let clusters = [with(text.get(at..).unwrap(), &rendered), with(&other, &bare)];
        format!("{before}{}\n{}", clusters[0], clusters[1])
    })
}

/// What is rendered with these flags for the way to an analyzer.
fn transport(folder: &Path, flags: &[&str]) -> Value {
    let policy = folder.join("rendered-policy.yaml");
    std::fs::write(&policy, "analyzer: {cluster: portcullis_analyzer, token: t}\n").unwrap();
    let mut command = Command::new(std::env::var_os("PORTCULLIS_BIN").expect("run `cargo xtask e2e`"));
    command.args(["envoy", "--analyzer", "127.0.0.1:9470", "--policy"]).arg(policy).args(flags);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let config: Value = serde_saphyr::from_str(&String::from_utf8(output.stdout).unwrap()).unwrap();
    let clusters = config["static_resources"]["clusters"].as_array().unwrap();
    let cluster = clusters.iter().find(|cluster| cluster["name"] == "portcullis_analyzer").unwrap();
    cluster["transport_socket"].clone()
}

/// Asks the analyzer, showing no certificate.
async fn ask(site: &Site<Box<Stack>>, key: &str, request: Request) -> Reply {
    let request = request.with("authorization", format!("Bearer {key}"));
    client::send(site.envoy.listener("to_analyzer").unwrap(), Protocol::Http1, &request).await.unwrap()
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn reports_and_decisions_go_over_tls_both_ways_known() {
    let site = site("edge");
    site.gated(Protocol::Http1, &post(HONEST)).await.arrived();
    site.gated(Protocol::Http2, &post(EVIL)).await.refused(Reason::Introspection);
    let viewer = site.analyzer.viewer_key.clone();
    wait::until("both to be at the analyzer", PATIENCE, async || {
        let page = ask(&site, &viewer, Request::get("/monitoring/graphql/")).await;
        (page.json()["totals"]["requests"] == 2).then_some(())
    })
    .await
    .unwrap();
    let body = r#"{"decisions": [{"target": "127.0.0.1", "duration": "1h"}]}"#;
    let operator = site.analyzer.operator_key.clone();
    let made = ask(&site, &operator, Request::json("/monitoring/decisions/", body)).await;
    assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
    wait::until("the block to be carried out", PATIENCE, async || {
        let exchange = site.gated(Protocol::Http1, &post(HONEST)).await;
        (exchange.reply.status == 403).then_some(())
    })
    .await
    .unwrap();
    // The edge's key alone is not enough.
    let poll = Request::get("/edge/v1/decisions?after=0&wait=0");
    let refused = ask(&site, &site.analyzer.edge_key.clone(), poll).await;
    assert_eq!(
        (refused.status, &refused.json()["type"]),
        (403, &json!("urn:portcullis:problem:certificate"))
    );
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn an_envoy_whose_certificate_a_stranger_signed_reports_nothing_and_serves_on() {
    let site = site("forger");
    wait::until("a report to be turned away", PATIENCE, async || {
        site.gated(Protocol::Http1, &post(HONEST)).await.arrived();
        let metrics = site.envoy.metrics().await.ok()?;
        (metrics.sum("portcullis_reports_failed", &[]) >= 1.0).then_some(())
    })
    .await
    .unwrap();
    let page = ask(&site, &site.analyzer.viewer_key.clone(), Request::get("/monitoring/metrics/")).await;
    let text = String::from_utf8_lossy(&page.body).into_owned();
    let counted = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().parse::<u64>().unwrap()
    };
    assert!(counted("portcullis_analyzer_handshakes_total{outcome=\"certificate\"}") >= 1);
    assert_eq!(counted("portcullis_analyzer_reports_total{outcome=\"stored\"}"), 0);
}
