//! One who talks over WebSockets as clients do, and one who tries what attackers try there.

use super::{ATTACKER_PAUSE, CLIENT_PAUSE, FORWARDED, Player};
use anyhow::{Context as _, bail};
use portcullis_demo::client::{Knock, Knocked, Socket};
use portcullis_report::Reason;
use serde_json::{Value, json};

const NEW: &str = "graphql-transport-ws";
const OLD: &str = "graphql-ws";
const COUNTDOWN: &str = "subscription Down { countdown(from: 3) }";
const QUESTION: &str = "query Me { me { id } }";
const HOSTILE: &str = "query Schema { __schema { types { name } } }";

/// Families of attacks, as `docs/abuse.md` numbers them.
const HIJACKING: u32 = 76;
const ON_A_SOCKET: u32 = 82;

impl Player {
    /// Opens a socket, asks and subscribes on it, and closes it; again and again.
    pub(super) async fn talk(mut self) {
        for turn in 0_usize.. {
            match self.conversation(by_turns(turn), &[QUESTION, COUNTDOWN]).await {
                Ok(answers) => {
                    self.score.socket();
                    answers.iter().for_each(|_| self.score.allowed(None));
                }
                Err(error) => self.score.problem(format!("an honest socket failed: {error:#}")),
            }
            if self.pause(CLIENT_PAUSE).await {
                return;
            }
        }
    }

    /// Comes from a foreign page with its visitor's cookies, and asks for the schema where it is let in.
    pub(super) async fn intrude(mut self) {
        for turn in 0_usize.. {
            if let Err(error) = self.hijack().await {
                self.score.problem(format!("an attack on a handshake: {error:#}"));
            }
            match self.conversation(by_turns(turn), &[HOSTILE]).await {
                Ok(answers) if answers == [Some(Reason::Introspection.code().to_owned())] => {
                    self.score.socket();
                    self.score.refused(Some(ON_A_SOCKET), Reason::Introspection.label());
                }
                Ok(answers) => self.score.problem(format!("an attack on a socket was answered {answers:?}")),
                Err(error) => self.score.problem(format!("an attack on a socket: {error:#}")),
            }
            if self.pause(ATTACKER_PAUSE).await {
                return;
            }
        }
    }

    async fn hijack(&self) -> anyhow::Result<()> {
        let knock = Knock::offering("/graphql", NEW).with(FORWARDED, self.address.to_string());
        let knock = knock.with("origin", "https://evil.example").with("cookie", "session=1");
        match knock.send(self.gate, self.protocol).await? {
            Knocked::Refused(reply) if reply.code().as_deref() == Some(Reason::SocketCookies.code()) => {
                self.score.turned_away(HIJACKING);
                Ok(())
            }
            Knocked::Refused(reply) => bail!("answered {} {:?}", reply.status, reply.code()),
            Knocked::Opened(_) => bail!("a socket was opened"),
        }
    }

    /// Operations on one socket, one after the other; the code of each that was refused.
    async fn conversation(&self, subprotocol: &str, queries: &[&str]) -> anyhow::Result<Vec<Option<String>>> {
        let knock = Knock::offering("/graphql", subprotocol).with(FORWARDED, self.address.to_string());
        let mut socket = knock.open(self.gate, self.protocol).await?;
        socket.text(r#"{"type":"connection_init"}"#).await?;
        while socket.json().await?.get("type").and_then(Value::as_str) != Some("connection_ack") {}
        let start = if subprotocol == NEW { "subscribe" } else { "start" };
        let mut answers = Vec::with_capacity(queries.len());
        for (number, query) in queries.iter().enumerate() {
            let id = number.to_string();
            let message = json!({"type": start, "id": id, "payload": {"query": query}});
            socket.text(message.to_string()).await?;
            answers.push(answer(&mut socket, &id).await?);
        }
        socket.close().await?;
        Ok(answers)
    }
}

fn by_turns(turn: usize) -> &'static str {
    if turn.is_multiple_of(2) { NEW } else { OLD }
}

/// Waits for the end of an operation; the code of its error, if it has one.
async fn answer(socket: &mut Socket, id: &str) -> anyhow::Result<Option<String>> {
    loop {
        let message = socket.json().await?;
        let said = |name: &str| message.get(name).and_then(Value::as_str);
        if said("id") != Some(id) {
            continue;
        }
        match said("type") {
            Some("complete") => return Ok(None),
            Some("error") => {
                let payload = message.get("payload").context("an error without a payload")?;
                let error = payload.get(0).unwrap_or(payload);
                let code = error.pointer("/extensions/code").and_then(Value::as_str);
                return Ok(Some(code.context("an error without a code")?.to_owned()));
            }
            _ => (),
        }
    }
}
