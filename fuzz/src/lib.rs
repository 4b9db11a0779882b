//! What must hold of every input, whoever sends it: one check a target, which panics where it does not hold.
//!
//! libFuzzer, the runner that needs no libFuzzer, and the replay test call the same checks. An input begins with a few bytes that choose
//! limits, a policy or where to cut; what follows is what a client would send. Knows public interfaces only.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::wildcard_enum_match_arm,
    reason = "a check ends loudly, and looks for one case among many"
)]

mod choices;
mod document;
mod envelope;
mod exchange;
mod frames;
mod get;
mod inflate;
mod multipart;
mod mutate;
mod oracle;
mod place;
mod response;
mod schema;
mod seeds;
mod socket;
mod table;
mod variables;

pub use choices::Choices;
pub use mutate::{Luck, mutated};
pub use place::{Place, inputs};
pub use seeds::seeds;

/// Something that reads what clients send.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, also of its folders.
    pub name: &'static str,
    /// Panics where a property does not hold of an input.
    pub check: fn(&[u8]),
}

/// All of them.
pub const TARGETS: [Target; 11] = [
    Target { name: "envelope", check: envelope::check },
    Target { name: "document", check: document::check },
    Target { name: "variables", check: variables::check },
    Target { name: "multipart", check: multipart::check },
    Target { name: "get", check: get::check },
    Target { name: "exchange", check: exchange::check },
    Target { name: "inflate", check: inflate::check },
    Target { name: "response", check: response::check },
    Target { name: "table", check: table::check },
    Target { name: "frames", check: frames::check },
    Target { name: "socket", check: socket::check },
];

/// The target of a name.
pub fn target(name: &str) -> Option<Target> {
    TARGETS.into_iter().find(|target| target.name == name)
}

/// Checks an input of the target of a name; does nothing where there is none.
pub fn check(name: &str, input: &[u8]) {
    if let Some(target) = target(name) {
        (target.check)(input);
    }
}
