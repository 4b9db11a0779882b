//! `docs/abuse.md`, made from the corpus, so that it cannot disagree with what is played.

use super::policy::PolicyFile;
use super::render::Play;
use super::verdict::Verdict;
use anyhow::Context as _;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// A family of hostile requests.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Family {
    /// Its number.
    pub family: u32,
    /// What it is called.
    pub title: String,
    /// What is sent.
    pub payload: String,
    /// What joins later or is proven elsewhere; such a family needs no case.
    #[serde(default)]
    pub joins: Option<String>,
    /// What else there is to say.
    #[serde(default)]
    pub note: String,
}

/// Every family, in order.
///
/// # Errors
/// The first line that does not read.
pub fn families() -> anyhow::Result<Vec<Family>> {
    let lines = include_str!("../../../tests/corpus/families.jsonl").lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            serde_json::from_str(line).with_context(|| format!("families.jsonl, line {}", number + 1))
        })
        .collect()
}

const HEAD: &str = "# Abuse, and what becomes of it

Made from the corpus in `tests/corpus` by `cargo xtask docs`; change it there.

Every line is played end to end through Envoy, over HTTP/1.1 and HTTP/2, on each of the transports named. What is refused gets the status and
code of `refusals.md` and never reaches the upstream (a multipart request that turns bad after its `operations` may reach it in part, never whole). What
is allowed arrives byte for byte. *POST* includes a body that comes in small pieces; *packed* is gzip, deflate, br and zstd; a body that
unpacks to many times its size may be refused for that alone. *With throttles* stands for a flood: as many requests as
`tests/corpus/policies/throttled.yaml` admits arrive, the next is refused, and its twin, of somebody else, arrives after it. *Ends in a ban*: with the analyzer's scenarios at work, whoever goes on is blocked, and the twin is not; played with
`block_at: 30`, so that one detection is enough, where the default takes two or three.

";

/// The document, in Markdown.
///
/// # Errors
/// When the corpus does not read.
pub fn table() -> anyhow::Result<String> {
    let mut plays = Vec::new();
    for policy in PolicyFile::ALL {
        plays.extend(super::plays(policy)?);
    }
    // Of a flood, what is refused, and what passes beside it.
    let waves = super::waves(1)?;
    plays.extend(
        waves
            .into_iter()
            .flatten()
            .flat_map(|wave| wave.plays.into_iter().last().into_iter().chain([wave.twin])),
    );
    let mut text = HEAD.to_owned();
    let (hostile, honest): (Vec<_>, Vec<_>) = plays.iter().partition(|play| play.family.is_some());
    text.push_str(&format!(
        "{} requests of {} families, {} of their honest twins, each over both protocols.\n\n",
        hostile.len(),
        hostile.iter().filter_map(|play| play.family).collect::<BTreeSet<_>>().len(),
        honest.len(),
    ));
    text.push_str(
        "| # | family | payload | transports proven | verdict | note |\n|---|---|---|---|---|---|\n",
    );
    for family in families()? {
        let of_it: Vec<_> =
            hostile.iter().copied().filter(|play| play.family == Some(family.family)).collect();
        let mut notes: Vec<_> = [family.note.clone()].into_iter().filter(|note| !note.is_empty()).collect();
        notes.extend(family.joins.clone());
        notes.extend(note(&of_it));
        let Family { family, title, payload, .. } = family;
        let (ways, verdicts) = (ways(&of_it), verdicts(&of_it));
        text.push_str(&format!(
            "| {family} | {title} | {payload} | {ways} | {verdicts} | {} |\n",
            notes.join("; ")
        ));
    }
    text.push_str("\n## Honest twins\n\n| what | transports proven | note |\n|---|---|---|\n");
    let mut twins: BTreeMap<&str, Vec<&Play>> = BTreeMap::new();
    for play in honest {
        twins.entry(&play.name).or_default().push(play);
    }
    for (name, of_it) in twins {
        let note = note(&of_it).unwrap_or_default();
        text.push_str(&format!("| {name} | {} | {note} |\n", ways(&of_it)));
    }
    Ok(text)
}

const PACKED: [&str; 4] = ["gzip", "deflate", "br", "zstd"];

fn ways(plays: &[&Play]) -> String {
    let mut seen = BTreeSet::new();
    let mut ways: Vec<_> =
        plays.iter().map(|play| play.way.as_str()).filter(|way| seen.insert(*way)).collect();
    if ways.contains(&"POST") {
        ways.retain(|way| *way != "POST in pieces");
    }
    if PACKED.iter().all(|packed| ways.contains(packed)) {
        ways.retain(|way| !PACKED.contains(way));
        ways.push("packed");
    }
    ways.join(", ")
}

/// In the order in which they are met; where several would do, the first.
fn verdicts(plays: &[&Play]) -> String {
    let mut seen = BTreeSet::new();
    let verdicts =
        plays.iter().filter_map(|play| play.expected.first()).filter(|verdict| seen.insert(*verdict));
    let words: Vec<_> = verdicts
        .map(|verdict| match (verdict, verdict.answer()) {
            (Verdict::Refuse(label), Some((status, _))) => format!("{status} `{label}`"),
            (Verdict::Refuse(label), None) => format!("`{label}`"),
            (Verdict::Allow, _) => "allowed".to_owned(),
        })
        .collect();
    words.join(", ")
}

/// Under which policies, where not only under the defaults.
fn note(plays: &[&Play]) -> Option<String> {
    let policies: BTreeSet<_> = plays.iter().map(|play| play.policy).collect();
    let apart = |policy: &PolicyFile| !matches!(policy, PolicyFile::Default | PolicyFile::Bare);
    let notes: Vec<_> = policies.iter().copied().filter(apart).map(PolicyFile::note).collect();
    let also = if policies.contains(&PolicyFile::Default) { "also " } else { "" };
    (!notes.is_empty()).then(|| format!("{also}{}", notes.join("; ")))
}
