//! The order of things: one HTTP exchange from headers to verdict, and what a worker keeps beyond it.
//!
//! Sans-IO: callbacks come in as [`Input`], what should happen goes out as [`Effects`]. Knows no hostcalls and not how
//! effects are performed; fail-open or fail-closed is decided here and nowhere else: what cannot be judged does not pass.

mod answer;
mod correlation;
mod effect;
mod event;
mod exchange;
mod headers;
mod judge;
mod outbox;
mod rollup;
mod route;
mod time;
mod worker;

pub use answer::Answer;
pub use correlation::CorrelationId;
pub use effect::{Effect, Effects, Flow};
pub use event::Event;
pub use exchange::{Chunk, Exchange, Held, Input, Interest, More, World};
pub use headers::Headers;
pub use judge::{Desk, Judgement, judge, judge_body};
pub use outbox::{Call, CallId, CallOutcome};
pub use time::Timestamp;
pub use worker::{Worker, WorkerEffect};
