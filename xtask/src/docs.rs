//! `docs`: writes the documents that are made from the catalogues, the policy file and the corpus, and the demo's configurations.

use crate::e2e;
use crate::run::{run as exec, say};
use crate::workspace::Workspace;
use anyhow::{Context, ensure};
use std::process::Command;

/// What is made, each with the name by which `portcullis document` knows it.
const DOCUMENTS: [(&str, &str); 7] = [
    ("refusals", "docs/refusals.md"),
    ("metrics", "docs/metrics.md"),
    ("policy", "docs/policy.md"),
    ("policy-schema", "docs/policy.schema.json"),
    ("openapi", "docs/openapi.json"),
    ("envoy-demo", "envoy/demo.yaml"),
    ("envoy-plain", "envoy/plain.yaml"),
];

/// Made from the corpus of requests, which the demo's package reads.
const ABUSE: &str = "docs/abuse.md";

pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let portcullis = e2e::portcullis(workspace)?;
    for (name, path) in DOCUMENTS {
        write(workspace, path, Command::new(&portcullis).args(["document", name]))?;
    }
    let build = ["build", "-p", "portcullis-demo", "--bin", "portcullis-demo"];
    exec(&mut workspace.cargo(&build))?;
    let demo = workspace.target.join("debug/portcullis-demo");
    write(workspace, ABUSE, Command::new(demo).arg("abuse"))
}

/// Writes what a command prints.
fn write(workspace: &Workspace, path: &str, command: &mut Command) -> anyhow::Result<()> {
    let made = command.output().with_context(|| format!("cannot run {command:?}"))?;
    ensure!(made.status.success(), "{path}: {}", String::from_utf8_lossy(&made.stderr));
    let file = workspace.root.join(path);
    std::fs::write(&file, made.stdout).with_context(|| format!("cannot write {}", file.display()))?;
    say(&format!("wrote {path}"));
    Ok(())
}
