//! What `portcullis decisions` takes.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

pub(super) const HELP: &str = "Examples:
  portcullis decisions add 192.0.2.7 --for 4h --reason 'login storm'
  portcullis decisions add 2001:db8::/64 --for 1d --throttle 250
  portcullis decisions add 10.0.0.0/8 --for 30d --allow --reason office
  portcullis decisions list --target 192.0.2.7
  portcullis decisions remove 192.0.2.7
  portcullis decisions import blocklist.txt --for 1d --origin import:feed

The service is asked at --url with a key of the role operator; listing takes any key that reads. The key is taken from
the environment variable PORTCULLIS_KEY, so that it is in no list of processes; PORTCULLIS_URL may name the service.";

/// What `decisions` takes.
#[derive(Debug, Args)]
pub struct DecisionsArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: DecisionsCommand,
}

/// Which service is asked, with which key.
#[derive(Clone, Debug, Default, Args)]
pub struct ApiArgs {
    /// Where the service is [default: http://127.0.0.1:9470, or PORTCULLIS_URL]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// File with the key in it [default: the key in PORTCULLIS_KEY]
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// PEM file with the issuers of the service's certificate [default: those the system trusts, or PORTCULLIS_CA]
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
}

/// What is to happen; without any of these the client is blocked.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct ActionArgs {
    /// Leave the client so many thousandths of what the policy gives, from 1 to 999
    #[arg(long, value_name = "THOUSANDTHS", conflicts_with = "allow", value_parser = clap::value_parser!(u16).range(1..=999))]
    pub throttle: Option<u16>,
    /// Let no other decision touch the client
    #[arg(long)]
    pub allow: bool,
    /// Take ranges wider than /8, of IPv6 wider than /19, which are millions of clients
    #[arg(long, conflicts_with = "allow")]
    pub wide: bool,
}

/// What can be done with decisions.
#[derive(Debug, Subcommand)]
pub enum DecisionsCommand {
    /// Decide about clients; another decision about the same client takes the place of the one before
    #[command(after_help = "Examples:\n  \
        portcullis decisions add 192.0.2.7 192.0.2.9 --for 4h --reason 'login storm'\n  \
        portcullis decisions add 0123456789abcdef0123456789abcdef --for 1h --throttle 100")]
    Add {
        /// Addresses, ranges, or client keys as incidents have them
        #[arg(required = true)]
        targets: Vec<String>,
        /// For how long: a number and one of s, m, h, d
        #[arg(long = "for", value_name = "DURATION", default_value = "4h")]
        duration: String,
        /// Why, at most 96 bytes
        #[arg(long)]
        reason: Option<String>,
        /// What is to happen.
        #[command(flatten)]
        action: ActionArgs,
        /// Which service is asked.
        #[command(flatten)]
        api: ApiArgs,
    },
    /// List what holds, the newest first
    #[command(after_help = "Examples:\n  \
        portcullis decisions list\n  \
        portcullis decisions list --target 10.1.2.3      # also the ranges around it\n  \
        portcullis decisions list --origin import:feed --json")]
    List {
        /// Those that touch this address, or are about this range or client key
        #[arg(long)]
        target: Option<String>,
        /// Those of this origin
        #[arg(long)]
        origin: Option<String>,
        /// So many at most
        #[arg(long, default_value_t = 1_000)]
        most: usize,
        /// Print JSON, one decision a line
        #[arg(long)]
        json: bool,
        /// Which service is asked.
        #[command(flatten)]
        api: ApiArgs,
    },
    /// Take back what was decided about clients, or everything of an origin
    #[command(after_help = "Examples:\n  \
        portcullis decisions remove 192.0.2.7\n  \
        portcullis decisions remove --origin import:feed")]
    Remove {
        /// Addresses, ranges or client keys
        #[arg(required_unless_present = "origin", conflicts_with = "origin")]
        targets: Vec<String>,
        /// Everything of this origin
        #[arg(long)]
        origin: Option<String>,
        /// Which service is asked.
        #[command(flatten)]
        api: ApiArgs,
    },
    /// Decide about all clients of a file
    #[command(after_help = "Examples:\n  \
        portcullis decisions import blocklist.txt --for 1d --origin import:feed\n  \
        curl -s https://feeds.example/list.txt | portcullis decisions import - --for 12h\n  \
        portcullis decisions import list.csv --format csv\n\n\
        A list has an address or a range a line; blank lines and what follows # or ; are passed over. CSV begins with a line of\n\
        names: target, and where wanted duration, reason, action (block, allow, or throttle:250). Wrong lines are all told, and then\n\
        nothing is imported; with --skip-wrong the others are.")]
    Import {
        /// The file; `-` is standard input
        file: PathBuf,
        /// How it is written
        #[arg(long, value_enum, default_value_t = Format::Lines)]
        format: Format,
        /// For how long, where the file does not say
        #[arg(long = "for", value_name = "DURATION", default_value = "24h")]
        duration: String,
        /// Why, where the file does not say
        #[arg(long)]
        reason: Option<String>,
        /// By which the decisions can be listed and removed together
        #[arg(long, default_value = "import")]
        origin: String,
        /// Import what is right, and only tell what is not
        #[arg(long)]
        skip_wrong: bool,
        /// What is to happen, where the file does not say.
        #[command(flatten)]
        action: ActionArgs,
        /// Which service is asked.
        #[command(flatten)]
        api: ApiArgs,
    },
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// An address or a range a line.
    Lines,
    /// Comma-separated values under a line of names.
    Csv,
}
