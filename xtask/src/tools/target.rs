//! The wasm targets of the toolchain.

use super::Missing;
use crate::run::say;
use std::path::Path;
use std::process::Command;

const TRIES: usize = 3;

/// Adds a target unless the toolchain has it.
pub(crate) fn ensure(target: &str) -> anyhow::Result<()> {
    if installed(target) {
        return Ok(());
    }
    for attempt in 1..=TRIES {
        say(&format!("adding the target {target} (try {attempt} of {TRIES}) …"));
        let added = Command::new("rustup").args(["target", "add", target]).status();
        if added.is_ok_and(|status| status.success()) && installed(target) {
            return Ok(());
        }
    }
    Err(Missing(format!("the target {target} cannot be had: run `rustup target add {target}` and see why"))
        .into())
}

/// Asks the compiler, since a toolchain need not come from rustup.
fn installed(target: &str) -> bool {
    let output = Command::new("rustc").args(["--print", "target-libdir", "--target", target]).output();
    output.is_ok_and(|output| {
        output.status.success() && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
    })
}
