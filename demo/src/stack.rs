//! Upstream, analyzer and Envoy, started in that order and ready, with ports of their own; all of it ends when it is dropped.

mod analyzer;
mod envoy;
mod process;

pub use analyzer::Analyzer;
pub use envoy::{Envoy, EnvoyPlan, behind_proxy};

use crate::tether::Tether;
use crate::upstream::Upstream;
use anyhow::{Context as _, bail};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

/// The programs that a stack is made of.
#[derive(Clone, Debug)]
pub struct Programs {
    /// Envoy itself.
    pub envoy: PathBuf,
    /// The filter.
    pub wasm: PathBuf,
    /// The `portcullis` command.
    pub portcullis: PathBuf,
    /// What ties the children to us.
    pub tether: Tether,
}

/// The ports that a person may want to know beforehand; 0 means any.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ports {
    /// The gate.
    pub gate: u16,
    /// Envoy's admin page.
    pub admin: u16,
    /// The analyzer.
    pub analyzer: u16,
}

/// How the filter learns the key with which it reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Token {
    /// It stands in the plugin configuration.
    #[default]
    Inline,
    /// It is in the environment of Envoy.
    Environment,
}

/// Whether the filter carries out what the analyzer decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decisions {
    /// It does not ask: the honest and the hostile come from one address, and tests tell it what is decided about that.
    #[default]
    Ignored,
    /// It does.
    Obeyed,
}

/// What to start.
#[derive(Clone, Debug)]
pub struct Plan {
    /// With which programs.
    pub programs: Programs,
    /// The Envoy configuration with its placeholders, `envoy/demo.yaml`.
    pub config: PathBuf,
    /// The policy, without its section `analyzer`.
    pub policy: String,
    /// The analyzer's configuration; nothing for its defaults.
    pub settings: String,
    /// How many workers Envoy has.
    pub concurrency: u32,
    /// On which ports.
    pub ports: Ports,
    /// How the key is handed over.
    pub token: Token,
    /// Whether decisions are carried out.
    pub decisions: Decisions,
    /// Where logs and data go; a file `analyzer.yaml` that is there already is the analyzer's configuration.
    pub folder: PathBuf,
}

/// The running system.
pub struct Stack {
    /// Envoy with the gate.
    pub envoy: Envoy,
    /// The analyzer.
    pub analyzer: Analyzer,
    /// The GraphQL server behind it all.
    pub upstream: Upstream,
}

impl Stack {
    /// Starts everything and waits until it is ready.
    ///
    /// # Errors
    /// When a file is missing, a port is taken, or a program does not come up; what had been started is ended.
    pub async fn start(plan: &Plan) -> anyhow::Result<Self> {
        for file in [&plan.programs.envoy, &plan.programs.wasm, &plan.programs.portcullis, &plan.config] {
            is_file(file)?;
        }
        let ports = plan.ports;
        for (port, whose) in [(ports.gate, "gate"), (ports.admin, "admin page"), (ports.analyzer, "analyzer")]
        {
            is_free(port, whose)?;
        }
        let upstream = Upstream::start()?;
        let analyzer = Analyzer::start(&plan.programs, &plan.folder, ports.analyzer, &plan.settings).await?;
        let (token, environment) = match plan.token {
            Token::Inline => (format!("token: {}", analyzer.edge_key), Vec::new()),
            Token::Environment => (
                format!("token_env: {TOKEN_VARIABLE}"),
                vec![(TOKEN_VARIABLE.to_owned(), analyzer.edge_key.clone())],
            ),
        };
        let decisions = plan.decisions == Decisions::Obeyed;
        let policy = format!(
            "{}\nanalyzer: {{cluster: portcullis_analyzer, decisions: {decisions}, {token}}}\n",
            plan.policy.trim_end()
        );
        let envoy = Envoy::start(&EnvoyPlan {
            programs: plan.programs.clone(),
            config: plan.config.clone(),
            policy,
            upstream_port: upstream.address.port(),
            analyzer_port: analyzer.address.port(),
            gate_port: ports.gate,
            admin_port: ports.admin,
            concurrency: plan.concurrency,
            environment,
            folder: plan.folder.clone(),
        })
        .await?;
        Ok(Self { envoy, analyzer, upstream })
    }

    /// The last lines that the programs printed.
    #[must_use]
    pub fn logs(&self) -> String {
        format!("{}{}", self.envoy.tail(), self.analyzer.tail())
    }
}

const TOKEN_VARIABLE: &str = "PORTCULLIS_EDGE_TOKEN";

fn is_file(path: &Path) -> anyhow::Result<()> {
    if !path.is_file() {
        bail!("{} is missing: run it by `cargo xtask demo`, which builds what is needed", path.display());
    }
    Ok(())
}

fn is_free(port: u16, whose: &str) -> anyhow::Result<()> {
    TcpListener::bind(("127.0.0.1", port))
        .map(drop)
        .with_context(|| format!("port {port} for the {whose} cannot be had"))
}
