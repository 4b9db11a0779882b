//! One Envoy, from a configuration with placeholders.

use super::Programs;
use super::process::Process;
use crate::client::{self, Protocol, Reply, Request};
use crate::prometheus::Metrics;
use crate::wait;
use anyhow::{Context as _, bail};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Compiling the filter takes a busy machine its time.
const START: Duration = Duration::from_secs(120);

/// What to start.
#[derive(Clone, Debug)]
pub struct EnvoyPlan {
    /// With which programs.
    pub programs: Programs,
    /// The configuration with its placeholders.
    pub config: PathBuf,
    /// The plugin's configuration.
    pub policy: String,
    /// Where the upstream is.
    pub upstream_port: u16,
    /// Where the analyzer is.
    pub analyzer_port: u16,
    /// Port of the listener `gated`; 0 means any.
    pub gate_port: u16,
    /// Port of the admin page; 0 means any.
    pub admin_port: u16,
    /// How many workers.
    pub concurrency: u32,
    /// More environment variables.
    pub environment: Vec<(String, String)>,
    /// Where configuration and logs go.
    pub folder: PathBuf,
}

/// A configuration in which the last address in `x-forwarded-for` is believed: Envoy stands behind a proxy.
///
/// # Errors
/// When Envoy tells no addresses by this configuration.
pub fn behind_proxy(config: &str) -> anyhow::Result<String> {
    let trusted = "use_remote_address: true";
    if !config.contains(trusted) {
        bail!("no listener of the configuration has `{trusted}`");
    }
    let indent = " ".repeat(16);
    Ok(config.replace(trusted, &format!("{trusted}\n{indent}xff_num_trusted_hops: 1")))
}

/// The running Envoy.
pub struct Envoy {
    /// The admin page.
    pub admin: SocketAddr,
    listeners: BTreeMap<String, SocketAddr>,
    access_log: PathBuf,
    process: Process,
}

impl EnvoyPlan {
    /// Fills the placeholders in and writes the result.
    fn write_config(&self) -> anyhow::Result<PathBuf> {
        let template = fs::read_to_string(&self.config)
            .with_context(|| format!("cannot read {}", self.config.display()))?;
        fs::create_dir_all(&self.folder)
            .with_context(|| format!("cannot create {}", self.folder.display()))?;
        let rendered = template
            .replace("{{gated_port}}", &self.gate_port.to_string())
            .replace("{{plain_port}}", "0")
            .replace("{{admin_port}}", &self.admin_port.to_string())
            .replace("{{upstream_port}}", &self.upstream_port.to_string())
            .replace("{{analyzer_port}}", &self.analyzer_port.to_string())
            .replace("{{access_log}}", &self.access_log().to_string_lossy())
            .replace("{{wasm}}", &self.programs.wasm.to_string_lossy())
            .replace("{{policy}}", &serde_json::to_string(&self.policy)?);
        let path = self.folder.join("envoy.yaml");
        fs::write(&path, rendered).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    fn access_log(&self) -> PathBuf {
        self.folder.join("access.log")
    }

    /// What `envoy --mode validate` says: whether it is content, and its words.
    ///
    /// # Errors
    /// When Envoy cannot be run.
    pub fn validate(&self) -> anyhow::Result<(bool, String)> {
        let config = self.write_config()?;
        let output = Command::new(&self.programs.envoy)
            .args(["--mode", "validate", "--log-level", "warning", "-c"])
            .arg(config)
            .output()
            .context("cannot run envoy --mode validate")?;
        Ok((output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned()))
    }
}

impl Envoy {
    /// Starts it and waits until it is live and listens.
    ///
    /// # Errors
    /// When it does not come up; its last words are in the error.
    pub async fn start(plan: &EnvoyPlan) -> anyhow::Result<Self> {
        let config = plan.write_config()?;
        let address_file = plan.folder.join("envoy.admin");
        let mut command = plan.programs.tether.command(&plan.programs.envoy);
        command.arg("-c").arg(config).arg("--admin-address-path").arg(&address_file);
        command.args([
            "--disable-hot-restart",
            "--drain-time-s",
            "1",
            "--file-flush-interval-msec",
            "200",
            "--concurrency",
        ]);
        command.arg(plan.concurrency.to_string());
        command.args(["--log-level", "warning", "--component-log-level", "wasm:info"]);
        command.envs(plan.environment.iter().map(|(name, value)| (name, value)));
        let mut process = Process::start("envoy", command, &plan.folder)?;
        let admin = ready(&mut process, &address_file).await?;
        let listeners = listeners(admin).await?;
        Ok(Self { admin, listeners, access_log: plan.access_log(), process })
    }

    /// The listener with the gate.
    ///
    /// # Errors
    /// When the configuration has none.
    pub fn gated(&self) -> anyhow::Result<SocketAddr> {
        self.listener("gated")
    }

    /// The listener without the gate.
    ///
    /// # Errors
    /// When the configuration has none.
    pub fn plain(&self) -> anyhow::Result<SocketAddr> {
        self.listener("plain")
    }

    /// A listener by its name.
    ///
    /// # Errors
    /// When the configuration has none.
    pub fn listener(&self, name: &str) -> anyhow::Result<SocketAddr> {
        self.listeners.get(name).copied().with_context(|| format!("no listener {name}"))
    }

    /// Its stats, as Prometheus sees them.
    ///
    /// # Errors
    /// When the admin page does not answer.
    pub async fn metrics(&self) -> anyhow::Result<Metrics> {
        Ok(Metrics::parse(&String::from_utf8_lossy(&self.admin("/stats?format=prometheus").await?.body)))
    }

    /// A page of the admin interface.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn admin(&self, path: &str) -> anyhow::Result<Reply> {
        client::send(self.admin, Protocol::Http1, &Request::get(path)).await
    }

    /// The lines of the access log so far.
    #[must_use]
    pub fn access_log(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.access_log).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// An error, with its last words, if it has ended.
    ///
    /// # Errors
    /// That it has ended.
    pub fn check_alive(&mut self) -> anyhow::Result<()> {
        self.process.check_alive()
    }

    /// The last lines it printed.
    #[must_use]
    pub fn tail(&self) -> String {
        self.process.tail()
    }
}

async fn ready(process: &mut Process, address_file: &Path) -> anyhow::Result<SocketAddr> {
    let mut end = None;
    let found = wait::until("Envoy to be ready", START, async || {
        if let Err(error) = process.check_alive() {
            end = Some(error);
            return Some(None);
        }
        let address = fs::read_to_string(address_file).ok()?.trim().parse().ok()?;
        let reply = client::send(address, Protocol::Http1, &Request::get("/ready")).await.ok()?;
        (reply.status == 200).then_some(Some(address))
    })
    .await;
    match (end, found) {
        (Some(error), _) => Err(error),
        (None, Ok(Some(address))) => Ok(address),
        (None, Ok(None)) => bail!("Envoy is not ready"),
        (None, Err(error)) => Err(error.context(process.tail())),
    }
}

async fn listeners(admin: SocketAddr) -> anyhow::Result<BTreeMap<String, SocketAddr>> {
    let reply = client::send(admin, Protocol::Http1, &Request::get("/listeners?format=json")).await?;
    let json = reply.json();
    let statuses = json.get("listener_statuses").and_then(Value::as_array).into_iter().flatten();
    Ok(statuses.filter_map(listener).collect())
}

fn listener(status: &Value) -> Option<(String, SocketAddr)> {
    let address = status.pointer("/local_address/socket_address")?;
    let port = u16::try_from(address.get("port_value")?.as_u64()?).ok()?;
    let ip = address.get("address")?.as_str()?.parse().ok()?;
    Some((status.get("name")?.as_str()?.to_owned(), SocketAddr::new(ip, port)))
}
