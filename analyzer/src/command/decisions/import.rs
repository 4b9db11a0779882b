//! Decisions from files: all mistakes are told with their lines before anything is sent.

use super::{counted, meant, send, wire};
use crate::cli::{DecisionsCommand, Format};
use crate::command::CommandError;
use crate::command::api::Api;
use crate::decisions::target::target;
use serde_json::{Value, json};
use std::io::Read as _;
use std::path::Path;

/// Decisions of one request.
const BATCH: usize = 5_000;
/// Mistakes that are told one by one.
const TOLD: usize = 20;

/// What holds where the file says nothing.
struct Defaults {
    duration: String,
    reason: Option<String>,
    action: Value,
    origin: String,
}

/// A line of the file that cannot be read, and why.
type Mistake = (usize, String);

pub(super) async fn run(command: &DecisionsCommand) -> Result<(), CommandError> {
    let DecisionsCommand::Import { file, format, duration, reason, origin, skip_wrong, action, api } =
        command
    else {
        return Ok(());
    };
    let text = read(file)?;
    let defaults = Defaults {
        duration: duration.clone(),
        reason: reason.clone(),
        action: wire(*action),
        origin: origin.clone(),
    };
    let (decisions, mistakes) = match format {
        Format::Lines => lines(&text, &defaults),
        Format::Csv => csv(&text, &defaults)?,
    };
    for (number, problem) in mistakes.iter().take(TOLD) {
        eprintln!("portcullis: {}:{number}: {problem}", file.display());
    }
    if !mistakes.is_empty() && !skip_wrong {
        let number = mistakes.len();
        let what = format!("{number} wrong lines; nothing is imported, unless told to --skip-wrong");
        return Err(CommandError::Mistaken(what));
    }
    meant(&decisions, *action)?;
    let api = Api::of(api)?;
    for (number, batch) in decisions.chunks(BATCH).enumerate() {
        let done = number.saturating_mul(BATCH);
        send(&api, batch)
            .await
            .map_err(|error| CommandError::Api(format!("{error}; the first {done} are imported")))?;
    }
    eprintln!("portcullis: decided about {}", counted(decisions.len()));
    Ok(())
}

fn read(file: &Path) -> Result<String, CommandError> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map(drop)
    } else {
        std::fs::read_to_string(file).map(|content| text = content)
    };
    read.map_err(|source| CommandError::Input { path: file.to_owned(), source })?;
    Ok(text)
}

fn lines(text: &str, defaults: &Defaults) -> (Vec<Value>, Vec<Mistake>) {
    let (mut decisions, mut mistakes) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split(['#', ';']).next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        match target(line) {
            Ok(_) => decisions.push(decision(line, None, None, None, defaults)),
            Err(error) => mistakes.push((number, error.to_string())),
        }
    }
    (decisions, mistakes)
}

fn csv(text: &str, defaults: &Defaults) -> Result<(Vec<Value>, Vec<Mistake>), CommandError> {
    let mut rows = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let names = rows.next().map(|(_, line)| cells(line)).unwrap_or_default();
    let place = |name: &str| names.iter().position(|cell| cell.eq_ignore_ascii_case(name));
    let Some(target_place) = place("target") else {
        let what = "the first line of a CSV file names its columns, one of them `target`";
        return Err(CommandError::Mistaken(what.to_owned()));
    };
    let places = ["duration", "reason", "action"].map(place);
    let (mut decisions, mut mistakes) = (Vec::new(), Vec::new());
    for (number, line) in rows {
        let row = cells(line);
        let cell = |place: Option<usize>| row.get(place?).filter(|cell| !cell.is_empty());
        let [duration, reason, action] = places.map(cell);
        let named = cell(Some(target_place)).map(String::as_str).unwrap_or_default();
        match (target(named), action.map(|text| action_of(text)).transpose()) {
            (Ok(_), Ok(action)) => decisions.push(decision(named, duration, reason, action, defaults)),
            (Err(error), _) => mistakes.push((number, error.to_string())),
            (_, Err(problem)) => mistakes.push((number, problem)),
        }
    }
    Ok((decisions, mistakes))
}

fn decision(
    target: &str,
    duration: Option<&String>,
    reason: Option<&String>,
    action: Option<Value>,
    defaults: &Defaults,
) -> Value {
    json!({
        "target": target,
        "duration": duration.unwrap_or(&defaults.duration),
        "reason": reason.or(defaults.reason.as_ref()),
        "action": action.unwrap_or_else(|| defaults.action.clone()),
        "origin": defaults.origin,
    })
}

fn action_of(text: &str) -> Result<Value, String> {
    match text.split_once(':') {
        None if text == "block" || text == "allow" => Ok(json!(text)),
        Some(("throttle", factor))
            if factor.parse::<u16>().is_ok_and(|factor| (1..=999).contains(&factor)) =>
        {
            Ok(json!({ "throttle": { "factor_milli": factor.parse::<u16>().unwrap_or(1) } }))
        }
        None | Some(_) => {
            Err(format!("action: must be block, allow or throttle:1 to throttle:999, got {text:?}"))
        }
    }
}

/// The cells of a line (RFC 4180, without line breaks in them).
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell).trim().to_owned()),
            _ => cell.push(character),
        }
    }
    cells.push(cell.trim().to_owned());
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaults() -> Defaults {
        Defaults {
            duration: "1d".into(),
            reason: Some("a list".into()),
            action: json!("block"),
            origin: "import".into(),
        }
    }

    fn targets(decisions: &[Value]) -> Vec<&str> {
        decisions.iter().map(|decision| decision["target"].as_str().unwrap()).collect()
    }

    #[test]
    fn a_list_has_a_client_a_line_and_comments() {
        let text = "# a feed\n192.0.2.7\n\n10.0.0.0/8 ; SBL1\r\n  2001:db8::1  # x\nnonsense\n";
        let (decisions, mistakes) = lines(text, &defaults());
        assert_eq!(targets(&decisions), ["192.0.2.7", "10.0.0.0/8", "2001:db8::1"]);
        let why = "must be an address, a range of them (ADDRESS/BITS), or a client key of 32 hex digits";
        assert_eq!(mistakes, [(6, why.to_owned())]);
        let expected = json!({ "target": "192.0.2.7", "duration": "1d", "reason": "a list", "action": "block", "origin": "import" });
        assert_eq!(decisions[0], expected);
    }

    #[test]
    fn csv_has_names_and_says_what_it_says() {
        let text = "reason,target,duration,action\n\"a \"\"b\"\", c\",192.0.2.7,2h,throttle:250\n,10.0.0.0/8,,allow\n\nx,,1h,\nx,192.0.2.8,1h,throttle:0\n";
        let (decisions, mistakes) = csv(text, &defaults()).unwrap();
        assert_eq!(targets(&decisions), ["192.0.2.7", "10.0.0.0/8"]);
        assert_eq!(
            (&decisions[0]["reason"], &decisions[0]["duration"]),
            (&json!("a \"b\", c"), &json!("2h"))
        );
        assert_eq!(decisions[0]["action"], json!({ "throttle": { "factor_milli": 250 } }));
        assert_eq!((&decisions[1]["reason"], &decisions[1]["action"]), (&json!("a list"), &json!("allow")));
        assert_eq!(mistakes.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [5, 6]);
        assert!(csv("ip\n192.0.2.7\n", &defaults()).is_err());
        assert!(csv("", &defaults()).is_err());
    }
}
