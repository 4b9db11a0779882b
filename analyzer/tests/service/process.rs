//! The real `portcullis`, as a process that a test starts, signals and outlives.

use crate::ground::Ground;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub(crate) fn portcullis(arguments: &[&str]) -> Command {
    // Measurements are made of an optimised one.
    let program = std::env::var_os("PORTCULLIS_MEASURED");
    let mut command = Command::new(program.unwrap_or_else(|| env!("CARGO_BIN_EXE_portcullis").into()));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// A `portcullis serve` of the test's own; killed with the test.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
}

impl Server {
    /// Starts it on a free port, and returns when it says that it listens.
    pub(crate) fn start(ground: &Ground) -> Self {
        Self::start_with(ground, &[], Stdio::null())
    }

    /// The same with more flags, and its log going there.
    pub(crate) fn start_with(ground: &Ground, flags: &[&str], log: Stdio) -> Self {
        let mut child = portcullis(&["serve", "--listen", "127.0.0.1:0"])
            .args(ground.place())
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url =
            line.trim_end().strip_prefix("portcullis: listening on ").expect("the first line").to_owned();
        Self { child, url }
    }

    /// The CPU time that it used so far.
    pub(crate) fn cpu(&self) -> Duration {
        cpu(self.child.id()).unwrap()
    }

    /// The memory that it has, in MiB.
    pub(crate) fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1_024
    }

    /// Sends a signal that it outlives.
    #[allow(dead_code, reason = "for tests of the process")]
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Sends a signal and gives the exit code, where there is one.
    pub(crate) fn end(mut self, signal: Signal) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The CPU time that a process used so far, by itself and in all its threads; nothing when it is gone.
pub(crate) fn cpu(id: u32) -> Option<Duration> {
    /// What Linux counts in, whatever the kernel's own clock is.
    const TICKS_PER_S: u64 = 100;
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name in brackets may have spaces; user and system time are the twelfth and thirteenth after it.
    let mut times = stat.rsplit_once(')')?.1.split_whitespace().skip(11).map(|text| text.parse::<u64>());
    let ticks = times.next()?.ok()? + times.next()?.ok()?;
    Some(Duration::from_millis(ticks * 1_000 / TICKS_PER_S))
}

/// A key, made by the command.
pub(crate) fn key(ground: &Ground, role: &str) -> String {
    let output = portcullis(&["keys", "add", "--role", role]).args(ground.place()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}
