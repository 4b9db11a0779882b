//! What is kept of an operation that runs: the stream that it is. All streams of a socket are of one client, so that few leases differ.

use portcullis_policy::throttles::Lease;
use std::sync::Arc;

/// Bytes of a lease.
const LEASE_BYTES: usize = 512;

/// An operation that runs.
#[derive(Debug)]
pub(super) struct Running {
    /// The stream that it is.
    lease: Option<Arc<Lease>>,
}

impl Running {
    /// What is to be given back when it has ended.
    pub(super) fn into_lease(self) -> Option<Lease> {
        self.lease.map(Arc::unwrap_or_clone)
    }
}

/// The leases of the operations that run, each kept once.
#[derive(Debug, Default)]
pub(super) struct Leases(Vec<Arc<Lease>>);

impl Leases {
    /// An operation with that lease.
    pub(super) fn run(&mut self, lease: Option<Lease>) -> Running {
        Running { lease: lease.map(|lease| self.keep(lease)) }
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.len().saturating_mul(LEASE_BYTES)
    }

    pub(super) fn bytes_with_one_more(&self) -> usize {
        self.bytes().saturating_add(LEASE_BYTES)
    }

    fn keep(&mut self, lease: Lease) -> Arc<Lease> {
        if let Some(known) = self.0.iter().find(|known| ***known == lease) {
            return Arc::clone(known);
        }
        // Of what has ended only this is left.
        self.0.retain(|known| Arc::strong_count(known) > 1);
        let lease = Arc::new(lease);
        self.0.push(Arc::clone(&lease));
        lease
    }
}
