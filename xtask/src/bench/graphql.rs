//! What GraphQL documents cost to parse, measure and cost, and what the whole judgement of an envelope does.

use super::{Benches, callgrind};
use crate::run::{run as exec, say};
use crate::workspace::Workspace;
use anyhow::Context as _;
use std::process::Stdio;

/// The most instructions a byte of the densely printed corpus that parsing and measuring should take.
const MEASURE_GOAL: f64 = 15.0;
/// The same with shape and cost.
const COST_GOAL: f64 = 25.0;
/// The most instructions a byte that costing alone should take, by a schema.
const SCHEMA_GOAL: f64 = 10.0;
/// How many times the average of the dense corpus the worst shape should take a byte.
const WORST_GOAL: f64 = 2.0;
/// How many times what `serde_json` alone takes for an envelope its whole judgement should take.
const JUDGEMENT_GOAL: f64 = 2.5;

/// The kinds of work, each with what came before it: a column of the table, the bench that does it, the name it has there.
const WORKS: [(&str, &str, &str); 4] = [
    ("parse", "parse", "parse"),
    ("+measure", "parse", "measure"),
    ("+shape", "parse", "shape"),
    ("+cost", "judge", "cost"),
];
const MEASURE: usize = 1;
const COST: usize = 3;

/// Builds the benches and runs them.
pub(super) fn run(workspace: &Workspace, text: Option<&str>) -> anyhow::Result<()> {
    let benches = Benches::build(workspace, &["portcullis-graphql", "portcullis-gate"])?;
    let wanted = text.unwrap_or_default();
    if callgrind::is_present() {
        documents(&benches, wanted)?;
        if "saleor".contains(wanted) {
            by_schema(workspace, &benches)?;
        }
        if text.is_none() {
            judgement(&benches)?;
        }
    } else {
        say(super::NO_VALGRIND);
    }
    if text.is_none() {
        cpu_time(&benches)?;
    }
    Ok(())
}

/// The table of documents: one row a text, one column a kind of work.
fn documents(benches: &Benches, wanted: &str) -> anyhow::Result<()> {
    let listed =
        std::process::Command::new(benches.path("parse")?).output().context("cannot start the bench")?;
    let texts = String::from_utf8_lossy(&listed.stdout).into_owned();
    say("\nInstructions a byte of GraphQL, counted by callgrind; each column includes those before it.");
    say(
        "`source` is the corpus of real operations as written, `dense` the same without a byte to spare; the others are hostile.",
    );
    say("In brackets: the multiple of `dense` for the same work.\n");
    let header: String = WORKS.iter().map(|(column, ..)| format!("{column:>16}")).collect();
    say(&format!("{:<18}{header}", "text"));
    let mut average: Option<[f64; WORKS.len()]> = None;
    let mut worst: [(f64, String); WORKS.len()] = Default::default();
    for text in texts.lines() {
        let is_average = text == "dense";
        if !is_average && !text.contains(wanted) {
            continue;
        }
        let mut row = [0.0; WORKS.len()];
        for (cell, work) in row.iter_mut().zip(WORKS) {
            *cell = instructions_a_byte(benches, work, text)?;
        }
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let base = average.and_then(|average| average.get(column).copied());
            let ratio = base.map(|base| cell / base);
            if let (Some(ratio), Some(most)) = (ratio, worst.get_mut(column))
                && ratio > most.0
            {
                *most = (ratio, text.to_owned());
            }
            format!("{cell:>8.1} {:>7}", ratio.map(|ratio| format!("({ratio:.1}x)")).unwrap_or_default())
        });
        say(&format!("{text:<18}{}", cells.collect::<String>()));
        if is_average {
            average = Some(row);
        }
    }
    let figure = |column: usize| average.and_then(|row| row.get(column).copied()).unwrap_or(f64::NAN);
    say("");
    say(&format!(
        "dense, parse + measure          {:>6.1}   goal {MEASURE_GOAL:.0} or less",
        figure(MEASURE)
    ));
    say(&format!("dense, with shape and cost      {:>6.1}   goal {COST_GOAL:.0} or less", figure(COST)));
    for ((column, ..), (ratio, text)) in WORKS.iter().zip(&worst) {
        let line = format!("worst shape, {column:<18} {ratio:>6.1}x  goal {WORST_GOAL:.1}x or less");
        say(&format!("{line}   ({text})"));
    }
    Ok(())
}

/// The same operations costed without a schema and by theirs.
fn by_schema(workspace: &Workspace, benches: &Benches) -> anyhow::Result<()> {
    let schema = workspace.root.join("../shared/corpus/schemas/saleor.graphql");
    if !schema.exists() {
        say(&format!("\n{} is absent: nothing is costed by a schema.", schema.display()));
        return Ok(());
    }
    let folder = workspace.root.join("target/bench");
    std::fs::create_dir_all(&folder)?;
    let args = ["run", "--quiet", "-p", "portcullis-analyzer", "--bin", "portcullis", "--", "compile"];
    let mut compile = workspace.cargo(&args);
    compile.arg(&schema).arg("--output").arg(folder.join("saleor.table")).stdout(Stdio::null());
    exec(&mut compile)?;
    let of = |work: &str| callgrind::instructions_a(benches.path("judge")?, work, "saleor");
    let (shape, cost, schema) = (of("shape")?, of("cost")?, of("schema")?);
    say("\nThe operations of the corpus that are saleor's, densely printed, in instructions a byte:\n");
    say(&format!("parse, measure and shape        {shape:>6.1}"));
    say(&format!("  and cost without a schema     {cost:>6.1}   costing alone {:.1}", cost - shape));
    let alone = schema - shape;
    say(&format!(
        "  and cost by saleor's schema   {schema:>6.1}   costing alone {alone:.1}, goal {SCHEMA_GOAL:.0} or less"
    ));
    Ok(())
}

/// The whole judgement against `serde_json` alone, in instructions.
fn judgement(benches: &Benches) -> anyhow::Result<()> {
    say(
        "\nThe whole judgement of an envelope, from its bytes to the verdict, in instructions a byte of the envelope:\n",
    );
    for (text, what) in
        [("mean", "a client's operation of mean length"), ("clients", "all client operations")]
    {
        let judged = callgrind::instructions_a(benches.path("judge")?, "judge", text)?;
        let read = callgrind::instructions_a(benches.path("judge")?, "envelope", text)?;
        let ratio = judged / read;
        say(&format!(
            "{what:<38}{judged:>6.1}   serde_json alone {read:.1}   {ratio:.2}x, goal {JUDGEMENT_GOAL} x or less"
        ));
    }
    Ok(())
}

fn cpu_time(benches: &Benches) -> anyhow::Result<()> {
    say("\nCPU time in turns: median of the ratios of neighbouring turns (lower to upper quartile).");
    say("Others build a syntax tree and measure nothing; no goal.\n");
    exec(&mut std::process::Command::new(benches.path("rivals")?))?;
    say(&format!("\nThe whole judgement against serde_json alone; goal {JUDGEMENT_GOAL}x or less.\n"));
    exec(&mut std::process::Command::new(benches.path("judge")?))
}

/// Instructions a byte of a text.
fn instructions_a_byte(
    benches: &Benches,
    (_, bench, work): (&str, &str, &str),
    text: &str,
) -> anyhow::Result<f64> {
    callgrind::instructions_a(benches.path(bench)?, work, text)
}
