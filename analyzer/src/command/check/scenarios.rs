//! Attack scenarios: a file, or a folder of them as `security.scenarios` names it.

use super::print;
use crate::command::CommandError;
use crate::command::policy::Lines;
use crate::config::security;
use portcullis_detect::{BUILT_IN, Mistakes, Scenario};
use std::path::Path;

/// Checks one file.
pub(super) fn file(path: &Path, text: &str, explain: bool) -> Result<(), CommandError> {
    let name = path.display().to_string();
    let scenario = read(&name, text).map_err(|told| CommandError::Mistaken(told.join("\n")))?;
    say_replaced(&name, &scenario);
    if explain {
        return print(&written_out(&name, text)?);
    }
    print(&format!("{name}: sound; the scenario {}\n", scenario.name))
}

/// Checks all files of a folder.
pub(super) fn folder(path: &Path, explain: bool) -> Result<(), CommandError> {
    let files =
        security::read(path).map_err(|source| CommandError::Input { path: path.to_owned(), source })?;
    let place = |file: &str| path.join(file).display().to_string();
    let mut told = Vec::new();
    let mut sound = Vec::new();
    for (file, text) in &files {
        match read(&place(file), text) {
            Ok(scenario) => sound.push((place(file), text, scenario)),
            Err(mistakes) => told.extend(mistakes),
        }
    }
    let clash = |(file, problem): (&str, String)| format!("{}: name: {problem}", place(file));
    told.extend(security::clashes(&files).into_iter().map(clash));
    if !told.is_empty() {
        return Err(CommandError::Mistaken(told.join("\n")));
    }
    for (name, _, scenario) in &sound {
        say_replaced(name, scenario);
    }
    if explain {
        let texts: Result<Vec<_>, _> = sound.iter().map(|(name, text, _)| written_out(name, text)).collect();
        return print(&texts?.join("---\n"));
    }
    let names: Vec<_> = sound.iter().map(|(_, _, scenario)| &*scenario.name).collect();
    print(&format!("{}: sound; {} scenarios: {}\n", path.display(), names.len(), names.join(", ")))
}

/// The scenario; or its mistakes a line each, with file, path and line.
fn read(name: &str, text: &str) -> Result<Scenario, Vec<String>> {
    Scenario::parse(text).map_err(|mistakes| told(name, text, &mistakes))
}

fn told(name: &str, text: &str, mistakes: &Mistakes) -> Vec<String> {
    let lines = Lines::of(text);
    let each = mistakes.iter().map(|mistake| {
        // A mistake of form brings its line.
        let has_line = mistake.problem.ends_with(')') && mistake.problem.contains(" (line ");
        let line = lines.line(&mistake.path).filter(|_| !has_line);
        let line = line.map(|line| format!(" (line {line})")).unwrap_or_default();
        format!("{name}: {mistake}{line}")
    });
    each.collect()
}

/// That is how a built-in one is changed, and how one is lost by mistake.
fn say_replaced(name: &str, scenario: &Scenario) {
    if BUILT_IN.iter().any(|(built_in, _)| *built_in == &*scenario.name) {
        eprintln!("portcullis: {name}: takes the place of the built-in scenario {}", scenario.name);
    }
}

fn written_out(name: &str, text: &str) -> Result<String, CommandError> {
    let file = Scenario::written_out(text)
        .map_err(|mistakes| CommandError::Mistaken(told(name, text, &mistakes).join("\n")))?;
    Ok(serde_saphyr::to_string(&file)?)
}
