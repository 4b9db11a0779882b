//! What a candidate would have changed: requests that it judges otherwise than the policy in force.

use super::{Bounds, ReportError, Text, at_most};
use crate::{Difference, OperationKind, Reason};
use serde::{Deserialize, Serialize};

/// What the candidate of the policy said of the requests of one window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandidateReport {
    /// Requests that were judged by both, a batch once.
    pub judged: u64,
    /// Those of them of which the policy in force read too little for the candidate to judge.
    pub undecided: u64,
    /// Those that the two judge otherwise, sorted by what they have in common.
    pub changes: Vec<ChangeRow>,
    /// How many of those found no place in `changes`.
    pub dropped: u64,
}

/// The requests of one window that the candidate judges otherwise, alike in all that is told of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRow {
    /// The operation for which the verdicts differ, as in [`super::RollupKey::operation`].
    pub operation: String,
    /// Type of the operation.
    pub kind: OperationKind,
    /// Client class of the policy.
    pub class: String,
    /// Why the policy in force refuses it, throttles aside; `null` when it does not.
    pub live: Option<Reason>,
    /// Why the candidate refuses it; `null` when it does not.
    pub candidate: Option<Reason>,
    /// How many; at least 1.
    pub count: u64,
    /// The id of one of them.
    pub correlation_id: String,
    /// The normalised document of that one, cut to [`Bounds::DOCUMENT_BYTES`]; `null` when it was not parsed, or there are too many.
    pub document: Option<String>,
}

impl ChangeRow {
    /// How the verdicts differ.
    pub fn difference(&self) -> Difference {
        Difference::between(self.live, self.candidate)
    }
}

pub(super) fn check(report: &CandidateReport) -> Result<(), ReportError> {
    at_most("candidate.changes", report.changes.len(), Bounds::CHANGES)?;
    report.changes.iter().enumerate().try_for_each(|(index, row)| check_row(index, row))
}

fn check_row(index: usize, row: &ChangeRow) -> Result<(), ReportError> {
    if row.count == 0 || row.difference() == Difference::Same {
        return Err(ReportError::NoChange { index });
    }
    let text = Text { path: "candidate.changes", index };
    text.fits("operation", &row.operation, Bounds::OPERATION_BYTES)?;
    text.fits("class", &row.class, Bounds::LABEL_BYTES)?;
    text.fits("correlation_id", &row.correlation_id, Bounds::LABEL_BYTES)?;
    text.fits("document", row.document.as_deref().unwrap_or_default(), Bounds::DOCUMENT_BYTES)
}
