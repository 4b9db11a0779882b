//! Requests with the verdict they must meet: hostile families and their honest twins, written once and rendered for every transport.
//!
//! The lines in `tests/corpus/families` and `tests/corpus/floods.jsonl` say what is asked and what must come of it; this module says how it looks on the wire. It does not
//! know how a verdict is made.

mod case;
mod flood;
mod multipart;
mod policy;
mod render;
mod table;
mod text;
mod transport;
mod verdict;

pub use case::Case;
pub use flood::{Wave, waves};
pub use policy::PolicyFile;
pub use render::{Play, Trace};
pub use table::{Family, families, table};
pub use transport::Transport;
pub use verdict::Verdict;

use anyhow::Context as _;

/// The files, by topic.
const FILES: &[(&str, &str)] = &[
    ("documents", include_str!("../../tests/corpus/families/documents.jsonl")),
    ("cost", include_str!("../../tests/corpus/families/cost.jsonl")),
    ("envelopes", include_str!("../../tests/corpus/families/envelopes.jsonl")),
    ("transports", include_str!("../../tests/corpus/families/transports.jsonl")),
    ("encodings", include_str!("../../tests/corpus/families/encodings.jsonl")),
    ("persisted", include_str!("../../tests/corpus/families/persisted.jsonl")),
    ("uploads", include_str!("../../tests/corpus/families/uploads.jsonl")),
    ("benign", include_str!("../../tests/corpus/families/benign.jsonl")),
];

/// Every case of the corpus.
///
/// # Errors
/// The first line that does not read.
pub fn all() -> anyhow::Result<Vec<Case>> {
    let mut cases = Vec::new();
    for (file, text) in FILES {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        for (number, line) in lines {
            let case = serde_json::from_str(line);
            cases.push(case.with_context(|| format!("{file}.jsonl, line {}", number + 1))?);
        }
    }
    Ok(cases)
}

/// Everything there is to play under this policy.
///
/// # Errors
/// The first case that cannot be rendered.
pub fn plays(policy: PolicyFile) -> anyhow::Result<Vec<Play>> {
    let mut plays = Vec::new();
    for case in all()? {
        plays.extend(case.plays(policy).with_context(|| case.name.clone())?);
    }
    Ok(plays)
}

#[cfg(test)]
mod tests;
