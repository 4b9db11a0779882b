//! Listeners in a file of LDS, which Envoy takes while it runs.

use portcullis_demo::stack::{Envoy, Plan};
use portcullis_demo::wait;
use serde_json::Value;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// How long Envoy may take to compile the filter before it listens.
const START: Duration = Duration::from_secs(30);

/// The file, and what it is made of.
pub struct Listeners {
    template: String,
    file: PathBuf,
}

/// Where Envoy looks for its listeners in place of the bootstrap.
const SOURCE: &str =
    "\ndynamic_resources:\n  lds_config: {path_config_source: {path: FILE}}\n\nstatic_resources:\n";

const HEAD: &str = "\nstatic_resources:\n  listeners:\n";
const TAIL: &str = "\n  clusters:\n";
const ITEM: &str = "\n    - name:";
const TYPED: &str = "\n    - \"@type\": type.googleapis.com/envoy.config.listener.v3.Listener\n      name:";

impl Listeners {
    /// Moves the listeners of a plan's configuration to a file, without any at first.
    pub(crate) fn of(plan: &mut Plan) -> Self {
        let text = std::fs::read_to_string(&plan.config).unwrap();
        let (before, rest) = text.split_once(HEAD).expect("listeners in the bootstrap");
        let (listeners, after) = rest.split_once(TAIL).expect("clusters after them");
        std::fs::create_dir_all(&plan.folder).unwrap();
        let file = plan.folder.join("listeners.yaml");
        let source = SOURCE.replace("FILE", &serde_json::to_string(&file).unwrap());
        plan.config = plan.folder.join("dynamic.yaml");
        std::fs::write(&plan.config, format!("{before}{source}{}{after}", TAIL.trim_start_matches('\n')))
            .unwrap();
        let template = format!("resources:\n{listeners}\n")
            .replace(ITEM, TYPED)
            .replace("{{gated_port}}", "0")
            .replace("{{plain_port}}", "0")
            .replace("{{access_log}}", &plan.folder.join("access.log").to_string_lossy())
            .replace("{{wasm}}", &plan.programs.wasm.to_string_lossy());
        let made = Self { template, file };
        made.put("resources: []\n");
        made
    }

    /// Offers Envoy the gate under this policy; it moves into place whole.
    pub fn offer(&self, policy: &str) {
        let policy = serde_json::to_string(policy).unwrap();
        self.put(&self.template.replace("{{policy}}", &policy));
    }

    fn put(&self, text: &str) {
        let fresh = self.file.with_extension("fresh");
        std::fs::write(&fresh, text).unwrap();
        std::fs::rename(fresh, &self.file).unwrap();
    }
}

/// Where a listener listens, once there is one.
pub async fn listener(envoy: &Envoy, name: &str) -> SocketAddr {
    let find = async || {
        let page = envoy.admin("/listeners?format=json").await.ok()?.json();
        let statuses = page.get("listener_statuses")?.as_array()?.clone();
        let status =
            statuses.iter().find(|status| status.get("name").and_then(Value::as_str) == Some(name))?;
        let port = status.pointer("/local_address/socket_address/port_value")?.as_u64()?;
        Some(SocketAddr::from(([127, 0, 0, 1], u16::try_from(port).ok().filter(|port| *port > 0)?)))
    };
    wait::until(&format!("the listener {name}"), START, find).await.unwrap()
}
