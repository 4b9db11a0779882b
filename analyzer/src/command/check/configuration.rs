//! The analyzer's configuration, with the scenarios and certificates that it names.

use super::print;
use crate::command::CommandError;
use crate::command::policy::Lines;
use crate::config::{self, ConfigError, Overrides};
use std::path::Path;

pub(super) fn check(file: &Path, text: &str) -> Result<(), CommandError> {
    match config::load_text(text, file, Overrides::default()) {
        Ok(config) => {
            let scenarios = config.security.scenarios.iter().count();
            print(&format!(
                "{}: sound; listens on {}, {scenarios} scenarios\n",
                file.display(),
                config.listen
            ))
        }
        Err(ConfigError::Mistakes { mistakes, .. }) => {
            let lines = Lines::of(text);
            let told = mistakes.iter().map(|mistake| {
                let line = lines.line(mistake.path).map(|line| format!(" (line {line})")).unwrap_or_default();
                format!("{}: {mistake}{line}", file.display())
            });
            Err(CommandError::Mistaken(told.collect::<Vec<_>>().join("\n")))
        }
        Err(error @ (ConfigError::Malformed { .. } | ConfigError::Unreadable { .. })) => {
            Err(CommandError::Mistaken(error.to_string()))
        }
    }
}
