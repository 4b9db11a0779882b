//! Clients that are known by their certificates. Envoy itself is the client that shows them: a listener for each.

use super::{EVIL, HONEST, TETHER, post};
use e2e::{Site, Wanted};
use portcullis_demo::client::Protocol;
use portcullis_demo::stack::Stack;
use portcullis_report::Reason;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use std::path::Path;

const POLICY: &str = "
clients:
  identity: [{certificate: uri}, {certificate: dns}]
  classes:
    - {name: service, when: [{certificate: {san: uri, prefix: 'spiffe://shop/'}}], limits: {introspection: allow}}
    - {name: machine, when: [{identity: [certificate]}]}
throttles:
  rules: [{name: few, per: client, unit: requests, capacity: 3, refill: 1, window_ms: 86400000}]
";

/// Each client with the names in its certificate.
const CLIENTS: [(&str, &[&str]); 6] = [
    ("orders", &["spiffe://shop/orders"]),
    // Another certificate and another key of the same name.
    ("orders_again", &["spiffe://shop/orders", "elsewhere.test"]),
    ("billing", &["spiffe://shop/billing"]),
    ("stranger", &["spiffe://other/shop/orders"]),
    ("printer", &["printer.shop.test"]),
    ("nameless", &[]),
];

/// Whoever shows a certificate that a stranger has signed.
const FORGER: &str = "forger";
/// Whoever shows none.
const NOBODY: &str = "nobody";

fn site() -> Site<Box<Stack>> {
    Site::changed(TETHER, &Wanted { policy: POLICY, concurrency: 2, ..Wanted::default() }, |text, folder| {
        let ours = issuer("the shop");
        write(folder, "ca", &ours.pem(), "");
        leaf(folder, "server", &["gate.shop.test"], &ours);
        for (name, names) in CLIENTS {
            leaf(folder, name, names, &ours);
        }
        leaf(folder, FORGER, &["spiffe://shop/orders"], &issuer("the shop"));
        let (before, after) = text.split_once("      filter_chains:\n        - filters:").unwrap();
        let server = transport("Downstream", Some("server"), folder, "require_client_certificate: true");
        let chain = format!("      filter_chains:\n        - transport_socket: {server}\n          filters:");
        let text = format!("{before}{chain}{after}");
        let (mut listeners, mut clusters) = (String::new(), String::new());
        for name in CLIENTS.map(|(name, _)| name).into_iter().chain([FORGER, NOBODY]) {
            let shown = (name != NOBODY).then_some(name);
            listeners.push_str(&LISTENER.replace("NAME", name));
            let cluster = CLUSTER.replace("NAME", name);
            clusters.push_str(
                &cluster.replace("TLS", &transport("Upstream", shown, folder, "sni: gate.shop.test")),
            );
        }
        text.replacen("  clusters:\n", &format!("{listeners}  clusters:\n{clusters}"), 1)
    })
}

const LISTENER: &str = r#"    - name: as_NAME
      address: {socket_address: {address: 127.0.0.1, port_value: 0}}
      enable_reuse_port: false
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: as_NAME
                codec_type: AUTO
                route_config: {virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: as_NAME}}]}]}
                http_filters:
                  - name: envoy.filters.http.router
                    typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
"#;

const CLUSTER: &str = r#"    - name: as_NAME
      type: STATIC
      connect_timeout: 5s
      typed_extension_protocol_options:
        envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
          "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
          use_downstream_protocol_config: {http_protocol_options: {}, http2_protocol_options: {}}
      load_assignment:
        cluster_name: as_NAME
        endpoints:
          - lb_endpoints:
              - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: {{gated_port}}}}}
      transport_socket: TLS
"#;

/// One side of TLS: the certificate that it shows, and ours as the only one whose signature it believes.
fn transport(side: &str, shown: Option<&str>, folder: &Path, more: &str) -> String {
    let file = |name: String| serde_json::to_string(&folder.join(name)).unwrap();
    let shown = shown.map_or_else(String::new, |name| {
        let (chain, key) = (file(format!("{name}.pem")), file(format!("{name}.key")));
        format!("tls_certificates: [{{certificate_chain: {{filename: {chain}}}, private_key: {{filename: {key}}}}}], ")
    });
    let kind = format!("type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.{side}TlsContext");
    let ca = file("ca.pem".to_owned());
    format!(
        r#"{{name: envoy.transport_sockets.tls, typed_config: {{"@type": {kind}, {more}, common_tls_context: {{{shown}validation_context: {{trusted_ca: {{filename: {ca}}}}}}}}}}}"#
    )
}

pub(super) fn issuer(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Writes a certificate with these names, and its key.
pub(super) fn leaf(folder: &Path, name: &str, names: &[&str], issuer: &CertifiedIssuer<'static, KeyPair>) {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.subject_alt_names = names
        .iter()
        .map(|name| match (name.contains("://"), name.parse()) {
            (true, _) => SanType::URI((*name).try_into().unwrap()),
            (false, Ok(address)) => SanType::IpAddress(address),
            (false, Err(_)) => SanType::DnsName((*name).try_into().unwrap()),
        })
        .collect();
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap();
    write(folder, name, &certificate.pem(), &key.serialize_pem());
}

pub(super) fn write(folder: &Path, name: &str, certificate: &str, key: &str) {
    std::fs::write(folder.join(format!("{name}.pem")), certificate).unwrap();
    std::fs::write(folder.join(format!("{name}.key")), key).unwrap();
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_client_is_whom_its_certificate_names() {
    let site = site();
    let send = async |client: &str, protocol, body: &'static str| {
        let to = site.envoy.listener(&format!("as_{client}")).unwrap();
        // What a client says of its own certificate is nothing to go by.
        let request = post(body).with("x-forwarded-client-cert", "URI=spiffe://shop/orders");
        site.through(to, protocol, &request).await
    };
    for protocol in Protocol::ALL {
        // A class goes by how the name begins ...
        send("billing", protocol, EVIL).await.arrived();
        send("stranger", protocol, EVIL).await.refused(Reason::Introspection);
        send("printer", protocol, EVIL).await.refused(Reason::Introspection);
        // ... and whoever shows nothing that is believed does not come as far as the gate.
        for client in [FORGER, NOBODY] {
            let exchange = send(client, protocol, HONEST).await;
            assert_eq!(exchange.reply.status, 503, "{client}");
            exchange.saw_nothing();
        }
    }
    // A client is its first URI, with whatever certificate, and another name is another client.
    send("orders", Protocol::Http1, HONEST).await.arrived();
    send("orders", Protocol::Http2, EVIL).await.arrived();
    send("orders_again", Protocol::Http1, HONEST).await.arrived();
    for client in ["orders", "orders_again"] {
        send(client, Protocol::Http2, HONEST).await.refused(Reason::Throttled);
    }
    for client in ["stranger", "printer", "nameless"] {
        for protocol in [Protocol::Http1, Protocol::Http2, Protocol::Http1] {
            send(client, protocol, HONEST).await.arrived();
        }
        send(client, Protocol::Http2, HONEST).await.refused(Reason::Throttled);
    }
    let metrics = site.envoy.metrics().await.unwrap();
    let class = |class| metrics.sum("portcullis_clients_requests", &[("class", class)]);
    assert_eq!(["service", "machine", "anonymous"].map(class), [7.0, 12.0, 4.0]);
}
