//! The keys in the store: by their public id, with the digest of the secret.

use super::number::{amount, loaded, stored};
use super::{Store, StoreError};
use crate::key::{Digest, Key, Role};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

/// What may be shown of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Its public part.
    pub id: String,
    /// What it is good for.
    pub role: Role,
    /// What its owner calls it.
    pub name: String,
    /// When it was made, milliseconds since the Unix epoch.
    pub created_ms: u64,
    /// Since when it is worthless.
    pub revoked_ms: Option<u64>,
}

/// What became of the wish to revoke a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// It is worthless from now on.
    Revoked,
    /// It was worthless before.
    Already,
    /// There is no such key.
    Unknown,
}

impl Store {
    /// Adds a key.
    ///
    /// # Errors
    /// The store failed.
    pub async fn add_key(&self, key: &Key, name: &str, now_ms: u64) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO keys (id, role, name, digest, created_ms) VALUES (?, ?, ?, ?, ?)")
            .bind(key.id())
            .bind(key.role().label())
            .bind(name)
            .bind(key.digest().as_bytes())
            .bind(stored(now_ms))
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// All keys, the oldest first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn keys(&self) -> Result<Vec<KeyRow>, StoreError> {
        let rows =
            sqlx::query("SELECT id, role, name, created_ms, revoked_ms FROM keys ORDER BY created_ms, id")
                .fetch_all(&self.lookups)
                .await?;
        Ok(rows.iter().map(key_row).collect::<Result<_, _>>()?)
    }

    /// Makes a key worthless.
    ///
    /// # Errors
    /// The store failed.
    pub async fn revoke_key(&self, id: &str, now_ms: u64) -> Result<Revocation, StoreError> {
        let done = sqlx::query("UPDATE keys SET revoked_ms = ? WHERE id = ? AND revoked_ms IS NULL")
            .bind(stored(now_ms))
            .bind(id)
            .execute(&self.writer)
            .await?;
        if done.rows_affected() > 0 {
            return Ok(Revocation::Revoked);
        }
        let known =
            sqlx::query("SELECT 1 FROM keys WHERE id = ?").bind(id).fetch_optional(&self.writer).await?;
        Ok(known.map_or(Revocation::Unknown, |_| Revocation::Already))
    }

    /// The role of the key, where it is a good one. It is looked up each time, so that a revoked key is worthless at
    /// once; an unknown id costs the same comparison as a known one.
    pub(crate) async fn role_of(&self, key: &Key) -> Result<Option<Role>, StoreError> {
        let row = sqlx::query("SELECT role, digest FROM keys WHERE id = ? AND revoked_ms IS NULL")
            .bind(key.id())
            .fetch_optional(&self.lookups)
            .await?;
        let (role, digest) = match &row {
            None => (None, None),
            Some(row) => (Role::from_label(row.try_get("role")?), Digest::from_bytes(row.try_get("digest")?)),
        };
        let matches = digest.unwrap_or(Digest::NOBODY).matches(&key.digest());
        Ok(role.filter(|role| matches && *role == key.role()))
    }
}

fn key_row(row: &SqliteRow) -> Result<KeyRow, sqlx::Error> {
    let label: &str = row.try_get("role")?;
    let role = Role::from_label(label).ok_or_else(|| sqlx::Error::Decode("an unknown role".into()))?;
    Ok(KeyRow {
        id: row.try_get("id")?,
        role,
        name: row.try_get("name")?,
        created_ms: amount(row, "created_ms")?,
        revoked_ms: row.try_get::<Option<i64>, _>("revoked_ms")?.map(loaded),
    })
}
