//! Counts instructions: what a bench takes for more rounds less what it takes for fewer, so that its start costs nothing.

use anyhow::{Context as _, bail};
use std::path::Path;
use std::process::{Command, Stdio};

/// Whether valgrind can be started.
pub(super) fn is_present() -> bool {
    let silent =
        Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    silent.is_ok_and(|status| status.success())
}

/// Instructions of a bench that takes `<work> <text> <rounds>`, for each of what it says there is in a round: bytes, decisions.
/// The same number every time, whatever else the machine does.
pub(super) fn instructions_a(bench: &Path, work: &str, text: &str) -> anyhow::Result<f64> {
    let (few, amount) = count(bench, work, text, 1)?;
    let (more, _) = count(bench, work, text, 3)?;
    if amount == 0 {
        bail!("there is nothing to read for {text}: the corpus is absent");
    }
    Ok(more.saturating_sub(few) as f64 / 2.0 / amount as f64)
}

/// Instructions of a whole run, and how much there is in a round.
fn count(bench: &Path, work: &str, text: &str, rounds: u32) -> anyhow::Result<(u64, u64)> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(bench)
        .args([work, text, &rounds.to_string()])
        .output()
        .context("cannot start valgrind")?;
    let (said, counted) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let amount = said.lines().rev().find_map(amount);
    let instructions =
        counted.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    match (output.status.success(), instructions, amount) {
        (true, Some(instructions), Some(amount)) => Ok((instructions, amount)),
        (_, _, _) => bail!("{work} {text} under valgrind: {}", counted.lines().last().unwrap_or_default()),
    }
}

/// The number of a line that ends with something like `512 bytes a round`.
fn amount(line: &str) -> Option<u64> {
    line.strip_suffix(" a round")?.rsplit(' ').nth(1)?.parse().ok()
}
