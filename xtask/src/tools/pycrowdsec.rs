//! pycrowdsec, a client of CrowdSec's API that is not ours, with what it needs; pure Python, pinned and checked by pip.

use super::Missing;
use crate::run::say;
use crate::workspace::Workspace;
use anyhow::Context as _;
use std::path::PathBuf;
use std::process::Command;

const FOLDER: &str = "pycrowdsec-0.0.5";
const INSTEAD: &str = "needs python3 with pip and a package index";

/// The folder for PYTHONPATH.
pub(crate) fn ensure(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let folder = workspace.tools().join(FOLDER);
    if folder.is_dir() {
        return Ok(folder);
    }
    say("fetching pycrowdsec 0.0.5 (1 MB) …");
    let fresh = workspace.tools().join(format!(".{FOLDER}.{}", std::process::id()));
    let output = Command::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"])
        .args(["--no-deps", "--only-binary=:all:", "--require-hashes", "--requirement"])
        .arg(workspace.root.join("xtask/src/tools/pycrowdsec.txt"))
        .arg("--target")
        .arg(&fresh)
        .output()
        .map_err(|error| missing(&format!("python3 does not start: {error}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("pip said nothing");
        return Err(missing(last.trim()).into());
    }
    std::fs::rename(&fresh, &folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

fn missing(why: &str) -> Missing {
    Missing(format!("cannot get pycrowdsec: {why}; {INSTEAD}"))
}
