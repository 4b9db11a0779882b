//! What the analyzer decides about clients, as the edges fetch it: `GET /edge/v1/decisions?after=N&wait=S`.
//!
//! `N` is the revision of what the edge has, 0 when it has nothing; `S` is for how many seconds it would wait. The
//! answer is one [`DecisionPage`] in JSON (gzip where asked for), or 204 without a body when the wait ends and nothing
//! is new; then `N` still holds. A full set comes in pages too: the first is `full`, each further one is a delta
//! `after` the page before, and the last has no `more`. Who asks for a further one names the `floor` of the first, so that
//! it is not told everything again because it is still so far back.

mod scope;

use serde::{Deserialize, Serialize};

pub use scope::{Cidr, Scope, ScopeError};

/// The version of this shape; an edge refuses what it does not know.
pub const DECISION_VERSION: u32 = 1;

/// How large the parts of an answer may be; the largest page that they allow is below [`DecisionBounds::PAGE_BYTES`].
#[derive(Debug)]
pub struct DecisionBounds;

impl DecisionBounds {
    /// Bytes of one page as JSON, before compression.
    pub const PAGE_BYTES: usize = 1024 * 1024;
    /// Decisions of one page.
    pub const DECISIONS: usize = 2_048;
    /// Removed decisions of one page.
    pub const REMOVED: usize = 2_048;
    /// Bytes of a reason.
    pub const REASON_BYTES: usize = 96;
    /// Bytes of an origin.
    pub const ORIGIN_BYTES: usize = 32;
    /// Seconds of a wait; who asks for more waits that long.
    pub const WAIT_S: u64 = 30;
}

/// What is new since the revision that the edge named, or everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionPage {
    /// [`DECISION_VERSION`].
    pub version: u32,
    /// What the edge has once it took this page, and names in `after` next. It only grows, except where the store
    /// is another one; then the page is `full`.
    pub revision: u64,
    /// Whether this begins the whole set: whatever the edge had is replaced by this page and those that follow.
    pub full: bool,
    /// What was taken back up to here is not told any more. Named in `floor` with `after`, it says that the edge is
    /// fetching the full set which began with this page, and had all of that left out.
    #[serde(default)]
    pub floor: u64,
    /// Whether there is more to fetch at once. Until there is not, an edge had better enforce what it had before.
    pub more: bool,
    /// New ones, and changed ones: one of a known id replaces that.
    pub decisions: Vec<Decision>,
    /// Ids of those that hold no longer; unknown ids are normal. Those whose time is over are not told: edges have clocks.
    pub removed: Vec<u64>,
}

/// What is to happen to requests of a client, until when.
///
/// Of several that fit one client an `allow` wins over everything; else a client key is closer than an address, an
/// address closer than a range, a longer prefix closer than a shorter, and of equally close ones the stricter holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Names it; at least 1, and never used again for another.
    pub id: u64,
    /// What is to happen.
    pub action: Action,
    /// To whom.
    pub scope: Scope,
    /// From when on it holds no longer, milliseconds since the Unix epoch.
    pub expires_at_ms: u64,
    /// Why, for people and logs; no control characters.
    pub reason: String,
    /// Who decided, such as `operator` or `scenario`: lowercase letters, digits and `-_.:/`.
    pub origin: String,
}

/// What is to happen to the requests of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// They are refused, and open sockets are closed.
    Block,
    /// Their throttles hold and refill this much of what the policy says.
    Throttle {
        /// Thousandths, from 1 to 999.
        factor_milli: u16,
    },
    /// No other decision touches them. The policy still does.
    Allow,
}

impl Action {
    /// The word used in lists and labels.
    pub fn label(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Throttle { .. } => "throttle",
            Self::Allow => "allow",
        }
    }
}

/// What is wrong with a page that has the right shape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecisionError {
    /// The other side speaks another version.
    #[error("version: must be {DECISION_VERSION}, got {0}")]
    Version(u32),
    /// A list is longer than its bound.
    #[error("{path}: at most {limit} entries, got {actual}")]
    TooMany {
        /// Which list.
        path: &'static str,
        /// Its bound.
        limit: usize,
        /// Its length.
        actual: usize,
    },
    /// One of the decisions makes no sense.
    #[error("decisions[{index}].{flaw}")]
    Decision {
        /// Which one.
        index: usize,
        /// What is wrong with it.
        flaw: Flaw,
    },
}

/// What is wrong with one decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Ids count from 1.
    #[error("id: must be at least 1")]
    Id,
    /// A throttle that stops everything, or nothing.
    #[error("action.throttle.factor_milli: must be from 1 to 999, got {0}")]
    Factor(u16),
    /// The reason is too long.
    #[error("reason: at most {limit} bytes, got {actual}", limit = DecisionBounds::REASON_BYTES)]
    LongReason {
        /// Its length.
        actual: usize,
    },
    /// The reason has control characters.
    #[error("reason: must not have control characters")]
    Reason,
    /// The origin is empty, too long, or has other characters.
    #[error(
        "origin: must be 1 to {limit} of a-z, 0-9, `-`, `_`, `.`, `:`, `/`",
        limit = DecisionBounds::ORIGIN_BYTES
    )]
    Origin,
}

impl DecisionPage {
    /// Holds the page against [`DecisionBounds`] and the sense of its fields.
    ///
    /// # Errors
    /// The first thing that is wrong, with its path.
    pub fn check(&self) -> Result<(), DecisionError> {
        self.check_lists()?;
        self.decisions.iter().enumerate().try_for_each(|(index, decision)| {
            decision.check().map_err(|flaw| DecisionError::Decision { index, flaw })
        })
    }

    /// The page as far as it makes sense, and how many decisions do not: one of them must not keep the others from being
    /// told. Texts are cut to fit, since nothing is decided by them; what still makes no sense counts as removed, since
    /// whatever had its id before holds no longer.
    ///
    /// # Errors
    /// It is the page as a whole that is wrong.
    pub fn sift(mut self) -> Result<(Self, usize), DecisionError> {
        self.check_lists()?;
        self.decisions.iter_mut().for_each(Decision::cut_texts);
        let (fit, unfit): (Vec<_>, Vec<_>) =
            self.decisions.into_iter().partition(|decision| decision.check().is_ok());
        self.decisions = fit;
        self.removed.extend(unfit.iter().map(|decision| decision.id));
        Ok((self, unfit.len()))
    }

    fn check_lists(&self) -> Result<(), DecisionError> {
        if self.version != DECISION_VERSION {
            return Err(DecisionError::Version(self.version));
        }
        at_most("decisions", self.decisions.len(), DecisionBounds::DECISIONS)?;
        at_most("removed", self.removed.len(), DecisionBounds::REMOVED)
    }
}

impl Decision {
    /// Holds the decision against [`DecisionBounds`] and the sense of its fields.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), Flaw> {
        if self.id == 0 {
            return Err(Flaw::Id);
        }
        match self.action {
            Action::Throttle { factor_milli } if !(1..=999).contains(&factor_milli) => {
                return Err(Flaw::Factor(factor_milli));
            }
            Action::Block | Action::Throttle { .. } | Action::Allow => {}
        }
        if self.reason.len() > DecisionBounds::REASON_BYTES {
            return Err(Flaw::LongReason { actual: self.reason.len() });
        }
        if self.reason.chars().any(char::is_control) {
            return Err(Flaw::Reason);
        }
        let short = (1..=DecisionBounds::ORIGIN_BYTES).contains(&self.origin.len());
        if short && self.origin.bytes().all(fits_origin) { Ok(()) } else { Err(Flaw::Origin) }
    }

    /// Leaves out of the texts what does not fit into them.
    fn cut_texts(&mut self) {
        self.reason.retain(|char| !char.is_control());
        let bytes = DecisionBounds::REASON_BYTES;
        let cut = (0..=bytes).rev().find(|at| self.reason.is_char_boundary(*at));
        self.reason.truncate(cut.unwrap_or_default());
        self.origin.retain(|char| u8::try_from(char).is_ok_and(fits_origin));
        self.origin.truncate(DecisionBounds::ORIGIN_BYTES);
        if self.origin.is_empty() {
            self.origin.push_str(NO_ORIGIN);
        }
    }
}

/// The origin of what had none that fits.
const NO_ORIGIN: &str = "other";

fn fits_origin(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.:/".contains(&byte)
}

fn at_most(path: &'static str, actual: usize, limit: usize) -> Result<(), DecisionError> {
    if actual > limit { Err(DecisionError::TooMany { path, limit, actual }) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
