//! How far an optimised analyzer goes: reports taken in, decisions told, memory of a client, with the goals beside the figures.
//!
//! What is measured, and how, is in the analyzer's own tests, which run on both kinds of store.

use crate::run::{run as exec, say};
use crate::tools::postgres;
use crate::workspace::Workspace;
use anyhow::{Context as _, bail};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// The most bytes that a million tracked clients should take.
const MILLION_GOAL: f64 = 512.0 * 1024.0 * 1024.0;
/// What starts the line of a figure: then the kind of store, the name and the number, between tabs.
const FIGURE: &str = "figure\t";

/// A row of the table: the name of the figure, what it is, its goal.
type Row = (&'static str, &'static str, &'static str);
const ROWS: [Row; 7] = [
    ("ingest_rows_per_core", "rollup rows a second of CPU time", "100000 or more"),
    ("ingest_rows_per_s", "rollup rows a second", ""),
    ("startup_stream_ms", "startup stream of 15,000 decisions, ms", "50 or less"),
    ("look_up_ms", "a bouncer asks about one address, ms", ""),
    ("full_set_identity_ms", "full set of 200,000 for an edge, ms", ""),
    ("full_set_gzip_ms", "the same as gzip, ms", ""),
    ("time_to_decision_ms", "from an attack's report to the edge, ms", ""),
];

/// The figures of one kind of store, by name.
type Figures = BTreeMap<String, f64>;

/// Builds what is measured, measures it on both kinds of store, and prints the tables.
pub(super) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    say("building the analyzer as it is shipped …");
    exec(&mut workspace.cargo(&["build", "--release", "-p", "portcullis-analyzer", "--bin", "portcullis"]))?;
    let program = workspace.target.join("release/portcullis");
    let mut figures = measure(workspace, &program, "service")?;
    match postgres::ensure() {
        Ok(_) => figures.extend(measure(workspace, &program, "service_postgres")?),
        Err(error) => say(&format!("nothing is measured on PostgreSQL: {error:#}")),
    }
    say("\nMedians; CPU time is what the analyzer's process used, without PostgreSQL's.\n");
    say(&format!("{:<44}{:>12}{:>12}{:>18}", "", "SQLite", "PostgreSQL", "goal"));
    for (name, what, goal) in ROWS {
        let cell = |engine: &str| {
            let figure = figures.get(engine).and_then(|figures| figures.get(name));
            figure.map_or("-".to_owned(), |figure| shown(*figure))
        };
        say(format!("{what:<44}{:>12}{:>12}{goal:>18}", cell("sqlite"), cell("postgres")).trim_end());
    }
    memory(workspace)
}

/// Runs the measurements of one test program.
fn measure(workspace: &Workspace, program: &Path, test: &str) -> anyhow::Result<BTreeMap<String, Figures>> {
    let mut command = workspace.cargo(&["test", "-p", "portcullis-analyzer", "--test", test, "--"]);
    command
        .args(["--ignored", "--nocapture", "--test-threads", "1", "measure_"])
        .env("PORTCULLIS_MEASURED", program)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().context("cannot start cargo")?;
    let stderr = child.stderr.take().context("the child has no stderr")?;
    let mut figures = BTreeMap::<String, Figures>::new();
    for line in BufReader::new(stderr).lines() {
        let line = line.context("cannot read what is measured")?;
        match read(&line) {
            Some((engine, name, value)) => drop(figures.entry(engine).or_default().insert(name, value)),
            None => say(&line),
        }
    }
    let status = child.wait()?;
    if !status.success() || figures.is_empty() {
        bail!("the measurements of {test} ended with {status}");
    }
    Ok(figures)
}

/// The kind of store, the name and the number of a figure.
fn read(line: &str) -> Option<(String, String, f64)> {
    // The test runner leaves the name of the test at the beginning of its first line.
    let (_, figure) = line.split_once(FIGURE)?;
    let mut parts = figure.split('\t');
    Some((parts.next()?.to_owned(), parts.next()?.to_owned(), parts.next()?.parse().ok()?))
}

fn shown(figure: f64) -> String {
    if figure < 1_000.0 { format!("{figure:.1}") } else { format!("{figure:.0}") }
}

/// What a tracked client takes, as the test of the detectors counts it.
fn memory(workspace: &Workspace) -> anyhow::Result<()> {
    let test = ["test", "-q", "-p", "portcullis-detect", "--test", "memory", "--", "--nocapture"];
    let output: std::process::Output = Command::output(workspace.cargo(&test).stderr(Stdio::inherit()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let bytes = said.lines().find_map(bytes_a_client).filter(|_| output.status.success());
    let bytes = bytes.context("the memory of a client was not counted")?;
    let mebibytes = |bytes: f64| bytes / 1024.0 / 1024.0;
    say(&format!(
        "\n{:<44}{bytes:>12.0}{:>30}",
        "bytes of a tracked client",
        format!("{:.0} or less", MILLION_GOAL / 1e6)
    ));
    say(&format!(
        "{:<44}{:>12.0}{:>30}",
        "MiB of a million of them",
        mebibytes(bytes * 1e6),
        format!("{:.0} or less", mebibytes(MILLION_GOAL))
    ));
    Ok(())
}

/// The number of a line with something like `395 bytes a client`.
fn bytes_a_client(line: &str) -> Option<f64> {
    line.split_once(" bytes a client")?.0.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_wherever_they_begin() {
        let figure = |line: &str| read(line).map(|(engine, name, value)| (engine + " " + &name, value));
        let expected = Some(("sqlite look_up_ms".to_owned(), 0.8));
        assert_eq!(figure("figure\tsqlite\tlook_up_ms\t0.800"), expected);
        assert_eq!(figure("test measure::a ... figure\tsqlite\tlook_up_ms\t0.800"), expected);
        assert_eq!(figure("  sqlite  a bouncer asks"), None);
        assert_eq!(bytes_a_client("test a ... 395 bytes a client, of 536"), Some(395.0));
    }
}
