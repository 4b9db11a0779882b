//! `mode` and `shadow_reasons`: what only counts.

use super::Found;
use crate::policy::{Enforcement, Left, Mode, left};
use portcullis_report::Reason;
use serde::Deserialize;

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum ModeChoice {
    /// What the policy forbids is refused.
    #[default]
    Enforce,
    /// It is judged, counted and reported, and passes.
    Shadow,
}

impl ModeChoice {
    pub(super) fn read(self) -> Mode {
        match self {
            Self::Enforce => Mode::Enforce,
            Self::Shadow => Mode::Shadow,
        }
    }
}

impl Found {
    pub(super) fn enforcement(&mut self, mode: ModeChoice, names: &[String]) -> Enforcement {
        let mut shadowed = Vec::with_capacity(names.len().min(Reason::ALL.len()));
        for (index, name) in names.iter().enumerate() {
            let path = format!("shadow_reasons[{index}]");
            match Reason::ALL.iter().find(|reason| reason.label() == name) {
                Some(reason) if shadowed.contains(reason) => {
                    self.say(path, format!("`{name}` is there twice"))
                }
                Some(reason) if left(*reason) == Left::Judgeable => shadowed.push(*reason),
                Some(_) => self.say(
                    path,
                    format!("`{name}` ends the judging, so nothing else would be held against the request"),
                ),
                None => self.say(path, format!("no reason is called `{}`", name.escape_debug())),
            }
        }
        Enforcement { mode: mode.read(), shadowed }
    }
}

#[cfg(test)]
mod tests;
