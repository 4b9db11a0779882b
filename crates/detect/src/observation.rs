//! One thing that an edge saw a client do: a refused request, an upstream's error, so many allowed requests.
//!
//! Scenarios look at nothing else. An incident of a report is one; so is a line of JSON with the names of an incident's
//! fields, which replays and authors of scenarios write.

mod client;
mod field;
mod line;

pub use field::Text;
pub use portcullis_report::Identity;

pub(crate) use field::Number;

use crate::moment::Moment;
use portcullis_report::{Cidr, Incident, Measured, OperationKind, Reason, Scope, Transport};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Bits of an IPv4 and of an IPv6 address that one range shares.
const RANGE_BITS: (u8, u8) = (24, 48);
/// Bits of an IPv6 address that one client shares: whoever has one address of them has all.
const IPV6_CLIENT_BITS: u8 = 64;

/// What was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The gate refused a request.
    #[default]
    Refused,
    /// The gate would have refused it, had the policy not said that the reason only counts.
    Shadowed,
    /// The upstream answered with an error.
    Failed,
    /// A request passed.
    Allowed,
    /// A request ended before all of it came.
    Unfinished,
}

/// One thing that an edge saw a client do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// When, by the edge's clock.
    pub at: Moment,
    /// What.
    pub event: Event,
    /// How often; at least 1.
    pub count: u64,
    /// The client's address; an IPv4 one inside an IPv6 one is the IPv4 one.
    pub address: Option<IpAddr>,
    /// The client's pseudonym.
    pub client_key: Option<u128>,
    /// How far that says who it is.
    pub identity: Identity,
    /// The client's class.
    pub class: Option<String>,
    /// Why it was refused.
    pub reason: Option<Reason>,
    /// The `extensions.code` of the upstream's error.
    pub code: Option<String>,
    /// How it came.
    pub transport: Transport,
    /// Type of the operation.
    pub kind: OperationKind,
    /// The operation's name, or its shape hash.
    pub operation: String,
    /// Hash of the normalised document.
    pub shape: Option<String>,
    /// The limit that was passed, and what was found against it.
    pub limit: Option<u64>,
    /// What was found against that limit.
    pub actual: Option<u64>,
    /// What was measured of the document.
    pub measured: Option<Measured>,
    /// Estimated cost in thousandths of a cost unit.
    pub cost_milli: Option<u64>,
    /// Bytes of the body.
    pub body_bytes: u64,
    /// How often sensitive fields of the policy stand in it.
    pub sensitive: u64,
    /// The request's correlation id.
    pub correlation_id: String,
}

/// What is wrong with a line that should be an observation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is not the JSON of one.
    #[error("{0}")]
    Json(String),
    /// The client is no address.
    #[error("client: must be an IP address")]
    Client,
    /// The client's key is not 32 lowercase hex digits.
    #[error("client_key: must be 32 lowercase hex digits")]
    ClientKey,
    /// It counts nothing.
    #[error("count: must be at least 1")]
    Count,
}

impl Observation {
    /// Reads a line of JSON: an incident as edges report it, or as much of one as matters, and beyond it `event`, `count`,
    /// `code`, `identity` and `sensitive`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(line: &str) -> Result<Self, Unfit> {
        line::parse(line)
    }

    /// The client as scenarios group by it: its IPv4 address, or the /64 around its IPv6 address.
    pub fn client(&self) -> Option<Scope> {
        client(self.address?)
    }

    /// The range around the client: the /24 of an IPv4 address, the /48 of an IPv6 address.
    pub fn range(&self) -> Option<Scope> {
        range(self.address?).map(Scope::Cidr)
    }

    /// The client's key where it says who the client is.
    pub fn user(&self) -> Option<u128> {
        match self.identity {
            Identity::Authenticated => self.client_key,
            Identity::Anyone => None,
        }
    }

    /// The client by its key.
    pub fn key(&self) -> Option<Scope> {
        self.client_key.map(Scope::ClientKey)
    }
}

/// What of an address is one client.
pub(crate) fn client(address: IpAddr) -> Option<Scope> {
    let address = address.to_canonical();
    match address {
        IpAddr::V4(_) => Some(Scope::Ip(address)),
        IpAddr::V6(_) => Cidr::around(address, IPV6_CLIENT_BITS).ok().map(Scope::Cidr),
    }
}

/// The range around an address.
pub(crate) fn range(address: IpAddr) -> Option<Cidr> {
    let address = address.to_canonical();
    let bits = if address.is_ipv4() { RANGE_BITS.0 } else { RANGE_BITS.1 };
    Cidr::around(address, bits).ok()
}

impl From<&Incident> for Observation {
    /// What is no address, or no key, is not known.
    fn from(incident: &Incident) -> Self {
        Self {
            at: Moment::from_millis(incident.at_ms),
            event: if incident.shadow { Event::Shadowed } else { Event::Refused },
            count: 1,
            address: incident.client.as_deref().and_then(|client| client.parse().ok()).map(canonical),
            client_key: incident.client_key.as_deref().and_then(key),
            identity: incident.identity,
            class: incident.class.clone(),
            reason: Some(incident.reason),
            code: None,
            transport: incident.transport,
            kind: incident.kind,
            operation: incident.operation.clone(),
            shape: incident.shape.clone(),
            limit: incident.limit,
            actual: incident.actual,
            measured: incident.measured,
            cost_milli: incident.cost_milli,
            body_bytes: incident.body_bytes,
            sensitive: 0,
            correlation_id: incident.correlation_id.clone(),
        }
    }
}

/// A client key as it is written.
fn key(text: &str) -> Option<u128> {
    match Scope::parse("client_key", text) {
        Some(Ok(Scope::ClientKey(key))) => Some(key),
        Some(Ok(Scope::Ip(_) | Scope::Cidr(_)) | Err(_)) | None => None,
    }
}

fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

#[cfg(test)]
mod tests;
