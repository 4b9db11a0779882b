//! The sockets of one worker: how many are open, and what a report says of them.
//!
//! Memory is bounded: a policy has few classes, and of clients those are told apart that came first in a window, then the
//! busiest of them reported.

mod shared;

pub(crate) use shared::Told;

use crate::time::Timestamp;
use portcullis_policy::{ClassId, ClientKey};
use portcullis_report::{Bounds, CloseCode, Reason, SocketClient, SocketRow, SocketsReport, Spread, Traffic};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Clients that are told apart in one window.
const CLIENTS: usize = 512;

/// Something that happened to a socket, as the worker counts and reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketEvent {
    /// When.
    pub at: Timestamp,
    /// The class of its client.
    pub class: ClassId,
    /// The name of that class.
    pub class_name: Arc<str>,
    /// The pseudonym of its client.
    pub client: ClientKey,
    /// What.
    pub news: SocketNews,
}

/// What happened to a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketNews {
    /// An attempt was refused.
    Refused(Reason),
    /// An attempt failed at the upstream.
    Failed,
    /// The upstream took it.
    Opened,
    /// It carried something since it was last spoken of.
    Carried(Carried),
    /// It is over.
    Ended {
        /// The code of the first close.
        code: CloseCode,
        /// How long it lived.
        duration_ms: u64,
        /// The messages of its whole life.
        messages: u64,
    },
}

/// What a socket carried in a part of its life.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// What the client sent.
    pub from_client: Traffic,
    /// What the upstream sent.
    pub from_server: Traffic,
    /// Operations that went upstream.
    pub operations: u64,
    /// Operations that were refused.
    pub operations_refused: u64,
    /// Messages that were turned away, or a close of the gate's, by reason.
    pub rejected: BTreeMap<Reason, u64>,
}

/// The sockets of one worker.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    /// Open now, by class.
    open: BTreeMap<ClassId, Open>,
    rows: BTreeMap<Arc<str>, SocketRow>,
    clients: BTreeMap<ClientKey, SocketClient>,
    clients_merged: u64,
    told: Told,
}

#[derive(Debug)]
struct Open {
    name: Arc<str>,
    count: u64,
}

impl Crowd {
    /// Whether there is nothing to report.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.open.values().all(|open| open.count == 0)
    }

    /// Counts what happened to a socket, for the gauge.
    pub(crate) fn note_open(&mut self, event: &SocketEvent) {
        let open = || Open { name: Arc::clone(&event.class_name), count: 0 };
        let open = self.open.entry(event.class).or_insert_with(open);
        match event.news {
            SocketNews::Opened => open.count = open.count.saturating_add(1),
            SocketNews::Ended { .. } => open.count = open.count.saturating_sub(1),
            SocketNews::Refused(_) | SocketNews::Failed | SocketNews::Carried(_) => (),
        }
    }

    /// Counts what happened to a socket, for the report.
    pub(crate) fn note(&mut self, event: SocketEvent) {
        let SocketEvent { class_name, client, news, .. } = event;
        let who = self.client(client, &class_name);
        match &news {
            SocketNews::Refused(_) => {
                add(&mut who.attempts, 1);
                add(&mut who.rejected, 1);
            }
            SocketNews::Failed | SocketNews::Opened => add(&mut who.attempts, 1),
            SocketNews::Carried(carried) => {
                add(&mut who.messages, carried.from_client.messages);
                add(&mut who.bytes, carried.from_client.bytes);
                add(&mut who.rejected, carried.rejected.values().sum());
            }
            SocketNews::Ended { .. } => (),
        }
        let row = self.rows.entry(Arc::clone(&class_name)).or_default();
        match news {
            SocketNews::Refused(reason) => add(row.refused.entry(reason).or_default(), 1),
            SocketNews::Failed => add(&mut row.failed, 1),
            SocketNews::Opened => add(&mut row.opened, 1),
            SocketNews::Carried(carried) => carry(row, carried),
            SocketNews::Ended { code, duration_ms, messages } => {
                add(row.closes.entry(code).or_default(), 1);
                row.duration_ms.add(duration_ms, Spread::DURATION_MS);
                row.messages.add(messages, Spread::MESSAGES);
            }
        }
    }

    /// A client's own line; those without one share a line that is not reported but counted.
    fn client(&mut self, key: ClientKey, class: &Arc<str>) -> &mut SocketClient {
        let key = if self.clients.len() < CLIENTS || self.clients.contains_key(&key) {
            key
        } else {
            add(&mut self.clients_merged, 1);
            OTHERS
        };
        self.clients.entry(key).or_insert_with(|| SocketClient {
            client_key: key.to_string(),
            class: class.as_ref().to_owned(),
            ..SocketClient::default()
        })
    }

    /// What there is to report of the window; a new one begins.
    pub(crate) fn cut(&mut self) -> Option<SocketsReport> {
        if self.is_empty() {
            return None;
        }
        let mut rows = std::mem::take(&mut self.rows);
        for open in self.open.values().filter(|open| open.count > 0) {
            rows.entry(Arc::clone(&open.name)).or_default().active = open.count;
        }
        let named = rows.into_iter().take(Bounds::SOCKET_ROWS);
        let rows = named.map(|(class, row)| SocketRow { class: class.as_ref().to_owned(), ..row }).collect();
        let all = std::mem::take(&mut self.clients);
        let mut clients: Vec<SocketClient> =
            all.into_iter().filter(|(key, _)| *key != OTHERS).map(|(_, client)| client).collect();
        clients.sort_by_key(|client| std::cmp::Reverse((client.rejected, client.attempts, client.messages)));
        clients.truncate(Bounds::SOCKET_CLIENTS);
        Some(SocketsReport { rows, clients, clients_merged: std::mem::take(&mut self.clients_merged) })
    }
}

/// What stands for clients without a line of their own.
const OTHERS: ClientKey = ClientKey([0; 16]);

fn carry(row: &mut SocketRow, carried: Carried) {
    let Carried { from_client, from_server, operations, operations_refused, rejected } = carried;
    for (sum, part) in [(&mut row.from_clients, from_client), (&mut row.from_servers, from_server)] {
        add(&mut sum.messages, part.messages);
        add(&mut sum.bytes, part.bytes);
    }
    add(&mut row.operations, operations);
    add(&mut row.operations_refused, operations_refused);
    for (reason, count) in rejected {
        add(row.rejected.entry(reason).or_default(), count);
    }
}

fn add(sum: &mut u64, part: u64) {
    *sum = sum.saturating_add(part);
}

#[cfg(test)]
mod tests;
