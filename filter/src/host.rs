//! The only file that calls the host.
//!
//! The SDK panics on statuses it does not expect, and a panic takes the worker's VM down. So there is one type per phase
//! of a stream, with just the calls that the host allows in it, and values are bytes, never assumed to be text. What the
//! host refuses is logged and skipped.

use crate::metrics::Metrics;
use portcullis_gate::{Answer, Call, CallAnswer, CallId, CallOutcome, Effect, Timestamp};
use portcullis_policy::PropertyPath;
use portcullis_policy::throttles::{Buckets, Conflict, Version};
use proxy_wasm::hostcalls;
use proxy_wasm::types::{BufferType, LogLevel, MapType, MetricType, Status};
use std::time::{Duration, SystemTime};

/// The request is in the filter's hands: from its headers until the gate lets it go.
pub(crate) struct RequestHeld;

/// The response's headers are in the filter's hands.
pub(crate) struct ResponseHeld;

/// A chunk of the response's body is in the filter's hands.
pub(crate) struct ResponseChunk;

/// Calls that are allowed at any time.
pub(crate) struct Host;

impl RequestHeld {
    pub(crate) fn headers(&self) -> Option<Vec<(String, Vec<u8>)>> {
        hostcalls::get_map_bytes(MapType::HttpRequestHeaders).ok()
    }

    pub(crate) fn address(&self) -> Option<Vec<u8>> {
        hostcalls::get_property(vec!["source", "address"]).ok().flatten()
    }

    /// What the host says to each of these.
    pub(crate) fn properties(&self, paths: &[PropertyPath]) -> Vec<Option<Vec<u8>>> {
        let ask = |path: &PropertyPath| hostcalls::get_property(path.segments().collect()).ok().flatten();
        paths.iter().map(ask).collect()
    }

    /// Bytes of the body from `start`; nothing when the host does not give as many.
    pub(crate) fn body(&self, start: usize, length: usize) -> Option<Vec<u8>> {
        if length == 0 {
            return Some(Vec::new());
        }
        let bytes = hostcalls::get_buffer(BufferType::HttpRequestBody, start, length).ok().flatten()?;
        (bytes.len() == length).then_some(bytes)
    }

    /// The version of HTTP that the client speaks.
    pub(crate) fn protocol(&self) -> Option<Vec<u8>> {
        hostcalls::get_property(vec!["request", "protocol"]).ok().flatten()
    }

    pub(crate) fn replace_body(&self, size: usize, bytes: &[u8]) {
        told("replace a chunk", hostcalls::set_buffer(BufferType::HttpRequestBody, 0, size, bytes));
    }

    pub(crate) fn discard_body(&self, size: usize) {
        if size > 0 {
            told("discard body", hostcalls::set_buffer(BufferType::HttpRequestBody, 0, size, b""));
        }
    }

    pub(crate) fn set_header(&self, name: &str, value: &str) {
        told("set header", set(MapType::HttpRequestHeaders, name, value));
    }

    pub(crate) fn remove_header(&self, name: &str) {
        told("remove header", hostcalls::remove_map_value(MapType::HttpRequestHeaders, name));
    }

    pub(crate) fn reply(&self, answer: &Answer) {
        let headers = answer.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let sent = hostcalls::send_http_response(u32::from(answer.status), headers, Some(&answer.body));
        told("reply", sent);
    }
}

impl ResponseHeld {
    pub(crate) fn headers(&self) -> Option<Vec<(String, Vec<u8>)>> {
        hostcalls::get_map_bytes(MapType::HttpResponseHeaders).ok()
    }

    pub(crate) fn remove_header(&self, name: &str) {
        told("remove response header", hostcalls::remove_map_value(MapType::HttpResponseHeaders, name));
    }

    /// Answers in place of the upstream, whose headers have come but did not go on.
    pub(crate) fn reply(&self, answer: &Answer) {
        RequestHeld.reply(answer);
    }

    pub(crate) fn set_header(&self, name: &str, value: &str) {
        told("set response header", set(MapType::HttpResponseHeaders, name, value));
    }
}

impl ResponseChunk {
    /// The chunk's bytes; nothing when the host does not give all of them.
    pub(crate) fn bytes(&self, length: usize) -> Option<Vec<u8>> {
        if length == 0 {
            return Some(Vec::new());
        }
        let bytes = hostcalls::get_buffer(BufferType::HttpResponseBody, 0, length).ok().flatten()?;
        (bytes.len() == length).then_some(bytes)
    }

    pub(crate) fn replace(&self, length: usize, bytes: &[u8]) {
        told("replace a chunk", hostcalls::set_buffer(BufferType::HttpResponseBody, 0, length, bytes));
    }
}

impl Host {
    pub(crate) fn configuration(&self, size: usize) -> Vec<u8> {
        let read = hostcalls::get_buffer(BufferType::PluginConfiguration, 0, size);
        if size == 0 { Vec::new() } else { read.ok().flatten().unwrap_or_default() }
    }

    /// The plugin that the host waits for may go; it panics when the host waits for none.
    pub(crate) fn done(&self) {
        told("end", hostcalls::done());
    }

    pub(crate) fn tick_every(&self, period: Duration) {
        told("set tick period", hostcalls::set_tick_period(period));
    }

    pub(crate) fn property(&self, name: &str, value: &str) {
        told("set property", hostcalls::set_property(vec![name], Some(value.as_bytes())));
    }

    /// The `ratelimit` filter of Envoy finds the hits under this name.
    fn hand_over(&self, hits: u32) {
        let mut message = Vec::with_capacity(48);
        // `SetEnvoyFilterStateArguments` of Envoy: `path` = 1, `value` = 2; unset, `span` = 3 is the life of the stream.
        for (tag, text) in [(0x0a, "envoy.ratelimit.hits_addend"), (0x12, &*hits.to_string())] {
            message.extend([tag, u8::try_from(text.len()).unwrap_or(u8::MAX)]);
            message.extend(text.bytes());
        }
        let handed = hostcalls::call_foreign_function("set_envoy_filter_state", Some(&message));
        told("hand the cost over", handed.map(drop));
    }

    /// Cuts off the stream whose callback it is.
    pub(crate) fn reset(&self) {
        told("reset a stream", hostcalls::reset_http_request());
    }

    /// Cuts off a stream of which this is no callback; what is called afterwards is called for that stream.
    pub(crate) fn reset_other(&self, stream: u32) {
        match hostcalls::set_effective_context(stream) {
            Ok(()) => self.reset(),
            Err(status) => told("turn to another stream", Err(status)),
        }
    }

    pub(crate) fn define(&self, kind: MetricType, name: &str) -> Option<u32> {
        let defined = hostcalls::define_metric(kind, name);
        if let Err(status) = defined {
            self.warn(&format!("metric {name} not defined: {status:?}"));
        }
        defined.ok()
    }

    pub(crate) fn increment(&self, metric: u32, amount: i64) {
        told("increment metric", hostcalls::increment_metric(metric, amount));
    }

    pub(crate) fn record(&self, metric: u32, value: u64) {
        told("record metric", hostcalls::record_metric(metric, value));
    }

    pub(crate) fn begin(&self, call: &Call) -> CallOutcome {
        let headers = call.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let timeout = Duration::from_millis(call.timeout_ms);
        match hostcalls::dispatch_http_call(&call.cluster, headers, Some(&call.body), Vec::new(), timeout) {
            Ok(id) => CallOutcome::Begun(CallId(id)),
            Err(status) => {
                self.warn(&format!("call to cluster {} not begun: {status:?}", call.cluster));
                CallOutcome::NotBegun
            }
        }
    }

    /// The head of the answer that is being delivered.
    pub(crate) fn call_answer(&self) -> Option<CallAnswer> {
        let number = |name: &str| {
            let value = hostcalls::get_map_value_bytes(MapType::HttpCallResponseHeaders, name);
            std::str::from_utf8(&value.ok().flatten()?).ok()?.parse().ok()
        };
        Some(CallAnswer { status: number(":status")?, retry_after_s: number("retry-after") })
    }

    /// The body of that answer, unless it is larger than that.
    pub(crate) fn call_body(&self, size: usize, most: usize) -> Option<Vec<u8>> {
        let is_fit = size > 0 && size <= most;
        is_fit
            .then(|| hostcalls::get_buffer(BufferType::HttpCallResponseBody, 0, size).ok().flatten())
            .flatten()
    }

    pub(crate) fn now(&self) -> Moment {
        Moment(SystemTime::now())
    }

    pub(crate) fn error(&self, message: &str) {
        log(LogLevel::Error, message);
    }

    pub(crate) fn warn(&self, message: &str) {
        log(LogLevel::Warn, message);
    }

    /// Performs what is allowed at any time.
    pub(crate) fn count(&self, effect: &Effect, metrics: &Metrics, began: &Moment) {
        match effect {
            Effect::Property(name, value) => self.property(name, value),
            Effect::HandOver(hits) => self.hand_over(*hits),
            Effect::Count(metric, amount) => metrics.count(self, *metric, *amount),
            Effect::Lower(metric, amount) => metrics.lower(self, *metric, *amount),
            Effect::Time(metric) => metrics.count(self, *metric, began.micros_until_now()),
            Effect::SetRequestHeader(..)
            | Effect::RemoveRequestHeader(_)
            | Effect::SetResponseHeader(..)
            | Effect::RemoveResponseHeader(_)
            | Effect::ReplaceRequestChunk(_)
            | Effect::ReplaceResponseChunk(_)
            | Effect::DiscardBody
            | Effect::Reply(_)
            | Effect::Emit(_)
            | Effect::Client(_)
            | Effect::Socket(_)
            | Effect::Reset => (),
        }
    }
}

/// What all workers of one `vm_id` share.
pub(crate) struct Shared;

impl Buckets for Shared {
    fn load(&mut self, key: &str) -> (Vec<u8>, Option<Version>) {
        let (bytes, version) = hostcalls::get_shared_data(key).unwrap_or_default();
        (bytes.unwrap_or_default(), version.map(Version))
    }

    fn store(&mut self, key: &str, bytes: &[u8], version: Option<Version>) -> Result<(), Conflict> {
        let version = version.map(|Version(number)| number);
        hostcalls::set_shared_data(key, Some(bytes), version).map_err(|_| Conflict)
    }
}

/// A moment by the host's wall clock.
pub(crate) struct Moment(SystemTime);

impl Moment {
    pub(crate) fn timestamp(&self) -> Timestamp {
        let since_epoch = self.0.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
    }

    fn micros_until_now(&self) -> u64 {
        u64::try_from(self.0.elapsed().unwrap_or_default().as_micros()).unwrap_or(u64::MAX)
    }
}

fn set(map: MapType, name: &str, value: &str) -> Result<(), Status> {
    hostcalls::set_map_value_bytes(map, name, Some(value.as_bytes()))
}

fn told(what: &str, outcome: Result<(), Status>) {
    if let Err(status) = outcome {
        log(LogLevel::Warn, &format!("the host refused to {what}: {status:?}"));
    }
}

fn log(level: LogLevel, message: &str) {
    #[expect(clippy::let_underscore_must_use, reason = "a host that takes no log line leaves nobody to tell")]
    let _ = hostcalls::log(level, &format!("portcullis: {message}"));
}
