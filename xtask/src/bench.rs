//! `bench`: what the hot paths cost, as tables for a person. Nothing is asserted: the goals stand beside the figures.

mod analyzer;
mod callgrind;
mod documents;
mod graphql;
mod throttle;

use crate::e2e;
use crate::run::say;
use crate::workspace::Workspace;
use anyhow::Context as _;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to measure.
    #[arg(value_enum)]
    what: What,
    /// Of `graphql`: only texts with this in their name, and without the comparisons of CPU time.
    #[arg(long)]
    text: Option<String>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum What {
    /// Parsing, measuring, shape and cost of GraphQL documents; the whole judgement of an envelope.
    Graphql,
    /// Knowing a client, and asking its throttles.
    Throttle,
    /// Reports taken in and decisions told, on both kinds of store; the memory of a client.
    Analyzer,
    /// What an honest socket waits for its answers, without and beside floods, through the real Envoy.
    Sockets,
}

const NO_VALGRIND: &str =
    "valgrind is not installed: no instructions are counted, only CPU time is compared.";

/// Runs what was asked for.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<()> {
    match args.what {
        What::Graphql => graphql::run(workspace, args.text.as_deref()),
        What::Throttle => {
            anyhow::ensure!(args.text.is_none(), "--text is of `bench graphql`");
            throttle::run(workspace)
        }
        What::Analyzer => {
            anyhow::ensure!(args.text.is_none(), "--text is of `bench graphql`");
            analyzer::run(workspace)
        }
        What::Sockets => {
            anyhow::ensure!(args.text.is_none(), "--text is of `bench graphql`");
            e2e::show(workspace, "floods::an_honest_socket")
        }
    }
}

/// Benches by their names, and where cargo put them.
struct Benches(Vec<(String, PathBuf)>);

impl Benches {
    /// Builds those of some packages.
    fn build(workspace: &Workspace, packages: &[&str]) -> anyhow::Result<Self> {
        say("building the benches …");
        let mut command = workspace.cargo(&["bench", "--benches", "--no-run", "--message-format=json"]);
        command.args(packages.iter().flat_map(|package| ["-p", package]));
        let output = command.stderr(Stdio::inherit()).output()?;
        anyhow::ensure!(output.status.success(), "the benches do not build ({})", output.status);
        let messages = String::from_utf8_lossy(&output.stdout).into_owned();
        let built = |line: &str| {
            let message: Value = serde_json::from_str(line).ok()?;
            let is_bench = message.pointer("/target/kind/0").and_then(Value::as_str) == Some("bench");
            let name = message.pointer("/target/name")?.as_str().filter(|_| is_bench)?;
            Some((name.to_owned(), PathBuf::from(message.get("executable")?.as_str()?)))
        };
        Ok(Self(messages.lines().filter_map(built).collect()))
    }

    fn path(&self, name: &str) -> anyhow::Result<&Path> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, path)| path.as_path()).with_context(|| format!("no bench {name} was built"))
    }
}
