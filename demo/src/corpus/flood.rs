//! Requests of which each is allowed, until one client, one operation or all of its streams are too many.

use super::case::Case;
use super::policy::PolicyFile;
use super::render::Play;
use super::verdict::Verdict;
use crate::client::Request;
use anyhow::Context as _;
use serde::Deserialize;
use serde_json::Value;

/// Requests beyond those that are admitted.
const BEYOND: usize = 2;

/// One line of `tests/corpus/floods.jsonl`.
///
/// `{{n}}` in a case stands for the request's number, `{{play}}` for that of the whole flood, which no other shares.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Flood {
    /// Who sends it.
    sender: Sender,
    /// So many pass; whatever follows meets the verdict of the case.
    admitted: usize,
    /// Whether every one of them stays open.
    #[serde(default)]
    open: bool,
    /// The requests.
    case: Value,
    /// What passes afterwards, from somebody else.
    twin: Value,
}

/// Whose requests they are.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Sender {
    /// One client with a key.
    Key,
    /// Whoever makes up a key for each request.
    MadeUpKeys,
    /// One address behind a proxy that is trusted, which forges all that is not.
    Address,
    /// One IPv6 network behind that proxy.
    Network,
}

/// A flood on one transport.
#[derive(Clone, Debug)]
pub struct Wave {
    /// Those that pass, and those that do not.
    pub plays: Vec<Play>,
    /// What passes afterwards.
    pub twin: Play,
    /// Whether every one of them stays open.
    pub open: bool,
}

/// Every flood on each of its transports, `times` times over, each of them another client's.
///
/// # Errors
/// The first line that cannot be read or rendered.
pub fn waves(times: usize) -> anyhow::Result<Vec<Vec<Wave>>> {
    let mut number = 0;
    let mut all = vec![Vec::new(); times];
    for (line, text) in include_str!("../../../tests/corpus/floods.jsonl").lines().enumerate() {
        let flood: Flood =
            serde_json::from_str(text).with_context(|| format!("floods.jsonl, line {}", line + 1))?;
        for waves in &mut all {
            for transport in 0..flood.plays(0, number)?.len() {
                number += 1;
                waves.push(flood.wave(transport, number)?);
            }
        }
    }
    Ok(all)
}

impl Flood {
    fn wave(&self, transport: usize, number: usize) -> anyhow::Result<Wave> {
        let play = |request: usize| {
            let mut play = self.plays(request, number)?.into_iter().nth(transport).context("no transport")?;
            if request < self.admitted {
                play.expected = vec![Verdict::Allow];
            }
            play.request = self.sender.signed(play.request, number, request);
            anyhow::Ok(play)
        };
        let plays = (0..self.admitted + BEYOND).map(play).collect::<anyhow::Result<Vec<_>>>()?;
        let mut twin = self.twin.clone();
        let members = twin.as_object_mut().context("the twin is no object")?;
        members.insert("verdict".to_owned(), "allow".into());
        if let Some(transports) = self.case.get("transports") {
            members.insert("transports".to_owned(), transports.clone());
        }
        let twins = plays_of(&twin, 0, number)?;
        let mut twin = twins.into_iter().nth(transport).context("the twin goes another way")?;
        twin.request = self.sender.signed(twin.request, usize::MAX - number, 0);
        Ok(Wave { plays, twin, open: self.open })
    }

    fn plays(&self, request: usize, number: usize) -> anyhow::Result<Vec<Play>> {
        plays_of(&self.case, request, number)
    }
}

/// The plays of a case, in the order of its transports.
fn plays_of(case: &Value, request: usize, number: usize) -> anyhow::Result<Vec<Play>> {
    let mut case = case.clone();
    let members = case.as_object_mut().context("the case is no object")?;
    members.insert("policies".to_owned(), [PolicyFile::Throttled.name()].as_slice().into());
    let text =
        case.to_string().replace("{{n}}", &request.to_string()).replace("{{play}}", &number.to_string());
    serde_json::from_str::<Case>(&text)?.plays(PolicyFile::Throttled)
}

impl Sender {
    /// The request as the sender of this number sends it.
    fn signed(self, request: Request, sender: usize, number: usize) -> Request {
        let [.., high, low] = sender.to_be_bytes();
        match self {
            Self::Key => request.with("x-api-key", format!("key-{sender}")),
            Self::MadeUpKeys => request.with("x-api-key", format!("key-{sender}-{number}")),
            Self::Address => request
                .with("x-forwarded-for", format!("198.51.100.{number}, 10.1.{high}.{low}"))
                .with("x-real-ip", format!("198.51.100.{number}"))
                .with("authorization", format!("Bearer made-up-{number}"))
                .with("cookie", format!("session=made-up-{number}")),
            Self::Network => request.with(
                "x-forwarded-for",
                format!("198.51.100.{number}, 2001:db8:{high:x}:{low:x}::{number:x}"),
            ),
        }
    }
}
