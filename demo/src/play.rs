//! One performance: stage, players, a table that is redrawn, and in the end a judgement.

mod check;
mod latency;
mod players;
mod score;
mod table;

use anyhow::Context as _;
use latency::Latency;
use portcullis_demo::stack::{Decisions, Plan, Ports, Programs, Stack, Token, behind_proxy};
use portcullis_demo::tether::Tether;
use score::Score;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use table::{Screen, View};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

/// The hidden verb under which this program ties children to itself.
pub(crate) const TETHER: &str = "tether";

const ONCE: Duration = Duration::from_secs(20);
const REFRESH: Duration = Duration::from_secs(1);
const WORKERS: u32 = 2;

/// With what, where, and how long.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The Envoy binary.
    #[arg(long)]
    envoy: PathBuf,
    /// The filter.
    #[arg(long)]
    wasm: PathBuf,
    /// The `portcullis` binary.
    #[arg(long)]
    portcullis: PathBuf,
    /// The Envoy configuration with its placeholders.
    #[arg(long)]
    config: PathBuf,
    /// Play 20 seconds, then judge.
    #[arg(long)]
    once: bool,
    /// Port of the gate; 0 means any.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Port of Envoy's admin page; 0 means any.
    #[arg(long, default_value_t = 0)]
    admin_port: u16,
    /// Port of the analyzer; 0 means any.
    #[arg(long, default_value_t = 0)]
    analyzer_port: u16,
}

/// Plays, and returns what went wrong.
pub(crate) async fn run(args: &Args) -> anyhow::Result<Vec<String>> {
    let folder = tempfile::Builder::new().prefix("portcullis-demo-").tempdir()?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    table::say("starting the upstream, the analyzer and Envoy …");
    let plan = plan(args, folder.path().to_owned())?;
    let mut stack = tokio::select! {
        stack = Stack::start(&plan) => stack?,
        _ = interrupt.recv() => return Ok(Vec::new()),
        _ = terminate.recv() => return Ok(Vec::new()),
    };
    table::say(&table::places(&stack)?);
    let score = Arc::new(Score::default());
    let latency = Latency::start(stack.envoy.gated()?, stack.envoy.plain()?, Arc::clone(&score))?;
    let players = players::start(&stack, &score)?;
    let end = args.once.then(|| Instant::now() + ONCE);
    let mut screen = Screen::default();
    let interrupted = loop {
        let next = Instant::now() + REFRESH;
        let next = end.map_or(next, |end| end.min(next));
        tokio::select! {
            () = tokio::time::sleep_until(next) => {}
            _ = interrupt.recv() => break true,
            _ = terminate.recv() => break true,
        }
        stack.envoy.check_alive()?;
        screen.show(&View::take(&stack, &score).await?);
        if end.is_some_and(|end| Instant::now() >= end) {
            break false;
        }
    };
    players.stop().await;
    latency.stop();
    // Whoever presses Ctrl-C does not want to wait for the last report.
    let problems = if interrupted { check::noticed(&score) } else { check::judge(&stack, &score).await? };
    screen.show(&View::take(&stack, &score).await?);
    table::say(&check::summary(&score, &problems));
    Ok(problems)
}

fn plan(args: &Args, folder: PathBuf) -> anyhow::Result<Plan> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let config = std::fs::read_to_string(&args.config)
        .with_context(|| format!("cannot read {}: run it by `cargo xtask demo`", args.config.display()))?;
    let behind = folder.join("template.yaml");
    // Players have addresses of their own, by the word of a proxy that is believed.
    std::fs::write(&behind, behind_proxy(&config)?)
        .with_context(|| format!("cannot write {}", behind.display()))?;
    Ok(Plan {
        programs: Programs {
            envoy: args.envoy.clone(),
            wasm: args.wasm.clone(),
            portcullis: args.portcullis.clone(),
            tether: Tether { program, arguments: vec![TETHER.into()] },
        },
        config: behind,
        policy: String::new(),
        settings: String::new(),
        concurrency: WORKERS,
        ports: Ports { gate: args.port, admin: args.admin_port, analyzer: args.analyzer_port },
        token: Token::Inline,
        decisions: Decisions::Obeyed,
        folder,
    })
}
