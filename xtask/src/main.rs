//! Every developer command: `cargo xtask <verb>`, one short file a verb.

mod bench;
mod demo;
mod docs;
mod e2e;
mod fuzz;
mod lint;
mod run;
mod test;
mod tools;
mod wasm;
mod wasm_test;
mod workspace;

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use workspace::Workspace;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "The developer commands of Portcullis.",
    after_help = "Examples:\n  cargo xtask test          everything that CI runs\n  cargo xtask demo          see it work, until Ctrl-C\n  cargo xtask help demo     what one command does"
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Run everything, in the order in which mistakes are found soonest: lint, native, wasm, end to end.
    #[command(
        after_help = "Examples:\n  cargo xtask test\n  CI=true cargo xtask test   a tool that cannot be had fails the run"
    )]
    Test,
    /// Check formatting and lints, natively and for the filter's target.
    #[command(after_help = "Example:\n  cargo xtask lint")]
    Lint,
    /// Build the filter to target/wasm/portcullis_filter.wasm.
    #[command(
        after_help = "Examples:\n  cargo xtask wasm\n  cargo xtask wasm --fault   also the build that can be told to trap"
    )]
    Wasm(wasm::Args),
    /// Run the tests of the pure crates inside wasm.
    #[command(after_help = "Example:\n  cargo xtask wasm-test")]
    WasmTest,
    /// Run the end-to-end tests against the real Envoy.
    #[command(
        after_help = "Examples:\n  cargo xtask e2e\n  cargo xtask e2e trailers   only the tests with `trailers` in their name"
    )]
    E2e(e2e::Args),
    /// Start Envoy, the analyzer and an upstream, and play clients and attackers against them.
    #[command(
        after_help = "Examples:\n  cargo xtask demo\n  cargo xtask demo --once          20 seconds, then a summary and an exit code\n  cargo xtask demo --port 8080 --admin-port 9901 --analyzer-port 9902"
    )]
    Demo(demo::Args),
    /// Measure the hot paths and print tables with the goals beside the figures; asserts nothing.
    #[command(
        after_help = "Examples:\n  cargo xtask bench graphql                  about five minutes; counts instructions where valgrind is installed\n  cargo xtask bench graphql --text aliases   only the hostile texts with `aliases` in their name, and the average\n  cargo xtask bench throttle                 half a minute: what a decision of the throttles takes\n  cargo xtask bench analyzer                 a few minutes: how far the analyzer goes on SQLite and on PostgreSQL\n  cargo xtask bench sockets                  what an honest socket waits for, without and beside floods"
    )]
    Bench(bench::Args),
    /// Look for inputs that break a property: libFuzzer on each target in turn; findings go to target/fuzz/findings.
    #[command(
        after_help = "Examples:\n  cargo xtask fuzz                               every target for 30 s\n  cargo xtask fuzz document get --seconds 600\n  cargo xtask fuzz --seconds 600 --keep         then keep in fuzz/corpus what reaches new code\n  cargo xtask fuzz --plain --seed 7             without libFuzzer\n\nThe properties are in fuzz/src; `cargo test -p portcullis-fuzz` replays everything that is kept."
    )]
    Fuzz(fuzz::Args),
    /// Write what is made: of the catalogues, the policy file and the corpus of abuse, and the demo's Envoy configurations.
    #[command(
        after_help = "Example:\n  cargo xtask docs   after a change in crates/report, crates/policy, analyzer/src/render or tests/corpus; a test fails until it is done"
    )]
    Docs,
    /// Fetch or build what the other commands need, into target/tools.
    #[command(
        after_help = "Examples:\n  cargo xtask tools\n  PORTCULLIS_ENVOY=/usr/bin/envoy cargo xtask e2e   use an Envoy of your own"
    )]
    Tools,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(cli.verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(verb: Verb) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    match verb {
        Verb::Test => test::run(&workspace),
        Verb::Lint => lint::run(&workspace),
        Verb::Wasm(args) => wasm::run(&workspace, &args),
        Verb::WasmTest => wasm_test::run(&workspace, &mut run::Tally::default()),
        Verb::E2e(args) => e2e::run(&workspace, &args, &mut run::Tally::default()),
        Verb::Demo(args) => demo::run(&workspace, &args),
        Verb::Bench(args) => bench::run(&workspace, &args),
        Verb::Fuzz(args) => fuzz::run(&workspace, &args),
        Verb::Docs => docs::run(&workspace),
        Verb::Tools => tools::run(&workspace),
    }
}
