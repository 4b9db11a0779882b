//! The command line: which commands there are and what they take. What they do is in their own modules.

mod decisions;
mod policy;
mod redact;

pub use decisions::{ActionArgs, ApiArgs, DecisionsArgs, DecisionsCommand, Format};
pub use policy::{CheckArgs, Checked, EnvoyArgs, Kind};
pub use redact::RedactArgs;

use crate::config::{LogFormat, LogLevel, Overrides};
use crate::documents::MadeDocument;
use crate::key::Role;
use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

const EXPLAIN_HELP: &str = "Examples:
  portcullis explain query.graphql --schema schema.graphql
  echo '{ users(first: 100000) { id } }' | portcullis explain -
  portcullis explain query.graphql --variables '{\"n\": 50}' --policy policy.yaml --json
  portcullis explain body.json                     # {\"query\", …} or a batch [{\"query\", …}, …]
  portcullis explain hash.json --document query.graphql
  portcullis explain --get '/graphql?query={me{id}}'
  portcullis explain query.graphql --exit-code     # for CI: 1 when refused
  portcullis explain --jsonl requests.jsonl > verdicts.jsonl
  portcullis explain --policy old.yaml --candidate new.yaml requests.jsonl              # what would change, at a glance
  portcullis explain --policy old.yaml --candidate new.yaml --jsonl requests.jsonl > both.jsonl

An input that begins with `[`, or with `{` and then `\"` or `}`, is the body of a POST; anything else is a document.
A body with a hash alone (a persisted query) is answered as by a gate that has not seen the document; with --document the
text is sent along. With --jsonl one memory serves all lines, so a hash after its registration is judged by it.
An operation without a name goes by the hash of its shape. Of throttles only the capacity is asked: what costs more than a full
bucket ever holds is refused; how fast buckets fill, how much is left in them and how many streams are open, nobody knows here.
The exit code is 0 whatever the verdict, unless --exit-code is given.

With --candidate each request is judged by both policies, each with a memory of its own; throttles are not compared. A file of several bodies, one a line, is
summed up: refusals added and removed, by operation and reason. With --jsonl each line has the verdict of the policy, with
difference (same, added, removed, changed) and candidate (the other verdict) in it, and the sum goes to standard error; with --json
the sum is an object. --exit-code then is about differences.

JSON has: ok; if refused code, status, reason, message, limit, actual, line, column; shadow {code, reason,
limit, actual} for what is let through because the policy says that it only counts; operation, kind, measures;
cost and typeCost (units, rounded up), costMilli (thousandths), costModel; unknownFields {count, first};
slicingViolations {count, first, arguments}; sensitive [{field, count, limit}]; persisted (hit, miss, registered); untrusted.
A batch has operations: each with these and the verdict on it alone, and with the cost of all together outside. Except
with --jsonl, there are introspectionDepth and tree {places [{path, field, times, costMilli, ownCostMilli, typeCostMilli,
ownTypeCostMilli, list {entries, source, argument, of}}], omitted, omittedCostMilli}: the 200 dearest places; and all
operations of a refused batch, not only the one that it is refused for.";

/// The analyzer of Portcullis and its tools.
#[derive(Debug, Parser)]
#[command(
    name = "portcullis",
    version,
    about = "The analyzer of Portcullis, the gate in front of GraphQL APIs, and its tools",
    after_help = "Examples:\n  portcullis serve\n  portcullis keys add --role edge --name envoy-1\n\n\
                  Exit codes: 0 done, 1 failed, 2 wrong usage or configuration."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the service: take reports from edges, keep them, answer questions
    #[command(after_help = "Examples:\n  \
        portcullis serve\n  \
        portcullis serve --listen 0.0.0.0:9470 --data-dir /var/lib/portcullis\n  \
        portcullis serve --config portcullis.yaml --log-format json\n\n\
        The first line on standard output says where it listens, once it does:\n  \
        portcullis: listening on http://127.0.0.1:9470\n\
        With a certificate in the configuration it says https. SIGTERM and SIGINT stop it after the requests in work;\n\
        SIGHUP has it read the configuration again, as POST /monitoring/reload/ does.")]
    Serve(ServeArgs),
    /// Make, list and revoke the keys of edges and readers
    #[command(after_help = "Examples:\n  \
        portcullis keys add --role edge --name envoy-1\n  \
        portcullis keys list\n  \
        portcullis keys revoke 3f9c0a52be17\n\n\
        A running service takes notice at once.")]
    Keys(KeysArgs),
    /// Block, throttle and allow clients at every edge, see whom, and take it back
    #[command(after_help = decisions::HELP)]
    Decisions(DecisionsArgs),
    /// Say what the gate would say of a request: verdict, how far off, where the cost goes
    #[command(after_help = EXPLAIN_HELP)]
    Explain(ExplainArgs),
    /// Compile a schema to the table by which the gate costs operations
    #[command(after_help = "Examples:\n  \
        portcullis compile schema.graphql\n  \
        portcullis compile schema.graphql extensions.graphql -o shop.table --verbose\n  \
        portcullis compile schema.graphql --base64 > schema.table.b64\n  \
        curl -s https://registry.example/schema.graphql | portcullis compile - --json\n\n\
        The schema may use @cost and @listSize, with or without defining them; docs/cost.md says what they do.\n\
        Where it tells no size, arguments such as first, last and limit of lists and connections are assumed to be sizes.\n\
        Mistakes are printed all at once, a line each with file, line and column; then there is no table and the exit code is 1.")]
    Compile(CompileArgs),
    /// Check a policy by the parser that the filter runs, attack scenarios, or the analyzer's configuration: all mistakes, each with its path and line
    #[command(after_help = policy::CHECK_HELP)]
    Check(CheckArgs),
    /// Render what puts the gate into an Envoy: of your own, of Istio, or of Envoy Gateway
    #[command(after_help = policy::ENVOY_HELP)]
    Envoy(Box<EnvoyArgs>),
    /// Print a text without the personal data and secrets in it
    #[command(after_help = redact::HELP)]
    Redact(RedactArgs),
    /// Print a document that is made from the catalogues
    #[command(hide = true, after_help = "Example:\n  portcullis document refusals > docs/refusals.md")]
    Document {
        /// Which one
        #[arg(value_enum)]
        which: MadeDocument,
    },
}

/// Where the configuration and the data are.
#[derive(Clone, Debug, Default, Args)]
pub struct PlaceArgs {
    /// Configuration file (YAML); without it the defaults hold
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of the store [default: .portcullis]
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
}

/// What `serve` takes.
#[derive(Clone, Debug, Default, Args)]
pub struct ServeArgs {
    /// Where the configuration and the data are.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// Where to serve HTTP; port 0 takes a free one [default: 127.0.0.1:9470]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// How a log line looks [default: text]
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub log_format: Option<LogFormat>,
    /// The least important level that is logged [default: info]
    #[arg(long, value_name = "LEVEL", value_enum)]
    pub log_level: Option<LogLevel>,
}

/// What `explain` takes.
#[derive(Clone, Debug, Args)]
pub struct ExplainArgs {
    /// A document, the body of a POST, or with --jsonl a body a line; `-` is standard input
    #[arg(value_name = "FILE", required_unless_present = "get")]
    pub file: Option<PathBuf>,
    /// Policy to judge by (YAML or JSON); without it the default policy
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Policy to compare with: tells of each request what both say, and at the end what changes by operation and reason
    #[arg(long, value_name = "FILE")]
    pub candidate: Option<PathBuf>,
    /// Schema to cost by, its text or its compiled table; takes the place of the policy's
    #[arg(long, value_name = "FILE")]
    pub schema: Option<PathBuf>,
    /// The class of clients whose limits hold; `anonymous` without it
    #[arg(long, value_name = "NAME")]
    pub class: Option<String>,
    /// The profile that holds; without it that of the route with --get, else none
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Which operation of the document to run
    #[arg(long, value_name = "NAME", conflicts_with_all = ["jsonl", "body"])]
    pub operation: Option<String>,
    /// Values of the variables, a JSON object
    #[arg(long, value_name = "JSON", conflicts_with_all = ["jsonl", "body"])]
    pub variables: Option<String>,
    /// The file is the body of a POST, whatever it looks like
    #[arg(long, conflicts_with = "jsonl")]
    pub body: bool,
    /// Judge a GET of this URL, or of this query string on the first route
    #[arg(long, value_name = "URL", conflicts_with_all = ["file", "jsonl", "body", "operation", "variables", "document"])]
    pub get: Option<String>,
    /// The document that a hash in the body stands for, sent along with it
    #[arg(long, value_name = "FILE", conflicts_with = "jsonl")]
    pub document: Option<PathBuf>,
    /// Print JSON instead of lines for people
    #[arg(long, conflicts_with = "jsonl")]
    pub json: bool,
    /// Judge one request a line, print one JSON object a line, without trees
    #[arg(long)]
    pub jsonl: bool,
    /// End with exit code 1 when anything is refused; with --candidate, when anything changes
    #[arg(long)]
    pub exit_code: bool,
}

/// What `compile` takes.
#[derive(Clone, Debug, Args)]
pub struct CompileArgs {
    /// The schema, in one or several files; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Where to put the table [default: the first file with the extension .table]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Print the table in base64, as a policy takes it inline; what else there is to say goes to standard error
    #[arg(long)]
    pub base64: bool,
    /// Assume no sizes: lists that the schema gives none have the configured one
    #[arg(long)]
    pub no_assume: bool,
    /// Show every assumption
    #[arg(long)]
    pub verbose: bool,
    /// Print JSON instead of lines for people
    #[arg(long)]
    pub json: bool,
}

/// What `keys` takes.
#[derive(Debug, Args)]
pub struct KeysArgs {
    /// What to do with keys.
    #[command(subcommand)]
    pub command: KeysCommand,
}

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a key and print it, once: it cannot be shown again
    #[command(after_help = "Examples:\n  \
        portcullis keys add --role edge --name envoy-1\n  \
        KEY=$(portcullis keys add --role viewer)\n\n\
        The key alone goes to standard output, everything else to standard error.")]
    Add {
        /// What it is good for
        #[arg(long, value_enum)]
        role: Role,
        /// What to call it in lists, at most 64 characters
        #[arg(long, default_value = "", hide_default_value = true, value_parser = name)]
        name: String,
        /// Where the configuration and the data are.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// List the keys: id, role, when made, whether revoked, name; never the keys themselves
    #[command(after_help = "Example:\n  portcullis keys list --data-dir /var/lib/portcullis")]
    List {
        /// Where the configuration and the data are.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Make a key worthless, at once and for good
    #[command(after_help = "Example:\n  portcullis keys revoke 3f9c0a52be17")]
    Revoke {
        /// The id, as `portcullis keys list` shows it and as the key contains it
        id: String,
        /// Where the configuration and the data are.
        #[command(flatten)]
        place: PlaceArgs,
    },
}

impl ServeArgs {
    /// What the flags say over the file.
    pub fn overrides(&self) -> Overrides {
        Overrides {
            data_dir: self.place.data_dir.clone(),
            listen: self.listen,
            log_format: self.log_format,
            log_level: self.log_level,
        }
    }
}

impl PlaceArgs {
    /// What the flags say over the file.
    pub fn overrides(&self) -> Overrides {
        Overrides { data_dir: self.data_dir.clone(), ..Overrides::default() }
    }
}

fn name(text: &str) -> Result<String, &'static str> {
    const CHARS: usize = 64;
    if text.chars().count() > CHARS {
        return Err("must have at most 64 characters");
    }
    if text.chars().any(char::is_control) {
        return Err("must not have control characters");
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_helps_with_an_example() {
        fn check(command: &clap::Command) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Example"), "{}", command.get_name());
            command.get_subcommands().filter(|sub| sub.get_name() != "help").for_each(check);
        }
        check(&Cli::command());
    }
}
