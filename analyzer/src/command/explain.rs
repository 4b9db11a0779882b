//! `portcullis explain`: reads documents, prints what the gate would say of them.

use super::CommandError;
use crate::cli::ExplainArgs;
use crate::explain::{Explainer, Explanation};
use portcullis_framing::{BatchLength, Envelope, Nesting, Request};
use portcullis_policy::Policy;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

/// Most bytes of a document that are read at all; far above any limit on documents, so that the limit speaks.
const DOCUMENT_BYTES: u64 = 64 * 1024 * 1024;

pub(super) fn run(arguments: &ExplainArgs) -> Result<(), CommandError> {
    let mut explainer = Explainer::new(policy(arguments.policy.as_deref())?);
    let input = open(&arguments.file)?;
    let mut output = BufWriter::new(io::stdout().lock());
    let written = if arguments.jsonl {
        lines(&mut explainer, input, &mut output, &arguments.file)
    } else {
        document(&mut explainer, input, &mut output, arguments)
    };
    match written.and_then(|()| output.flush().map_err(CommandError::Output)) {
        // Whoever reads has read enough.
        Err(CommandError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

fn policy(file: Option<&Path>) -> Result<Policy, CommandError> {
    let Some(file) = file else {
        return Policy::parse("").map_err(|mistakes| CommandError::Policy(mistakes.to_string()));
    };
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(file, error))?;
    let told = |mistake: &portcullis_policy::Mistake| format!("{}: {mistake}", file.display());
    Policy::parse(&text)
        .map_err(|mistakes| CommandError::Policy(mistakes.iter().map(told).collect::<Vec<_>>().join("\n")))
}

fn open(file: &Path) -> Result<Box<dyn Read>, CommandError> {
    if file == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let opened = File::open(file).map_err(|error| unreadable(file, error))?;
    Ok(Box::new(opened))
}

fn unreadable(path: &Path, source: io::Error) -> CommandError {
    CommandError::Input { path: path.to_owned(), source }
}

/// One request a line in, one JSON object a line out, in the same order; an empty line is a request that is not JSON.
fn lines(
    explainer: &mut Explainer,
    input: impl Read,
    output: &mut impl Write,
    file: &Path,
) -> Result<(), CommandError> {
    let mut input = BufReader::new(input);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = input.by_ref().take(DOCUMENT_BYTES).read_until(b'\n', &mut line);
        if read.map_err(|error| unreadable(file, error))? == 0 {
            return Ok(());
        }
        writeln!(output, "{}", explainer.body(line.trim_ascii()).json()).map_err(CommandError::Output)?;
    }
}

fn document(
    explainer: &mut Explainer,
    input: impl Read,
    output: &mut impl Write,
    arguments: &ExplainArgs,
) -> Result<(), CommandError> {
    let mut text = String::new();
    input
        .take(DOCUMENT_BYTES)
        .read_to_string(&mut text)
        .map_err(|error| unreadable(&arguments.file, error))?;
    let variables = arguments.variables.as_deref().unwrap_or("{}");
    serde_json::from_str::<serde::de::IgnoredAny>(variables)
        .map_err(|error| CommandError::Variables(error.to_string()))?;
    let envelope = format!("{{\"variables\":{variables}}}");
    let request = match portcullis_framing::read(envelope.as_bytes(), Nesting(100), BatchLength(0)) {
        Ok(Envelope::Single(request)) => request,
        Ok(Envelope::Batch(_)) => return Err(CommandError::Variables("must be a JSON object".to_owned())),
        Err(error) => return Err(CommandError::Variables(error.to_string())),
    };
    let operation_name = arguments.operation.as_deref().map(Into::into);
    let request = Request { query: Some(text.into()), operation_name, ..request };
    let explanation: Explanation<'_> = explainer.request(&request);
    let printed = if arguments.json { format!("{:#}\n", explanation.json()) } else { explanation.text() };
    output.write_all(printed.as_bytes()).map_err(CommandError::Output)
}
