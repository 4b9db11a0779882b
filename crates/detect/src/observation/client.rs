//! What a report tells of one client, as observations: each says of one thing how often it was.

use super::{Event, Observation, canonical, key};
use crate::moment::Moment;
use portcullis_report::{ClientRow, Failure, OperationKind, Transport};

impl Observation {
    /// What one client did up to that moment, beside what was refused.
    pub fn of_client(row: &ClientRow, at: Moment) -> Vec<Self> {
        let blank = blank(row, at);
        let allowed = row.allowed.iter().map(|(kind, count)| Self {
            event: Event::Allowed,
            count: *count,
            kind: *kind,
            ..blank.clone()
        });
        let failed = row.failures.iter().map(|failure| Self {
            code: Some(failure.code.clone()),
            count: failure.count,
            kind: failure.kind,
            operation: failure.operation.clone(),
            shape: failure.shape.clone(),
            sensitive: failure.sensitive,
            correlation_id: failure.correlation_id.clone(),
            ..blank.clone()
        });
        let merged =
            Self { code: Some(Failure::OTHER.to_owned()), count: row.failures_merged, ..blank.clone() };
        let unfinished = Self { event: Event::Unfinished, count: row.unfinished, ..blank.clone() };
        let all = allowed.chain(failed).chain([merged, unfinished]);
        all.filter(|observation| observation.count > 0).collect()
    }
}

/// Something that failed; nothing else is known of it.
fn blank(row: &ClientRow, at: Moment) -> Observation {
    Observation {
        at,
        event: Event::Failed,
        count: 0,
        address: row.client.as_deref().and_then(|client| client.parse().ok()).map(canonical),
        client_key: key(&row.client_key),
        identity: row.identity,
        class: Some(row.class.clone()),
        reason: None,
        code: None,
        transport: Transport::OtherHttp,
        kind: OperationKind::Unknown,
        operation: String::new(),
        shape: None,
        limit: None,
        actual: None,
        measured: None,
        cost_milli: None,
        body_bytes: 0,
        sensitive: 0,
        correlation_id: row.correlation_id.clone(),
    }
}
