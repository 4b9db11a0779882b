//! Reputation in the store.

use crate::store::pool::Transaction;
use crate::store::sql::{Row, Statement, Value, sql};
use crate::store::{Store, StoreError};
use portcullis_detect::{Cause, Moment, Record};
use portcullis_report::Scope;
use serde::{Deserialize, Serialize};

/// How fast scores fade, for the order of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Lifetime {
    half_life_ms: f64,
}

/// A cause as the column has it.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    scenario: String,
    points: f64,
    count: u32,
    last_ms: u64,
}

impl Lifetime {
    pub(crate) fn of(half_life_ms: u64) -> Self {
        Self { half_life_ms: half_life_ms.max(1) as f64 }
    }

    /// A number that orders scores of different moments by what is left of them at any one moment.
    fn rank(self, record: &Record) -> f64 {
        let score: f64 = record.causes.iter().map(|cause| cause.points).sum();
        score.max(f64::MIN_POSITIVE).log2() + record.as_of.millis() as f64 / self.half_life_ms
    }
}

const COLUMNS: &str = "scope, value, as_of_ms, causes, blocks, blocked_until_ms, throttled_until_ms";

impl Store {
    /// The records of those with the highest scores.
    pub(crate) async fn worst_records(&self, most: u32) -> Result<Vec<Record>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM reputation ORDER BY rank DESC LIMIT $1");
        let rows = self.work.rows(sql(text).bind(most)).await?;
        Ok(rows.iter().map(record).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    /// The record of one client.
    pub(crate) async fn record_of(&self, scope: &Scope) -> Result<Option<Record>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM reputation WHERE scope = $1 AND value = $2");
        let value = scope.value();
        let row = self.readers.row(sql(text).bind(scope.kind()).bind(&value)).await?;
        Ok(row.as_ref().map(record).transpose()?.flatten())
    }
}

pub(super) async fn keep(
    transaction: &mut Transaction,
    records: &[Record],
    lifetime: Lifetime,
) -> Result<(), sqlx::Error> {
    let dialect = transaction.dialect();
    let texts: Vec<_> = records.iter().map(|record| (record.scope.value(), causes(record))).collect();
    let rows = records.iter().zip(&texts).map(|(record, (value, causes))| -> [Value<'_>; 8] {
        [
            record.scope.kind().into(),
            value.into(),
            record.as_of.millis().into(),
            lifetime.rank(record).into(),
            causes.into(),
            record.blocks.into(),
            record.blocked_until.millis().into(),
            record.throttled_until.millis().into(),
        ]
    });
    let statement = Statement::insert(
        dialect,
        "reputation (scope, value, as_of_ms, rank, causes, blocks, blocked_until_ms, throttled_until_ms)",
        rows,
        "ON CONFLICT (scope, value) DO UPDATE SET as_of_ms = excluded.as_of_ms, rank = excluded.rank, \
         causes = excluded.causes, blocks = excluded.blocks, blocked_until_ms = excluded.blocked_until_ms, \
         throttled_until_ms = excluded.throttled_until_ms",
    );
    transaction.on().execute(statement).await?;
    Ok(())
}

fn causes(record: &Record) -> String {
    let kept = record.causes.iter().map(|cause| Kept {
        scenario: cause.scenario.to_string(),
        points: cause.points,
        count: cause.count,
        last_ms: cause.last.millis(),
    });
    serde_json::to_string(&kept.collect::<Vec<_>>()).unwrap_or_else(|_| "[]".to_owned())
}

/// Nothing for a scope that this version does not know.
fn record(row: &Row) -> Result<Option<Record>, sqlx::Error> {
    let Some(Ok(scope)) = Scope::parse(&row.text("scope")?, &row.text("value")?) else { return Ok(None) };
    let kept: Vec<Kept> = serde_json::from_str(&row.text("causes")?).unwrap_or_default();
    let moment = |column: &str| row.amount(column).map(Moment::from_millis);
    Ok(Some(Record {
        scope,
        as_of: moment("as_of_ms")?,
        causes: kept
            .into_iter()
            .map(|kept| Cause {
                scenario: kept.scenario.into(),
                points: kept.points,
                count: kept.count,
                last: Moment::from_millis(kept.last_ms),
            })
            .collect(),
        blocks: u32::try_from(row.amount("blocks")?).unwrap_or(u32::MAX),
        blocked_until: moment("blocked_until_ms")?,
        throttled_until: moment("throttled_until_ms")?,
    }))
}
