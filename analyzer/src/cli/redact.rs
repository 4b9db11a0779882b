//! What `redact` takes.

use clap::Args;
use std::path::PathBuf;

pub(super) const HELP: &str = "Examples:
  portcullis redact access.log > access.redacted.log
  journalctl -u checkout | portcullis redact
  portcullis redact --spans access.log            # a JSON object a line: line, text, spans
  portcullis redact --jsonl texts.jsonl           # {\"id\", \"text\"} a line in and out
  portcullis redact --jsonl --spans texts.jsonl   # the same with spans

A span has start and end, in bytes of the text that came, kind, and label, as corpora of marked personal data call it.
With --jsonl every line is a JSON object with a text; its id comes back, all else in it is left out.
Lines are read one by one. One of more than 16 MiB is replaced as a whole and told on standard error, and the exit code is 1;
so is, with --jsonl, one that is no object with a text. Private keys are recognised over many lines.
docs/redaction.md says what is recognised, what is not, and how well.";

/// What `redact` takes.
#[derive(Clone, Debug, Args)]
pub struct RedactArgs {
    /// The text; `-` is standard input
    #[arg(value_name = "FILE", default_value = "-", hide_default_value = true)]
    pub file: PathBuf,
    /// Print JSON objects that say what was found where
    #[arg(long)]
    pub spans: bool,
    /// Each line is a JSON object with a text
    #[arg(long)]
    pub jsonl: bool,
}
