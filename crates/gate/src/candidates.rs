//! Counts what a candidate would change of the requests of one window, in bounded memory.
//!
//! Rows are kept for the first that differ; what finds none is counted as `other`, and at last only counted. Of each row
//! one request is told, so that an operator can look at it.

use crate::event::Event;
use portcullis_report::{Bounds, CandidateReport, ChangeRow, Difference, OperationKind, Reason};
use std::collections::BTreeMap;

/// Rows for operations by their name.
const NAMED_ROWS: usize = 180;

/// What stands for the operations without a row.
const OTHER: &str = "other";

/// What the requests of one row have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    operation: String,
    kind: OperationKind,
    class: String,
    live: Option<Reason>,
    candidate: Option<Reason>,
}

/// What stands in a row beside its key.
#[derive(Debug)]
struct Row {
    count: u64,
    correlation_id: String,
    document: Option<String>,
}

/// What a candidate would change of one window.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    judged: u64,
    undecided: u64,
    rows: BTreeMap<Key, Row>,
    documents: usize,
    dropped: u64,
}

impl Candidates {
    pub(crate) fn add(&mut self, event: &Event) {
        let Some(compared) = &event.compared else { return };
        self.judged = self.judged.saturating_add(1);
        if compared.difference == Difference::Undecided {
            self.undecided = self.undecided.saturating_add(1);
        }
        let Some(change) = &compared.change else { return };
        let key = Key {
            operation: change.operation.clone(),
            kind: change.kind,
            class: event.class.as_ref().to_owned(),
            live: change.live,
            candidate: change.candidate,
        };
        let key = match self.rows.contains_key(&key) || self.rows.len() < NAMED_ROWS {
            true => key,
            false => Key { operation: OTHER.to_owned(), kind: OperationKind::Unknown, ..key },
        };
        if let Some(row) = self.rows.get_mut(&key) {
            row.count = row.count.saturating_add(1);
        } else if self.rows.len() < Bounds::CHANGES {
            let has_room = self.documents < Bounds::CHANGE_DOCUMENTS;
            let document = change.document.clone().filter(|_| has_room);
            self.documents = self.documents.saturating_add(usize::from(document.is_some()));
            let correlation_id = event.correlation.as_str().to_owned();
            self.rows.insert(key, Row { count: 1, correlation_id, document });
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    /// What there is to report of the window, if a candidate judged anything; a new one begins.
    pub(crate) fn cut(&mut self) -> Option<CandidateReport> {
        let Self { judged, undecided, rows, dropped, documents: _ } = std::mem::take(self);
        let change = |(key, row): (Key, Row)| {
            let Key { operation, kind, class, live, candidate } = key;
            let Row { count, correlation_id, document } = row;
            ChangeRow { operation, kind, class, live, candidate, count, correlation_id, document }
        };
        let changes = rows.into_iter().map(change).collect();
        (judged > 0).then_some(CandidateReport { judged, undecided, changes, dropped })
    }
}

#[cfg(test)]
mod tests;
