//! Which series there are, and what one of them was in a window.

use super::{SeriesId, series_id};
use crate::store::sql::{Row, sql};
use crate::store::{Question, Store, StoreError};

/// A series.
#[derive(Debug)]
pub(crate) struct SeriesRow {
    pub(crate) id: SeriesId,
    pub(crate) name: String,
    pub(crate) labels: String,
    pub(crate) last_ms: u64,
}

/// What a series was from one moment to the next row's.
#[derive(Debug)]
pub(crate) struct PointRow {
    pub(crate) at_ms: u64,
    pub(crate) points: u64,
    pub(crate) total: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

const COLUMNS: &str = "id, name, labels, last_ms";

impl Store {
    /// One series.
    pub(crate) async fn one_series(&self, id: SeriesId) -> Result<Option<SeriesRow>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM series WHERE id = $1");
        let row = self.readers.row(sql(text).bind(id)).await?;
        Ok(row.as_ref().map(series).transpose()?)
    }

    /// The series of that name, or all, in the order of their names and labels; those behind that one.
    pub(crate) async fn series(
        &self,
        name: Option<&str>,
        after: Option<&SeriesRow>,
        limit: u32,
    ) -> Result<Vec<SeriesRow>, StoreError> {
        let (after_name, after_labels) = after.map_or(("", ""), |row| (&row.name, &row.labels));
        let text = format!(
            "SELECT {COLUMNS} FROM series WHERE (name, labels) > ($1, $2) AND ($3 = '' OR name = $3) \
             ORDER BY name, labels LIMIT $4"
        );
        let statement =
            sql(text).bind(after_name).bind(after_labels).bind(name.unwrap_or_default()).bind(limit);
        let rows = self.readers.rows(statement).await?;
        Ok(rows.iter().map(series).collect::<Result<_, _>>()?)
    }

    /// What a series was in a window, the oldest first; what is after that moment.
    pub(crate) async fn points_of(
        &self,
        id: SeriesId,
        question: Question,
        after_ms: Option<u64>,
    ) -> Result<Vec<PointRow>, StoreError> {
        let from_ms =
            after_ms.map_or(question.from_ms, |after| after.saturating_add(1).max(question.from_ms));
        let statement = sql("SELECT at_ms, points, total, least, most FROM series_points \
             WHERE series = $1 AND at_ms BETWEEN $2 AND $3 ORDER BY at_ms LIMIT $4")
        .bind(id)
        .bind(from_ms)
        .bind(question.to_ms)
        .bind(question.limit);
        let rows = self.readers.rows(statement).await?;
        Ok(rows.iter().map(point).collect::<Result<_, _>>()?)
    }
}

fn series(row: &Row) -> Result<SeriesRow, sqlx::Error> {
    Ok(SeriesRow {
        id: series_id(row)?,
        name: row.text("name")?,
        labels: row.text("labels")?,
        last_ms: row.amount("last_ms")?,
    })
}

fn point(row: &Row) -> Result<PointRow, sqlx::Error> {
    Ok(PointRow {
        at_ms: row.amount("at_ms")?,
        points: row.amount("points")?,
        total: row.float("total")?,
        least: row.float("least")?,
        most: row.float("most")?,
    })
}
