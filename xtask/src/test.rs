//! `test`: all of CI in one line, in the order in which mistakes are found soonest.

use crate::run::{Tally, run_tests, say};
use crate::tools::{Missing, postgres, pycrowdsec};
use crate::workspace::Workspace;
use crate::{e2e, lint, wasm_test};
use std::time::Instant;

type Step = fn(&Workspace, &mut Tally) -> anyhow::Result<()>;

const STEPS: [(&str, Step); 6] = [
    ("lint", |workspace, _| lint::run(workspace)),
    ("native tests", native),
    ("tests on PostgreSQL", on_postgres),
    ("tests with CrowdSec's client", with_crowdsec),
    ("tests in wasm", wasm_test::run),
    ("end-to-end tests", e2e::run_ignored),
];

/// Runs every step and stops at the first that fails.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let mut tally = Tally::default();
    let mut skipped = Vec::new();
    let outcome = STEPS.iter().try_for_each(|(name, step)| {
        say(&format!("\n==> {name}"));
        let started = Instant::now();
        let result = step(workspace, &mut tally);
        let seconds = started.elapsed().as_secs();
        match result {
            Ok(()) => say(&format!("<== {name}: done in {seconds} s")),
            Err(error) if is_missing_tool(&error) && !in_ci() => {
                say(&format!("<== {name}: SKIPPED, {error:#}"));
                skipped.push(*name);
            }
            Err(error) => return Err(error.context(format!("{name}, after {seconds} s"))),
        }
        Ok(())
    });
    for name in skipped {
        say(&format!("not run for want of a tool: {name}"));
    }
    say(&format!("\n{} passed, {} failed", tally.passed, tally.failed));
    outcome
}

fn native(workspace: &Workspace, tally: &mut Tally) -> anyhow::Result<()> {
    // The filter is linked only in wasm; its tests are the end-to-end ones.
    run_tests(&mut workspace.cargo(&["test", "--workspace", "--exclude", "portcullis-filter"]), tally)
}

/// The analyzer's tests again, on a server of their own.
fn on_postgres(workspace: &Workspace, tally: &mut Tally) -> anyhow::Result<()> {
    postgres::ensure()?;
    let test = ["test", "-p", "portcullis-analyzer", "--test", "service_postgres"];
    run_tests(&mut workspace.cargo(&test), tally)
}

/// What CrowdSec's bouncers see, by a client of theirs.
fn with_crowdsec(workspace: &Workspace, tally: &mut Tally) -> anyhow::Result<()> {
    let packages = pycrowdsec::ensure(workspace)?;
    let test = ["test", "-p", "portcullis-analyzer", "--test", "service", "--", "--ignored", "crowdsec"];
    run_tests(workspace.cargo(&test).env("PORTCULLIS_PYCROWDSEC", packages), tally)
}

pub(crate) fn is_missing_tool(error: &anyhow::Error) -> bool {
    error.is::<Missing>() || error.chain().any(|cause| cause.is::<Missing>())
}

pub(crate) fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}
