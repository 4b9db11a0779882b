//! The order of things: one HTTP exchange from headers to verdict, one socket from frame to frame, and what a worker keeps beyond them.
//!
//! Sans-IO: callbacks come in as [`Input`], what should happen goes out as [`Effects`]. Knows no hostcalls and not how
//! effects are performed; what cannot be judged does not pass, unless the policy says that it only counts.

mod admission;
mod answer;
mod bulletin;
mod by_url;
mod candidates;
mod case;
mod channel;
mod clients;
mod conclude;
mod correlation;
mod crowd;
mod effect;
mod event;
mod exchange;
mod handshake;
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
mod sampling;
mod socket;
mod tally;
mod throttle;
mod time;
mod turns;
mod upload;
mod worker;
mod world;

pub use answer::Answer;
pub use bulletin::{Bulletin, LARGEST_ANSWER};
pub use by_url::{id_of_url, judge_url, profile_of_url};
pub use clients::{ClientEvent, ClientNews, Found, Outcome, Who};
pub use correlation::CorrelationId;
pub use crowd::{Carried, SocketEvent, SocketNews};
pub use effect::{Effect, Effects, Flow};
pub use event::Event;
pub use exchange::{Exchange, Interest};
pub use handshake::{Carries, Deflate, Terms};
pub use headers::Headers;
pub use held::Held;
pub use input::{Chunk, Input, More, Peer};
pub use judge::{
    Change, Compared, Desk, Documents, Form, Judged, Judgement, Method, Standing, judge, judge_body,
    judge_envelope, variables,
};
pub use outbox::{Call, CallAnswer, CallId, CallOutcome};
pub use socket::{Opened, Socket, SocketInput};
pub use throttle::{hold_to_capacity, is_by_throttles, renew_streams, spend_message};
pub use time::Timestamp;
pub use turns::Turns;
pub use worker::{Worker, WorkerEffect};
pub use world::World;
