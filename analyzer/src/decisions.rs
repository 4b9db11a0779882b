//! The news about decisions: which revision there is, told to everyone who waits for the next.
//!
//! What is decided here is told at once. What another analyzer decides is told by PostgreSQL; and in case that fails,
//! and for SQLite's sake, the store is asked every second.

pub(crate) mod target;

use crate::clock::Clock;
use crate::store::{Store, StoreError};
use sqlx::postgres::PgListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// How often the store is asked whether there is something that nobody told.
const POLL: Duration = Duration::from_secs(1);

/// What is known of the decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct News {
    revision: u64,
    /// Whether there will be more.
    open: bool,
}

/// Where the news is told and heard; clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Feed(Arc<watch::Sender<News>>);

/// Someone who waits for news.
#[derive(Debug)]
pub(crate) struct Listener(watch::Receiver<News>);

/// What waiting came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// There is another revision.
    News,
    /// The time is over, or there will be no more.
    Nothing,
}

impl Feed {
    /// Begins with what the store has, and watches it.
    pub(crate) async fn start(store: Store, clock: Clock) -> Result<(Self, JoinHandle<()>), StoreError> {
        let feed = Self::at(store.revision().await?);
        let task = tokio::spawn(watch(feed.clone(), store, clock));
        Ok((feed, task))
    }

    fn at(revision: u64) -> Self {
        Self(Arc::new(watch::Sender::new(News { revision, open: true })))
    }

    /// Tells of a revision that was made; of two that were made at a time the later may be told first.
    pub(crate) fn tell(&self, revision: u64) {
        self.change(|known| known.max(revision));
    }

    /// Tells what the store said, which was asked when this much had been heard. What was told meanwhile is newer than the
    /// answer; otherwise the store is right, also when it went back to an earlier revision.
    pub(crate) fn found(&self, heard: u64, revision: u64) {
        self.change(|known| if known == heard { revision } else { known });
    }

    fn change(&self, next: impl FnOnce(u64) -> u64) {
        self.0.send_if_modified(|news| {
            let before = news.revision;
            news.revision = next(before);
            news.revision != before
        });
    }

    /// The last revision that was told.
    pub(crate) fn revision(&self) -> u64 {
        self.0.borrow().revision
    }

    /// Hears what is told from now on.
    pub(crate) fn listen(&self) -> Listener {
        Listener(self.0.subscribe())
    }

    /// Sends everyone home who waits.
    pub(crate) fn close(&self) {
        self.0.send_modify(|news| news.open = false);
    }
}

impl Listener {
    /// Waits until another revision than this is told.
    pub(crate) async fn other_than(&mut self, revision: u64, deadline: Instant) -> Heard {
        let changed = self.0.wait_for(|news| news.revision != revision || !news.open);
        match tokio::time::timeout_at(deadline, changed).await {
            Ok(Ok(news)) if news.open => Heard::News,
            Ok(_) | Err(_) => Heard::Nothing,
        }
    }
}

async fn watch(feed: Feed, store: Store, clock: Clock) {
    let mut listener = None;
    loop {
        if listener.is_none() {
            listener = store.listen().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "no news from the server; the store is asked every second");
                None
            });
        }
        if tokio::time::timeout(POLL, told(listener.as_mut())).await == Ok(Told::Broken) {
            listener = None;
        }
        let heard = feed.revision();
        match store.revision().await {
            Ok(revision) => feed.found(heard, revision),
            Err(error) => tracing::debug!(%error, "the revision of the decisions is not known"),
        }
        // So that nobody has to wait until they are fetched.
        if let Err(error) = store.standing(clock.now_ms()).await {
            tracing::debug!(%error, "the decisions are not known");
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Something,
    Broken,
}

/// Waits until the server tells something; for ever, where there is none.
async fn told(listener: Option<&mut PgListener>) -> Told {
    match listener {
        None => std::future::pending().await,
        Some(listener) => match listener.try_recv().await {
            // `None`: the connection was lost and is there again; something may have been missed.
            Ok(_) => Told::Something,
            Err(_) => Told::Broken,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_that_come_late_take_nothing_back() {
        let feed = Feed::at(10);
        let check = |expected: u64| assert_eq!(feed.revision(), expected);
        feed.tell(12);
        feed.tell(11);
        check(12);
        // The store was asked before another was told.
        let heard = feed.revision();
        feed.tell(15);
        feed.found(heard, 12);
        check(15);
        // It is another store.
        feed.found(15, 3);
        check(3);
        feed.found(3, 4);
        check(4);
    }
}
