//! Decisions of a CrowdSec: as one of its bouncers we are told whom it bans, and tell our edges.
//!
//! What came from us is not taken back in: a CrowdSec that is fed with our decisions would otherwise keep them alive for
//! ever. When the import begins everything is asked for, and what is not told any more is removed; then the changes.

mod wire;

use crate::clock::Clock;
use crate::config::CrowdSec;
use crate::decisions::Feed;
use crate::store::{Added, Author, Draft, Lease, Removal, Store, StoreError, Wanted};
use portcullis_report::Scope;
use reqwest::Client;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use wire::Stream;

/// By which these decisions are listed and removed. A CrowdSec has no such origin of its own: what its agents found is
/// of the origin `crowdsec`.
const ORIGIN: &str = "crowdsec:lapi";
/// Who makes and removes them.
const AUTHOR: &str = "crowdsec";
/// Bytes of an answer: some 400,000 decisions.
const ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// An expiry that differs by no more is the same: it is told as a time from now, by the second.
const SAME_MS: u64 = 5_000;

/// A CrowdSec that is asked.
#[derive(Debug)]
pub(crate) struct Lapi {
    settings: CrowdSec,
    key: String,
    client: Client,
    feed: Feed,
    clock: Clock,
    /// Under which lease everything has been told and stored, so that the changes will do.
    begun: Mutex<Option<Lease>>,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LapiError {
    #[error("CrowdSec cannot be asked: {0}")]
    Unreachable(#[from] reqwest::Error),
    #[error("CrowdSec answered {0}")]
    Status(u16),
    #[error("CrowdSec's answer is too large")]
    TooLarge,
    #[error("CrowdSec's answer is not understood: {0}")]
    Answer(#[from] serde_json::Error),
    #[error("there are too many decisions")]
    TooMany,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LapiError {
    /// What it is, in a word.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Status(401 | 403) => "forbidden",
            Self::Status(_) => "refused",
            Self::TooLarge | Self::TooMany => "too_large",
            Self::Answer(_) => "not_understood",
            Self::Store(error) => error.label(),
        }
    }
}

impl Lapi {
    pub(crate) fn new(
        settings: CrowdSec,
        key: String,
        feed: Feed,
        clock: Clock,
    ) -> Result<Self, reqwest::Error> {
        let agent = concat!("portcullis/", env!("CARGO_PKG_VERSION"));
        let client = Client::builder().timeout(PATIENCE).user_agent(agent).build()?;
        Ok(Self { settings, key, client, feed, clock, begun: Mutex::default() })
    }

    /// Asks once, and stores what is new, while the lease is ours.
    pub(crate) async fn pull(&self, store: &Store, lease: Lease) -> Result<(), LapiError> {
        // CrowdSec knows what it has told us from the moment on at which it answers. So when that is not stored, for
        // whatever reason, and when another analyzer was told meanwhile, everything is asked for again.
        let begun = self.begun().take().is_some_and(|known| known == lease);
        let stream = self.ask(begun).await?;
        let now_ms = self.clock.now_ms();
        let new: BTreeMap<Scope, Draft> =
            stream.new.iter().filter_map(|it| it.draft(ORIGIN, now_ms)).map(|it| (it.scope, it)).collect();
        // With everything comes whatever has run out; then what is not told any more is gone.
        let gone = stream.deleted.iter().filter(|_| begun).filter_map(wire::Decision::scope).collect();
        self.store(store, &lease, new, gone, begun, now_ms).await?;
        *self.begun() = Some(lease);
        Ok(())
    }

    fn begun(&self) -> std::sync::MutexGuard<'_, Option<Lease>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn store(
        &self,
        store: &Store,
        lease: &Lease,
        mut new: BTreeMap<Scope, Draft>,
        mut gone: Vec<Scope>,
        begun: bool,
        now_ms: u64,
    ) -> Result<(), LapiError> {
        if !begun {
            let all = Wanted { origin: Some(ORIGIN.to_owned()), limit: u32::MAX, ..Wanted::default() };
            for kept in store.decisions(&all, now_ms).await? {
                match new.get(&kept.scope) {
                    None => gone.push(kept.scope),
                    Some(draft) if draft.expires_ms.abs_diff(kept.expires_ms) <= SAME_MS => {
                        new.remove(&kept.scope);
                    }
                    Some(_) => {}
                }
            }
        }
        // One that was replaced is told as deleted and as new.
        gone.retain(|scope| !new.contains_key(scope));
        let author = Author(AUTHOR.to_owned(), Some(lease.clone()));
        if !new.is_empty() {
            let drafts: Vec<_> = new.into_values().collect();
            match store.decide(&drafts, &author, now_ms).await? {
                Added::Stored { revision } => self.feed.tell(revision),
                Added::TooMany => return Err(LapiError::TooMany),
            }
        }
        if !gone.is_empty() {
            let removal = Removal::Of { scopes: gone, origin: ORIGIN.to_owned() };
            store.remove(&removal, &author, now_ms).await?;
            self.feed.tell(store.revision().await?);
        }
        Ok(())
    }

    async fn ask(&self, begun: bool) -> Result<Stream, LapiError> {
        let url = format!("{}/v1/decisions/stream", self.settings.url.trim_end_matches('/'));
        let startup = if begun { "false" } else { "true" };
        let request = self.client.get(url).query(&[("startup", startup), ("scopes", "ip,range")]);
        let mut response = request.header("x-api-key", &self.key).send().await?;
        if !response.status().is_success() {
            return Err(LapiError::Status(response.status().as_u16()));
        }
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if answer.len().saturating_add(chunk.len()) > ANSWER_BYTES {
                return Err(LapiError::TooLarge);
            }
            answer.extend_from_slice(&chunk);
        }
        Ok(serde_json::from_slice(&answer)?)
    }
}
