//! The keys in the store: by their public id, with the digest of the secret.

use super::sql::{Row, sql};
use super::{Store, StoreError};
use crate::key::{Digest, Key, Role};

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
        let statement =
            sql("INSERT INTO keys (id, role, name, digest, created_ms) VALUES ($1, $2, $3, $4, $5)")
                .bind(key.id())
                .bind(key.role().label())
                .bind(name);
        let digest = key.digest();
        self.writer.execute(statement.bind(digest.as_bytes()).bind(now_ms)).await?;
        Ok(())
    }

    /// All keys, the oldest first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn keys(&self) -> Result<Vec<KeyRow>, StoreError> {
        let statement =
            sql("SELECT id, role, name, created_ms, revoked_ms FROM keys ORDER BY created_ms, id");
        let rows = self.lookups.rows(statement).await?;
        Ok(rows.iter().map(key_row).collect::<Result<_, _>>()?)
    }

    /// Makes a key worthless.
    ///
    /// # Errors
    /// The store failed.
    pub async fn revoke_key(&self, id: &str, now_ms: u64) -> Result<Revocation, StoreError> {
        let revoke = sql("UPDATE keys SET revoked_ms = $1 WHERE id = $2 AND revoked_ms IS NULL");
        if self.writer.execute(revoke.bind(now_ms).bind(id)).await? > 0 {
            return Ok(Revocation::Revoked);
        }
        let known = self.writer.row(sql("SELECT id FROM keys WHERE id = $1").bind(id)).await?;
        Ok(known.map_or(Revocation::Unknown, |_| Revocation::Already))
    }

    /// The role of the key, where it is a good one. It is looked up each time, so that a revoked key is worthless at
    /// once; an unknown id costs the same comparison as a known one.
    pub(crate) async fn role_of(&self, key: &Key) -> Result<Option<Role>, StoreError> {
        let statement =
            sql("SELECT role, digest FROM keys WHERE id = $1 AND revoked_ms IS NULL").bind(key.id());
        let row = self.lookups.row(statement).await?;
        let (role, digest) = match &row {
            None => (None, None),
            Some(row) => (Role::from_label(&row.text("role")?), Digest::from_bytes(&row.bytes("digest")?)),
        };
        let matches = digest.unwrap_or(Digest::NOBODY).matches(&key.digest());
        Ok(role.filter(|role| matches && *role == key.role()))
    }
}

fn key_row(row: &Row) -> Result<KeyRow, sqlx::Error> {
    let role =
        Role::from_label(&row.text("role")?).ok_or_else(|| sqlx::Error::Decode("an unknown role".into()))?;
    Ok(KeyRow {
        id: row.text("id")?,
        role,
        name: row.text("name")?,
        created_ms: row.amount("created_ms")?,
        revoked_ms: row.optional_amount("revoked_ms")?,
    })
}
