//! What the upstream was asked, kept by the test that asked.

use super::TEST_ID;
use bytes::Bytes;
use http::{HeaderMap, Version};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// So many keys are remembered; the oldest are forgotten first.
const KEYS: usize = 20_000;

/// One request as it reached the upstream.
#[derive(Clone, Debug)]
pub struct Seen {
    /// HTTP/1.1 or HTTP/2.
    pub version: Version,
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The headers, raw.
    pub headers: HeaderMap,
    /// The body; empty while `complete` is false.
    pub body: Bytes,
    /// The trailers, raw.
    pub trailers: HeaderMap,
    /// Bytes of body that came so far.
    pub received: u64,
    /// Whether the body came to its end.
    pub complete: bool,
    /// The texts that came over the socket that it opened.
    pub messages: Vec<String>,
}

impl Seen {
    /// The header's value, if there is exactly one and it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(value)
    }
}

/// Requests by the value of their test id.
#[derive(Default)]
pub struct Recorder(Mutex<Book>);

#[derive(Default)]
struct Book {
    arrived: u64,
    entries: BTreeMap<String, Vec<Seen>>,
    order: VecDeque<String>,
    permits: BTreeMap<String, Arc<Semaphore>>,
}

/// Where a request was written down.
pub(super) struct Ticket(Option<(String, usize)>);

impl Recorder {
    /// How many requests arrived, with a test id or without.
    #[must_use]
    pub fn arrived(&self) -> u64 {
        self.book().arrived
    }

    /// What came under this id so far.
    #[must_use]
    pub fn seen(&self, id: &str) -> Vec<Seen> {
        self.book().entries.get(id).cloned().unwrap_or_default()
    }

    /// What came under this id; it is forgotten.
    #[must_use]
    pub fn take(&self, id: &str) -> Vec<Seen> {
        self.book().entries.remove(id).unwrap_or_default()
    }

    /// Lets a stream that was asked for with `steps` send so many more events.
    pub fn release(&self, id: &str, events: usize) {
        self.permits(id).add_permits(events);
    }

    pub(super) fn permits(&self, id: &str) -> Arc<Semaphore> {
        let none = || Arc::new(Semaphore::new(0));
        Arc::clone(self.book().permits.entry(id.to_owned()).or_insert_with(none))
    }

    pub(super) fn arrive(&self, head: &http::request::Parts) -> Ticket {
        let mut book = self.book();
        book.arrived += 1;
        let Some(id) = head.headers.get(TEST_ID).and_then(|id| id.to_str().ok()) else { return Ticket(None) };
        let seen = Seen {
            version: head.version,
            method: head.method.to_string(),
            path: head.uri.path_and_query().map_or_else(|| head.uri.to_string(), ToString::to_string),
            headers: head.headers.clone(),
            body: Bytes::new(),
            trailers: HeaderMap::new(),
            received: 0,
            complete: false,
            messages: Vec::new(),
        };
        if !book.entries.contains_key(id) {
            book.order.push_back(id.to_owned());
            if book.order.len() > KEYS
                && let Some(oldest) = book.order.pop_front()
            {
                book.entries.remove(&oldest);
            }
        }
        let entry = book.entries.entry(id.to_owned()).or_default();
        entry.push(seen);
        Ticket(Some((id.to_owned(), entry.len() - 1)))
    }

    pub(super) fn receive(&self, ticket: &Ticket, bytes: usize) {
        let Some((id, position)) = &ticket.0 else { return };
        let mut book = self.book();
        let Some(seen) = book.entries.get_mut(id).and_then(|entry| entry.get_mut(*position)) else { return };
        seen.received = seen.received.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    pub(super) fn hear(&self, ticket: &Ticket, message: &str) {
        let Some((id, position)) = &ticket.0 else { return };
        let mut book = self.book();
        let Some(seen) = book.entries.get_mut(id).and_then(|entry| entry.get_mut(*position)) else { return };
        seen.messages.push(message.to_owned());
    }

    pub(super) fn finish(&self, ticket: Ticket, body: &Bytes, trailers: Option<&HeaderMap>) {
        let Some((id, position)) = ticket.0 else { return };
        let mut book = self.book();
        let Some(seen) = book.entries.get_mut(&id).and_then(|entry| entry.get_mut(position)) else { return };
        seen.body = body.clone();
        seen.trailers = trailers.cloned().unwrap_or_default();
        seen.complete = true;
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
