//! `portcullis redact`: text in, the same without personal data and secrets out, line by line.

use super::CommandError;
use super::explain::input::{open, unreadable};
use crate::cli::RedactArgs;
use portcullis_redact::{Kind, Lines, Marked, Span, redact};
use serde_json::{Map, Value, json};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::process::ExitCode;

/// The longest line that is read as a whole.
const LINE_BYTES: u64 = 16 * 1024 * 1024;

pub(super) fn run(arguments: &RedactArgs) -> Result<ExitCode, CommandError> {
    let mut output = BufWriter::new(io::stdout().lock());
    let file = &arguments.file;
    let mistakes = lines(open(file)?, &mut output, arguments, LINE_BYTES)
        .and_then(|mistakes| output.flush().map(|()| mistakes).map_err(CommandError::Output));
    match mistakes {
        Ok(mistakes) => {
            for mistake in &mistakes.told {
                eprintln!("portcullis: {}: {mistake}", file.display());
            }
            let more = mistakes.count.saturating_sub(mistakes.told.len());
            if more > 0 {
                eprintln!("portcullis: {}: and {more} more", file.display());
            }
            Ok(if mistakes.count == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        // Whoever reads has read enough.
        Err(CommandError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Err(error),
    }
}

/// Lines that could not be done: the first of them, and how many.
#[derive(Debug, Default)]
struct Mistakes {
    told: Vec<String>,
    count: usize,
}

impl Mistakes {
    /// How many are told of.
    const TOLD: usize = 10;

    fn add(&mut self, mistake: String) {
        self.count = self.count.saturating_add(1);
        if self.told.len() < Self::TOLD {
            self.told.push(mistake);
        }
    }
}

fn lines(
    input: impl Read,
    output: &mut impl Write,
    arguments: &RedactArgs,
    line_bytes: u64,
) -> Result<Mistakes, CommandError> {
    let mut input = BufReader::new(input);
    let (mut line, mut marker, mut mistakes) = (Vec::new(), Lines::default(), Mistakes::default());
    for number in 1_u64.. {
        line.clear();
        let read = input.by_ref().take(line_bytes).read_until(b'\n', &mut line);
        if read.map_err(|error| unreadable(&arguments.file, error))? == 0 {
            break;
        }
        let end = if line.ends_with(b"\n") { "\n" } else { "" };
        let is_whole = !end.is_empty() || u64::try_from(line.len()).is_ok_and(|length| length < line_bytes);
        let text = String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(&line));
        let printed = if !is_whole {
            skip_line(&mut input).map_err(|error| unreadable(&arguments.file, error))?;
            mistakes.add(format!("line {number} has more than {line_bytes} bytes"));
            writeln!(output, "{}", too_long(number, arguments))
        } else if arguments.jsonl {
            match object(&text, arguments) {
                Some(object) => writeln!(output, "{object}"),
                None => {
                    mistakes.add(format!("line {number} is no JSON object with a text"));
                    writeln!(output, "{}", json!({ "error": "no JSON object with a text" }))
                }
            }
        } else {
            let marked = marker.mark(&text);
            if arguments.spans {
                let Marked { text, spans } = marked;
                let object = json!({ "line": number, "text": text.as_str(), "spans": spans_json(&spans) });
                writeln!(output, "{object}")
            } else {
                write!(output, "{}{end}", marked.text)
            }
        };
        printed.map_err(CommandError::Output)?;
    }
    Ok(mistakes)
}

/// What is said in place of a line of which only the beginning was read.
fn too_long(number: u64, arguments: &RedactArgs) -> String {
    let shown = Kind::Text.placeholder();
    if arguments.jsonl {
        json!({ "error": "too long" }).to_string()
    } else if arguments.spans {
        json!({ "line": number, "text": shown, "error": "too long" }).to_string()
    } else {
        shown.to_owned()
    }
}

/// Reads to the end of the line and keeps nothing of it.
fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let chunk = input.fill_buf()?;
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(chunk.len(), |at| at.saturating_add(1));
        let is_done = end.is_some() || chunk.is_empty();
        input.consume(used);
        if is_done {
            return Ok(());
        }
    }
}

/// The object of a line: its id, its text, and its spans where they are asked for.
fn object(line: &str, arguments: &RedactArgs) -> Option<Value> {
    let Value::Object(object) = serde_json::from_str(line).ok()? else { return None };
    let marked = Lines::default().mark(object.get("text")?.as_str()?);
    let mut shown = Map::new();
    match object.get("id") {
        Some(Value::String(id)) => drop(shown.insert("id".to_owned(), redact(id).into_string().into())),
        Some(Value::Number(id)) => drop(shown.insert("id".to_owned(), id.clone().into())),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => {}
    }
    shown.insert("text".to_owned(), marked.text.into_string().into());
    if arguments.spans {
        shown.insert("spans".to_owned(), spans_json(&marked.spans));
    }
    Some(Value::Object(shown))
}

fn spans_json(spans: &[Span]) -> Value {
    let span = |span: &Span| json!({ "start": span.start, "end": span.end, "kind": span.kind.name(), "label": span.kind.label() });
    spans.iter().map(span).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    const LIMIT: u64 = 100;

    #[track_caller]
    fn check(flags: &[&str], input: &str, expected: &str) -> Mistakes {
        let has = |flag: &str| flags.contains(&flag);
        let arguments = RedactArgs { file: PathBuf::from("-"), spans: has("--spans"), jsonl: has("--jsonl") };
        let mut output = Vec::new();
        let mistakes = lines(input.as_bytes(), &mut output, &arguments, LIMIT).unwrap();
        assert_eq!(String::from_utf8(output).unwrap(), expected);
        mistakes
    }

    #[test]
    fn text_in_text_out() {
        check(&[], "a\nmail ada@example.org\r\n\nend", "a\nmail [email]\r\n\nend");
        check(&[], "", "");
    }

    #[test]
    fn spans_are_in_bytes() {
        let expected =
            r#"{"line":1,"spans":[{"end":18,"kind":"email","label":"EMAIL","start":3}],"text":"é [email]"}"#;
        check(&["--spans"], "é ada@example.org\n", &format!("{expected}\n"));
    }

    #[test]
    fn objects_keep_id_and_text_alone() {
        let input = r#"{"id":7,"text":"10.0.0.1","user":"ada@example.org"}"#;
        check(&["--jsonl"], input, "{\"id\":7,\"text\":\"[ip]\"}\n");
        let expected = r#"{"id":7,"spans":[{"end":8,"kind":"ip","label":"IP","start":0}],"text":"[ip]"}"#;
        check(&["--jsonl", "--spans"], input, &format!("{expected}\n"));
        check(&["--jsonl"], r#"{"id":"ada@example.org","text":""}"#, "{\"id\":\"[email]\",\"text\":\"\"}\n");
    }

    #[test]
    fn what_is_no_object_is_told() {
        let error = "{\"error\":\"no JSON object with a text\"}\n";
        let mistakes = check(&["--jsonl"], "{}\nada@example.org\n", &format!("{error}{error}"));
        assert_eq!((mistakes.count, mistakes.told.len()), (2, 2));
    }

    #[test]
    fn a_line_that_is_too_long_is_replaced_as_a_whole() {
        for length in [100, 101, 100_000] {
            let input = format!("{}\nb\n", "a".repeat(length));
            assert_eq!(check(&[], &input, "[text]\nb\n").count, 1);
        }
        let input = format!("{}\nb\n", "a".repeat(99));
        assert_eq!(check(&[], &input, &input).count, 0);
    }

    #[test]
    fn a_private_key_goes_over_lines() {
        check(
            &[],
            "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\nb\n",
            "[secret]\n[secret]\n[secret]\nb\n",
        );
    }
}
