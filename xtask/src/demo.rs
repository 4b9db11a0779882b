//! `demo`: builds what it needs and becomes the demo.

use crate::run::{run as exec, say};
use crate::tools::envoy;
use crate::workspace::Workspace;
use crate::{e2e, wasm};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// How to play it.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Play 20 seconds, print a summary and exit; non-zero when something did not work.
    #[arg(long)]
    once: bool,
    /// Port of the gate; chosen freely by default.
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// Port of Envoy's admin page; chosen freely by default.
    #[arg(long, value_name = "PORT")]
    admin_port: Option<u16>,
    /// Port of the analyzer; chosen freely by default.
    #[arg(long, value_name = "PORT")]
    analyzer_port: Option<u16>,
}

/// Builds, then replaces this process, so that Ctrl-C reaches the demo and nothing stands in between.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<()> {
    let envoy = envoy::ensure(workspace)?;
    let filter = wasm::filter(workspace)?;
    let portcullis = e2e::portcullis(workspace)?;
    say("building the demo …");
    exec(&mut workspace.cargo(&["build", "-p", "portcullis-demo", "--bin", "portcullis-demo"]))?;
    let mut command = Command::new(workspace.target.join("debug/portcullis-demo"));
    command
        .arg("play")
        .arg("--envoy")
        .arg(envoy)
        .arg("--wasm")
        .arg(filter)
        .arg("--portcullis")
        .arg(portcullis);
    command.arg("--config").arg(workspace.root.join("envoy/demo.yaml"));
    if args.once {
        command.arg("--once");
    }
    for (name, port) in
        [("--port", args.port), ("--admin-port", args.admin_port), ("--analyzer-port", args.analyzer_port)]
    {
        if let Some(port) = port {
            command.arg(name).arg(port.to_string());
        }
    }
    Err(anyhow::Error::from(command.exec()).context("cannot start the demo"))
}
