//! `fuzz`: looks for inputs that break a property of `portcullis-fuzz`, with libFuzzer or without.

use crate::run::{run as exec, say};
use crate::tools::cargo_fuzz;
use crate::workspace::Workspace;
use anyhow::{Context as _, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How the names of seeds begin.
const SEED: &str = "seed_";

/// Files that are kept of one target's corpus.
const KEPT: usize = 32;

/// What to fuzz, and for how long.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The targets, of envelope, document, variables, multipart, get, exchange, inflate, response, table, frames, socket; all by default.
    targets: Vec<String>,
    /// Seconds for each target.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Without libFuzzer: change inputs at random, in any toolchain.
    #[arg(long)]
    plain: bool,
    /// Start the random changes here; the same number makes the same changes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Then replace `fuzz/corpus` by the fewest inputs that reach as much.
    #[arg(long, conflicts_with = "plain")]
    keep: bool,
}

/// Runs each target in turn, all of them even when one breaks.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<()> {
    let targets = chosen(workspace, args)?;
    say("building the checks …");
    exec(&mut workspace.cargo(&["build", "--release", "--package", "portcullis-fuzz"]))?;
    let fuzzer = Fuzzer::new(workspace, args)?;
    let mut broken = Vec::new();
    for target in &targets {
        say(&format!("\n==> {target}, {} s", args.seconds));
        let outcome = if args.plain { fuzzer.plain(target) } else { fuzzer.libfuzzer(target) };
        if let Err(error) = outcome {
            say(&format!("<== {target}: {error:#}"));
            fuzzer.tell_findings(target)?;
            broken.push(target.as_str());
        } else if args.keep {
            fuzzer.keep(target)?;
        }
    }
    if !broken.is_empty() {
        bail!("broken: {}", broken.join(", "));
    }
    say("\nevery property held");
    Ok(())
}

/// The targets that were asked for, all where none was; each is a file of `fuzz/libfuzzer/targets`.
fn chosen(workspace: &Workspace, args: &Args) -> anyhow::Result<Vec<String>> {
    let mut known = Vec::new();
    for entry in fs::read_dir(workspace.root.join("fuzz/libfuzzer/targets"))? {
        known.extend(entry?.path().file_stem().and_then(|name| name.to_str()).map(str::to_owned));
    }
    known.sort();
    if let Some(other) = args.targets.iter().find(|target| !known.contains(target)) {
        bail!("there is no target {other}; there are {}", known.join(", "));
    }
    Ok(if args.targets.is_empty() { known } else { args.targets.clone() })
}

struct Fuzzer<'w> {
    workspace: &'w Workspace,
    args: &'w Args,
    /// Nothing where libFuzzer is not wanted.
    cargo_fuzz: Option<PathBuf>,
    checks: PathBuf,
}

impl<'w> Fuzzer<'w> {
    fn new(workspace: &'w Workspace, args: &'w Args) -> anyhow::Result<Self> {
        let cargo_fuzz = if args.plain { None } else { Some(cargo_fuzz::ensure(workspace)?) };
        let checks = workspace.target.join("release/portcullis-fuzz");
        let fuzzer = Self { workspace, args, cargo_fuzz, checks };
        if !args.plain {
            say("building with libFuzzer (several minutes the first time) …");
            exec(&mut fuzzer.cargo_fuzz("build")?)
                .context("libFuzzer needs a C++ compiler; `cargo xtask fuzz --plain` fuzzes without")?;
        }
        Ok(fuzzer)
    }

    /// Inputs that this machine has found so far, beside what is kept in the tree.
    fn found(&self, target: &str) -> PathBuf {
        self.folder("corpus", target)
    }

    fn findings(&self, target: &str) -> PathBuf {
        self.folder("findings", target)
    }

    fn folder(&self, kind: &str, target: &str) -> PathBuf {
        self.workspace.target.join("fuzz").join(kind).join(target)
    }

    fn kept(&self, kind: &str, target: &str) -> PathBuf {
        self.workspace.root.join("fuzz").join(kind).join(target)
    }

    fn plain(&self, target: &str) -> anyhow::Result<()> {
        let mut command = Command::new(&self.checks);
        command.args(["plain", target, "--seconds", &self.args.seconds.to_string()]);
        command.args(["--seed", &self.args.seed.to_string(), "--artifacts"]).arg(self.findings(target));
        exec(&mut command)
    }

    fn libfuzzer(&self, target: &str) -> anyhow::Result<()> {
        let (found, findings) = (self.found(target), self.findings(target));
        fs::create_dir_all(&found)?;
        fs::create_dir_all(&findings)?;
        let mut command = self.libfuzzer_on(target, &found)?;
        command.arg("--").arg(format!("-max_total_time={}", self.args.seconds));
        command.arg(format!("-seed={}", self.args.seed)).arg("-max_len=4096");
        command.args(["-timeout=5", "-rss_limit_mb=2048", "-print_final_stats=1", "-verbosity=1"]);
        command.arg(format!("-artifact_prefix={}/", findings.display()));
        exec(&mut command)
    }

    /// The target on a folder that takes what is found, with everything that is known besides.
    fn libfuzzer_on(&self, target: &str, into: &Path) -> anyhow::Result<Command> {
        let seeds = self.folder("seeds", target);
        exec(Command::new(&self.checks).args(["seed", target]).arg(&seeds))?;
        let mut command = self.cargo_fuzz("run")?;
        command.arg(target).arg(into).arg(seeds);
        for folder in ["corpus", "regressions"] {
            let kept = self.kept(folder, target);
            if kept.is_dir() {
                command.arg(kept);
            }
        }
        Ok(command)
    }

    /// The sanitizers look for what safe Rust has not; without them ten times as much is tried in the same time.
    fn cargo_fuzz(&self, verb: &str) -> anyhow::Result<Command> {
        let program = self.cargo_fuzz.as_ref().context("there is no cargo-fuzz")?;
        let mut command = Command::new(program);
        let folder = self.workspace.root.join("fuzz/libfuzzer");
        // The toolchain is a stable one; libFuzzer's instrumentation is not.
        command.current_dir(&folder).env("RUSTC_BOOTSTRAP", "1").args(["fuzz", verb, "--sanitizer", "none"]);
        command
            .arg("--fuzz-dir")
            .arg(folder)
            .arg("--target-dir")
            .arg(self.workspace.target.join("fuzz/build"));
        Ok(command)
    }

    /// Keeps the fewest inputs that reach what the seeds do not, as far as all together do; where those are too many, the ones that libFuzzer writes first,
    /// which reach most.
    fn keep(&self, target: &str) -> anyhow::Result<()> {
        let fresh = self.folder("kept", target);
        if fresh.exists() {
            fs::remove_dir_all(&fresh)?;
        }
        exec(Command::new(&self.checks).args(["seed", target]).arg(&fresh))?;
        let mut command = self.libfuzzer_on(target, &fresh)?;
        command.arg(self.found(target));
        exec(command.args(["--", "-set_cover_merge=1", "-use_counters=0", "-max_len=4096", "-verbosity=0"]))?;
        let mut files = Vec::new();
        for entry in fs::read_dir(&fresh)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(SEED) {
                continue;
            }
            let found = entry.metadata()?;
            files.push((found.modified()?, found.len(), entry.path()));
        }
        files.sort();
        let reaching = files.len();
        files.truncate(KEPT);
        let kept = self.kept("corpus", target);
        if kept.exists() {
            fs::remove_dir_all(&kept)?;
        }
        fs::create_dir_all(&kept)?;
        for (.., path) in &files {
            let name = path.file_name().context("a file without a name")?;
            fs::copy(path, kept.join(name))?;
        }
        say(&format!("{target}: kept {} of {reaching} inputs in {}", files.len(), kept.display()));
        Ok(())
    }

    /// Where the inputs are that broke something, and what to do with them.
    fn tell_findings(&self, target: &str) -> anyhow::Result<()> {
        let folder = self.findings(target);
        if !folder.is_dir() {
            return Ok(());
        }
        for entry in fs::read_dir(&folder)? {
            say(&format!("    {}", entry?.path().display()));
        }
        let regressions = self.kept("regressions", target);
        say(&format!("    once more:  {} replay {target} FILE", self.checks.display()));
        say(&format!("    when fixed: mv FILE {}/a_name_that_says_what", regressions.display()));
        Ok(())
    }
}
