//! The Envoy of the demo and the end-to-end tests, with placeholders that their `stack` fills in when ports are known.

use super::bootstrap::{Listener, SharedLimits, Sharing};
use super::parts::{Wasm, access_log, address, cluster_at, items, stats};
use super::template::fill;
use super::yaml::Yaml;
use portcullis_policy::Switch;

const BOOTSTRAP: &str = include_str!("templates/bootstrap.yaml");
const PLAIN: &str = include_str!("templates/plain.yaml");
const PROTOCOL: &str = include_str!("templates/protocol.yaml");

const HEADER: &str = "# Made by `cargo xtask docs` from analyzer/src/render; change it there.\n\
    # Envoy with the gate, as the demo and the end-to-end tests run it. For one of your own: `portcullis envoy`, docs/deploy.md.\n\
    # What stands in double braces is filled in by the demo's `stack`; the policy becomes the policy file as one JSON string.";

const NODE: &str = "portcullis-demo";

/// `envoy/demo.yaml`: the gate, and beside it the same upstream without.
#[must_use]
pub fn demo() -> String {
    let wasm = Wasm {
        file: Yaml::text("{{wasm}}"),
        policy: Yaml::own("{{policy}}"),
        environment: Some(Yaml::text("PORTCULLIS_EDGE_TOKEN")),
        origin: None,
    };
    let gated = Listener {
        name: "gated",
        address: local("{{gated_port}}"),
        access_log: Some(access_log(Yaml::text("{{access_log}}"))),
        gate: Some(wasm.filter()),
        ..open()
    };
    let analyzer = cluster_at("portcullis_analyzer", "STATIC", local("{{analyzer_port}}"), Yaml::nothing());
    let listeners = vec![
        ("", gated.render()),
        (
            "# For comparison in the demo and the tests only: the same upstream without the gate.",
            open().render(),
        ),
    ];
    let clusters =
        vec![("", upstream()), ("# Reports go up here. Losing it never costs a request.", analyzer)];
    let slots = [
        ("header", Yaml::own(HEADER)),
        ("node", Yaml::own(NODE)),
        ("admin", local("{{admin_port}}")),
        ("stats", stats()),
        ("listeners", items(listeners)),
        ("clusters", items(clusters)),
    ];
    fill(BOOTSTRAP, &slots).into_file()
}

/// `envoy/plain.yaml`: the upstream without the gate.
#[must_use]
pub fn plain() -> String {
    let slots = [
        ("node", Yaml::own(NODE)),
        ("admin", local("{{admin_port}}")),
        ("listeners", items(vec![("", open().render())])),
        ("clusters", items(vec![("", upstream())])),
    ];
    fill(PLAIN, &slots).into_file()
}

fn open() -> Listener {
    Listener {
        name: "plain",
        address: local("{{plain_port}}"),
        sharing: Sharing::OneSocket,
        body_bytes: 0,
        trusted_hops: 0,
        access_log: None,
        gate: None,
        shared_limits: SharedLimits::None,
        sockets: Switch::On,
    }
}

/// The upstream is spoken to in the client's protocol, so that both are tried to the end.
fn upstream() -> Yaml {
    cluster_at("upstream", "STATIC", local("{{upstream_port}}"), fill(PROTOCOL, &[]))
}

fn local(port: &str) -> Yaml {
    address(Yaml::own("127.0.0.1"), Yaml::own(port))
}
