//! What an Envoy is told of the gate, wherever it is: the filter, the stats, the access log, the clusters.

use super::template::fill;
use super::tls;
use super::yaml::Yaml;
use super::{Gate, Inlined, Place, Reports};
use portcullis_report::{EDGE_FAMILIES, FamilyKind, stats_tags};

const FILTER: &str = include_str!("templates/filter.yaml");
const ACCESS_LOG: &str = include_str!("templates/access_log.yaml");
const CLUSTER: &str = include_str!("templates/cluster.yaml");

const ROUTER: &str = "name: envoy.filters.http.router\n\
                      typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}";

/// What the filter leaves for the access log, and what else a line needs to be read: field and command operator.
const FIELDS: [(&str, &str); 15] = [
    ("time", "%START_TIME%"),
    ("correlation_id", "%FILTER_STATE(wasm.portcullis_correlation_id:PLAIN)%"),
    ("operation", "%FILTER_STATE(wasm.portcullis_operation:PLAIN)%"),
    ("verdict", "%FILTER_STATE(wasm.portcullis_verdict:PLAIN)%"),
    ("cost", "%FILTER_STATE(wasm.portcullis_cost:PLAIN)%"),
    ("actual_cost", "%FILTER_STATE(wasm.portcullis_actual_cost:PLAIN)%"),
    ("subprotocol", "%FILTER_STATE(wasm.portcullis_subprotocol:PLAIN)%"),
    ("close_code", "%FILTER_STATE(wasm.portcullis_close_code:PLAIN)%"),
    ("messages", "%FILTER_STATE(wasm.portcullis_messages:PLAIN)%"),
    ("protocol", "%PROTOCOL%"),
    ("method", "%REQ(:METHOD)%"),
    ("path", "%PATH(NQ)%"),
    ("status", "%RESPONSE_CODE%"),
    ("bytes", "%BYTES_RECEIVED%"),
    ("duration_ms", "%DURATION%"),
];

/// The values in a filter that differ from place to place.
#[derive(Clone, Debug)]
pub(super) struct Wasm {
    pub(super) file: Yaml,
    pub(super) policy: Yaml,
    pub(super) environment: Option<Yaml>,
    pub(super) origin: Option<&'static str>,
}

impl Wasm {
    /// Those of a gate.
    pub(super) fn of(gate: &Gate) -> Self {
        let token_env = gate.analyzer.as_ref().and_then(|reports| reports.token_env.as_deref());
        Self {
            file: Yaml::text(&gate.wasm),
            policy: Yaml::lines(gate.policy.text()),
            environment: token_env.map(Yaml::text),
            origin: Some(match &gate.policy {
                Inlined::AsWritten(_) => {
                    "# The policy file as it is. Whoever reads this configuration reads it."
                }
                Inlined::WithSchema(_) => {
                    "# What the policy file changes of the defaults, with the compiled schema. Whoever reads this configuration reads it."
                }
            }),
        }
    }

    /// The filter.
    pub(super) fn filter(&self) -> Yaml {
        let environment = match &self.environment {
            Some(name) => fill(
                "# The filter sees this variable of Envoy's and no other: the edge's token. Set it before Envoy starts.\n\
                 environment_variables: {host_env_keys: [{{name}}]}",
                &[("name", name.clone())],
            ),
            None => Yaml::nothing(),
        };
        let origin = self.origin.map_or_else(Yaml::nothing, Yaml::own);
        let slots = [
            ("wasm", self.file.clone()),
            ("policy", self.policy.clone()),
            ("environment", environment),
            ("origin", origin),
        ];
        fill(FILTER, &slots)
    }
}

/// The least that Envoy buffers of a connection, its own default.
const BUFFER_BYTES: usize = 1024 * 1024;

/// What Envoy must be ready to buffer of a connection, so that it is the filter that refuses a body: the body and as much beside it.
pub(super) fn buffer_bytes(body_bytes: usize) -> Yaml {
    let bytes = body_bytes.saturating_mul(2).max(BUFFER_BYTES);
    Yaml::number(u64::try_from(bytes).unwrap_or(u64::MAX))
}

/// The last filter of a chain.
pub(super) fn router() -> Yaml {
    Yaml::own(ROUTER)
}

/// How the catalogue of metrics is shown.
pub(super) fn stats() -> Yaml {
    let tags = stats_tags().into_iter().map(|tag| {
        let slots = [("name", Yaml::own(tag.tag_name)), ("regex", Yaml::text(&tag.regex))];
        fill("- {tag_name: {{name}}, regex: {{regex}}}", &slots)
    });
    let histograms =
        EDGE_FAMILIES.iter().filter(|family| family.kind == FamilyKind::Histogram).map(|family| {
            let bounds: Vec<String> = family.buckets.iter().map(u64::to_string).collect();
            let slots = [("name", Yaml::own(family.name)), ("bounds", Yaml::own(bounds.join(", ")))];
            fill("- match: {exact: wasmcustom.{{name}}}\n  buckets: [{{bounds}}]", &slots)
        });
    let template = "stats_config:\n  \
        # Without these the gate's stats have their labels in their names (docs/metrics.md), and Envoy's own buckets.\n  \
        stats_tags:\n    {{tags}}\n  \
        histogram_bucket_settings:\n    {{histograms}}";
    fill(template, &[("tags", lines(tags)), ("histograms", lines(histograms))])
}

/// The field `access_log` of an HTTP connection manager.
pub(super) fn access_log(path: Yaml) -> Yaml {
    fill(ACCESS_LOG, &[("path", path), ("fields", access_log_fields())])
}

/// What is logged of a request: the filter's word beside Envoy's.
pub(super) fn access_log_fields() -> Yaml {
    lines(FIELDS.iter().map(|(name, operator)| Yaml::own(format!("{name}: \"{operator}\""))))
}

/// A cluster of one place.
pub(super) fn cluster(name: &str, place: &Place, protocol: Yaml) -> Yaml {
    cluster_at(name, kind(place), at(place), protocol)
}

/// A name is looked up and looked up again; an address is what it is.
fn kind(place: &Place) -> &'static str {
    if place.is_address() { "STATIC" } else { "STRICT_DNS" }
}

fn at(place: &Place) -> Yaml {
    address(Yaml::text(&place.host), Yaml::number(place.port))
}

/// A cluster of one address, in plain text.
pub(super) fn cluster_at(name: &str, kind: &'static str, address: Yaml, protocol: Yaml) -> Yaml {
    cluster_over(name, kind, address, Yaml::nothing(), protocol)
}

fn cluster_over(name: &str, kind: &'static str, address: Yaml, transport: Yaml, protocol: Yaml) -> Yaml {
    let slots = [
        ("name", Yaml::text(name)),
        ("kind", Yaml::own(kind)),
        ("address", address),
        ("transport", transport),
        ("protocol", protocol),
    ];
    fill(CLUSTER, &slots)
}

/// The cluster of the analyzer, where it is ours to say where that is.
pub(super) fn analyzer(reports: Option<&Reports>) -> Option<Yaml> {
    let reports = reports?;
    let place = reports.place.as_ref()?;
    let transport = tls::transport(reports.tls.as_ref(), place);
    Some(cluster_over(&reports.cluster, kind(place), at(place), transport, Yaml::nothing()))
}

/// An address of a socket.
pub(super) fn address(host: Yaml, port: Yaml) -> Yaml {
    fill("{socket_address: {address: {{host}}, port_value: {{port}}}}", &[("host", host), ("port", port)])
}

/// Items of a sequence, each under its comment, an empty line between.
pub(super) fn items(items: Vec<(&'static str, Yaml)>) -> Yaml {
    let each = items.into_iter().map(|(comment, item)| {
        fill("{{comment}}\n- {{item}}", &[("comment", Yaml::own(comment)), ("item", item)])
    });
    let each: Vec<_> = each.map(|item| item.as_str().to_owned()).collect();
    Yaml::own(each.join("\n\n"))
}

fn lines(all: impl Iterator<Item = Yaml>) -> Yaml {
    let all: Vec<_> = all.map(|yaml| yaml.as_str().to_owned()).collect();
    Yaml::own(all.join("\n"))
}
