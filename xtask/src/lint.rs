//! `lint`: formatting and lints, natively and for the filter's own target.

use crate::run::{run as exec, say};
use crate::tools::target;
use crate::workspace::Workspace;

/// Checks formatting and lints.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    say("checking the formatting …");
    exec(&mut workspace.cargo(&["fmt", "--all", "--check"]))?;
    say("linting everything natively …");
    exec(&mut workspace.cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    say("linting the filter for wasm …");
    target::ensure("wasm32-wasip1")?;
    let wasm = ["--target", "wasm32-wasip1", "--all-features", "--", "-D", "warnings"];
    exec(workspace.cargo(&["clippy", "-p", "portcullis-filter"]).args(wasm))
}
