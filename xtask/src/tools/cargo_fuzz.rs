//! cargo-fuzz, which builds and runs targets of libFuzzer.

use super::Missing;
use crate::run::say;
use crate::workspace::Workspace;
use anyhow::Context as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

const VERSION: &str = "0.13.2";

/// The program, built if need be.
pub(crate) fn ensure(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let folder = workspace.tools().join(format!("cargo-fuzz-{VERSION}"));
    let program = folder.join("bin/cargo-fuzz");
    if program.is_file() {
        return Ok(program);
    }
    say(&format!("building cargo-fuzz {VERSION} (a minute or two) …"));
    let fresh = workspace.tools().join(format!(".cargo-fuzz-{VERSION}.{}", std::process::id()));
    let works = |status: std::io::Result<ExitStatus>| status.is_ok_and(|status| status.success());
    // Its own lock file first: where the package index lags behind it, the choice is left to cargo.
    let is_built = works(install(workspace, &fresh).arg("--locked").status())
        || works(install(workspace, &fresh).status());
    if !is_built {
        let command = format!("cargo install --version {VERSION} cargo-fuzz");
        return Err(Missing(format!(
            "cannot build cargo-fuzz: run `{command}` and see why, or fuzz without it by `cargo xtask fuzz --plain`"
        ))
        .into());
    }
    if !program.is_file() {
        fs::rename(&fresh, &folder).with_context(|| format!("cannot rename {}", fresh.display()))?;
    }
    let build = build_folder(workspace);
    fs::remove_dir_all(&build).with_context(|| format!("cannot remove {}", build.display()))?;
    Ok(program)
}

fn install(workspace: &Workspace, root: &Path) -> Command {
    let mut command = workspace.cargo(&["install", "--quiet", "--debug", "--version", VERSION, "cargo-fuzz"]);
    command.arg("--root").arg(root);
    command.env("CARGO_TARGET_DIR", build_folder(workspace)).env("CARGO_PROFILE_DEV_DEBUG", "0");
    command
}

fn build_folder(workspace: &Workspace) -> PathBuf {
    workspace.tools().join(".cargo-fuzz-build")
}
