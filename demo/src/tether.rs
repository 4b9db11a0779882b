//! Ties a child process to the life of the process that started it, however that one ends.
//!
//! The tether is a program of ours that asks the kernel to be killed with its parent and then becomes the child, so that the process
//! id is the child's own. The kernel means the parent's *thread*: all children are started by one thread that never ends.

use anyhow::{Context as _, bail};
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::{LazyLock, mpsc};

/// How to start a tethered child: a program that calls [`hold`] with all arguments that follow its own.
#[derive(Clone, Debug)]
pub struct Tether {
    /// The program.
    pub program: PathBuf,
    /// What it wants to be told before the arguments of [`hold`].
    pub arguments: Vec<OsString>,
}

type Order = (Command, mpsc::Sender<std::io::Result<Child>>);

static STARTER: LazyLock<mpsc::Sender<Order>> = LazyLock::new(|| {
    let (sender, orders) = mpsc::channel::<Order>();
    std::thread::spawn(move || {
        for (mut command, answer) in orders {
            #[expect(
                clippy::let_underscore_must_use,
                reason = "whoever ordered may have gone away; the child then ends with us"
            )]
            let _ = answer.send(command.spawn());
        }
    });
    sender
});

impl Tether {
    /// A command whose child will be tethered to this process.
    #[must_use]
    pub fn command(&self, program: &std::path::Path) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).arg(std::process::id().to_string()).arg(program);
        // A Ctrl-C on the terminal is for us; we end our children ourselves.
        command.process_group(0);
        command
    }

    /// Starts a command made by [`Tether::command`].
    ///
    /// # Errors
    /// When the child cannot be started.
    pub fn start(command: Command) -> anyhow::Result<Child> {
        let (answer, child) = mpsc::channel();
        STARTER.send((command, answer)).ok().context("the starter of children is gone")?;
        Ok(child.recv().context("the starter of children is gone")??)
    }
}

/// Becomes the program; `arguments` are the parent's process id, the program, and its arguments.
///
/// # Errors
/// Always, when it returns at all: what kept it from becoming the program.
pub fn hold(mut arguments: impl Iterator<Item = OsString>) -> anyhow::Result<std::convert::Infallible> {
    let parent = arguments.next().and_then(|text| text.to_str()?.parse::<i32>().ok());
    let program = arguments.next().context("tether: no program")?;
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    // The parent may have ended before the kernel knew of our wish.
    if rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get()) != parent {
        bail!("tether: the parent is gone");
    }
    let error = Command::new(&program).args(arguments).exec();
    Err(anyhow::Error::from(error).context(format!("cannot start {}", program.display())))
}
