//! `websocket.limits`: what one socket may carry.

use super::Found;
use crate::config::{KIB, MIB};
use crate::policy::SocketLimits;
use serde::Deserialize;

const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;

#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct SocketLimitsSection {
    /// Bytes of a message of the client, inflated; beyond it 1009.
    message_bytes: u64,
    /// Frames of one message of the client; beyond it 1008.
    frames_per_message: u32,
    /// Operations that run at once on one socket; one more is refused and the socket lives on. With `compression: inflate` a socket has room for some 200.
    open_operations: u32,
    /// Messages of the client in a second; beyond it and `burst` 1008.
    messages_per_second: u32,
    /// Messages that may come at once after a pause.
    burst: u32,
    /// Pings and pongs of the client in a second, as many at once; beyond it 1008.
    control_frames_per_second: u32,
    /// Milliseconds until `connection_init` has to be there; then 4408.
    init_timeout_ms: u64,
    /// Bytes of the `payload` of `connection_init`; beyond it 4400.
    init_payload_bytes: u64,
    /// Milliseconds without a whole frame from either side; then 1001.
    idle_ms: u64,
    /// Milliseconds that a socket may live; then 1001.
    lifetime_ms: u64,
    /// Bytes that one worker keeps for all its sockets. Beyond three quarters of it a handshake is refused with 429, some 7,000 idle sockets, or 950 with `compression: inflate`; a
    /// message for which there is no room ends its socket with 1013.
    socket_bytes: u64,
}

impl Default for SocketLimitsSection {
    fn default() -> Self {
        Self {
            message_bytes: 64 * KIB,
            frames_per_message: 1_024,
            open_operations: 100,
            messages_per_second: 50,
            burst: 100,
            control_frames_per_second: 20,
            init_timeout_ms: 10 * SECOND,
            init_payload_bytes: 16 * KIB,
            idle_ms: 300 * SECOND,
            lifetime_ms: 24 * HOUR,
            socket_bytes: 64 * MIB,
        }
    }
}

impl Found {
    pub(super) fn socket_limits(&mut self, section: &SocketLimitsSection) -> SocketLimits {
        let mut limit = |name: &str, value: u64, low: u64, high: u64| {
            self.within(&format!("websocket.limits.{name}"), value, low, high)
        };
        let mut number = |name: &str, value: u32, high: u64| {
            u32::try_from(limit(name, u64::from(value), 1, high)).unwrap_or(u32::MAX)
        };
        let frames_per_message = number("frames_per_message", section.frames_per_message, 1_000_000);
        let open_operations = number("open_operations", section.open_operations, 1_000);
        let messages_per_second = number("messages_per_second", section.messages_per_second, 1_000_000);
        let burst = number("burst", section.burst, 1_000_000);
        let controls = number("control_frames_per_second", section.control_frames_per_second, 1_000_000);
        let bytes = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        SocketLimits {
            message_bytes: bytes(limit("message_bytes", section.message_bytes, 125, 8 * MIB)),
            frames_per_message,
            open_operations,
            messages_per_second,
            burst,
            control_frames_per_second: controls,
            init_timeout_ms: limit("init_timeout_ms", section.init_timeout_ms, 100, HOUR),
            init_payload_bytes: bytes(limit("init_payload_bytes", section.init_payload_bytes, 125, MIB)),
            idle_ms: limit("idle_ms", section.idle_ms, SECOND, 24 * HOUR),
            lifetime_ms: limit("lifetime_ms", section.lifetime_ms, SECOND, 30 * 24 * HOUR),
            socket_bytes: bytes(limit("socket_bytes", section.socket_bytes, MIB, 512 * MIB)),
        }
    }
}
