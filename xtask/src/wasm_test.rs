//! `wasm-test`: the pure crates' tests where they will run, inside wasm.

use crate::run::{Tally, run_tests, say};
use crate::tools::{node, target, wasm_bindgen};
use crate::workspace::Workspace;
use anyhow::Context as _;

const TARGET: &str = "wasm32-unknown-unknown";

/// Runs `tests/wasm.rs` of every crate that has one.
pub(crate) fn run(workspace: &Workspace, tally: &mut Tally) -> anyhow::Result<()> {
    let crates: Vec<_> =
        workspace.packages.iter().filter(|(_, folder)| folder.join("tests/wasm.rs").is_file()).collect();
    if crates.is_empty() {
        say("no crate has a tests/wasm.rs");
        return Ok(());
    }
    target::ensure(TARGET)?;
    let runner = wasm_bindgen::ensure(workspace)?;
    let node = node::ensure(workspace)?;
    let path = path_with(&node)?;
    for (name, _) in crates {
        say(&format!("testing {name} in wasm …"));
        let mut command = workspace.cargo(&["test", "-p", name, "--target", TARGET, "--test", "wasm"]);
        command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", &runner).env("PATH", &path);
        run_tests(&mut command, tally)?;
    }
    Ok(())
}

/// The runner starts `node` by name: ours comes first.
fn path_with(node: &std::path::Path) -> anyhow::Result<std::ffi::OsString> {
    let folder = node.parent().context("node is in no folder")?.to_owned();
    let old = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&old)))?)
}
