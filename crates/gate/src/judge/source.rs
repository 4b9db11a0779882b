//! Where a request's document comes from: its own text, the operator's list, or what its hash stood for before.

use super::memory::Memory;
use crate::number::count;
use portcullis_framing::{EnvelopeError, Request, Sha256Hash};
use portcullis_policy::{PersistedQueries, Policy, Refusal, Shadow, TrustedMode, Verdict};
use portcullis_report::{Persisted, Reason};

/// A document, and what was found on the way to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Source<'s> {
    pub(crate) text: &'s str,
    pub(crate) standing: Standing,
    /// The hash under which it is to be remembered, once it is allowed.
    pub(crate) register: Option<Sha256Hash>,
    /// What a hash met, if one came alone.
    pub(crate) persisted: Option<Persisted>,
    /// The hash by which it was found in memory.
    pub(crate) recalled: Option<Sha256Hash>,
}

/// What the operator knows of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is listed, or nothing is asked.
    Trusted,
    /// It is not listed, and passes all the same.
    Untrusted,
}

/// Finds the document of a request.
pub(crate) fn source<'s>(
    policy: &'s Policy,
    request: &'s Request<'_>,
    memory: &'s Memory,
    shadow: &mut Shadow,
) -> Result<Source<'s>, Refusal> {
    let hash = request.persisted().map_err(hash_refusal)?;
    let text = request.query.as_deref().filter(|text| !text.is_empty() || hash.is_none());
    if let Some(id) = request.document_id.as_deref() {
        return match hash {
            Some(_) => Err(Refusal::because(Reason::Ambiguous)),
            None => listed(policy, id).ok_or(Refusal::because(Reason::UntrustedId)),
        };
    }
    let found = match (text, hash) {
        (None, None) => return Err(Refusal::because(Reason::Envelope)),
        (None, Some(hash)) => by_hash(policy, hash, memory)?,
        (Some(text), hash) => {
            Source { text, standing: Standing::Trusted, register: hash, persisted: None, recalled: None }
        }
    };
    let limit = policy.limits.document_bytes;
    if found.text.len() > limit {
        return Err(Refusal::beyond(Reason::DocumentSize, count(limit), count(found.text.len())));
    }
    if found.register.is_some_and(|hash| hash != Sha256Hash::of(found.text)) {
        return Err(Refusal::because(Reason::PersistedQueryMismatch));
    }
    standing(policy, found, shadow)
}

fn listed<'s>(policy: &'s Policy, id: &str) -> Option<Source<'s>> {
    let text = policy.trusted.document(id)?;
    Some(Source { text, standing: Standing::Trusted, register: None, persisted: None, recalled: None })
}

fn by_hash<'s>(policy: &'s Policy, hash: Sha256Hash, memory: &'s Memory) -> Result<Source<'s>, Refusal> {
    if let Some(source) = listed(policy, &hash.to_string()) {
        return Ok(source);
    }
    match policy.persisted {
        PersistedQueries::Off => Err(Refusal::because(Reason::PersistedQueryUnsupported)),
        PersistedQueries::Remember { .. } => {
            let text = memory.look_up(hash).ok_or(Refusal::because(Reason::PersistedQuery))?;
            let persisted = Some(Persisted::Hit);
            Ok(Source { text, standing: Standing::Trusted, register: None, persisted, recalled: Some(hash) })
        }
    }
}

fn standing<'s>(policy: &Policy, source: Source<'s>, shadow: &mut Shadow) -> Result<Source<'s>, Refusal> {
    let untrusted = Source { standing: Standing::Untrusted, ..source };
    let is_listed = || policy.trusted.has(source.text);
    match policy.trusted.mode() {
        TrustedMode::Off => Ok(source),
        TrustedMode::Log if is_listed() => Ok(source),
        TrustedMode::Log => Ok(untrusted),
        TrustedMode::Require if is_listed() => Ok(source),
        TrustedMode::Require => match shadow.weigh(policy, Refusal::because(Reason::UntrustedDocument)) {
            Verdict::Allow => Ok(untrusted),
            Verdict::Deny(refusal) => Err(refusal),
        },
    }
}

fn hash_refusal(_: EnvelopeError) -> Refusal {
    Refusal::because(Reason::Ambiguous)
}
