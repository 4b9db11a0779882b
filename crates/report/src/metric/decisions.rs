//! What is counted of the analyzer's decisions at the edge.

use super::FamilyKind;

/// One thing that is counted of decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DecisionMetric {
    /// `portcullis.decisions.held`.
    Held,
    /// `portcullis.decisions.dropped`.
    Dropped,
    /// `portcullis.decisions.polls`.
    Polls(Poll),
    /// `portcullis.decisions.blocked`.
    Blocked(DecisionOrigin),
    /// `portcullis.decisions.throttled`.
    Throttled(DecisionOrigin),
    /// `portcullis.decisions.unreadable`.
    Unreadable,
}

/// How asking the analyzer for decisions ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Poll {
    /// There was something new.
    Changed,
    /// There was nothing new.
    Unchanged,
    /// The analyzer was not there, or would not tell.
    Failed,
    /// The answer was none that an edge takes.
    Unfit,
}

/// Who made a decision, as far as that is a usual one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DecisionOrigin {
    /// A scenario, and the reputation that it feeds.
    Scenario,
    /// Many blocked clients of one range.
    Range,
    /// A person.
    Operator,
    /// A list from a file.
    Import,
    /// A CrowdSec LAPI.
    Crowdsec,
    /// Anybody else.
    Other,
}

impl Poll {
    /// Every outcome, in the order of the catalogue.
    pub const ALL: [Self; 4] = [Self::Changed, Self::Unchanged, Self::Failed, Self::Unfit];

    /// The word used in stats and labels.
    pub fn label(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
            Self::Unfit => "unfit",
        }
    }
}

impl DecisionOrigin {
    /// Every origin, in the order of the catalogue.
    pub const ALL: [Self; 6] =
        [Self::Scenario, Self::Range, Self::Operator, Self::Import, Self::Crowdsec, Self::Other];

    /// The origin of that text, `operator` or `import:spamhaus`: what stands behind a `:` or `/` says more, and not who.
    pub fn named(text: &str) -> Self {
        let word = text.split([':', '/']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|origin| origin.label() == word).unwrap_or(Self::Other)
    }

    /// The word used in decisions, stats and labels.
    pub fn label(self) -> &'static str {
        match self {
            Self::Scenario => "scenario",
            Self::Range => "range",
            Self::Operator => "operator",
            Self::Import => "import",
            Self::Crowdsec => "crowdsec",
            Self::Other => "other",
        }
    }
}

impl DecisionMetric {
    pub(super) fn all() -> Vec<Self> {
        let mut all = vec![Self::Held, Self::Dropped, Self::Unreadable];
        all.extend(Poll::ALL.map(Self::Polls));
        all.extend(DecisionOrigin::ALL.map(Self::Blocked));
        all.extend(DecisionOrigin::ALL.map(Self::Throttled));
        all
    }

    pub(super) fn family_name(self) -> &'static str {
        match self {
            Self::Held => "portcullis.decisions.held",
            Self::Dropped => "portcullis.decisions.dropped",
            Self::Polls(_) => "portcullis.decisions.polls",
            Self::Blocked(_) => "portcullis.decisions.blocked",
            Self::Throttled(_) => "portcullis.decisions.throttled",
            Self::Unreadable => "portcullis.decisions.unreadable",
        }
    }

    pub(super) fn kind(self) -> FamilyKind {
        match self {
            Self::Held => FamilyKind::Gauge,
            Self::Dropped | Self::Polls(_) | Self::Blocked(_) | Self::Throttled(_) | Self::Unreadable => {
                FamilyKind::Counter
            }
        }
    }

    pub(super) fn stat_name(self) -> String {
        let family = self.family_name();
        match self {
            Self::Polls(poll) => format!("{family}.{}", poll.label()),
            Self::Blocked(origin) | Self::Throttled(origin) => format!("{family}.{}", origin.label()),
            Self::Held | Self::Dropped | Self::Unreadable => family.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_known_by_its_first_word() {
        assert_eq!(DecisionOrigin::named("operator"), DecisionOrigin::Operator);
        assert_eq!(DecisionOrigin::named("import:list-7"), DecisionOrigin::Import);
        assert_eq!(DecisionOrigin::named("imports"), DecisionOrigin::Other);
        assert_eq!(DecisionOrigin::named(""), DecisionOrigin::Other);
    }
}
