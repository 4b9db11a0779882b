//! An observation as a line of JSON.

use super::{Event, Identity, Observation, Unfit, canonical};
use crate::moment::Moment;
use portcullis_report::{Measured, OperationKind, Reason, Scope, Transport};
use serde::Deserialize;

/// An incident's fields, most of which may be left out, and what incidents do not tell.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    at_ms: u64,
    event: Option<Event>,
    #[serde(default)]
    shadow: bool,
    count: Option<u64>,
    client: Option<String>,
    client_key: Option<String>,
    #[serde(default)]
    identity: Identity,
    class: Option<String>,
    reason: Option<Reason>,
    code: Option<String>,
    transport: Option<Transport>,
    kind: Option<OperationKind>,
    #[serde(default)]
    operation: String,
    shape: Option<String>,
    limit: Option<u64>,
    actual: Option<u64>,
    measured: Option<Measured>,
    cost_milli: Option<u64>,
    #[serde(default)]
    body_bytes: u64,
    #[serde(default)]
    sensitive: u64,
    #[serde(default)]
    correlation_id: String,
    /// Scenarios do not look at it.
    #[serde(default, rename = "document")]
    _document: Option<String>,
}

pub(super) fn parse(line: &str) -> Result<Observation, Unfit> {
    let line: Line = serde_json::from_str(line).map_err(|error| Unfit::Json(error.to_string()))?;
    let client = line.client.map(|client| client.parse().map_err(|_| Unfit::Client)).transpose()?;
    let key = line.client_key.as_deref().and_then(|key| Scope::parse("client_key", key));
    let client_key = match key {
        None => None,
        Some(Ok(Scope::ClientKey(key))) => Some(key),
        Some(Ok(Scope::Ip(_) | Scope::Cidr(_)) | Err(_)) => return Err(Unfit::ClientKey),
    };
    let count = line.count.unwrap_or(1);
    if count == 0 {
        return Err(Unfit::Count);
    }
    let told = if line.shadow { Event::Shadowed } else { Event::Refused };
    Ok(Observation {
        at: Moment::from_millis(line.at_ms),
        event: line.event.unwrap_or(told),
        count,
        address: client.map(canonical),
        client_key,
        identity: line.identity,
        class: line.class,
        reason: line.reason,
        code: line.code,
        transport: line.transport.unwrap_or(Transport::Post),
        kind: line.kind.unwrap_or(OperationKind::Unknown),
        operation: line.operation,
        shape: line.shape,
        limit: line.limit,
        actual: line.actual,
        measured: line.measured,
        cost_milli: line.cost_milli,
        body_bytes: line.body_bytes,
        sensitive: line.sensitive,
        correlation_id: line.correlation_id,
    })
}
