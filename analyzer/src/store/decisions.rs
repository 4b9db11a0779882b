//! The decisions about clients in the store, and the revision by which edges know what they have.
//!
//! Whoever changes decisions first takes the next revisions, and by that keeps all others out until it is stored: so
//! revisions become visible in their order, and whoever has seen one has seen all before it.

mod change;
mod list;
mod page;
mod removal;
mod standing;

use super::pool::{Pool, Transaction};
use super::sql::{Row, Statement, sql};
use super::{Store, StoreError};
use portcullis_redact::{Redacted, redact};
use portcullis_report::{Action, Scope};
use std::sync::Arc;

pub(super) use change::store_drafts;
pub(crate) use change::{Added, Author, Draft};
pub(crate) use list::Wanted;
pub(crate) use page::{Page, Pull, Since};
pub(crate) use removal::Removal;
pub(super) use standing::Held;
pub(crate) use standing::Standing;

/// Decisions that hold at once, at most; more are refused.
pub(crate) const MOST: u64 = 500_000;

/// The channel on which analyzers of one PostgreSQL server tell each other of new revisions.
pub(super) const CHANNEL: &str = "portcullis_decisions";
const REVISION: &str = "decisions";

/// A decision as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) id: u64,
    pub(crate) revision: u64,
    pub(crate) action: Action,
    pub(crate) scope: Scope,
    pub(crate) reason: Arc<Redacted>,
    pub(crate) origin: Arc<Redacted>,
    pub(crate) created_ms: u64,
    pub(crate) created_by: Arc<Redacted>,
    pub(crate) expires_ms: u64,
    /// Until when somebody may believe that it holds: the latest that it was ever said to expire.
    pub(crate) until_ms: u64,
    pub(crate) removed_ms: Option<u64>,
}

/// How far the decisions of the store are.
#[derive(Clone, Copy, Debug)]
struct Revision {
    revision: u64,
    /// Who knows less has to be told everything.
    floor: u64,
}

/// The last texts that were read: of many decisions that were made together they are the same, and are kept once.
#[derive(Debug, Default)]
struct Texts {
    reason: Arc<Redacted>,
    origin: Arc<Redacted>,
    created_by: Arc<Redacted>,
}

const COLUMNS: &str = "id, revision, scope, value, action, factor_milli, reason, origin, created_ms, created_by, expires_ms, until_ms, removed_ms";

impl Store {
    /// Makes the first revision, which is this moment: so that those of another store were never larger.
    pub(crate) async fn begin_decisions(&self, now_ms: u64) -> Result<(), StoreError> {
        let statement =
            sql("INSERT INTO revisions (name, value, floor) VALUES ($1, $2, $2) ON CONFLICT DO NOTHING")
                .bind(REVISION)
                .bind(now_ms.max(1));
        self.writer.execute(statement).await?;
        Ok(())
    }

    /// The revision of what is stored.
    pub(crate) async fn revision(&self) -> Result<u64, StoreError> {
        Ok(self.decisions_at().await?.revision)
    }

    async fn decisions_at(&self) -> Result<Revision, StoreError> {
        Ok(revision(self.lookups.row(revision_statement()).await?)?)
    }

    /// Waits on PostgreSQL until another analyzer tells of a new revision; on SQLite there is nobody to tell.
    pub(crate) async fn listen(&self) -> Result<Option<sqlx::postgres::PgListener>, StoreError> {
        match &self.listener {
            Pool::Sqlite(_) => Ok(None),
            Pool::Postgres(pool) => {
                let mut listener = sqlx::postgres::PgListener::connect_with(pool).await?;
                listener.listen(CHANNEL).await?;
                Ok(Some(listener))
            }
        }
    }
}

async fn current(snapshot: &mut Transaction) -> Result<Revision, sqlx::Error> {
    revision(snapshot.on().row(revision_statement()).await?)
}

fn revision_statement() -> Statement<'static> {
    sql("SELECT value, floor FROM revisions WHERE name = $1").bind(REVISION)
}

fn revision(row: Option<Row>) -> Result<Revision, sqlx::Error> {
    match row {
        Some(row) => Ok(Revision { revision: row.amount("value")?, floor: row.amount("floor")? }),
        None => Ok(Revision { revision: 0, floor: 0 }),
    }
}

async fn next_revisions(transaction: &mut Transaction, number: u64) -> Result<u64, sqlx::Error> {
    take_numbers(transaction, REVISION, number).await
}

/// Takes so many numbers of that name and gives the first; others wait until the transaction ends.
pub(super) async fn take_numbers(
    transaction: &mut Transaction,
    name: &str,
    number: u64,
) -> Result<u64, sqlx::Error> {
    let statement = sql("UPDATE revisions SET value = value + $1 WHERE name = $2 RETURNING value")
        .bind(number)
        .bind(name);
    let row = transaction.on().row(statement).await?.ok_or(sqlx::Error::RowNotFound)?;
    Ok(row.amount("value")?.saturating_sub(number).saturating_add(1))
}

/// Tells the other analyzers, once the transaction is stored.
async fn tell(transaction: &mut Transaction) -> Result<(), sqlx::Error> {
    if matches!(transaction, Transaction::Postgres(_)) {
        transaction.on().rows(sql("SELECT pg_notify($1, '')").bind(CHANNEL)).await?;
    }
    Ok(())
}

fn kept(row: &Row, texts: &mut Texts) -> Result<Kept, sqlx::Error> {
    let factor = row.optional_amount("factor_milli")?;
    let action = match (row.str("action")?, factor.and_then(|factor| u16::try_from(factor).ok())) {
        ("block", _) => Action::Block,
        ("allow", _) => Action::Allow,
        ("throttle", Some(factor_milli)) => Action::Throttle { factor_milli },
        _ => return Err(sqlx::Error::Decode("an unknown action".into())),
    };
    let scope = Scope::parse(row.str("scope")?, row.str("value")?);
    let Some(Ok(scope)) = scope else { return Err(sqlx::Error::Decode("an unknown scope".into())) };
    Ok(Kept {
        id: row.amount("id")?,
        revision: row.amount("revision")?,
        action,
        scope,
        reason: shared(&mut texts.reason, row.str("reason")?),
        origin: shared(&mut texts.origin, row.str("origin")?),
        created_ms: row.amount("created_ms")?,
        created_by: shared(&mut texts.created_by, row.str("created_by")?),
        expires_ms: row.amount("expires_ms")?,
        until_ms: row.amount("until_ms")?,
        removed_ms: row.optional_amount("removed_ms")?,
    })
}

/// The text as it may be shown, which is the last one where that is the same.
fn shared(last: &mut Arc<Redacted>, text: &str) -> Arc<Redacted> {
    if last.as_str() != text {
        *last = redact(text).into();
    }
    Arc::clone(last)
}
