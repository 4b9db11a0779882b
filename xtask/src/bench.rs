//! `bench`: what the hot paths cost, as tables for a person. Nothing is asserted: the goals stand beside the figures.

mod callgrind;
mod documents;

use crate::run::{run as exec, say};
use crate::workspace::Workspace;
use anyhow::Context as _;
use callgrind::Bench;
use serde_json::Value;
use std::path::PathBuf;
use std::process::Stdio;

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to measure.
    #[arg(value_enum)]
    what: What,
    /// Only texts with this in their name, and without the comparisons of CPU time.
    #[arg(long)]
    text: Option<String>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum What {
    /// Parsing, measuring, shape and cost of GraphQL documents; the whole judgement of an envelope.
    Graphql,
}

/// The most instructions a byte that costing alone should take, by a schema.
const SCHEMA_GOAL: f64 = 10.0;
/// How many times what `serde_json` alone takes for an envelope its whole judgement should take.
const JUDGEMENT_GOAL: f64 = 2.5;

/// Builds the benches and runs what was asked for.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<()> {
    let What::Graphql = args.what;
    say("building the benches …");
    let benches = Benches::build(workspace)?;
    let wanted = args.text.as_deref().unwrap_or_default();
    if callgrind::is_present() {
        documents::tables(&benches, wanted)?;
        if "saleor".contains(wanted) {
            by_schema(workspace, &benches)?;
        }
        if args.text.is_none() {
            judgement(&benches)?;
        }
    } else {
        say("valgrind is not installed: no instructions are counted, only CPU time is compared.");
    }
    if args.text.is_none() {
        cpu_time(&benches)?;
    }
    Ok(())
}

/// Where cargo put the benches.
struct Benches {
    parse: PathBuf,
    rivals: PathBuf,
    judge: PathBuf,
}

impl Benches {
    fn build(workspace: &Workspace) -> anyhow::Result<Self> {
        let args = ["bench", "-p", "portcullis-graphql", "-p", "portcullis-gate", "--benches", "--no-run"];
        let mut command = workspace.cargo(&args);
        let output = command.arg("--message-format=json").stderr(Stdio::inherit()).output()?;
        anyhow::ensure!(output.status.success(), "the benches do not build ({})", output.status);
        let messages = String::from_utf8_lossy(&output.stdout).into_owned();
        let messages: Vec<Value> =
            messages.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let executable = |name: &str| {
            let of_target = |message: &&Value| {
                let target = message.get("target");
                let field = |key: &str| target.and_then(|target| target.get(key));
                let is_built = message.get("executable").is_some();
                let is_bench = field("kind").and_then(|kinds| kinds.get(0)) == Some(&Value::from("bench"));
                is_built && is_bench && field("name").and_then(Value::as_str) == Some(name)
            };
            let found = messages.iter().find(of_target).and_then(|message| message.get("executable"));
            found
                .and_then(Value::as_str)
                .map(PathBuf::from)
                .with_context(|| format!("no bench {name} was built"))
        };
        Ok(Self { parse: executable("parse")?, rivals: executable("rivals")?, judge: executable("judge")? })
    }

    fn path(&self, bench: Bench) -> &PathBuf {
        match bench {
            Bench::Parse => &self.parse,
            Bench::Judge => &self.judge,
        }
    }

    fn instructions_a_byte(&self, bench: Bench, work: &str, text: &str) -> anyhow::Result<f64> {
        callgrind::instructions_a_byte(self.path(bench), work, text)
    }
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
    let of = |work: &str| callgrind::instructions_a_byte(&benches.judge, work, "saleor");
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
        let judged = callgrind::instructions_a_byte(&benches.judge, "judge", text)?;
        let read = callgrind::instructions_a_byte(&benches.judge, "envelope", text)?;
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
    exec(&mut std::process::Command::new(&benches.rivals))?;
    say(&format!("\nThe whole judgement against serde_json alone; goal {JUDGEMENT_GOAL}x or less.\n"));
    exec(&mut std::process::Command::new(&benches.judge))
}
