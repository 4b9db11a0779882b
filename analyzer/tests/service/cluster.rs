//! A PostgreSQL server of this test run's own: started once, on a socket in a folder of its own, ended with the run.
//!
//! A shell holds it: when our end of the shell's standard input closes, however this process ends, the shell ends the
//! server by its process id and removes the folder. PostgreSQL refuses to run as root, so then it runs as `nobody`.
#![allow(dead_code, reason = "only one of the two test programs needs a server")]

use crate::process;
use sqlx::Connection as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);
const NOBODY: u32 = 65_534;

const HOLD: &str = r#"folder=$1; shift
"$@" >"$folder/log" 2>&1 &
server=$!
cat >/dev/null
kill -INT $server
wait $server
rm -rf "$folder""#;

struct Cluster {
    folder: PathBuf,
    _hold: Child,
}

static CLUSTER: OnceLock<Cluster> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The URL of a fresh database.
pub(crate) async fn database() -> String {
    // Many tests come at once: one starts the server, the others wait for it, off the runtime's threads.
    let cluster = tokio::task::spawn_blocking(|| CLUSTER.get_or_init(Cluster::start)).await.unwrap();
    let number = DATABASES.fetch_add(1, Ordering::SeqCst);
    let mut connection = cluster.connect().await;
    let sql = sqlx::AssertSqlSafe(format!("CREATE DATABASE test_{number} TEMPLATE template0"));
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    cluster.url(&format!("test_{number}"))
}

/// The CPU time that the server and its processes used so far; nothing where no server runs. What a connection used that
/// is closed is forgotten.
pub(crate) fn cpu() -> Option<Duration> {
    let pid_file = CLUSTER.get()?.folder.join("data/postmaster.pid");
    let server: u32 = std::fs::read_to_string(pid_file).ok()?.lines().next()?.parse().ok()?;
    let of_server = |id: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        *id == server || parent == Some(server)
    };
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    Some(ids.filter(of_server).filter_map(process::cpu).sum())
}

impl Cluster {
    fn start() -> Self {
        let programs = programs().expect("no PostgreSQL: `cargo xtask tools` installs Debian's package");
        let folder = tempfile::Builder::new().prefix("portcullis-postgres.").tempdir().unwrap().keep();
        std::fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&folder, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let data = folder.join("data");
        let initdb = as_somebody(&programs.join("initdb"), &folder)
            .args(["--no-sync", "--no-instructions", "--auth=trust", "--username=portcullis"])
            .args(["--encoding=UTF8", "--locale=C", "--pgdata"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(initdb.status.success(), "{}", String::from_utf8_lossy(&initdb.stderr));
        let hold = as_somebody(Path::new("/bin/sh"), &folder)
            .args(["-c", HOLD, "sh"])
            .arg(&folder)
            .arg(programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&folder)
            .args(["-c", "listen_addresses=", "-c", "max_connections=400", "-c", "fsync=off"])
            .args(["-c", "shared_buffers=64MB", "-c", "autovacuum_naptime=5s"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        Self { folder, _hold: hold }
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://portcullis@localhost/{database}?host={}", self.folder.display())
    }

    async fn connect(&self) -> sqlx::PgConnection {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match sqlx::PgConnection::connect(&self.url("postgres")).await {
                Ok(connection) => return connection,
                Err(error) if Instant::now() > deadline => {
                    let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                    panic!("PostgreSQL does not answer: {error}\n{log}");
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }
}

/// The folder of its programs: the newest of Debian's, else the one in the search path.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path())))
        .max()
        .map(|(_, folder)| folder.join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let complete = |folder: &PathBuf| ["initdb", "postgres"].iter().all(|name| folder.join(name).is_file());
    newest.into_iter().chain(std::env::split_paths(&path)).find(complete)
}

fn as_somebody(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}
