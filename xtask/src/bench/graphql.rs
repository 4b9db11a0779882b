//! What GraphQL documents cost to parse, measure and cost, and what the whole judgement of an envelope does.

use super::{Benches, callgrind, documents};
use crate::run::{run as exec, say};
use crate::workspace::Workspace;
use std::process::Stdio;

/// The most instructions a byte that costing alone should take, by a schema.
const SCHEMA_GOAL: f64 = 10.0;
/// How many times what `serde_json` alone takes for an envelope its whole judgement should take.
const JUDGEMENT_GOAL: f64 = 2.5;

/// Builds the benches and runs them.
pub(super) fn run(workspace: &Workspace, text: Option<&str>) -> anyhow::Result<()> {
    let benches = Benches::build(workspace, &["portcullis-graphql", "portcullis-gate"])?;
    let wanted = text.unwrap_or_default();
    if callgrind::is_present() {
        documents::tables(&benches, wanted)?;
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
