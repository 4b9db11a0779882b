//! Incidents in the order in which they were stored.

use super::{Cursor, Seen};
use crate::store::sql::{Row, sql};
use crate::store::{Store, StoreError};
use portcullis_report::{Identity, Incident, Measured};
use serde::de::value::{Error, StrDeserializer};
use serde::de::{Deserialize, IntoDeserializer as _};

const COLUMNS: &str = "id, at_ms, correlation_id, client, client_key, class, reason, shadow, limit_value, actual, transport, \
     kind, operation, shape, document, tokens, depth, fields, root_fields, aliases, aliases_per_field, directives, cost_milli, \
     body_bytes, authenticated";

impl Store {
    /// How far the engine is.
    pub(crate) async fn cursor(&self) -> Result<Cursor, StoreError> {
        let mut cursor = Cursor::default();
        for (name, place) in cursor.places() {
            let row = self.work.row(sql("SELECT incident FROM cursors WHERE name = $1").bind(name)).await?;
            *place = row.map(|row| row.amount("incident")).transpose()?.unwrap_or_default();
        }
        Ok(cursor)
    }

    /// The next incidents.
    pub(crate) async fn incidents_after(&self, cursor: u64, most: u32) -> Result<Vec<Seen>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM incidents WHERE id > $1 ORDER BY id LIMIT $2");
        let rows = self.work.rows(sql(text).bind(cursor).bind(most)).await?;
        Ok(rows.iter().map(seen).collect::<Result<_, _>>()?)
    }

    /// The latest that have been seen, from that moment on, in their order.
    pub(crate) async fn incidents_before(
        &self,
        cursor: u64,
        since_ms: u64,
        most: u32,
    ) -> Result<Vec<Seen>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM incidents WHERE id <= $1 AND at_ms >= $2 ORDER BY id DESC LIMIT $3"
        );
        let rows = self.work.rows(sql(text).bind(cursor).bind(since_ms).bind(most)).await?;
        Ok(rows.iter().rev().map(seen).collect::<Result<_, _>>()?)
    }
}

fn seen(row: &Row) -> Result<Seen, sqlx::Error> {
    Ok(Seen { id: row.amount("id")?, at_ms: row.amount("at_ms")?, incident: incident(row)? })
}

fn incident(row: &Row) -> Result<Option<Incident>, sqlx::Error> {
    let words = (word(&row.text("reason")?), word(&row.text("transport")?), word(&row.text("kind")?));
    let (Some(reason), Some(transport), Some(kind)) = words else { return Ok(None) };
    Ok(Some(Incident {
        at_ms: row.amount("at_ms")?,
        correlation_id: row.text("correlation_id")?,
        client: row.optional_text("client")?,
        client_key: row.optional_text("client_key")?,
        identity: if row.int("authenticated")? == 0 { Identity::Anyone } else { Identity::Authenticated },
        class: row.optional_text("class")?,
        reason,
        shadow: row.int("shadow")? != 0,
        limit: row.optional_amount("limit_value")?,
        actual: row.optional_amount("actual")?,
        transport,
        kind,
        operation: row.text("operation")?,
        shape: row.optional_text("shape")?,
        document: row.optional_text("document")?,
        measured: measured(row)?,
        cost_milli: row.optional_amount("cost_milli")?,
        body_bytes: row.amount("body_bytes")?,
    }))
}

fn measured(row: &Row) -> Result<Option<Measured>, sqlx::Error> {
    let number = |column: &str| -> Result<u32, sqlx::Error> {
        let amount = row.optional_amount(column)?.unwrap_or_default();
        Ok(u32::try_from(amount).unwrap_or(u32::MAX))
    };
    if row.optional_amount("tokens")?.is_none() {
        return Ok(None);
    }
    Ok(Some(Measured {
        tokens: number("tokens")?,
        depth: number("depth")?,
        fields: number("fields")?,
        root_fields: number("root_fields")?,
        aliases: number("aliases")?,
        aliases_per_field: number("aliases_per_field")?,
        directives: number("directives")?,
    }))
}

/// A word of the catalogue by its label, which is its form on the wire.
fn word<'de, T: Deserialize<'de>>(label: &'de str) -> Option<T> {
    let deserializer: StrDeserializer<'de, Error> = label.into_deserializer();
    T::deserialize(deserializer).ok()
}
