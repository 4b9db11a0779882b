//! What an edge reports of WebSockets: one row for each class, and the clients that had most to do with them.

use super::{Bounds, ReportError, at_most};
use crate::{CloseCode, Reason};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything one worker saw of sockets in one window of time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocketsReport {
    /// One row for each class that had sockets or wanted some.
    pub rows: Vec<SocketRow>,
    /// The clients with most attempts and messages, as far as there is room.
    pub clients: Vec<SocketClient>,
    /// Clients that found no room.
    pub clients_merged: u64,
}

/// The sockets of one class in one window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocketRow {
    /// Client class of the policy.
    pub class: String,
    /// Open with this worker at the end of the window.
    pub active: u64,
    /// Attempts that the upstream took.
    pub opened: u64,
    /// Attempts that the upstream did not take.
    pub failed: u64,
    /// Attempts that the gate refused, by reason.
    pub refused: BTreeMap<Reason, u64>,
    /// Sockets that the gate closed, and messages that it refused or held back, by reason.
    pub rejected: BTreeMap<Reason, u64>,
    /// What clients sent.
    pub from_clients: Traffic,
    /// What upstreams sent.
    pub from_servers: Traffic,
    /// Operations that went upstream.
    pub operations: u64,
    /// Operations that were refused.
    pub operations_refused: u64,
    /// Sockets that ended, by the code of their close.
    pub closes: BTreeMap<CloseCode, u64>,
    /// How long those lived that ended.
    pub duration_ms: Spread,
    /// How many messages they carried, of both sides.
    pub messages: Spread,
}

/// What one side sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Messages; control frames are none.
    pub messages: u64,
    /// Bytes, frames and all.
    pub bytes: u64,
}

/// How values are spread: how many were at most each bound, and how many above all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread {
    /// The sum of the values.
    pub sum: u64,
    /// One count for each bound, and one above them; nothing when there were no values.
    pub counts: Vec<u64>,
}

impl Spread {
    /// Bounds of durations, in milliseconds.
    pub const DURATION_MS: &'static [u64] =
        &[100, 1_000, 5_000, 10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000, 14_400_000, 86_400_000];
    /// Bounds of numbers of messages.
    pub const MESSAGES: &'static [u64] = &[1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 10_000, 100_000];

    /// Adds a value.
    pub fn add(&mut self, value: u64, bounds: &[u64]) {
        self.sum = self.sum.saturating_add(value);
        self.counts.resize(bounds.len().saturating_add(1), 0);
        let place = bounds.iter().position(|bound| value <= *bound).unwrap_or(bounds.len());
        if let Some(count) = self.counts.get_mut(place) {
            *count = count.saturating_add(1);
        }
    }

    /// How many values there were.
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }
}

/// What one client had to do with sockets in one window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocketClient {
    /// Its pseudonym, 32 hex digits.
    pub client_key: String,
    /// Its class.
    pub class: String,
    /// Attempts, whatever became of them.
    pub attempts: u64,
    /// Attempts that the gate refused, and sockets and messages that it turned away.
    pub rejected: u64,
    /// Messages that it sent.
    pub messages: u64,
    /// Bytes that it sent.
    pub bytes: u64,
}

impl SocketsReport {
    pub(super) fn check(&self) -> Result<(), ReportError> {
        at_most("sockets.rows", self.rows.len(), Bounds::SOCKET_ROWS)?;
        at_most("sockets.clients", self.clients.len(), Bounds::SOCKET_CLIENTS)?;
        for (index, row) in self.rows.iter().enumerate() {
            let text = super::Text { path: "sockets.rows", index };
            text.fits("class", &row.class, Bounds::LABEL_BYTES)?;
            row.spread_fits(index)?;
        }
        for (index, client) in self.clients.iter().enumerate() {
            let text = super::Text { path: "sockets.clients", index };
            text.fits("class", &client.class, Bounds::LABEL_BYTES)?;
            if !super::is_hex(&client.client_key, 32) {
                return Err(ReportError::SocketClientKey { index });
            }
        }
        Ok(())
    }
}

impl SocketRow {
    fn spread_fits(&self, index: usize) -> Result<(), ReportError> {
        let fits = |spread: &Spread, bounds: &[u64]| {
            spread.counts.is_empty() || spread.counts.len() == bounds.len().saturating_add(1)
        };
        let all = fits(&self.duration_ms, Spread::DURATION_MS) && fits(&self.messages, Spread::MESSAGES);
        if all { Ok(()) } else { Err(ReportError::Spread { index }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_counted_at_the_first_bound_that_holds_it() {
        let mut spread = Spread::default();
        for value in [1, 2, 3, 100_001] {
            spread.add(value, Spread::MESSAGES);
        }
        assert_eq!((spread.sum, spread.count()), (100_007, 4));
        assert_eq!(spread.counts.first_chunk(), Some(&[1, 1, 1]));
        assert_eq!(spread.counts.last(), Some(&1));
    }
}
