//! `docs`: writes the documents that are made from the catalogues.

use crate::e2e;
use crate::run::say;
use crate::workspace::Workspace;
use anyhow::{Context, ensure};
use std::process::Command;

/// Each document with the name by which `portcullis document` knows it.
const DOCUMENTS: [(&str, &str); 2] = [("refusals", "docs/refusals.md"), ("metrics", "docs/metrics.md")];

pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let portcullis = e2e::portcullis(workspace)?;
    for (name, path) in DOCUMENTS {
        let made = Command::new(&portcullis).args(["document", name]).output();
        let made = made.with_context(|| format!("cannot run {}", portcullis.display()))?;
        ensure!(
            made.status.success(),
            "portcullis document {name}: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        let file = workspace.root.join(path);
        std::fs::write(&file, made.stdout).with_context(|| format!("cannot write {}", file.display()))?;
        say(&format!("wrote {path}"));
    }
    Ok(())
}
