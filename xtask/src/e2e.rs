//! `e2e`: the running system from outside, against the real Envoy.

use crate::run::{Tally, run as exec, run_tests, say};
use crate::test::{in_ci, is_missing_tool};
use crate::tools::{envoy, socket_clients};
use crate::wasm;
use crate::workspace::Workspace;
use std::path::PathBuf;

/// Which tests.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Handed to the test runner: a part of a test's name, `--test-threads=1`, `--nocapture` …
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    runner: Vec<String>,
}

/// Builds everything and runs every test of the package, ignored or not.
pub(crate) fn run(workspace: &Workspace, args: &Args, tally: &mut Tally) -> anyhow::Result<()> {
    let mut words = vec!["--include-ignored"];
    words.extend(args.runner.iter().map(String::as_str));
    with(workspace, &words, tally)
}

/// Runs the tests whose names have this in them, and shows what they print.
pub(crate) fn show(workspace: &Workspace, name: &str) -> anyhow::Result<()> {
    with(workspace, &["--include-ignored", "--nocapture", name], &mut Tally::default())
}

/// Only what a plain `cargo test` leaves out.
pub(crate) fn run_ignored(workspace: &Workspace, tally: &mut Tally) -> anyhow::Result<()> {
    with(workspace, &["--ignored"], tally)
}

fn with(workspace: &Workspace, runner: &[&str], tally: &mut Tally) -> anyhow::Result<()> {
    let envoy = envoy::ensure(workspace)?;
    let filter = wasm::filter(workspace)?;
    let fault = wasm::fault(workspace)?;
    let portcullis = portcullis(workspace)?;
    let clients = match socket_clients::ensure(workspace) {
        Ok(folder) => Some(folder),
        Err(error) if is_missing_tool(&error) && !in_ci() => {
            say(&format!("not run for want of a tool: the clients of npm, {error:#}"));
            None
        }
        Err(error) => return Err(error),
    };
    say("running the end-to-end tests …");
    let mut command = workspace.cargo(&["test", "-p", "e2e", "--"]);
    command
        .args(runner)
        .env("PORTCULLIS_ENVOY", envoy)
        .env("PORTCULLIS_WASM", filter)
        .env("PORTCULLIS_WASM_FAULT", fault)
        .env("PORTCULLIS_BIN", portcullis)
        .envs(clients.map(|folder| ("PORTCULLIS_SOCKET_CLIENTS", folder)));
    run_tests(&mut command, tally)
}

/// Builds the analyzer's binary.
pub(crate) fn portcullis(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    say("building portcullis …");
    exec(&mut workspace.cargo(&["build", "-p", "portcullis-analyzer", "--bin", "portcullis"]))?;
    Ok(workspace.target.join("debug/portcullis"))
}
