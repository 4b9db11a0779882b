//! From a case to what goes over the wire.

use super::case::Case;
use super::multipart;
use super::policy::PolicyFile;
use super::transport::Transport;
use super::verdict::{Verdict, Verdicts};
use crate::client::{Payload, Request};
use crate::coding::Coding;
use crate::upstream::{BEHAVIOUR, hash};
use anyhow::Context as _;
use bytes::Bytes;
use serde_json::Value;

/// An item of a batch that most policies allow.
const HONEST: &str = r#"{"query":"{ me { id } }"}"#;
/// One for the policy that asks for documents of its list.
const LISTED: &str =
    r#"{"documentId":"sha256:70cb1a68680840f8c0ff5de62a5467ed3073af7d4e99529c4ca70c6ba0bd8b37"}"#;

/// `graphql.limits.url_bytes`, by default.
const URL: usize = 16_384;
/// Longer ones Envoy refuses before any filter sees them.
const LONGEST_URL: usize = 50_000;
/// A body that unpacks to more than so many times its size may be refused for that alone.
const DENSE: usize = 20;
/// A body is cut into about so many pieces.
const PIECES: usize = 400;

/// What the upstream may see of a refused request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trace {
    /// Nothing at all.
    Nothing,
    /// A part of its body, never the end.
    Part,
}

/// One case on one transport under one policy.
#[derive(Clone, Debug)]
pub struct Play {
    /// The case's name.
    pub name: String,
    /// The case's family.
    pub family: Option<u32>,
    /// The policy that holds.
    pub policy: PolicyFile,
    /// How it travels.
    pub transport: Transport,
    /// What people call that.
    pub way: String,
    /// What is sent before, on the same connection, and must pass.
    pub before: Option<Request>,
    /// What is sent.
    pub request: Request,
    /// What must come of it: one of these.
    pub expected: Vec<Verdict>,
    /// What the upstream may see of it when it is refused.
    pub trace: Trace,
}

impl Case {
    /// What there is to play of it under this policy.
    ///
    /// # Errors
    /// When it cannot be rendered.
    pub fn plays(&self, policy: PolicyFile) -> anyhow::Result<Vec<Play>> {
        let mut plays = Vec::new();
        for transport in self.transports(policy) {
            let context = || format!("{} by {}", self.name, transport.title());
            let mut play = self.play(policy, transport).with_context(context)?;
            if transport.is_get() && play.request.path.len() > LONGEST_URL {
                continue;
            }
            if self.sink {
                play.request = play.request.with(BEHAVIOUR, "sink");
            }
            plays.push(play);
        }
        Ok(plays)
    }

    fn play(&self, policy: PolicyFile, transport: Transport) -> anyhow::Result<Play> {
        let is_call = matches!(transport, Transport::Call | Transport::GetCall);
        let before = if is_call { Some(self.registration()?) } else { None };
        let request = self.request(policy, transport)?;
        let Verdicts(mut expected) =
            self.on.get(&transport).or_else(|| self.under.get(&policy)).unwrap_or(&self.verdict).clone();
        if transport.is_get() && request.path.len() > URL {
            expected = vec![Verdict::of("url_size")];
        }
        if let (Some(_), Payload::Whole(packed)) = (transport.coding(), &request.body)
            && self.object()?.len() > packed.len().saturating_mul(DENSE)
        {
            expected.push(Verdict::of("inflation"));
        }
        Ok(Play {
            name: self.name.clone(),
            family: self.family,
            policy,
            transport,
            way: self.way(transport),
            before,
            request,
            expected,
            trace: if self.late { Trace::Part } else { Trace::Nothing },
        })
    }

    fn way(&self, transport: Transport) -> String {
        match (transport, &self.parts, &self.method) {
            (Transport::Written, Some(_), _) => Transport::Multipart.title().to_owned(),
            (Transport::Written, None, _) if !self.packed.is_empty() => self.packed.join(" in "),
            (Transport::Written, None, Some(method)) => method.clone(),
            (Transport::Written, None, None) => Transport::Post.title().to_owned(),
            (other, ..) => other.title().to_owned(),
        }
    }

    fn request(&self, policy: PolicyFile, transport: Transport) -> anyhow::Result<Request> {
        Ok(match transport {
            Transport::Written => self.written()?,
            Transport::Post => Request::json("/graphql", self.object()?),
            Transport::Pieces => Request::json("/graphql", "").body(in_pieces(&self.object()?)),
            Transport::Get => Request::get(&url(&self.members())),
            Transport::GetSse => Request::get(&url(&self.members())).with("accept", "text/event-stream"),
            Transport::Batch => {
                let item = self.object()?;
                let honest = if policy == PolicyFile::Trusted { LISTED } else { HONEST };
                let batch = [b"[", honest.as_bytes(), b",", &item, b",", honest.as_bytes(), b"]"];
                Request::json("/graphql", batch.concat())
            }
            Transport::Multipart => self.upload()?,
            Transport::Sse => Request::json("/graphql", self.object()?).with("accept", "text/event-stream"),
            Transport::Mixed => {
                let accept =
                    r#"multipart/mixed;boundary="graphql";subscriptionSpec="1.0",application/json;q=0.9"#;
                Request::json("/graphql", self.object()?).with("accept", accept)
            }
            Transport::Register => Request::json("/graphql", object(&self.hashed()?)),
            Transport::Call => Request::json("/graphql", object(&self.hash_alone()?)),
            Transport::GetCall => Request::get(&url(&self.hash_alone()?)),
            Transport::Gzip | Transport::Deflate | Transport::Br | Transport::Zstd => {
                let coding = transport.coding().context("no coding")?;
                let packed = coding.pack(&self.object()?)?;
                Request::json("/graphql", packed).with("content-encoding", coding.token())
            }
            Transport::Bare => {
                let document = self.query.as_ref().context("no document")?.expand();
                let content_type = vec![("content-type".to_owned(), b"application/graphql".to_vec())];
                Request { headers: content_type, ..Request::json("/graphql", document) }
            }
        })
    }

    /// The body of a POST.
    fn object(&self) -> anyhow::Result<Vec<u8>> {
        Ok(match self.bytes()? {
            Some(bytes) => bytes,
            None => object(&self.members()),
        })
    }

    fn written(&self) -> anyhow::Result<Request> {
        let mut body = match (&self.parts, self.query.is_some()) {
            (Some(parts), _) => Some(multipart::body(parts)),
            (None, true) => Some(object(&self.members())),
            (None, false) => self.bytes()?,
        };
        let mut headers = match &self.headers {
            Some(headers) => headers.clone(),
            None if self.parts.is_some() => vec![("apollo-require-preflight".to_owned(), "true".to_owned())],
            None => vec![("content-type".to_owned(), "application/json".to_owned())],
        };
        if self.parts.is_some() && !headers.iter().any(|(name, _)| name == "content-type") {
            headers.push(("content-type".to_owned(), multipart::content_type()));
        }
        for token in &self.packed {
            let coding = Coding::named(token).with_context(|| format!("no coding {token}"))?;
            body = Some(coding.pack(&body.unwrap_or_default())?);
        }
        if !self.packed.is_empty() {
            headers.push(("content-encoding".to_owned(), self.packed.join(", ")));
        }
        Ok(Request {
            method: self.method.clone().unwrap_or_else(|| "POST".to_owned()),
            path: self.path.clone().unwrap_or_else(|| "/graphql".to_owned()),
            headers: headers.into_iter().map(|(name, value)| (name, value.into_bytes())).collect(),
            body: body.map_or(Payload::Absent, |body| Payload::Whole(Bytes::from(body))),
        })
    }

    /// A file has its place in the variables; a body whose bytes matter has none.
    fn upload(&self) -> anyhow::Result<Request> {
        let (operations, file) = match self.bytes()? {
            Some(bytes) => (bytes, None),
            None => {
                let mut members = self.members();
                set(&mut members, "variables", r#""file":null"#);
                (object(&members), Some("variables.file"))
            }
        };
        let headers =
            [("content-type", multipart::content_type()), ("x-apollo-operation-name", "x".to_owned())];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.into_bytes())).to_vec();
        Ok(Request { headers, ..Request::json("/graphql", multipart::upload(&operations, file)) })
    }

    fn hashed(&self) -> anyhow::Result<Vec<(&'static str, String)>> {
        let hash = hash(&self.query.as_ref().context("no document")?.expand());
        let mut members = self.members();
        let member = format!(r#""persistedQuery":{{"version":1,"sha256Hash":"{hash}"}}"#);
        set(&mut members, "extensions", &member);
        Ok(members)
    }

    /// The registration, with harmless variables.
    fn registration(&self) -> anyhow::Result<Request> {
        let harmless = self.registers.as_ref().context("no variables to register with")?;
        let mut members = self.hashed()?;
        members.retain(|(name, _)| *name != "variables");
        members.push(("variables", harmless.to_string()));
        Ok(Request::json("/graphql", object(&members)))
    }

    fn hash_alone(&self) -> anyhow::Result<Vec<(&'static str, String)>> {
        let mut members = self.hashed()?;
        members.retain(|(name, _)| *name != "query");
        Ok(members)
    }
}

fn url(members: &[(&'static str, String)]) -> String {
    let mut url = form_urlencoded::Serializer::new("/graphql?".to_owned());
    for (name, text) in members {
        // Texts stand as they are, everything else as JSON.
        match (*name, serde_json::from_str(text)) {
            ("query" | "operationName", Ok(Value::String(text))) => url.append_pair(name, &text),
            _ => url.append_pair(name, text),
        };
    }
    url.finish()
}

fn object(members: &[(&'static str, String)]) -> Vec<u8> {
    let members: Vec<_> = members.iter().map(|(name, text)| format!(r#""{name}":{text}"#)).collect();
    format!("{{{}}}", members.join(",")).into_bytes()
}

/// Puts a member into the object of that name, which is made if it is not there.
fn set(members: &mut Vec<(&'static str, String)>, name: &'static str, member: &str) {
    match members.iter_mut().find(|(known, _)| *known == name) {
        Some((_, text)) => {
            let inside = text.trim().trim_start_matches('{');
            let comma = if inside.trim() == "}" { "" } else { "," };
            *text = format!("{{{member}{comma}{inside}");
        }
        None => members.push((name, format!("{{{member}}}"))),
    }
}

fn in_pieces(body: &[u8]) -> Payload {
    let size = (body.len() / PIECES).max(1);
    Payload::Pieces(body.chunks(size).map(Bytes::copy_from_slice).collect(), Vec::new())
}
