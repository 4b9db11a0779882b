//! What must come of a request.

use portcullis_report::Reason;
use serde::Deserialize;

/// It passes, or it is refused for a reason that is named by its label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It arrives, byte for byte.
    Allow,
    /// It is refused; the label is that of a [`Reason`].
    Refuse(String),
}

impl Verdict {
    /// The one that a word stands for: `allow` or a label.
    #[must_use]
    pub fn of(word: &str) -> Self {
        if word == "allow" { Self::Allow } else { Self::Refuse(word.to_owned()) }
    }

    /// The word it stands for.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Allow => "allow",
            Self::Refuse(label) => label,
        }
    }

    /// Status and `errors[0].extensions.code` of the answer; `None` for a label that nobody knows.
    #[must_use]
    pub fn answer(&self) -> Option<(u16, Option<&'static str>)> {
        let Self::Refuse(label) = self else { return Some((200, None)) };
        reason(label).map(|reason| (reason.status(), Some(reason.code())))
    }
}

/// The reason of that label.
fn reason(label: &str) -> Option<Reason> {
    Reason::ALL.iter().copied().find(|reason| reason.label() == label)
}

/// One verdict, or several between `|` where the order of two checks is the gate's own affair.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "String")]
pub(super) struct Verdicts(pub(super) Vec<Verdict>);

impl From<String> for Verdicts {
    fn from(text: String) -> Self {
        Self(text.split('|').map(|word| Verdict::of(word.trim())).collect())
    }
}
