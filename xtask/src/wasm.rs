//! `wasm`: the filter as it is shipped, and the build for tests that can be told to trap.

use crate::run::{run as exec, say};
use crate::tools::target;
use crate::workspace::Workspace;
use anyhow::Context as _;
use std::path::{Path, PathBuf};

/// What to build.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Also build portcullis_filter_fault.wasm, which traps on request. For tests only, never shipped.
    #[arg(long)]
    fault: bool,
}

/// Builds and says where the result is.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<()> {
    say(&format!("built {}", filter(workspace)?.display()));
    if args.fault {
        say(&format!("built {}", fault(workspace)?.display()));
    }
    Ok(())
}

/// The filter as it is shipped.
pub(crate) fn filter(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    build(workspace, &[], "portcullis_filter.wasm")
}

/// The filter with fault injection.
pub(crate) fn fault(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    build(workspace, &["--features", "fault-injection"], "portcullis_filter_fault.wasm")
}

fn build(workspace: &Workspace, features: &[&str], name: &str) -> anyhow::Result<PathBuf> {
    target::ensure("wasm32-wasip1")?;
    say(&format!("building {name} …"));
    let args = ["build", "-p", "portcullis-filter", "--target", "wasm32-wasip1", "--profile", "filter"];
    exec(workspace.cargo(&args).args(features))?;
    let built = workspace.target.join("wasm32-wasip1/filter/portcullis_filter.wasm");
    let folder = workspace.target.join("wasm");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let kept = folder.join(name);
    replace(&built, &kept)
        .with_context(|| format!("cannot copy {} to {}", built.display(), kept.display()))?;
    Ok(kept)
}

/// Both builds end in one file of cargo's, so each is copied out; by renaming, since an Envoy may be reading the old one.
fn replace(from: &Path, to: &Path) -> std::io::Result<()> {
    let fresh = to.with_extension("wasm.new");
    std::fs::copy(from, &fresh)?;
    std::fs::rename(&fresh, to)
}
