//! The order of things: one HTTP exchange from headers to verdict, and what a worker keeps beyond it.
//!
//! Sans-IO: callbacks come in as [`Input`], what should happen goes out as [`Effects`]. Knows no hostcalls and not how
//! effects are performed; what cannot be judged does not pass, unless the policy says that it only counts.

mod admission;
mod answer;
mod by_url;
mod candidates;
mod case;
mod conclude;
mod correlation;
mod effect;
mod event;
mod exchange;
mod headers;
mod held;
mod input;
mod intake;
mod judge;
mod number;
mod outbox;
mod response;
mod rollup;
mod route;
mod tally;
mod throttle;
mod time;
mod upload;
mod worker;
mod world;

pub use answer::Answer;
pub use by_url::{judge_url, profile_of_url};
pub use correlation::CorrelationId;
pub use effect::{Effect, Effects, Flow};
pub use event::Event;
pub use exchange::{Exchange, Interest};
pub use headers::Headers;
pub use held::Held;
pub use input::{Chunk, Input, More, Peer};
pub use judge::{
    Change, Compared, Desk, Form, Judged, Judgement, Method, Standing, judge, judge_body, judge_envelope,
    variables,
};
pub use outbox::{Call, CallId, CallOutcome};
pub use throttle::renew_streams;
pub use time::Timestamp;
pub use worker::{Worker, WorkerEffect};
pub use world::World;
