//! `portcullis check`: says of a policy what the filter would say of it.

use super::CommandError;
use super::explain::input::read_text;
use super::{policy, schema};
use crate::cli::CheckArgs;
use portcullis_policy::{Policy, Token};
use std::io::{self, Write as _};

pub(super) fn run(arguments: &CheckArgs) -> Result<(), CommandError> {
    let text = read_text(&arguments.file)?;
    let compiled = arguments.schema.as_deref().map(schema::read).transpose()?;
    let table = compiled.as_ref().map(|compiled| &compiled.table);
    let policy = policy::parse(&text, Some(&arguments.file), table).map_err(CommandError::Mistaken)?;
    if !arguments.explain {
        let routes = policy.routes.iter().map(|route| route.as_str()).collect::<Vec<_>>().join(", ");
        return print(&format!("{}: sound; judges {routes}\n", arguments.file.display()));
    }
    if policy.analyzer.is_some_and(|analyzer| matches!(analyzer.token, Token::Inline(_))) {
        eprintln!(
            "portcullis: what follows has the edge's token in it; `analyzer.token_env` keeps it out of files"
        );
    }
    let file = Policy::written_out(&text).map_err(|mistakes| CommandError::Mistaken(mistakes.to_string()))?;
    print(&serde_saphyr::to_string(&file)?)
}

fn print(text: &str) -> Result<(), CommandError> {
    io::stdout().write_all(text.as_bytes()).map_err(CommandError::Output)
}
