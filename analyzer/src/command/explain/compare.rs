//! `portcullis explain --candidate`: what another policy would do with the same requests.

use super::input::{Input, open, unreadable};
use super::{DOCUMENT_BYTES, Passed, by_url, explained, print, usage};
use crate::cli::ExplainArgs;
use crate::command::CommandError;
use crate::explain::{Comparison, Explainer, Summary};
use portcullis_report::Difference;
use serde::de::IgnoredAny;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;

/// Compares, and says whether the candidate does the same with all.
pub(super) fn run(
    [live, candidate]: &mut [Explainer; 2],
    output: &mut impl Write,
    arguments: &ExplainArgs,
) -> Result<Passed, CommandError> {
    if let Some(url) = &arguments.get {
        let compared = Comparison::between(by_url(live, url)?, by_url(candidate, url)?);
        return one(&compared, output, arguments);
    }
    let Some(file) = &arguments.file else { return usage("name a file, or `-` for standard input") };
    if arguments.jsonl {
        let summary = lines(live, candidate, open(file)?, file, &mut |compared| {
            writeln!(output, "{}", compared.json()).map_err(CommandError::Output)
        })?;
        eprint!("{}", summary.text());
        return Ok(passed(&summary));
    }
    let mut bytes = Vec::new();
    open(file)?.take(DOCUMENT_BYTES).read_to_end(&mut bytes).map_err(|error| unreadable(file, error))?;
    if is_stream(&bytes) && !arguments.body {
        let summary = lines(live, candidate, bytes.as_slice(), file, &mut |_| Ok(()))?;
        let told = if arguments.json { format!("{:#}\n", summary.json()) } else { summary.text() };
        print(&told, output)?;
        return Ok(passed(&summary));
    }
    let compared = Comparison::between(
        explained(live, &bytes, file, arguments)?,
        explained(candidate, &bytes, file, arguments)?,
    );
    one(&compared, output, arguments)
}

fn one(
    compared: &Comparison<'_>,
    output: &mut impl Write,
    arguments: &ExplainArgs,
) -> Result<Passed, CommandError> {
    let told = if arguments.json { format!("{:#}\n", compared.json()) } else { compared.text() };
    print(&told, output)?;
    Ok(if compared.difference() == Difference::Same { Passed::All } else { Passed::NotAll })
}

fn passed(summary: &Summary) -> Passed {
    if summary.is_same() { Passed::All } else { Passed::NotAll }
}

/// Compares one request a line.
fn lines(
    live: &mut Explainer,
    candidate: &mut Explainer,
    input: impl Read,
    file: &Path,
    tell: &mut dyn FnMut(&Comparison<'_>) -> Result<(), CommandError>,
) -> Result<Summary, CommandError> {
    let mut input = BufReader::new(input);
    let (mut line, mut summary) = (Vec::new(), Summary::default());
    loop {
        line.clear();
        let read = input.by_ref().take(DOCUMENT_BYTES).read_until(b'\n', &mut line);
        if read.map_err(|error| unreadable(file, error))? == 0 {
            return Ok(summary);
        }
        let body = line.trim_ascii();
        let compared = Comparison::between(live.body(body), candidate.body(body));
        summary.add(&compared);
        tell(&compared)?;
    }
}

/// Whether these are bodies of several requests, one a line.
fn is_stream(bytes: &[u8]) -> bool {
    let mut lines = bytes.trim_ascii().split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let is_json = |bytes: &[u8]| serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
    lines.next().is_some() && Input::of(first) == Input::Body && is_json(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_told_from_one_request() {
        assert!(is_stream(b"{\"query\":\"{a}\"}\n{\"query\":\"{b}\"}\n"));
        assert!(is_stream(b"[{\"query\":\"{a}\"}]\nnonsense"));
        for one in ["{\"query\":\"{a}\"}\n", "{\n\"query\": \"{a}\"\n}", "{ a\nb }", "", "[\n{}\n]"] {
            assert!(!is_stream(one.as_bytes()), "{one}");
        }
    }
}
