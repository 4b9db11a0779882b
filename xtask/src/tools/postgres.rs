//! PostgreSQL, on which the analyzer's tests run a second time: whatever is installed, else Debian's package.

use super::Missing;
use crate::run::say;
use std::path::PathBuf;
use std::process::Command;

const INSTEAD: &str =
    "install PostgreSQL 15 or later, so that its programs are in PATH or under /usr/lib/postgresql";

/// The folder of `initdb` and `postgres`, where the tests find it too.
pub(crate) fn ensure() -> anyhow::Result<PathBuf> {
    if let Some(folder) = installed() {
        return Ok(folder);
    }
    say("installing Debian's package postgresql (60 MB) …");
    for arguments in
        [&["update", "-qq"][..], &["install", "-qq", "-y", "--no-install-recommends", "postgresql"]]
    {
        let output = Command::new("apt-get")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .output()
            .map_err(|error| missing(&format!("apt-get does not start: {error}")))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let last =
                said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("apt-get said nothing");
            return Err(missing(last.trim()).into());
        }
    }
    Ok(installed().ok_or_else(|| missing("the package has no initdb"))?)
}

fn installed() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = versions.map(|entry| entry.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let complete = |folder: &PathBuf| ["initdb", "postgres"].iter().all(|name| folder.join(name).is_file());
    debian.chain(std::env::split_paths(&path)).find(complete)
}

fn missing(why: &str) -> Missing {
    Missing(format!("cannot get PostgreSQL: {why}; {INSTEAD}"))
}
