//! A child process with its logs in files; it is killed when dropped, and only it.

use crate::tether::Tether;
use anyhow::{Context as _, bail};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// So many lines of a log are shown when something went wrong.
const TAIL: usize = 25;

/// The running child.
pub(super) struct Process {
    name: &'static str,
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Process {
    /// Starts a command made by [`Tether::command`].
    pub(super) fn start(name: &'static str, mut command: Command, folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let out = folder.join(format!("{name}.out"));
        let err = folder.join(format!("{name}.err"));
        // What an earlier life printed is not taken for this one's.
        command
            .stdin(Stdio::null())
            .stdout(File::create(&out)?)
            .stderr(File::options().create(true).append(true).open(&err)?);
        let child = Tether::start(command).with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name, child, out, err })
    }

    /// What it printed on stdout so far.
    pub(super) fn stdout(&self) -> String {
        fs::read_to_string(&self.out).unwrap_or_default()
    }

    /// An error, with the log's end, if it has ended.
    pub(super) fn check_alive(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("{} ended ({status})\n{}", self.name, self.tail());
        }
        Ok(())
    }

    /// The process id.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The last lines of both logs.
    pub(super) fn tail(&self) -> String {
        let mut text = String::new();
        for path in [&self.out, &self.err] {
            let log = fs::read(path).unwrap_or_default();
            let log = String::from_utf8_lossy(&log);
            let lines: Vec<_> = log.lines().collect();
            if !lines.is_empty() {
                text.push_str(&format!("--- {}\n", path.display()));
                for line in lines.iter().skip(lines.len().saturating_sub(TAIL)) {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
        text
    }

    /// Kills it and waits for its end.
    pub(super) fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill().with_context(|| format!("cannot kill {}", self.name))?;
        self.child.wait().with_context(|| format!("cannot wait for {}", self.name))?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        #[expect(
            clippy::let_underscore_must_use,
            reason = "it may have ended by itself; either way it is gone"
        )]
        let _ = self.kill();
    }
}
