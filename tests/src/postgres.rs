//! A PostgreSQL server of one test's own, on a socket in a folder of its own.
//!
//! A shell holds it: when our end of the shell's standard input closes, however this process ends, the shell ends the
//! server by its process id. PostgreSQL refuses to run as root, so then it runs as `nobody`.

use crate::PATIENCE;
use portcullis_demo::wait;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const NOBODY: u32 = 65_534;
const HOLD: &str = r#"log=$1; shift
"$@" >"$log" 2>&1 &
server=$!
cat >/dev/null
kill -INT $server
wait $server"#;

/// The running server; it ends when this is dropped.
pub(crate) struct Postgres {
    folder: PathBuf,
    _hold: Child,
}

impl Postgres {
    /// Makes an empty database in the folder, and waits until the server takes connections.
    pub(crate) async fn start(folder: &Path) -> Self {
        let programs = programs().expect("no PostgreSQL: `cargo xtask tools` installs Debian's package");
        std::fs::create_dir_all(folder).unwrap();
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
        if is_root() {
            chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let data = folder.join("data");
        let initdb = as_somebody(&programs.join("initdb"))
            .args(["--no-sync", "--no-instructions", "--auth=trust", "--username=portcullis"])
            .args(["--encoding=UTF8", "--locale=C", "--pgdata"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(initdb.status.success(), "{}", String::from_utf8_lossy(&initdb.stderr));
        let hold = as_somebody(Path::new("/bin/sh"))
            .args(["-c", HOLD, "sh"])
            .arg(folder.join("log"))
            .arg(programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(folder)
            .args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=32MB"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let is_ready = programs.join("pg_isready");
        wait::until("PostgreSQL to take connections", PATIENCE, async || {
            let mut ask = Command::new(&is_ready);
            let status = ask.args(["--quiet", "--host"]).arg(folder).status().unwrap();
            status.success().then_some(())
        })
        .await
        .unwrap();
        Self { folder: folder.to_owned(), _hold: hold }
    }

    /// Where its database is.
    pub(crate) fn url(&self) -> String {
        format!("postgres://portcullis@localhost/postgres?host={}", self.folder.display())
    }
}

/// The folder of its programs: the newest of Debian's, else the one in the search path.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let number = |entry: std::fs::DirEntry| {
        let version = entry.file_name().to_str()?.parse::<u32>().ok()?;
        Some((version, entry.path().join("bin")))
    };
    let newest = versions.filter_map(number).max().map(|(_, folder)| folder);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let complete = |folder: &PathBuf| {
        ["initdb", "postgres", "pg_isready"].iter().all(|name| folder.join(name).is_file())
    };
    newest.into_iter().chain(std::env::split_paths(&path)).find(complete)
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn as_somebody(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/");
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}
