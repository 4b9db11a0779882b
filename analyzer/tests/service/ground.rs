//! What a store stands on: a folder, or a database of a PostgreSQL server that all tests of a run share.

use crate::ENGINE;
use crate::cluster;
use portcullis_analyzer::config::{self, Config, Overrides, StoreUrl};
use portcullis_analyzer::{Access, Key, Place, Role, Store};
use sqlx::{AssertSqlSafe, Connection as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// The configuration of a process on it, in its folder.
const FILE: &str = "portcullis.yaml";

/// A kind of store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "each of the two test programs is of one kind")]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// Its name in `/monitoring/health/`.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// Where one store is; clones are the same store.
#[derive(Clone)]
pub(crate) struct Ground {
    folder: PathBuf,
    url: Option<String>,
    /// The folder is removed with the last of the clones; nothing where it is someone else's.
    kept: Option<Arc<TempDir>>,
}

/// A connection of the test's own to the store.
pub(crate) enum Raw {
    Sqlite(sqlx::SqliteConnection),
    Postgres(sqlx::PgConnection),
}

impl Ground {
    /// A place for a store that nobody else has.
    pub(crate) async fn new() -> Self {
        Self::with("").await
    }

    /// The same, and what else the configuration of a process on it says.
    pub(crate) async fn with(settings: &str) -> Self {
        portcullis_analyzer::begin_tls();
        let kept = Arc::new(tempfile::tempdir().unwrap());
        let url = match ENGINE {
            Engine::Sqlite => None,
            Engine::Postgres => Some(cluster::database().await),
        };
        let folder = kept.path().to_owned();
        let store = url.as_ref().map(|url| format!("store: {{ url: \"{url}\" }}\n")).unwrap_or_default();
        let text = format!("data_dir: {}\n{store}{settings}", folder.display());
        std::fs::write(folder.join(FILE), text).unwrap();
        Self { folder, url, kept: Some(kept) }
    }

    /// The store of a folder, whatever kind the others are.
    #[allow(dead_code, reason = "for tests of the folder")]
    pub(crate) fn folder(path: &Path) -> Self {
        Self { folder: path.to_owned(), url: None, kept: None }
    }

    pub(crate) fn config(&self) -> Config {
        let overrides = Overrides {
            data_dir: Some(self.folder.clone()),
            listen: Some(([127, 0, 0, 1], 0).into()),
            ..Overrides::default()
        };
        let mut config = config::load(None, overrides).unwrap();
        // Tests ask again and again until something comes true.
        config.http.requests_per_s = std::num::NonZeroU32::new(100_000).unwrap();
        if let Some(url) = &self.url {
            config.store.url = StoreUrl::Postgres(url.clone());
        }
        config
    }

    /// The flags that name it.
    pub(crate) fn place(&self) -> [PathBuf; 2] {
        match self.kept {
            None => ["--data-dir".into(), self.folder.clone()],
            Some(_) => ["--config".into(), self.folder.join(FILE)],
        }
    }

    /// The store as `portcullis keys` opens it.
    pub(crate) async fn open(&self) -> Store {
        Store::open(Place::enter(&self.config(), Access::Add).unwrap()).await.unwrap()
    }

    pub(crate) async fn add_key(&self, role: Role) -> Key {
        let store = self.open().await;
        let key = Key::mint(role).unwrap();
        store.add_key(&key, "test", crate::harness::NOW).await.unwrap();
        store.close().await;
        key
    }

    pub(crate) async fn connect(&self) -> Raw {
        use sqlx::ConnectOptions as _;
        match &self.url {
            None => {
                let file = self.folder.join("portcullis.db");
                Raw::Sqlite(sqlx::sqlite::SqliteConnectOptions::new().filename(file).connect().await.unwrap())
            }
            Some(url) => Raw::Postgres(sqlx::PgConnection::connect(url).await.unwrap()),
        }
    }

    /// Everything that the store holds, as bytes.
    pub(crate) async fn content(&self) -> Vec<Vec<u8>> {
        match self.connect().await {
            Raw::Sqlite(_) => std::fs::read_dir(&self.folder)
                .unwrap()
                .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
                .collect(),
            Raw::Postgres(mut connection) => {
                let keys =
                    "SELECT convert_to(keys::text, 'UTF8') FROM keys UNION ALL SELECT digest FROM keys";
                sqlx::query_scalar(keys).fetch_all(&mut connection).await.unwrap()
            }
        }
    }

    /// What nobody may be told about where it is.
    pub(crate) fn secrets(&self) -> Vec<String> {
        self.url.clone().into_iter().chain([self.folder.to_str().unwrap().to_owned()]).collect()
    }
}

impl Raw {
    /// The one number of an answer.
    pub(crate) async fn number(&mut self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(connection) => sqlx::query_scalar(sql).fetch_one(connection).await.unwrap(),
            Self::Postgres(connection) => sqlx::query_scalar(sql).fetch_one(connection).await.unwrap(),
        }
    }

    /// Runs statements.
    pub(crate) async fn run(&mut self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(connection) => drop(sqlx::raw_sql(sql).execute(connection).await.unwrap()),
            Self::Postgres(connection) => drop(sqlx::raw_sql(sql).execute(connection).await.unwrap()),
        }
    }

    /// Makes the store refuse rows of that operation.
    pub(crate) async fn refuse_operation(&mut self, operation: &str) {
        let sql = match self {
            Self::Sqlite(_) => format!(
                "CREATE TRIGGER refused BEFORE INSERT ON rollup WHEN NEW.operation = '{operation}' \
                 BEGIN SELECT RAISE(ABORT, 'refused'); END"
            ),
            Self::Postgres(_) => {
                format!("ALTER TABLE rollup ADD CONSTRAINT refused CHECK (operation <> '{operation}')")
            }
        };
        self.run(&sql).await;
    }

    /// Has the sockets of a store without end, so that no question about them is ever answered.
    pub(crate) async fn make_sockets_endless(&mut self) {
        let numbers = match self {
            Self::Sqlite(_) => {
                "(WITH RECURSIVE all_of(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM all_of) SELECT number FROM all_of)"
            }
            Self::Postgres(_) => "generate_series(1, 9000000000000000) AS all_of(number)",
        };
        self.run("ALTER TABLE sockets RENAME TO sockets_before").await;
        self.run(&format!(
            "CREATE VIEW sockets AS SELECT 1700000000000 + 0 * number AS bucket_ms, 'default' AS class, \
             'opened' AS name, 0 * number AS amount FROM {numbers}"
        ))
        .await;
    }

    /// Makes everyone else who would write reports wait.
    pub(crate) async fn keep_writers_out(&mut self) {
        let sql = match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            // In the order of the service, whose jobs look at their lease first: none waits for what this has while it has what this waits for.
            Self::Postgres(_) => "BEGIN; LOCK TABLE leases, boots, rollup, incidents IN EXCLUSIVE MODE",
        };
        self.run(sql).await;
    }

    pub(crate) async fn let_writers_in(&mut self) {
        self.run("ROLLBACK").await;
    }
}
