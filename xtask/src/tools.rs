//! `tools`: what the commands need beyond Rust, pinned, checked, and kept in `target/tools`.

pub(crate) mod cargo_fuzz;
pub(crate) mod envoy;
pub(crate) mod node;
pub(crate) mod postgres;
pub(crate) mod pycrowdsec;
pub(crate) mod socket_clients;
pub(crate) mod target;
pub(crate) mod wasm_bindgen;
mod wheel;

use crate::run::say;
use crate::workspace::Workspace;

/// A tool that could not be had; says what to do about it.
#[derive(Debug)]
pub(crate) struct Missing(pub String);

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Missing {}

/// Gets everything.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    target::ensure("wasm32-wasip1")?;
    target::ensure("wasm32-unknown-unknown")?;
    let wasm_bindgen = wasm_bindgen::ensure(workspace)?;
    let tools = [envoy::ensure(workspace)?, node::ensure(workspace)?, wasm_bindgen, postgres::ensure()?];
    let tools = tools.into_iter().chain([pycrowdsec::ensure(workspace)?]);
    for tool in tools {
        say(&format!("ready: {}", tool.display()));
    }
    Ok(())
}
