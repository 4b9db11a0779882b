//! The analyzer with a fresh store, an edge's key and a viewer's key.

use super::Programs;
use super::process::Process;
use crate::client::{self, Protocol, Reply, Request};
use crate::prometheus::Metrics;
use crate::tether::Tether;
use crate::wait;
use anyhow::{Context as _, bail};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const START: Duration = Duration::from_secs(20);
const GREETING: &str = "portcullis: listening on ";

/// The analyzer, running or killed.
pub struct Analyzer {
    /// Where it listens.
    pub address: SocketAddr,
    /// The key with which an edge reports.
    pub edge_key: String,
    /// The key with which a person reads.
    pub viewer_key: String,
    /// The key with which an operator decides.
    pub operator_key: String,
    program: PathBuf,
    tether: Tether,
    folder: PathBuf,
    /// The flags that name its store.
    place: Vec<OsString>,
    process: Option<Process>,
}

impl Analyzer {
    /// Makes the keys, starts it and waits until it listens.
    pub(super) async fn start(
        programs: &Programs,
        folder: &Path,
        port: u16,
        settings: &str,
    ) -> anyhow::Result<Self> {
        let data = folder.join("data");
        std::fs::create_dir_all(&data).with_context(|| format!("cannot create {}", data.display()))?;
        let mut place = vec!["--data-dir".into(), data.into()];
        let config = folder.join("analyzer.yaml");
        if !settings.is_empty() {
            std::fs::write(&config, settings)
                .with_context(|| format!("cannot write {}", config.display()))?;
        }
        if config.is_file() {
            place.extend(["--config".into(), config.into()]);
        }
        Self::of(programs, folder, port, place).await
    }

    /// The same on the store that a configuration file names, which others may use too.
    ///
    /// # Errors
    /// When it does not come up; its last words are in the error.
    pub async fn configured(programs: &Programs, folder: &Path, config: &Path) -> anyhow::Result<Self> {
        Self::of(programs, folder, 0, vec!["--config".into(), config.into()]).await
    }

    async fn of(programs: &Programs, folder: &Path, port: u16, place: Vec<OsString>) -> anyhow::Result<Self> {
        let mut analyzer = Self {
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            edge_key: key(&programs.portcullis, "edge", &place)?,
            viewer_key: key(&programs.portcullis, "viewer", &place)?,
            operator_key: key(&programs.portcullis, "operator", &place)?,
            program: programs.portcullis.clone(),
            tether: programs.tether.clone(),
            folder: folder.to_owned(),
            place,
            process: None,
        };
        analyzer.resume().await?;
        Ok(analyzer)
    }

    /// Starts it, where it listened before.
    ///
    /// # Errors
    /// When it does not come up; its last words are in the error.
    pub async fn resume(&mut self) -> anyhow::Result<()> {
        let mut command = self.tether.command(&self.program);
        command.args(["serve", "--listen"]).arg(self.address.to_string());
        command.args(&self.place);
        let mut process = Process::start("analyzer", command, &self.folder)?;
        let mut end = None;
        let greeted = wait::until("the analyzer to listen", START, async || {
            if let Err(error) = process.check_alive() {
                end = Some(error);
                return Some(None);
            }
            let text = process.stdout();
            let (line, _) = text.split_once('\n')?;
            Some(Some(line.to_owned()))
        })
        .await;
        if let Some(error) = end {
            return Err(error);
        }
        let line = greeted.with_context(|| process.tail())?.unwrap_or_default();
        let address = line.strip_prefix(GREETING).and_then(|url| url.split_once("://")?.1.parse().ok());
        self.address = address.with_context(|| format!("the analyzer greets with {line:?}"))?;
        self.process = Some(process);
        Ok(())
    }

    /// Kills it, as a crash would.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.process.take().map_or(Ok(()), |mut process| process.kill())
    }

    /// A page of its API, read with the viewer's key.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn get(&self, path: &str) -> anyhow::Result<Reply> {
        let request = Request::get(path).with("authorization", format!("Bearer {}", self.viewer_key));
        client::send(self.address, Protocol::Http1, &request).await
    }

    /// Asks its API to change something, with the operator's key.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn change(&self, request: Request) -> anyhow::Result<Reply> {
        let request = request.with("authorization", format!("Bearer {}", self.operator_key));
        client::send(self.address, Protocol::Http1, &request).await
    }

    /// Its metrics.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn metrics(&self) -> anyhow::Result<Metrics> {
        let reply = self.get("/monitoring/metrics/").await?;
        Ok(Metrics::parse(&String::from_utf8_lossy(&reply.body)))
    }

    /// The last lines it printed.
    #[must_use]
    pub fn tail(&self) -> String {
        self.process.as_ref().map(Process::tail).unwrap_or_default()
    }
}

fn key(program: &Path, role: &str, place: &[OsString]) -> anyhow::Result<String> {
    let output = Command::new(program)
        .args(["keys", "add", "--role", role])
        .args(place)
        .output()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() || !text.starts_with("pk_") {
        bail!("`portcullis keys add` made no {role} key: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(text)
}
