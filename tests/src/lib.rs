//! The harness of the end-to-end tests: stacks, exchanges, and what the upstream saw of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a harness stops the test at the first thing that is not as it should be"
)]

mod dynamic;
mod exchange;
mod place;
mod player;

pub use dynamic::{Listeners, listener};
pub use exchange::Exchange;
pub use place::{Behind, Build, Site, Wanted, config, envoy_plan, exchange, repository};
pub use player::{play, play_waves};

use std::time::Duration;

/// How long a condition may take to come true.
pub const PATIENCE: Duration = Duration::from_secs(15);
