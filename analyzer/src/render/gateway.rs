//! A gateway of Envoy Gateway: an `EnvoyPatchPolicy`, and an `EnvoyProxy` for what a patch cannot say.

use super::parts::{Wasm, access_log_fields, analyzer, buffer_bytes, stats};
use super::template::fill;
use super::tls::travel;
use super::yaml::Yaml;
use super::{Gate, KubeName};
use std::path::Path;

const GATEWAY: &str = include_str!("templates/gateway.yaml");
const LISTENER: &str = include_str!("templates/gateway_listener.yaml");
const ANALYZER: &str = include_str!("templates/gateway_analyzer.yaml");
const PROVIDER: &str = include_str!("templates/gateway_provider.yaml");

/// Which gateway.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// The name of both manifests.
    pub name: KubeName,
    /// Their namespace, which is that of the gateway.
    pub namespace: KubeName,
    /// The gateway.
    pub gateway: KubeName,
    /// Its listeners.
    pub listeners: Vec<KubeName>,
    /// An image that holds the filter's file, to be mounted in the file's folder.
    pub image: Option<String>,
}

impl Gateway {
    pub(super) fn render(&self, gate: &Gate) -> String {
        let reports = gate.analyzer.as_ref();
        let analyzer = analyzer(reports).map_or_else(Yaml::nothing, |cluster| {
            let name = reports.map_or_else(Yaml::nothing, |reports| Yaml::text(&reports.cluster));
            fill(ANALYZER, &[("name", name), ("cluster", cluster), ("travel", travel(reports))])
        });
        let filter = Wasm::of(gate).filter();
        let patches = self.listeners.iter().map(|listener| {
            let slots = [
                ("listener", self.in_envoy(listener)),
                ("filter", filter.clone()),
                ("buffer_bytes", buffer_bytes(gate.body_bytes)),
            ];
            fill(LISTENER, &slots).as_str().to_owned()
        });
        let patches = Yaml::own(patches.collect::<Vec<_>>().join("\n"));
        let slots = [
            ("name", Yaml::text(self.name.as_str())),
            ("namespace", Yaml::text(self.namespace.as_str())),
            ("gateway", Yaml::text(self.gateway.as_str())),
            ("listeners", patches),
            ("analyzer", analyzer),
            ("provider", self.provider(gate)),
            ("fields", access_log_fields()),
            ("access_log", Yaml::text(&gate.access_log)),
            ("stats", Yaml::lines(&stats().into_file())),
        ];
        fill(GATEWAY, &slots).into_file()
    }

    /// Envoy Gateway's name for a listener in Envoy.
    fn in_envoy(&self, listener: &KubeName) -> Yaml {
        let parts = [&self.namespace, &self.gateway, listener].map(KubeName::as_str);
        Yaml::text(&parts.join("/"))
    }

    /// What Envoy's pods need: the filter's file, and the token.
    fn provider(&self, gate: &Gate) -> Yaml {
        let token_env = gate.analyzer.as_ref().and_then(|reports| reports.token_env.as_deref());
        if token_env.is_none() && self.image.is_none() {
            return Yaml::own(NO_IMAGE);
        }
        let token = token_env.map_or_else(Yaml::nothing, |name| fill(TOKEN, &[("name", Yaml::text(name))]));
        let (pod, mount) = match &self.image {
            Some(image) => (
                fill(VOLUME, &[("image", Yaml::text(image))]),
                fill(MOUNT, &[("folder", folder(&gate.wasm))]),
            ),
            None => (Yaml::own(NO_IMAGE), Yaml::nothing()),
        };
        fill(PROVIDER, &[("pod", pod), ("token", token), ("mount", mount)])
    }
}

const NO_IMAGE: &str =
    "# Mount the filter's file into Envoy's pods, or render again with --wasm-image; see docs/deploy.md.";

const TOKEN: &str = "# The edge's token: `portcullis keys add --role edge`, in a Secret of the namespace where Envoy's pods run.\n\
                     env:\n  - name: {{name}}\n    valueFrom: {secretKeyRef: {name: portcullis-edge, key: token}}";

const VOLUME: &str = "# An image as a volume takes Kubernetes 1.33 or later.\n\
                      pod:\n  volumes:\n    - name: portcullis\n      image: {reference: {{image}}}";

const MOUNT: &str = "volumeMounts:\n  - {name: portcullis, mountPath: {{folder}}, readOnly: true}";

/// The folder of a file.
fn folder(file: &str) -> Yaml {
    let folder = Path::new(file).parent().filter(|folder| !folder.as_os_str().is_empty());
    Yaml::text(&folder.unwrap_or(Path::new("/")).to_string_lossy())
}
