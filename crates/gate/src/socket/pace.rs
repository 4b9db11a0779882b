//! How fast a client may send: buckets of one socket.

use crate::time::Timestamp;
use portcullis_cost::Cost;
use portcullis_policy::SocketLimits;
use portcullis_policy::budget::{Bucket, Decision, Rate, take};

const SECOND_MS: u64 = 1_000;
const ONE: Cost = Cost::from_units(1);

/// The buckets of one socket.
#[derive(Debug)]
pub(super) struct Pace {
    messages: Option<Meter>,
    controls: Option<Meter>,
}

#[derive(Debug)]
struct Meter {
    rate: Rate,
    bucket: Bucket,
}

impl Pace {
    pub(super) fn new(limits: &SocketLimits, now: Timestamp) -> Self {
        let controls = limits.control_frames_per_second;
        Self {
            messages: Meter::new(limits.burst, limits.messages_per_second, now),
            controls: Meter::new(controls, controls, now),
        }
    }

    /// Whether a message may come now.
    pub(super) fn takes_message(&mut self, now: Timestamp) -> bool {
        self.messages.as_mut().is_none_or(|meter| meter.take(now))
    }

    /// Whether a control frame may come now.
    pub(super) fn takes_control(&mut self, now: Timestamp) -> bool {
        self.controls.as_mut().is_none_or(|meter| meter.take(now))
    }
}

impl Meter {
    /// Nothing where there is no such rate, which no policy has.
    fn new(burst: u32, per_second: u32, now: Timestamp) -> Option<Self> {
        let units = |units: u32| Cost::from_units(u64::from(units));
        let rate = Rate::new(units(burst), units(per_second), SECOND_MS)?;
        Some(Self { rate, bucket: Bucket::full(rate, now) })
    }

    fn take(&mut self, now: Timestamp) -> bool {
        let (bucket, decision) = take(self.bucket, ONE, self.rate, now);
        self.bucket = bucket;
        decision == Decision::Allow
    }
}
