//! Decisions are taken back: one, all about somebody, all of an origin, or those of an origin about many.

use super::change::{Author, note};
use super::{next_revisions, tell};
use crate::store::pool::Transaction;
use crate::store::sql::sql;
use crate::store::{Store, StoreError};
use portcullis_report::Scope;

/// Clients that are looked for at once.
const CLIENTS: usize = 1_000;

/// Which decisions are to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Removal {
    /// That one.
    Id(u64),
    /// All about that client.
    Scope(Scope),
    /// All of that origin.
    Origin(String),
    /// Those of that origin about these clients.
    Of { scopes: Vec<Scope>, origin: String },
}

impl Removal {
    fn subject(&self) -> String {
        match self {
            Self::Id(id) => format!("id {id}"),
            Self::Scope(scope) => scope.value(),
            Self::Origin(origin) => format!("origin {origin}"),
            Self::Of { scopes, origin } => format!("{} clients of origin {origin}", scopes.len()),
        }
    }
}

impl Store {
    /// Removes decisions; how many there were.
    pub(crate) async fn remove(
        &self,
        removal: &Removal,
        author: &Author,
        now_ms: u64,
    ) -> Result<u64, StoreError> {
        let mut removed = 0_u64;
        match removal {
            Removal::Of { scopes, origin } => {
                for scopes in scopes.chunks(CLIENTS) {
                    let mut transaction = self.begin(author).await?;
                    let ids = of(&mut transaction, scopes, origin).await?;
                    removed = removed
                        .saturating_add(remove_these(transaction, &ids, removal, author, now_ms).await?);
                }
            }
            Removal::Id(_) | Removal::Scope(_) | Removal::Origin(_) => loop {
                let mut transaction = self.begin(author).await?;
                let ids = matching(&mut transaction, removal).await?;
                let number = remove_these(transaction, &ids, removal, author, now_ms).await?;
                removed = removed.saturating_add(number);
                if number == 0 {
                    break;
                }
            },
        }
        Ok(removed)
    }
}

async fn matching(transaction: &mut Transaction, removal: &Removal) -> Result<Vec<u64>, sqlx::Error> {
    if let Removal::Of { scopes, origin } = removal {
        return of(transaction, scopes, origin).await;
    }
    let value;
    let statement = match removal {
        Removal::Id(id) => sql("SELECT id FROM decisions WHERE id = $1 AND removed_ms IS NULL").bind(*id),
        Removal::Scope(scope) => {
            value = scope.value();
            sql("SELECT id FROM decisions WHERE scope = $1 AND value = $2 AND removed_ms IS NULL")
                .bind(scope.kind())
                .bind(&value)
        }
        Removal::Origin(origin) => {
            sql("SELECT id FROM decisions WHERE origin = $1 AND removed_ms IS NULL ORDER BY id LIMIT 5000")
                .bind(origin)
        }
        Removal::Of { .. } => return Ok(Vec::new()),
    };
    transaction.on().rows(statement).await?.iter().map(|row| row.amount("id")).collect()
}

async fn of(transaction: &mut Transaction, scopes: &[Scope], origin: &str) -> Result<Vec<u64>, sqlx::Error> {
    let named: Vec<_> = scopes.iter().map(|scope| (scope.kind(), scope.value())).collect();
    let places: Vec<_> = (1..=named.len()).map(|at| format!("(${}, ${})", 2 * at, 2 * at + 1)).collect();
    let text = format!(
        "SELECT id FROM decisions WHERE origin = $1 AND removed_ms IS NULL AND (scope, value) IN (VALUES {})",
        places.join(", ")
    );
    let statement = named
        .iter()
        .fold(sql(text).bind(origin), |statement, (kind, value)| statement.bind(*kind).bind(value));
    transaction.on().rows(statement).await?.iter().map(|row| row.amount("id")).collect()
}

/// Removes what was found, and ends the transaction.
async fn remove_these(
    mut transaction: Transaction,
    ids: &[u64],
    removal: &Removal,
    author: &Author,
    now_ms: u64,
) -> Result<u64, StoreError> {
    if ids.is_empty() {
        transaction.rollback().await?;
        return Ok(0);
    }
    let number = u64::try_from(ids.len()).unwrap_or(u64::MAX);
    let first = next_revisions(&mut transaction, number).await?;
    for (id, revision) in ids.iter().zip(first..) {
        let statement =
            sql("UPDATE decisions SET removed_ms = $1, removed_by = $2, revision = $3 WHERE id = $4")
                .bind(now_ms)
                .bind(&author.0)
                .bind(revision)
                .bind(*id);
        transaction.on().execute(statement).await?;
    }
    let detail = format!("{number} decisions");
    note(&mut transaction, author, now_ms, "remove", &removal.subject(), &detail).await?;
    tell(&mut transaction).await?;
    transaction.commit().await?;
    Ok(number)
}
