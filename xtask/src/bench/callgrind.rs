//! Counts instructions: what a bench takes for more rounds less what it takes for fewer, so that its start costs nothing.

use anyhow::{Context as _, bail};
use std::path::Path;
use std::process::{Command, Stdio};

/// A bench that takes `<work> <text> <rounds>` and prints the bytes of a round.
#[derive(Clone, Copy)]
pub(super) enum Bench {
    /// Of `crates/graphql`.
    Parse,
    /// Of `crates/gate`.
    Judge,
}

/// Whether valgrind can be started.
pub(super) fn is_present() -> bool {
    let silent =
        Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    silent.is_ok_and(|status| status.success())
}

/// Instructions a byte; the same number every time, whatever else the machine does.
pub(super) fn instructions_a_byte(bench: &Path, work: &str, text: &str) -> anyhow::Result<f64> {
    let (few, bytes) = count(bench, work, text, 1)?;
    let (more, _) = count(bench, work, text, 3)?;
    if bytes == 0 {
        bail!("there is nothing to read for {text}: the corpus is absent");
    }
    Ok(more.saturating_sub(few) as f64 / 2.0 / bytes as f64)
}

/// Instructions of a whole run, and the bytes of a round.
fn count(bench: &Path, work: &str, text: &str, rounds: u32) -> anyhow::Result<(u64, u64)> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(bench)
        .args([work, text, &rounds.to_string()])
        .output()
        .context("cannot start valgrind")?;
    let (said, counted) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let bytes = said.lines().rev().find_map(|line| before(line, " bytes a round"));
    let instructions =
        counted.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    match (output.status.success(), instructions, bytes) {
        (true, Some(instructions), Some(bytes)) => Ok((instructions, bytes)),
        (_, _, _) => bail!("{work} {text} under valgrind: {}", counted.lines().last().unwrap_or_default()),
    }
}

/// The number that ends where `mark` begins.
fn before(line: &str, mark: &str) -> Option<u64> {
    line.split_once(mark)?.0.rsplit(' ').next()?.parse().ok()
}
