//! The clients of GraphQL over WebSockets that others wrote, from npm by a lock file of ours, and the Node that runs them.

use super::Missing;
use crate::run::say;
use crate::workspace::Workspace;
use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

const INSTEAD: &str = "needs node, npm and a package index";

/// The folder with the script and the packages, for the Node of this machine.
pub(crate) fn ensure(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let ours = workspace.root.join("tests/node");
    let node = Command::new("node").arg("--version").output();
    node.map_err(|error| missing(&format!("node does not start: {error}")))?;
    let lock = fs::read(ours.join("package-lock.json")).context("no tests/node/package-lock.json")?;
    let version: String = Sha256::digest(&lock).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let folder = workspace.tools().join(format!("socket-clients-{version}"));
    if !folder.is_dir() {
        say("fetching graphql-ws and subscriptions-transport-ws (3 MB) …");
        let fresh = workspace.tools().join(format!(".socket-clients.{}", std::process::id()));
        fs::create_dir_all(&fresh).with_context(|| format!("cannot create {}", fresh.display()))?;
        for file in ["package.json", "package-lock.json"] {
            fs::copy(ours.join(file), fresh.join(file))?;
        }
        let output = Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(&fresh)
            .output()
            .map_err(|error| missing(&format!("npm does not start: {error}")))?;
        if !output.status.success() {
            fs::remove_dir_all(&fresh)?;
            let said = String::from_utf8_lossy(&output.stderr);
            let first = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("npm said nothing");
            return Err(missing(first.trim()).into());
        }
        fs::rename(&fresh, &folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    // The script is found beside the packages that it asks for.
    fs::copy(ours.join("clients.mjs"), folder.join("clients.mjs"))?;
    Ok(folder)
}

fn missing(why: &str) -> Missing {
    Missing(format!("cannot get the clients of npm: {why}; {INSTEAD}"))
}
