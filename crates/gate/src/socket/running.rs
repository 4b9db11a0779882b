//! What is kept of an operation that runs: the stream that it is, and what is told of it when it fails. All streams of a socket are of one
//! client, and most operations of one are alike, so that few of either differ.

use crate::clients::Found;
use crate::judge::Judged;
use portcullis_graphql::ShapeHash;
use portcullis_policy::throttles::Lease;
use portcullis_report::OperationKind;
use std::sync::Arc;

/// Bytes of a lease.
const LEASE_BYTES: usize = 512;

/// Bytes of the name and the hash of an operation.
const SUBJECT_BYTES: usize = 256;

/// Operations that are told apart at once; of others that fail only the type is told.
const SUBJECTS: usize = 16;

/// An operation that runs.
#[derive(Debug)]
pub(super) struct Running {
    /// The stream that it is.
    lease: Option<Arc<Lease>>,
    /// What it is called, where that is told.
    subject: Option<Arc<Subject>>,
    kind: OperationKind,
    /// How often sensitive fields stand in it.
    sensitive: u16,
}

/// What an operation is called.
#[derive(Debug, PartialEq)]
struct Subject {
    operation: String,
    shape: Option<ShapeHash>,
}

/// What is known of an operation before it runs.
#[derive(Debug)]
pub(super) struct Known {
    subject: Subject,
    kind: OperationKind,
    sensitive: u16,
}

impl Known {
    pub(super) fn of(judged: &Judged) -> Self {
        let subject = Subject { operation: judged.operation.clone(), shape: judged.shape };
        let sensitive = u16::try_from(judged.sensitive()).unwrap_or(u16::MAX);
        Self { subject, kind: judged.kind, sensitive }
    }
}

impl Running {
    /// What is to be given back when it has ended.
    pub(super) fn into_lease(self) -> Option<Lease> {
        self.lease.map(Arc::unwrap_or_clone)
    }

    /// How it is told of that it failed.
    pub(super) fn found(&self) -> Found {
        let Self { subject, kind, sensitive, .. } = self;
        let unknown = Self::unknown();
        Found {
            kind: *kind,
            operation: subject.as_ref().map_or(unknown.operation, |subject| subject.operation.clone()),
            shape: subject.as_ref().and_then(|subject| subject.shape),
            sensitive: u64::from(*sensitive),
            ..Self::unknown()
        }
    }

    /// How it is told that something failed of which nothing is known.
    pub(super) fn unknown() -> Found {
        Found {
            code: String::new(),
            kind: OperationKind::Unknown,
            operation: "-".to_owned(),
            shape: None,
            sensitive: 0,
            count: 0,
        }
    }
}

/// What operations that run have in common, each kept once.
#[derive(Debug, Default)]
pub(super) struct Shared {
    leases: Pool<Lease>,
    subjects: Pool<Subject>,
}

impl Shared {
    /// An operation with that lease.
    pub(super) fn run(&mut self, lease: Option<Lease>, known: Option<Known>) -> Running {
        let lease = lease.map(|lease| self.leases.keep(lease));
        let (kind, sensitive) =
            known.as_ref().map_or((OperationKind::Unknown, 0), |known| (known.kind, known.sensitive));
        let subject = known.and_then(|known| self.subjects.keep_some(known.subject, SUBJECTS));
        Running { lease, subject, kind, sensitive }
    }

    pub(super) fn bytes(&self) -> usize {
        let leases = self.leases.0.len().saturating_mul(LEASE_BYTES);
        leases.saturating_add(self.subjects.0.len().saturating_mul(SUBJECT_BYTES))
    }

    pub(super) fn bytes_with_one_more(&self) -> usize {
        self.bytes().saturating_add(LEASE_BYTES).saturating_add(SUBJECT_BYTES)
    }
}

/// Values of which each is kept once, as long as something has it.
#[derive(Debug)]
struct Pool<T>(Vec<Arc<T>>);

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: PartialEq> Pool<T> {
    fn keep(&mut self, value: T) -> Arc<T> {
        if let Some(known) = self.known(&value) {
            return known;
        }
        let value = Arc::new(value);
        self.0.push(Arc::clone(&value));
        value
    }

    /// The same while there are fewer than so many, or it is one of them.
    fn keep_some(&mut self, value: T, most: usize) -> Option<Arc<T>> {
        match self.known(&value) {
            Some(known) => Some(known),
            None if self.0.len() < most => Some(self.keep(value)),
            None => None,
        }
    }

    fn known(&mut self, value: &T) -> Option<Arc<T>> {
        let known = self.0.iter().find(|known| known.as_ref() == value).map(Arc::clone);
        if known.is_none() {
            // Of what has ended only this is left.
            self.0.retain(|known| Arc::strong_count(known) > 1);
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(name: &str) -> Option<Known> {
        let subject = Subject { operation: name.to_owned(), shape: None };
        Some(Known { subject, kind: OperationKind::Mutation, sensitive: 3 })
    }

    #[test]
    fn names_are_kept_as_long_as_something_is_called_so_and_the_rest_of_everything() {
        let mut shared = Shared::default();
        let running: Vec<Running> = (0..20).map(|n| shared.run(None, known(&n.to_string()))).collect();
        let again = shared.run(None, known("7"));
        assert_eq!((again.found().operation.as_str(), shared.bytes()), ("7", SUBJECTS * SUBJECT_BYTES));
        for (number, one) in running.iter().enumerate() {
            let name = if number < SUBJECTS { number.to_string() } else { "-".to_owned() };
            let found = one.found();
            assert_eq!((found.operation, found.sensitive, found.kind), (name, 3, OperationKind::Mutation));
        }
        drop(running);
        assert_eq!(shared.run(None, known("20")).found().operation, "20");
        assert_eq!((shared.bytes(), shared.run(None, None).found()), (2 * SUBJECT_BYTES, Running::unknown()));
    }

    #[test]
    fn an_operation_takes_as_few_bytes_as_is_said() {
        assert!(size_of::<Option<Running>>() <= 24);
    }
}
