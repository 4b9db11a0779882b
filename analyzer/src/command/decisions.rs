//! `portcullis decisions`: whom the edges block, throttle and allow, from a terminal.

mod import;

use super::CommandError;
use super::api::Api;
use super::date::date;
use crate::cli::{ActionArgs, DecisionsArgs, DecisionsCommand};
use reqwest::Method;
use serde_json::{Value, json};
use std::io::{self, Write as _};

const PATH: &str = "/monitoring/decisions/";
/// Decisions of one request to list them.
const PAGE: usize = 1_000;
/// Decisions that are told of an address of which none was removed.
const SHOWN: usize = 10;

pub(super) fn run(arguments: &DecisionsArgs) -> Result<(), CommandError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(CommandError::Runtime)?;
    runtime.block_on(async {
        match &arguments.command {
            DecisionsCommand::Add { targets, duration, reason, action, api } => {
                add(&Api::of(api)?, targets, duration, reason.as_deref(), *action).await
            }
            DecisionsCommand::List { target, origin, most, json, api } => {
                let named = [("target", target), ("origin", origin)];
                let found = list(&Api::of(api)?, &named, *most).await?;
                print(&found, *json).map_err(CommandError::Output)
            }
            DecisionsCommand::Remove { targets, origin, api } => {
                remove(&Api::of(api)?, targets, origin.as_deref()).await
            }
            DecisionsCommand::Import { .. } => import::run(&arguments.command).await,
        }
    })
}

async fn add(
    api: &Api,
    targets: &[String],
    duration: &str,
    reason: Option<&str>,
    action: ActionArgs,
) -> Result<(), CommandError> {
    let decisions: Vec<_> = targets
        .iter()
        .map(|target| {
            json!({ "target": target, "action": wire(action), "duration": duration, "reason": reason })
        })
        .collect();
    meant(&decisions, action)?;
    send(api, &decisions).await?;
    eprintln!("portcullis: decided about {} for {duration}", counted(targets.len()));
    Ok(())
}

/// Refuses to block or throttle what is a great part of all addresses there are, unless that was said.
fn meant(decisions: &[Value], action: ActionArgs) -> Result<(), CommandError> {
    let wide = decisions.iter().filter(|decision| decision.get("action") != Some(&json!("allow")));
    let mut wide =
        wide.filter_map(|decision| decision.get("target")?.as_str()).filter(|target| is_wide(target));
    match wide.next() {
        Some(target) if !action.wide => Err(CommandError::Usage(format!(
            "{} is a great part of all addresses there are; if it is meant, say --wide",
            target.escape_debug()
        ))),
        Some(_) | None => Ok(()),
    }
}

/// Whether a target has more addresses than anybody is likely to mean; what is no range is left to the service.
fn is_wide(target: &str) -> bool {
    let Some((address, prefix)) = target.split_once('/') else { return false };
    let narrowest = if address.contains(':') { 19_u8 } else { 8 };
    prefix.parse::<u8>().is_ok_and(|prefix| prefix < narrowest)
}

/// Makes decisions; all of them or, where they are refused, none.
async fn send(api: &Api, decisions: &[Value]) -> Result<(), CommandError> {
    let request = api.request(Method::POST, PATH).json(&json!({ "decisions": decisions }));
    api.send(request).await.map(drop)
}

fn wire(action: ActionArgs) -> Value {
    match action {
        ActionArgs { throttle: Some(factor_milli), .. } => {
            json!({ "throttle": { "factor_milli": factor_milli } })
        }
        ActionArgs { allow: true, .. } => json!("allow"),
        ActionArgs { .. } => json!("block"),
    }
}

async fn list(api: &Api, named: &[(&str, &Option<String>)], most: usize) -> Result<Vec<Value>, CommandError> {
    let mut found = Vec::new();
    let mut before = Value::Null;
    while found.len() < most {
        let limit = PAGE.min(most.saturating_sub(found.len()));
        let mut request = api.request(Method::GET, PATH).query(&[("limit", limit.to_string())]);
        for (name, value) in named {
            request = value.iter().fold(request, |request, value| request.query(&[(*name, value)]));
        }
        if let Some(before) = before.as_u64() {
            request = request.query(&[("before", before.to_string())]);
        }
        let mut page = api.send(request).await?;
        let next = page.get("next").cloned().unwrap_or_default();
        if let Some(Value::Array(decisions)) = page.get_mut("decisions").map(Value::take) {
            found.extend(decisions);
        }
        if next.is_null() {
            break;
        }
        before = next;
    }
    Ok(found)
}

async fn remove(api: &Api, targets: &[String], origin: Option<&str>) -> Result<(), CommandError> {
    let targets = targets.iter().map(|target| ("target", target.as_str()));
    for named in targets.chain(origin.map(|origin| ("origin", origin))) {
        let answer = api.send(api.request(Method::DELETE, PATH).query(&[named])).await?;
        let removed = answer.get("removed").and_then(Value::as_u64).unwrap_or_default();
        eprintln!("portcullis: {}: {removed} removed", named.1.escape_debug());
        if removed == 0 && named.0 == "target" {
            touching(api, named.1).await?;
        }
    }
    Ok(())
}

/// Says what is decided about the address all the same, of which nothing was removed: an IPv6 client is a /64, and ranges
/// around it may be decided about.
async fn touching(api: &Api, target: &str) -> Result<(), CommandError> {
    let named = [("target", &Some(target.to_owned()))];
    for [target, action, until, origin, ..] in list(api, &named, SHOWN).await?.iter().map(line) {
        eprintln!("portcullis: it is touched by {target}: {action} until {until} ({origin})");
    }
    Ok(())
}

fn print(found: &[Value], as_json: bool) -> io::Result<()> {
    let mut output = io::stdout().lock();
    if as_json {
        return found.iter().try_for_each(|decision| writeln!(output, "{decision}"));
    }
    let head = ["TARGET", "ACTION", "UNTIL", "ORIGIN", "BY", "REASON"].map(str::to_owned);
    for [target, action, until, origin, by, reason] in std::iter::once(head).chain(found.iter().map(line)) {
        let line = format!("{target:<32}  {action:<12}  {until:<20}  {origin:<16}  {by:<16}  {reason}");
        writeln!(output, "{}", line.trim_end())?;
    }
    output.flush()
}

fn line(decision: &Value) -> [String; 6] {
    let text = |name: &str| decision.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let action = match decision.get("factor_milli").and_then(Value::as_u64) {
        Some(factor) => format!("{}:{factor}", text("action")),
        None => text("action"),
    };
    let until = decision.get("expires_at_ms").and_then(Value::as_u64).map(date).unwrap_or_default();
    [text("value"), action, until, text("origin"), text("created_by"), text("reason")]
}

fn counted(number: usize) -> String {
    if number == 1 { "1 client".to_owned() } else { format!("{number} clients") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_the_world_is_meant_only_when_it_is_said() {
        let decided = |target: &str, action: &str| [json!({ "target": target, "action": action })];
        let said = |wide: bool| ActionArgs { wide, ..ActionArgs::default() };
        for target in ["0.0.0.0/0", "128.0.0.0/7", "::/0", "2000::/18"] {
            assert!(meant(&decided(target, "block"), said(false)).is_err(), "{target}");
            assert!(meant(&decided(target, "block"), said(true)).is_ok(), "{target}");
            assert!(meant(&decided(target, "allow"), said(false)).is_ok(), "{target}");
        }
        for target in
            ["10.0.0.0/8", "2001:db8::/19", "192.0.2.7", "0.0.0.0/x", "0123456789abcdef0123456789abcdef"]
        {
            assert!(meant(&decided(target, "block"), said(false)).is_ok(), "{target}");
        }
    }
}
