//! Proxies of Istio: an `EnvoyFilter`.

use super::parts::{Wasm, access_log, analyzer, buffer_bytes, stats};
use super::template::fill;
use super::tls::travel;
use super::yaml::Yaml;
use super::{Gate, KubeName};
use std::str::FromStr;

const ISTIO: &str = include_str!("templates/istio.yaml");
const ANALYZER: &str = include_str!("templates/istio_analyzer.yaml");

/// Which proxies.
#[derive(Clone, Debug)]
pub struct Istio {
    /// The name of the manifest.
    pub name: KubeName,
    /// Its namespace, which is that of the proxies.
    pub namespace: KubeName,
    /// Labels of their pods.
    pub labels: Vec<Label>,
    /// On which side of the server.
    pub side: Side,
}

/// A label of pods, such as `app=shop`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    key: String,
    value: String,
}

/// Where the proxies stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Side {
    /// Beside the server, in its pod.
    #[default]
    Sidecar,
    /// At the edge of the mesh.
    Gateway,
}

impl Istio {
    pub(super) fn render(&self, gate: &Gate) -> String {
        let context = || {
            Yaml::own(match self.side {
                Side::Sidecar => "SIDECAR_INBOUND",
                Side::Gateway => "GATEWAY",
            })
        };
        // Clusters of a sidecar are those of its way out, which the filter's own calls take.
        let cluster_context = Yaml::own(match self.side {
            Side::Sidecar => "SIDECAR_OUTBOUND",
            Side::Gateway => "GATEWAY",
        });
        let analyzer = analyzer(gate.analyzer.as_ref()).map_or_else(Yaml::nothing, |cluster| {
            let travel = travel(gate.analyzer.as_ref());
            fill(ANALYZER, &[("context", cluster_context), ("cluster", cluster), ("travel", travel)])
        });
        let labels = self.labels.iter().map(|label| {
            let slots = [("key", Yaml::text(&label.key)), ("value", Yaml::text(&label.value))];
            fill("{{key}}: {{value}}", &slots).as_str().to_owned()
        });
        let slots = [
            ("name", Yaml::text(self.name.as_str())),
            ("namespace", Yaml::text(self.namespace.as_str())),
            ("labels", Yaml::own(labels.collect::<Vec<_>>().join("\n"))),
            ("context", context()),
            ("filter", Wasm::of(gate).filter()),
            ("access_log", access_log(Yaml::text(&gate.access_log))),
            ("buffer_bytes", buffer_bytes(gate.body_bytes)),
            ("analyzer", analyzer),
            ("stats", stats()),
        ];
        fill(ISTIO, &slots).into_file()
    }
}

impl Label {
    /// The key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl FromStr for Label {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (key, value) = text.split_once('=').ok_or("must be KEY=VALUE")?;
        let fits =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
        if key.is_empty() || !fits(key) || !fits(value) || value.contains('/') {
            return Err("must be KEY=VALUE of letters, digits, `-`, `_`, `.`, and in the key `/`");
        }
        Ok(Self { key: key.to_owned(), value: value.to_owned() })
    }
}
