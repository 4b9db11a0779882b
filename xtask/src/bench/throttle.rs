//! What identity and throttles cost a request, without the host.

use super::{Benches, NO_VALGRIND, callgrind};
use crate::run::{run as exec, say};
use crate::workspace::Workspace;
use anyhow::Context as _;
use std::process::Command;

/// The case that only loads and stores.
const CONTROL: &str = "control";

/// The most instructions that a case should take. One throttle and the identity before it are to be a small part of what a
/// request costs; more throttles of one client share an entry, so that they are to cost next to nothing.
const GOALS: [(&str, f64); 7] = [
    ("one per client", 10_000.0),
    ("three per client", 12_000.0),
    ("one per client, one per class", 15_000.0),
    ("one per operation", 20_000.0),
    ("a stream opens and ends", 20_000.0),
    ("identity by an address", 5_000.0),
    ("identity by a header", 5_000.0),
];

pub(super) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let benches = Benches::build(workspace, &["portcullis-policy"])?;
    let bench = benches.path("throttle")?;
    if callgrind::is_present() {
        let listed = Command::new(bench).arg("list").output().context("cannot start the bench")?;
        let cases = String::from_utf8_lossy(&listed.stdout).into_owned();
        say("\nInstructions a decision, counted by callgrind, in sets of eight clients that are full.");
        say(
            "`control` loads and stores an entry and decides nothing; Envoy's shared data comes on top, once an entry.\n",
        );
        say(&format!("{:<32}{:>14}{:>12}{:>18}", "case", "instructions", "of control", "goal"));
        let mut control = None;
        for case in cases.lines() {
            let taken = callgrind::instructions_a(bench, case, "each")?;
            let ratio = taken / *control.get_or_insert(taken);
            let goal = GOALS.iter().find(|(known, _)| *known == case);
            let goal = goal.map(|(_, goal)| format!("{goal:.0} or less")).unwrap_or_default();
            anyhow::ensure!(case == CONTROL || !goal.is_empty(), "{case} has no goal");
            say(format!("{case:<32}{taken:>14.0}{ratio:>11.1}x{goal:>18}").trim_end());
        }
    } else {
        say(NO_VALGRIND);
    }
    say(
        "\nCPU time in turns: median of the ratios to the control of the same turn (lower to upper quartile).\n",
    );
    exec(&mut Command::new(bench))
}
