//! Decisions are made, replaced and forgotten; who did it is written down with it.

use super::{Kept, MOST, next_revisions, tell};
use crate::store::leases::Lease;
use crate::store::number::stored;
use crate::store::pool::Transaction;
use crate::store::sql::{Statement, Value, sql};
use crate::store::{Store, StoreError};
use portcullis_report::{Action, Scope};
use std::collections::BTreeMap;

/// Rows of one statement; times the columns it stays below the parameters of one.
const ROWS: usize = 1_000;
/// Decisions of one transaction: nobody else can write while it lasts.
const CHANGES: usize = 5_000;
/// After how many they are counted: that takes longer than making one.
const COUNTED: u64 = 64;
/// For how long decisions that hold no longer are told as such; whoever was away longer is told everything.
pub(super) const TOLD_MS: u64 = 7 * 86_400_000;
/// How much later than ours another clock may be by which a decision ends.
pub(super) const SHOWN_MS: u64 = 3_600_000;

const OLD_REMOVED: &str =
    "DELETE FROM decisions WHERE id IN (SELECT id FROM decisions WHERE removed_ms < $1 LIMIT $2)";
const OLD_EXPIRED: &str =
    "DELETE FROM decisions WHERE id IN (SELECT id FROM decisions WHERE expires_ms < $1 LIMIT $2)";
/// Of those that ran out, as many are kept as may hold.
const EXCESS: &str = "DELETE FROM decisions WHERE id IN (SELECT id FROM decisions WHERE expires_ms < $1 AND until_ms < $1 \
     ORDER BY expires_ms DESC LIMIT $2 OFFSET 500000)";

/// A decision that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) action: Action,
    pub(crate) scope: Scope,
    pub(crate) expires_ms: u64,
    pub(crate) reason: String,
    pub(crate) origin: String,
}

/// Who changes decisions, and the lease under which alone that is allowed, where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Author(pub(crate) String, pub(crate) Option<Lease>);

/// What became of drafts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    /// They are stored; the revision is that of the last.
    Stored { revision: u64 },
    /// Too many decisions would hold at once; some of them may be stored.
    TooMany,
}

impl Store {
    /// Makes the decisions; one about the same client of the same origin takes the place of the one before.
    pub(crate) async fn decide(
        &self,
        drafts: &[Draft],
        author: &Author,
        now_ms: u64,
    ) -> Result<Added, StoreError> {
        let drafts = latest(drafts);
        let mut revision = 0;
        for drafts in drafts.chunks(CHANGES) {
            let mut transaction = self.begin(author).await?;
            let Some(last) = store(&mut transaction, drafts, author, now_ms).await? else {
                transaction.rollback().await?;
                return Ok(Added::TooMany);
            };
            note(&mut transaction, author, now_ms, "decide", &subject(drafts), &detail(drafts)).await?;
            transaction.commit().await?;
            revision = last;
        }
        Ok(Added::Stored { revision })
    }

    /// A transaction in which the author may write.
    pub(super) async fn begin(&self, author: &Author) -> Result<Transaction, StoreError> {
        match &author.1 {
            Some(lease) => self.fenced(lease).await,
            None => Ok(self.writer.write().await?),
        }
    }

    /// Forgets decisions that nobody has to be told of any more.
    pub(crate) async fn forget_decisions(&self, lease: &Lease, now_ms: u64) -> Result<u64, StoreError> {
        let told = now_ms.saturating_sub(TOLD_MS);
        let mut transaction = self.fenced(lease).await?;
        // Who knows less than the last one that is forgotten has to be told everything.
        let floor = sql("UPDATE revisions SET floor = coalesce((SELECT max(revision) FROM decisions \
             WHERE (removed_ms < $1 OR expires_ms < $1) AND until_ms >= $2), floor) WHERE name = 'decisions' \
             AND floor < coalesce((SELECT max(revision) FROM decisions \
             WHERE (removed_ms < $1 OR expires_ms < $1) AND until_ms >= $2), 0)")
        .bind(told)
        .bind(now_ms.saturating_sub(SHOWN_MS));
        transaction.on().execute(floor).await?;
        transaction.commit().await?;
        let removed = self.delete_all(lease, OLD_REMOVED, stored(told)).await?;
        let expired = self.delete_all(lease, OLD_EXPIRED, stored(told)).await?;
        let excess = self.delete_all(lease, EXCESS, stored(now_ms.saturating_sub(SHOWN_MS))).await?;
        Ok(removed.saturating_add(expired).saturating_add(excess))
    }
}

/// Makes decisions together with what else the transaction does; the revision of the last, or nothing where there are none
/// to make or too many hold.
pub(in crate::store) async fn store_drafts(
    transaction: &mut Transaction,
    drafts: &[Draft],
    author: &Author,
    now_ms: u64,
) -> Result<Option<u64>, sqlx::Error> {
    let mut revision = None;
    for drafts in latest(drafts).chunks(CHANGES) {
        revision = store(transaction, drafts, author, now_ms).await?.or(revision);
    }
    Ok(revision)
}

/// Of two drafts for one place the later: no statement may meet a row twice.
fn latest(drafts: &[Draft]) -> Vec<&Draft> {
    let latest: BTreeMap<_, _> =
        drafts.iter().map(|draft| ((draft.scope, draft.origin.as_str()), draft)).collect();
    latest.into_values().collect()
}

/// Stores the drafts and tells of them; nothing when too many would hold.
async fn store(
    transaction: &mut Transaction,
    drafts: &[&Draft],
    author: &Author,
    now_ms: u64,
) -> Result<Option<u64>, sqlx::Error> {
    let number = u64::try_from(drafts.len()).unwrap_or(u64::MAX);
    let first = next_revisions(transaction, number).await?;
    let many = number >= COUNTED || first.checked_rem(COUNTED).is_some_and(|rest| rest < number);
    if many && !has_room(transaction, drafts, now_ms).await? {
        tracing::warn!(drafts = number, most = MOST, "too many decisions hold; these are not made");
        return Ok(None);
    }
    insert(transaction, drafts, author, first, now_ms).await?;
    tell(transaction).await?;
    Ok(Some(first.saturating_add(number).saturating_sub(1)))
}

/// Whether no more would hold than may; one that takes the place of another is none more.
async fn has_room(
    transaction: &mut Transaction,
    drafts: &[&Draft],
    now_ms: u64,
) -> Result<bool, sqlx::Error> {
    let number = u64::try_from(drafts.len()).unwrap_or(u64::MAX);
    let would_hold = holding(transaction, now_ms).await?.saturating_add(number);
    if would_hold <= MOST {
        return Ok(true);
    }
    let mut replaced = 0_u64;
    for drafts in drafts.chunks(ROWS) {
        replaced = replaced.saturating_add(replacing(transaction, drafts, now_ms).await?);
    }
    Ok(would_hold.saturating_sub(replaced) <= MOST)
}

async fn replacing(
    transaction: &mut Transaction,
    drafts: &[&Draft],
    now_ms: u64,
) -> Result<u64, sqlx::Error> {
    let values: Vec<_> = drafts.iter().map(|draft| draft.scope.value()).collect();
    let places = (1..=drafts.len()).map(|at| format!("(${}, ${}, ${})", 3 * at - 1, 3 * at, 3 * at + 1));
    let text = format!(
        "SELECT count(*) AS replaced FROM decisions WHERE removed_ms IS NULL AND expires_ms > $1 \
         AND (scope, value, origin) IN (VALUES {})",
        places.collect::<Vec<_>>().join(", ")
    );
    let statement = drafts.iter().zip(&values).fold(sql(text).bind(now_ms), |statement, (draft, value)| {
        statement.bind(draft.scope.kind()).bind(value).bind(&draft.origin)
    });
    transaction.on().row(statement).await?.map_or(Ok(0), |row| row.amount("replaced"))
}

async fn holding(transaction: &mut Transaction, now_ms: u64) -> Result<u64, sqlx::Error> {
    let statement =
        sql("SELECT count(*) AS holding FROM decisions WHERE removed_ms IS NULL AND expires_ms > $1")
            .bind(now_ms);
    transaction.on().row(statement).await?.map_or(Ok(0), |row| row.amount("holding"))
}

async fn insert(
    transaction: &mut Transaction,
    drafts: &[&Draft],
    author: &Author,
    first: u64,
    now_ms: u64,
) -> Result<(), sqlx::Error> {
    let dialect = transaction.dialect();
    let values: Vec<_> = drafts.iter().map(|draft| draft.scope.value()).collect();
    let numbered: Vec<_> = drafts.iter().zip(&values).zip(first..).collect();
    for rows in numbered.chunks(ROWS) {
        let rows = rows.iter().map(|((draft, value), revision)| -> [Value<'_>; 12] {
            let factor = match draft.action {
                Action::Throttle { factor_milli } => Some(u32::from(factor_milli)),
                Action::Block | Action::Allow => None,
            };
            [
                (*revision).into(),
                (*revision).into(),
                draft.scope.kind().into(),
                (*value).into(),
                draft.action.label().into(),
                factor.into(),
                (&draft.reason).into(),
                (&draft.origin).into(),
                now_ms.into(),
                (&author.0).into(),
                draft.expires_ms.into(),
                draft.expires_ms.into(),
            ]
        });
        let statement = Statement::insert(
            dialect,
            "decisions (id, revision, scope, value, action, factor_milli, reason, origin, created_ms, created_by, expires_ms, until_ms)",
            rows,
            "ON CONFLICT (scope, value, origin) WHERE removed_ms IS NULL DO UPDATE SET revision = excluded.revision, \
             action = excluded.action, factor_milli = excluded.factor_milli, reason = excluded.reason, \
             created_ms = excluded.created_ms, created_by = excluded.created_by, expires_ms = excluded.expires_ms, \
             until_ms = CASE WHEN decisions.until_ms > excluded.until_ms THEN decisions.until_ms ELSE excluded.until_ms END",
        );
        transaction.on().execute(statement).await?;
    }
    Ok(())
}

/// Writes down who did what.
pub(super) async fn note(
    transaction: &mut Transaction,
    author: &Author,
    now_ms: u64,
    what: &str,
    subject: &str,
    detail: &str,
) -> Result<(), sqlx::Error> {
    let statement = sql("INSERT INTO audit (at_ms, who, what, subject, detail) VALUES ($1, $2, $3, $4, $5)")
        .bind(now_ms)
        .bind(&author.0)
        .bind(what)
        .bind(subject)
        .bind(detail);
    transaction.on().execute(statement).await?;
    Ok(())
}

fn subject(drafts: &[&Draft]) -> String {
    match drafts {
        [draft] => draft.scope.value(),
        drafts => format!("{} clients", drafts.len()),
    }
}

fn detail(drafts: &[&Draft]) -> String {
    let first = drafts.first().map(|draft| {
        format!("{} until {}: {} ({})", draft.action.label(), draft.expires_ms, draft.reason, draft.origin)
    });
    first.unwrap_or_default()
}

impl Kept {
    /// Whether it holds at that moment.
    pub(crate) fn holds(&self, now_ms: u64) -> bool {
        self.removed_ms.is_none() && self.expires_ms > now_ms
    }
}
