//! `portcullis compile`: a schema in, a cost table out.

use super::CommandError;
use crate::cli::CompileArgs;
use crate::compile::{Assumptions, Compiled, Detail, Source, compile};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Most bytes of a schema that are read, all files together.
const SCHEMA_BYTES: u64 = 256 * 1024 * 1024;

pub(super) fn run(arguments: &CompileArgs) -> Result<(), CommandError> {
    let sources: Result<Vec<_>, _> = arguments.files.iter().map(|file| source(file)).collect();
    let assumptions = if arguments.no_assume { Assumptions::None } else { Assumptions::Conventions };
    let compiled = compile(&sources?, assumptions)?;
    let output = output(arguments);
    if let Some(file) = &output {
        let unwritable = |source| CommandError::Unwritable { path: file.clone(), source };
        std::fs::write(file, &compiled.table).map_err(unwritable)?;
    }
    print(arguments, &compiled, output.as_deref())
}

fn source(file: &Path) -> Result<Source, CommandError> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        io::stdin().take(SCHEMA_BYTES).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|opened| opened.take(SCHEMA_BYTES).read_to_string(&mut text))
    };
    match read {
        Ok(_) => Ok(Source { name: file.display().to_string(), text }),
        Err(error) => Err(CommandError::Input { path: file.to_owned(), source: error }),
    }
}

/// Where the table goes: what was said, else beside the first file. Base64 goes to standard output, unless a file is named.
fn output(arguments: &CompileArgs) -> Option<PathBuf> {
    let first = arguments.files.first().map(PathBuf::as_path);
    match (&arguments.output, first) {
        (Some(named), _) => Some(named.clone()),
        (None, _) if arguments.base64 => None,
        (None, Some(first)) if first != Path::new("-") => Some(first.with_extension("table")),
        (None, _) => Some(PathBuf::from("schema.table")),
    }
}

/// The table in base64 alone goes to standard output, and what there is to say to standard error.
fn print(arguments: &CompileArgs, compiled: &Compiled, output: Option<&Path>) -> Result<(), CommandError> {
    let name = output.map_or_else(|| "base64".to_owned(), |file| file.display().to_string());
    let detail = if arguments.verbose { Detail::All } else { Detail::Sample };
    let said =
        if arguments.json { format!("{:#}\n", compiled.json(&name)) } else { compiled.text(&name, detail) };
    if arguments.base64 {
        io::stderr().write_all(said.as_bytes()).map_err(CommandError::Output)?;
        return writeln!(io::stdout(), "{}", compiled.base64()).map_err(CommandError::Output);
    }
    io::stdout().write_all(said.as_bytes()).map_err(CommandError::Output)
}
