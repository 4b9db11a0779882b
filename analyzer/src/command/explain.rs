//! `portcullis explain`: reads documents and requests, prints what the gate would say of them.

mod compare;
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

/// Whether the gate would let everything pass; where policies are compared, whether they say the same of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passed {
    All,
    NotAll,
}

pub(super) fn run(arguments: &ExplainArgs) -> Result<ExitCode, CommandError> {
    let mut live = explainer(arguments.policy.as_deref(), arguments)?;
    let mut output = BufWriter::new(io::stdout().lock());
    let printed = match &arguments.candidate {
        Some(file) => {
            let candidate = explainer(Some(file), arguments)?;
            compare::run(&mut [live, candidate], &mut output, arguments)
        }
        None => alone(&mut live, &mut output, arguments),
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

/// Judges by the policy of a file, as the requests of the class and on the routes of the profile that are asked for.
fn explainer(file: Option<&Path>, arguments: &ExplainArgs) -> Result<Explainer, CommandError> {
    let policy = policy(file, arguments.schema.as_deref())?;
    let lacks = |what: &str, name: &str| {
        let of = file.map(|file| format!(" of {}", file.display())).unwrap_or_default();
        CommandError::Usage(format!("the policy{of} has no {what} `{}`", name.escape_debug()))
    };
    let explainer = match &arguments.class {
        None => Explainer::new(policy),
        Some(class) => Explainer::of_class(&policy, class).ok_or_else(|| lacks("class", class))?,
    };
    match &arguments.profile {
        None => Ok(explainer),
        Some(profile) => explainer.with_profile(profile).ok_or_else(|| lacks("profile", profile)),
    }
}

/// By one policy.
fn alone(
    explainer: &mut Explainer,
    output: &mut impl Write,
    arguments: &ExplainArgs,
) -> Result<Passed, CommandError> {
    match (&arguments.get, &arguments.file) {
        (Some(url), _) => tell(&by_url(explainer, url)?, output, arguments),
        (None, Some(file)) if arguments.jsonl => lines(explainer, open(file)?, output, file),
        (None, Some(file)) => {
            let mut bytes = Vec::new();
            let read = open(file)?.take(DOCUMENT_BYTES).read_to_end(&mut bytes);
            read.map_err(|error| unreadable(file, error))?;
            tell(&explained(explainer, &bytes, file, arguments)?, output, arguments)
        }
        (None, None) => usage("name a file, or `-` for standard input"),
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
fn explained<'e>(
    explainer: &'e mut Explainer,
    bytes: &[u8],
    file: &Path,
    arguments: &ExplainArgs,
) -> Result<Explanation<'e>, CommandError> {
    let input = if arguments.body { Input::Body } else { Input::of(bytes) };
    Ok(match input {
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
            let Ok(text) = std::str::from_utf8(bytes) else {
                return usage(&format!("{} is not UTF-8 text", file.display()));
            };
            let variables = arguments.variables.as_deref().unwrap_or("{}");
            let envelope = format!("{{\"variables\":{variables}}}");
            let request = request(variables, &envelope)?;
            let operation_name = arguments.operation.as_deref().map(Into::into);
            explainer.request(&Request { query: Some(text.into()), operation_name, ..request })
        }
    })
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

fn by_url<'e>(explainer: &'e mut Explainer, url: &str) -> Result<Explanation<'e>, CommandError> {
    let not_under = "--get: the path is none of the policy's routes, so the gate lets it pass unread; \
                     name the route with --policy, or give the query string alone";
    explainer.url(url).ok_or_else(|| CommandError::Usage(not_under.to_owned()))
}

fn tell(
    explanation: &Explanation<'_>,
    output: &mut impl Write,
    arguments: &ExplainArgs,
) -> Result<Passed, CommandError> {
    let told = if arguments.json { format!("{:#}\n", explanation.json()) } else { explanation.text() };
    print(&told, output)?;
    Ok(if explanation.is_allowed() { Passed::All } else { Passed::NotAll })
}

fn print(text: &str, output: &mut impl Write) -> Result<(), CommandError> {
    output.write_all(text.as_bytes()).map_err(CommandError::Output)
}

fn usage<T>(message: &str) -> Result<T, CommandError> {
    Err(CommandError::Usage(message.to_owned()))
}
