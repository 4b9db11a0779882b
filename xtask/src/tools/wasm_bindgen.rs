//! The runner of the wasm tests, built in exactly the version that the tests are linked with.

use super::Missing;
use crate::run::say;
use crate::workspace::Workspace;
use anyhow::Context as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// The runner, built if need be.
pub(crate) fn ensure(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let version = workspace.locked_version("wasm-bindgen")?;
    let folder = workspace.tools().join(format!("wasm-bindgen-{version}"));
    let runner = folder.join("bin/wasm-bindgen-test-runner");
    if runner.is_file() {
        return Ok(runner);
    }
    say(&format!("building wasm-bindgen-cli {version} (about a minute) …"));
    let fresh = workspace.tools().join(format!(".wasm-bindgen-{version}.{}", std::process::id()));
    // Its own lock file first, quietly: where the package index lags behind it, the choice is left to cargo.
    let locked = install(workspace, &version, &fresh).arg("--locked").stderr(Stdio::null()).status();
    let works = |status: std::io::Result<ExitStatus>| status.is_ok_and(|status| status.success());
    if !works(locked) && !works(install(workspace, &version, &fresh).status()) {
        let command = format!("cargo install --version {version} wasm-bindgen-cli");
        return Err(Missing(format!("cannot build wasm-bindgen-cli: run `{command}` and see why")).into());
    }
    if !runner.is_file() {
        fs::rename(&fresh, &folder).with_context(|| format!("cannot rename {}", fresh.display()))?;
    }
    let build = build_folder(workspace);
    fs::remove_dir_all(&build).with_context(|| format!("cannot remove {}", build.display()))?;
    Ok(runner)
}

fn install(workspace: &Workspace, version: &str, root: &Path) -> Command {
    let mut command = workspace.cargo(&["install", "--quiet", "--debug", "--no-default-features"]);
    command.args(["--version", version, "wasm-bindgen-cli", "--root"]).arg(root);
    command.env("CARGO_TARGET_DIR", build_folder(workspace)).env("CARGO_PROFILE_DEV_DEBUG", "0");
    command
}

fn build_folder(workspace: &Workspace) -> PathBuf {
    workspace.tools().join(".wasm-bindgen-build")
}
