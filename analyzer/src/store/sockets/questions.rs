//! Questions about the sockets of a window.

use super::Count;
use crate::store::pool::Transaction;
use crate::store::sql::sql;
use crate::store::{Question, Store, StoreError};

/// How long a worker is believed that says nothing: with open sockets it reports every second.
const BELIEVED_MS: u64 = 30_000;

/// Points of a timeline at most.
const POINTS: u64 = 120;

/// What is known of the sockets of a window.
#[derive(Debug)]
pub(crate) struct Sockets {
    pub(crate) active: Vec<Active>,
    pub(crate) amounts: Vec<Amount>,
    /// Milliseconds between two points.
    pub(crate) step_ms: u64,
    pub(crate) timeline: Vec<Point>,
    pub(crate) clients: Vec<SocketClientRow>,
}

/// Sockets that are open.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) class: String,
    pub(crate) sockets: u64,
}

/// A sum over the window.
#[derive(Debug)]
pub(crate) struct Amount {
    pub(crate) count: Count,
    pub(crate) amount: u64,
}

/// A sum over a part of the window.
#[derive(Debug)]
pub(crate) struct Point {
    pub(crate) from_ms: u64,
    pub(crate) count: Count,
    pub(crate) amount: u64,
}

/// A client, over the window.
#[derive(Debug)]
pub(crate) struct SocketClientRow {
    pub(crate) client_key: String,
    pub(crate) class: String,
    pub(crate) attempts: u64,
    pub(crate) rejected: u64,
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
}

impl Store {
    /// Everything about the sockets of a window.
    pub(crate) async fn sockets(&self, question: Question, bucket_ms: u64) -> Result<Sockets, StoreError> {
        let span = question.to_ms.saturating_sub(question.from_ms);
        let buckets = span.div_ceil(POINTS).div_ceil(bucket_ms.max(1)).max(1);
        let step_ms = buckets.saturating_mul(bucket_ms);
        let mut snapshot = self.readers.snapshot().await?;
        let sockets = Sockets {
            active: active(&mut snapshot, question).await?,
            amounts: amounts(&mut snapshot, question).await?,
            step_ms,
            timeline: timeline(&mut snapshot, question, step_ms).await?,
            clients: clients(&mut snapshot, question).await?,
        };
        snapshot.rollback().await?;
        Ok(sockets)
    }
}

async fn active(snapshot: &mut Transaction, question: Question) -> Result<Vec<Active>, sqlx::Error> {
    let statement =
        sql("SELECT class, sum(CAST(active AS double precision)) AS sockets FROM socket_workers \
         WHERE at_ms >= $1 GROUP BY class ORDER BY sockets DESC, class")
        .bind(question.to_ms.saturating_sub(BELIEVED_MS));
    let rows = snapshot.on().rows(statement).await?;
    rows.iter().map(|row| Ok(Active { class: row.text("class")?, sockets: row.sum("sockets")? })).collect()
}

async fn amounts(snapshot: &mut Transaction, question: Question) -> Result<Vec<Amount>, sqlx::Error> {
    let statement = sql("SELECT name, sum(CAST(amount AS double precision)) AS amount FROM sockets \
         WHERE bucket_ms BETWEEN $1 AND $2 GROUP BY name ORDER BY name")
    .bind(question.from_ms)
    .bind(question.to_ms);
    let mut found = Vec::new();
    for row in snapshot.on().rows(statement).await? {
        let Some(count) = Count::named(&row.text("name")?) else { continue };
        found.push(Amount { count, amount: row.sum("amount")? });
    }
    Ok(found)
}

async fn timeline(
    snapshot: &mut Transaction,
    question: Question,
    step_ms: u64,
) -> Result<Vec<Point>, sqlx::Error> {
    // Between `refused/` and what follows a slash are all reasons.
    let statement = sql("SELECT part.from_ms, part.name, sum(CAST(part.amount AS double precision)) AS amount FROM \
         (SELECT bucket_ms - bucket_ms % $3 AS from_ms, name, amount FROM sockets \
         WHERE bucket_ms BETWEEN $1 AND $2 AND (name IN ('opened', 'failed') \
         OR (name >= 'refused/' AND name < 'refused0') OR (name >= 'rejected/' AND name < 'rejected0'))) AS part \
         GROUP BY part.from_ms, part.name ORDER BY part.from_ms, part.name")
    .bind(question.from_ms)
    .bind(question.to_ms)
    .bind(step_ms);
    let mut found = Vec::new();
    for row in snapshot.on().rows(statement).await? {
        let Some(count) = Count::named(&row.text("name")?) else { continue };
        found.push(Point { from_ms: row.amount("from_ms")?, count, amount: row.sum("amount")? });
    }
    Ok(found)
}

async fn clients(
    snapshot: &mut Transaction,
    question: Question,
) -> Result<Vec<SocketClientRow>, sqlx::Error> {
    let statement = sql("SELECT client_key, class, sum(CAST(attempts AS double precision)) AS attempts, \
         sum(CAST(rejected AS double precision)) AS rejected, sum(CAST(messages AS double precision)) AS messages, \
         sum(CAST(bytes AS double precision)) AS bytes FROM socket_clients WHERE bucket_ms BETWEEN $1 AND $2 \
         GROUP BY client_key, class ORDER BY rejected DESC, attempts DESC, messages DESC, client_key, class LIMIT $3")
    .bind(question.from_ms)
    .bind(question.to_ms)
    .bind(question.limit);
    let rows = snapshot.on().rows(statement).await?;
    let client = |row: &crate::store::sql::Row| {
        Ok(SocketClientRow {
            client_key: row.text("client_key")?,
            class: row.text("class")?,
            attempts: row.sum("attempts")?,
            rejected: row.sum("rejected")?,
            messages: row.sum("messages")?,
            bytes: row.sum("bytes")?,
        })
    };
    rows.iter().map(client).collect()
}
