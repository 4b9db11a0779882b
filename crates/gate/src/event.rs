//! One judged request, as the worker counts and reports it.

use crate::clients::Who;
use crate::correlation::CorrelationId;
use crate::judge::Compared;
use crate::time::Timestamp;
use portcullis_cost::Cost;
use portcullis_graphql::{Measures, ShapeHash};
use portcullis_policy::{ClientKey, Refusal};
use portcullis_report::{Identity, Incident, Measured, OperationKind, RollupKey, Transport};
use std::net::IpAddr;
use std::sync::Arc;

/// One judged request.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When it was judged.
    pub at: Timestamp,
    /// Its correlation id.
    pub correlation: CorrelationId,
    /// The client's address.
    pub client: Option<IpAddr>,
    /// Its pseudonym.
    pub client_key: ClientKey,
    /// How far that says who it is.
    pub identity: Identity,
    /// Its class.
    pub class: Arc<str>,
    /// How it came.
    pub transport: Transport,
    /// Type of the operation.
    pub kind: OperationKind,
    /// The operation's name, its shape hash, or `-` when nothing was parsed.
    pub operation: String,
    /// Why it was refused; nothing when it was allowed.
    pub refusal: Option<Refusal>,
    /// Why it would have been refused, had the policy not said that this only counts.
    pub shadowed: Option<Refusal>,
    /// What was measured, when it was parsed.
    pub measures: Option<Measures>,
    /// What it was estimated to cost.
    pub cost: Option<Cost>,
    /// What it cost by the entries of its response, when those were counted.
    pub actual: Option<Cost>,
    /// How often sensitive fields of the policy stand in it.
    pub sensitive: u64,
    /// Hash of the normalised document of a request that was refused or would have been, and of all where errors of the
    /// upstream are counted.
    pub shape: Option<ShapeHash>,
    /// The normalised document of a request that was refused or would have been.
    pub document: Option<String>,
    /// What the candidate says of the whole request, where the policy has one; with the first of a batch.
    pub compared: Option<Compared>,
    /// Bytes of the body.
    pub body_bytes: u64,
}

impl Event {
    pub(crate) fn who(&self) -> Who {
        Who {
            correlation: self.correlation.clone(),
            address: self.client,
            key: self.client_key,
            identity: self.identity,
            class: Arc::clone(&self.class),
        }
    }

    pub(crate) fn key(&self) -> RollupKey {
        RollupKey {
            operation: self.operation.clone(),
            kind: self.kind,
            class: self.class.as_ref().to_owned(),
            transport: self.transport,
            refused: self.refusal.map(|refusal| refusal.reason),
            shadowed: self.shadowed.map(|refusal| refusal.reason),
        }
    }

    pub(crate) fn into_incident(self) -> Option<Incident> {
        let refusal = self.refusal.or(self.shadowed)?;
        Some(Incident {
            at_ms: self.at.millis(),
            correlation_id: self.correlation.as_str().to_owned(),
            client: self.client.map(|address| address.to_string()),
            client_key: Some(self.client_key.to_string()),
            identity: self.identity,
            class: Some(self.class.as_ref().to_owned()),
            reason: refusal.reason,
            shadow: self.refusal.is_none(),
            limit: refusal.limit,
            actual: refusal.actual,
            transport: self.transport,
            kind: self.kind,
            operation: self.operation,
            shape: self.shape.map(|shape| shape.to_string()),
            document: self.document,
            measured: self.measures.as_ref().map(measured),
            cost_milli: self.cost.map(Cost::milli),
            body_bytes: self.body_bytes,
        })
    }
}

/// The measures as they are reported.
fn measured(measures: &Measures) -> Measured {
    Measured {
        tokens: measures.tokens,
        depth: measures.depth,
        fields: measures.fields,
        root_fields: measures.root_fields,
        aliases: measures.aliases,
        aliases_per_field: measures.aliases_per_field,
        directives: measures.directives,
    }
}
