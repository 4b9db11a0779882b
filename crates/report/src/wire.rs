//! What an edge reports to the analyzer, version 1: a rollup of everything, and single incidents.
//!
//! Both sides hold to [`Bounds`]: the edge never builds a larger report, the analyzer never takes one. Values are checked
//! strictly; fields that a later edge adds are left unread, so that it may be newer than its analyzer (ADR 0009).

mod candidate;
mod clients;
mod sampling;
mod sockets;

pub use candidate::{CandidateReport, ChangeRow};
pub use clients::{ClientRow, ClientsReport, Failure};
pub use sampling::Sampling;
pub use sockets::{SocketClient, SocketRow, SocketsReport, Spread, Traffic};

use crate::{Identity, OperationKind, Reason, Transport};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The version of this shape; an analyzer refuses what it does not know.
pub const VERSION: u32 = 1;

/// How large the parts of a report may be.
#[derive(Debug)]
pub struct Bounds;

impl Bounds {
    /// Bytes of one report as JSON.
    pub const REPORT_BYTES: usize = 1024 * 1024;
    /// Rollup rows in one report.
    pub const ROWS: usize = 1_200;
    /// Incidents in one report.
    pub const INCIDENTS: usize = 128;
    /// Rows of sockets in one report: a policy has no more classes.
    pub const SOCKET_ROWS: usize = 32;
    /// Clients with sockets in one report.
    pub const SOCKET_CLIENTS: usize = 64;
    /// Clients of which something else is told, in one report.
    pub const CLIENTS: usize = 64;
    /// Kinds of upstream errors of all those clients together.
    pub const CLIENT_FAILURES: usize = 256;
    /// Bytes of the code of an upstream error.
    pub const CODE_BYTES: usize = 40;
    /// Of how many allowed requests one is looked at, at most.
    pub const ONE_IN: u32 = 64;
    /// Rows of what a candidate would change in one report.
    pub const CHANGES: usize = 240;
    /// Documents in those rows.
    pub const CHANGE_DOCUMENTS: usize = 40;
    /// Bytes of an operation's name.
    pub const OPERATION_BYTES: usize = 64;
    /// Bytes of a normalised document in an incident.
    pub const DOCUMENT_BYTES: usize = 2_048;
    /// Bytes of a correlation id, a client address or a class.
    pub const LABEL_BYTES: usize = 64;
}

/// One life of one worker's VM: fresh at every start, so also after a trap or a reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkerBoot(pub Uuid);

/// Everything one worker saw in one window of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// [`VERSION`].
    pub version: u32,
    /// Whose report it is.
    pub boot: WorkerBoot,
    /// Counts from 1 within a boot; (boot, sequence) is ingested once.
    pub sequence: u64,
    /// Start of the window, milliseconds since the Unix epoch, by the edge's clock.
    pub from_ms: u64,
    /// End of the window; not before `from_ms`.
    pub to_ms: u64,
    /// Every request of the window, in one row or another.
    pub rollup: Vec<RollupRow>,
    /// Requests that were refused or would have been, one by one, as far as the ring held them.
    pub incidents: Vec<Incident>,
    /// Incidents that the ring did not hold, since the report before.
    pub incidents_dropped: u64,
    /// What there was of sockets; not written where there was nothing, so that an older analyzer takes the report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sockets: Option<SocketsReport>,
    /// What the candidate said, where the policy has one; told only then, so that an analyzer that does not know it is none the worse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<CandidateReport>,
    /// What single clients did that was not refused, and what became of it; not written where there was nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clients: Option<ClientsReport>,
    /// How allowed requests were counted, where the worker did not look at each; not written where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling: Option<Sampling>,
}

/// What the requests of one row have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RollupKey {
    /// The operation's name, its shape hash where it has no fit name, or `other`.
    pub operation: String,
    /// Type of the operation.
    pub kind: OperationKind,
    /// Client class of the policy.
    pub class: String,
    /// How it came.
    pub transport: Transport,
    /// Why it was refused; `null` when it was allowed.
    pub refused: Option<Reason>,
    /// Why it would have been refused, had the policy not said that this only counts; `null` otherwise.
    #[serde(default)]
    pub shadowed: Option<Reason>,
}

/// The requests of one window that share a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollupRow {
    /// What they have in common.
    pub key: RollupKey,
    /// How many; at least 1.
    pub count: u64,
    /// Sum of their costs, in thousandths of a cost unit.
    pub cost_milli_sum: u64,
    /// Largest of their costs, in thousandths of a cost unit.
    pub cost_milli_max: u64,
    /// How many of them were costed by their responses too.
    #[serde(default)]
    pub actual_count: u64,
    /// Sum of those costs, in thousandths of a cost unit.
    #[serde(default)]
    pub actual_milli_sum: u64,
    /// Largest depth.
    pub depth_max: u32,
    /// Sum of their fields, fragments expanded.
    pub fields_sum: u64,
    /// Sum of their body bytes.
    pub body_bytes_sum: u64,
}

/// What was measured of a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// Lexical tokens.
    pub tokens: u32,
    /// Depth; a root field has depth 1.
    pub depth: u32,
    /// Fields, fragments expanded.
    pub fields: u32,
    /// Root fields, fragments expanded.
    pub root_fields: u32,
    /// Aliased fields, fragments expanded.
    pub aliases: u32,
    /// Aliases of one field in one place, at most.
    pub aliases_per_field: u32,
    /// Directives, every occurrence.
    pub directives: u32,
}

/// One request that was refused, or would have been.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// When, milliseconds since the Unix epoch, by the edge's clock.
    pub at_ms: u64,
    /// The request's correlation id.
    pub correlation_id: String,
    /// Address of the client as Envoy sees it, without the port; `null` when Envoy did not tell.
    pub client: Option<String>,
    /// The client's pseudonym, 32 hex digits; `null` when nobody asked who it is.
    #[serde(default)]
    pub client_key: Option<String>,
    /// How far that says who it is; not written where anybody could have it.
    #[serde(default, skip_serializing_if = "Identity::is_anyone")]
    pub identity: Identity,
    /// Client class of the policy; `null` when nobody asked who it is.
    #[serde(default)]
    pub class: Option<String>,
    /// Why it was refused.
    pub reason: Reason,
    /// Whether it passed all the same, because the policy says that the reason only counts.
    #[serde(default)]
    pub shadow: bool,
    /// The limit that was passed, where the reason is one.
    pub limit: Option<u64>,
    /// What was found against that limit.
    pub actual: Option<u64>,
    /// How it came.
    pub transport: Transport,
    /// Type of the operation.
    pub kind: OperationKind,
    /// As in [`RollupKey::operation`].
    pub operation: String,
    /// Hash of the normalised document, 16 hex digits; `null` when the document was not parsed.
    pub shape: Option<String>,
    /// The normalised document, literals replaced, cut to [`Bounds::DOCUMENT_BYTES`].
    pub document: Option<String>,
    /// What was measured; `null` when the document was not parsed.
    pub measured: Option<Measured>,
    /// Estimated cost in thousandths of a cost unit; `null` when it was not estimated.
    pub cost_milli: Option<u64>,
    /// Bytes of the request's body.
    pub body_bytes: u64,
}

/// What the analyzer answers to a report that it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Receipt {
    /// It was stored and will survive a crash.
    Stored,
    /// The same (boot, sequence) was stored before.
    Duplicate,
}

/// What is wrong with a report that has the right shape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// The other side speaks another version.
    #[error("version: must be {VERSION}, got {0}")]
    Version(u32),
    /// Sequences count from 1.
    #[error("sequence: must be at least 1")]
    Sequence,
    /// The window ends before it starts.
    #[error("to_ms: must not be before from_ms")]
    Window,
    /// A list is longer than its bound.
    #[error("{path}: at most {limit} entries, got {actual}")]
    TooMany {
        /// Which list.
        path: &'static str,
        /// Its bound.
        limit: usize,
        /// Its length.
        actual: usize,
    },
    /// A text is longer than its bound.
    #[error("{path}[{index}].{field}: at most {limit} bytes, got {actual}")]
    TooLong {
        /// Which list.
        path: &'static str,
        /// Which entry.
        index: usize,
        /// Which text.
        field: &'static str,
        /// Its bound.
        limit: usize,
        /// Its length.
        actual: usize,
    },
    /// A row that counts nothing.
    #[error("rollup[{index}].count: must be at least 1")]
    EmptyRow {
        /// Which row.
        index: usize,
    },
    /// A row of a candidate in which the verdicts do not differ, or that counts nothing.
    #[error("candidate.changes[{index}]: must count at least one request that the two judge otherwise")]
    NoChange {
        /// Which row.
        index: usize,
    },
    /// A shape that is not 16 lowercase hex digits.
    #[error("incidents[{index}].shape: must be 16 lowercase hex digits")]
    Shape {
        /// Which incident.
        index: usize,
    },
    /// A client key that is not 32 lowercase hex digits.
    #[error("incidents[{index}].client_key: must be 32 lowercase hex digits")]
    ClientKey {
        /// Which incident.
        index: usize,
    },
    /// A client key that is not 32 lowercase hex digits.
    #[error("sockets.clients[{index}].client_key: must be 32 lowercase hex digits")]
    SocketClientKey {
        /// Which client.
        index: usize,
    },
    /// What is wrong with a client's row.
    #[error("clients.rows[{index}].{flaw}")]
    Row {
        /// Which row.
        index: usize,
        /// Which field, and how it must be.
        flaw: &'static str,
    },
    /// Numbers of a sampling that cannot be.
    #[error("sampling: {0}")]
    Sampling(&'static str),
    /// Counts that are not one for each bound and one more.
    #[error("sockets.rows[{index}]: a spread must have one count for each bound, and one above them")]
    Spread {
        /// Which row.
        index: usize,
    },
}

impl Report {
    /// Holds the report against [`Bounds`] and the sense of its fields.
    ///
    /// # Errors
    /// The first thing that is wrong, with its path.
    pub fn check(&self) -> Result<(), ReportError> {
        if self.version != VERSION {
            return Err(ReportError::Version(self.version));
        }
        if self.sequence == 0 {
            return Err(ReportError::Sequence);
        }
        if self.to_ms < self.from_ms {
            return Err(ReportError::Window);
        }
        at_most("rollup", self.rollup.len(), Bounds::ROWS)?;
        at_most("incidents", self.incidents.len(), Bounds::INCIDENTS)?;
        self.sockets.iter().try_for_each(SocketsReport::check)?;
        self.candidate.as_ref().map_or(Ok(()), candidate::check)?;
        self.clients.iter().try_for_each(ClientsReport::check)?;
        self.sampling.iter().try_for_each(Sampling::check)?;
        self.rollup.iter().enumerate().try_for_each(|(index, row)| check_row(index, row))?;
        self.incidents.iter().enumerate().try_for_each(|(index, incident)| check_incident(index, incident))
    }
}

fn at_most(path: &'static str, actual: usize, limit: usize) -> Result<(), ReportError> {
    if actual > limit { Err(ReportError::TooMany { path, limit, actual }) } else { Ok(()) }
}

fn check_row(index: usize, row: &RollupRow) -> Result<(), ReportError> {
    if row.count == 0 {
        return Err(ReportError::EmptyRow { index });
    }
    let text = Text { path: "rollup", index };
    text.fits("key.operation", &row.key.operation, Bounds::OPERATION_BYTES)?;
    text.fits("key.class", &row.key.class, Bounds::LABEL_BYTES)
}

fn check_incident(index: usize, incident: &Incident) -> Result<(), ReportError> {
    let text = Text { path: "incidents", index };
    text.fits("correlation_id", &incident.correlation_id, Bounds::LABEL_BYTES)?;
    text.fits("client", incident.client.as_deref().unwrap_or_default(), Bounds::LABEL_BYTES)?;
    text.fits("operation", &incident.operation, Bounds::OPERATION_BYTES)?;
    text.fits("document", incident.document.as_deref().unwrap_or_default(), Bounds::DOCUMENT_BYTES)?;
    text.fits("class", incident.class.as_deref().unwrap_or_default(), Bounds::LABEL_BYTES)?;
    if incident.shape.as_ref().is_some_and(|shape| !is_hex(shape, 16)) {
        return Err(ReportError::Shape { index });
    }
    if incident.client_key.as_ref().is_some_and(|key| !is_hex(key, 32)) {
        return Err(ReportError::ClientKey { index });
    }
    Ok(())
}

/// Whether a text is so many lowercase hex digits.
fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

struct Text {
    path: &'static str,
    index: usize,
}

impl Text {
    fn fits(&self, field: &'static str, value: &str, limit: usize) -> Result<(), ReportError> {
        let Self { path, index } = *self;
        let actual = value.len();
        if actual > limit {
            return Err(ReportError::TooLong { path, index, field, limit, actual });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
