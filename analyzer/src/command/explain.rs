//! `portcullis explain`: reads documents and requests, prints what the gate would say of them.

pub(super) mod input;

use super::CommandError;
use crate::cli::ExplainArgs;
use crate::explain::{Explainer, Explanation};
use input::{Input, open, policy, read_text, unreadable};
use portcullis_framing::{BatchLength, Envelope, Nesting, Request};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::ExitCode;

/// Most bytes of a document that are read at all; far above any limit on documents, so that the limit speaks.
const DOCUMENT_BYTES: u64 = 64 * 1024 * 1024;

/// Whether the gate would let everything pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passed {
    All,
    NotAll,
}

pub(super) fn run(arguments: &ExplainArgs) -> Result<ExitCode, CommandError> {
    let policy = policy(arguments.policy.as_deref(), arguments.schema.as_deref())?;
    let mut explainer = match &arguments.class {
        None => Explainer::new(policy),
        Some(class) => Explainer::of_class(&policy, class).ok_or_else(|| {
            CommandError::Usage(format!("the policy has no class `{}`", class.escape_debug()))
        })?,
    };
    let mut output = BufWriter::new(io::stdout().lock());
    let printed = match (&arguments.get, &arguments.file) {
        (Some(url), _) => by_url(&mut explainer, url, &mut output, arguments),
        (None, Some(file)) if arguments.jsonl => lines(&mut explainer, open(file)?, &mut output, file),
        (None, Some(file)) => one(&mut explainer, file, &mut output, arguments),
        (None, None) => Err(CommandError::Usage("name a file, or `-` for standard input".to_owned())),
    };
    let printed = printed.and_then(|passed| output.flush().map(|()| passed).map_err(CommandError::Output));
    match printed {
        Ok(Passed::NotAll) if arguments.exit_code => Ok(ExitCode::FAILURE),
        Ok(Passed::All | Passed::NotAll) => Ok(ExitCode::SUCCESS),
        // Whoever reads has read enough.
        Err(CommandError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Err(error),
    }
}

/// One request a line in, one JSON object a line out, in the same order; an empty line is a request that is not JSON.
fn lines(
    explainer: &mut Explainer,
    input: impl Read,
    output: &mut impl Write,
    file: &Path,
) -> Result<Passed, CommandError> {
    let mut input = BufReader::new(input);
    let (mut line, mut passed) = (Vec::new(), Passed::All);
    loop {
        line.clear();
        let read = input.by_ref().take(DOCUMENT_BYTES).read_until(b'\n', &mut line);
        if read.map_err(|error| unreadable(file, error))? == 0 {
            return Ok(passed);
        }
        let explanation = explainer.body(line.trim_ascii());
        if !explanation.is_allowed() {
            passed = Passed::NotAll;
        }
        writeln!(output, "{}", explanation.json()).map_err(CommandError::Output)?;
    }
}

/// One document, or the body of one request.
fn one(
    explainer: &mut Explainer,
    file: &Path,
    output: &mut impl Write,
    arguments: &ExplainArgs,
) -> Result<Passed, CommandError> {
    let mut bytes = Vec::new();
    open(file)?.take(DOCUMENT_BYTES).read_to_end(&mut bytes).map_err(|error| unreadable(file, error))?;
    let input = if arguments.body { Input::Body } else { Input::of(&bytes) };
    let explanation = match input {
        Input::Body => {
            if arguments.variables.is_some() || arguments.operation.is_some() {
                return usage("the input is the body of a POST, so --variables and --operation are in it");
            }
            let document = arguments.document.as_deref().map(read_text).transpose()?;
            explainer.body_in_detail(bytes.trim_ascii(), document.as_deref())
        }
        Input::Document if arguments.document.is_some() => {
            return usage("--document gives the text of a hash, and the input is a document itself");
        }
        Input::Document => {
            let Ok(text) = String::from_utf8(bytes) else {
                return usage(&format!("{} is not UTF-8 text", file.display()));
            };
            let variables = arguments.variables.as_deref().unwrap_or("{}");
            let envelope = format!("{{\"variables\":{variables}}}");
            let request = request(variables, &envelope)?;
            let operation_name = arguments.operation.as_deref().map(Into::into);
            explainer.request(&Request { query: Some(text.into()), operation_name, ..request })
        }
    };
    print(&explanation, output, arguments)
}

/// A request of nothing but variables.
fn request<'e>(variables: &str, envelope: &'e str) -> Result<Request<'e>, CommandError> {
    serde_json::from_str::<serde::de::IgnoredAny>(variables)
        .map_err(|error| CommandError::Variables(error.to_string()))?;
    match portcullis_framing::read(envelope.as_bytes(), Nesting(100), BatchLength(0)) {
        Ok(Envelope::Single(request)) => Ok(request),
        Ok(Envelope::Batch(_)) => Err(CommandError::Variables("must be a JSON object".to_owned())),
        Err(error) => Err(CommandError::Variables(error.to_string())),
    }
}

fn by_url(
    explainer: &mut Explainer,
    url: &str,
    output: &mut impl Write,
    arguments: &ExplainArgs,
) -> Result<Passed, CommandError> {
    match explainer.url(url) {
        Some(explanation) => print(&explanation, output, arguments),
        None => usage(
            "--get: the path is none of the policy's routes, so the gate lets it pass unread; \
             name the route with --policy, or give the query string alone",
        ),
    }
}

fn print(
    explanation: &Explanation<'_>,
    output: &mut impl Write,
    arguments: &ExplainArgs,
) -> Result<Passed, CommandError> {
    let printed = if arguments.json { format!("{:#}\n", explanation.json()) } else { explanation.text() };
    output.write_all(printed.as_bytes()).map_err(CommandError::Output)?;
    Ok(if explanation.is_allowed() { Passed::All } else { Passed::NotAll })
}

fn usage<T>(message: &str) -> Result<T, CommandError> {
    Err(CommandError::Usage(message.to_owned()))
}
