//! `portcullis check`: says of a policy what the filter would say of it, and of scenarios and the analyzer's configuration
//! what the analyzer would.

mod configuration;
mod kind;
mod scenarios;

use super::CommandError;
use super::explain::input::read_text;
use super::{policy, schema};
use crate::cli::{CheckArgs, Checked};
use portcullis_policy::{Policy, Reach, Route, Switch, Token};
use std::io::{self, Write as _};

pub(super) fn run(arguments: &CheckArgs) -> Result<(), CommandError> {
    if arguments.file.is_dir() {
        let only = arguments.schema.is_none() && matches!(arguments.kind, None | Some(Checked::Scenarios));
        return if only { scenarios::folder(&arguments.file, arguments.explain) } else { kind::unfit() };
    }
    let text = read_text(&arguments.file)?;
    match arguments.kind.unwrap_or_else(|| kind::guess(&text)) {
        Checked::Policy => {}
        Checked::Scenarios | Checked::Analyzer if arguments.schema.is_some() => return kind::unfit(),
        Checked::Scenarios => return scenarios::file(&arguments.file, &text, arguments.explain),
        Checked::Analyzer if arguments.explain => return kind::unfit(),
        Checked::Analyzer => return configuration::check(&arguments.file, &text),
    }
    let compiled = arguments.schema.as_deref().map(schema::read).transpose()?;
    let table = compiled.as_ref().map(|compiled| &compiled.table);
    let policy = policy::parse(&text, Some(&arguments.file), table).map_err(CommandError::Mistaken)?;
    for warning in policy::warnings(&policy, &text, &arguments.file) {
        eprintln!("portcullis: {warning}");
    }
    if !arguments.explain {
        let routes = policy.routes.iter().map(|route| told(route, &policy)).collect::<Vec<_>>().join(", ");
        let more = beside(&policy);
        return print(&format!("{}: sound; judges {routes}{more}\n", arguments.file.display()));
    }
    for secret in secrets(&policy) {
        eprintln!("portcullis: what follows has {secret}");
    }
    let file = Policy::written_out(&text).map_err(|mistakes| CommandError::Mistaken(mistakes.to_string()))?;
    print(&serde_saphyr::to_string(&file)?)
}

/// What in a policy is nobody's business.
fn secrets(policy: &Policy) -> impl Iterator<Item = &'static str> {
    let has_token =
        policy.analyzer.as_ref().is_some_and(|analyzer| matches!(analyzer.token, Token::Inline(_)));
    let found = [
        (has_token, "the edge's token in it; `analyzer.token_env` keeps it out of files"),
        (
            policy.clients.is_salted(),
            "`clients.key_salt` in it, with which whoever has a client's pseudonym can find out who that is",
        ),
    ];
    found.into_iter().filter_map(|(is_there, what)| is_there.then_some(what))
}

/// A route as a person reads it: `/api (prefix, profile strict)`.
fn told(route: &Route, policy: &Policy) -> String {
    let reach = (route.reach == Reach::Prefix).then(|| "prefix".to_owned());
    let profile = route.profile.and_then(|profile| policy.profiles.name(profile));
    let off = (route.judged == Switch::Off).then(|| "off".to_owned());
    let words = reach.into_iter().chain(profile.map(|name| format!("profile {name}"))).chain(off);
    let words: Vec<_> = words.collect();
    let path = route.path.as_str();
    if words.is_empty() { path.to_owned() } else { format!("{path} ({})", words.join(", ")) }
}

/// What else its operator should have in mind: who is believed, and that a candidate is beside it.
fn beside(policy: &Policy) -> String {
    let headers = policy.clients.believed_headers();
    let mut words = Vec::new();
    if policy.candidate.is_some() {
        words.push("with a candidate".to_owned());
    }
    if policy.clients.needs_tokens() {
        words.push("goes by tokens that Envoy's `jwt_authn` must check before it".to_owned());
    }
    if !headers.is_empty() {
        let names: Vec<_> = headers.into_iter().collect();
        words.push(format!(
            "believes {} as it comes, so let whoever checks it set it, and remove it from what clients send",
            names.join(", ")
        ));
    }
    words.iter().map(|word| format!("; {word}")).collect()
}

fn print(text: &str) -> Result<(), CommandError> {
    io::stdout().write_all(text.as_bytes()).map_err(CommandError::Output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let policy = Policy::parse(text).unwrap();
        let told: Vec<_> =
            secrets(&policy).filter_map(|secret| secret.split(' ').find(|word| word.len() > 3)).collect();
        assert_eq!(told, expected, "{text}");
    }

    #[test]
    fn what_is_nobodys_business_is_warned_of() {
        check("", &[]);
        check("clients: {key_salt: grains}", &["`clients.key_salt`"]);
        check("analyzer: {cluster: a, token: t}", &["edge's"]);
        check("analyzer: {cluster: a, token_env: T}\nclients: {key_salt: grains}", &["`clients.key_salt`"]);
        check(
            "analyzer: {cluster: a, token: t}\nclients: {key_salt: grains}",
            &["edge's", "`clients.key_salt`"],
        );
    }
}
