//! The real `portcullis`, as a process that a test starts, signals and outlives.

use crate::ground::Ground;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

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
        let mut child = portcullis(&["serve", "--listen", "127.0.0.1:0"])
            .args(ground.place())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url =
            line.trim_end().strip_prefix("portcullis: listening on ").expect("the first line").to_owned();
        Self { child, url }
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

/// A key, made by the command.
pub(crate) fn key(ground: &Ground, role: &str) -> String {
    let output = portcullis(&["keys", "add", "--role", role]).args(ground.place()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}
