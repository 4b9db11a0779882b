//! `portcullis envoy`: a policy and a place in, what puts the gate there out.

use super::explain::input::read_text;
use super::schema::{self, Compiled};
use super::{CommandError, policy};
use crate::cli::{EnvoyArgs, Kind};
use crate::render::{
    Bootstrap, Deployment, Gate, Gateway, Inlined, Istio, Place, RATELIMIT, Reports, Shown, UPSTREAM,
    UpstreamTls,
};
use portcullis_policy::{Policy, Switch};
use std::io::{self, Write as _};
use std::str::FromStr;

pub(super) fn run(arguments: &EnvoyArgs) -> Result<(), CommandError> {
    let deployment = deployment(arguments)?;
    let (gate, policy) = gate(arguments)?;
    for note in lacking(arguments, &policy) {
        eprintln!("portcullis: {note}");
    }
    io::stdout().write_all(deployment.render(&gate).as_bytes()).map_err(CommandError::Output)
}

/// What is not rendered, and has to come from elsewhere.
fn lacking(arguments: &EnvoyArgs, policy: &Policy) -> Vec<&'static str> {
    let is_mesh = arguments.kind != Kind::Envoy;
    let found = [
        (
            policy.clients.needs_tokens(),
            "the policy goes by tokens, and what checks them is not rendered: put `jwt_authn` before the gate, \
             with `payload_in_metadata: jwt_payload` (docs/deploy.md#tokens)",
        ),
        (
            is_mesh && policy.analyzer.is_some() && arguments.analyzer.is_none(),
            "no cluster of the analyzer is rendered: the proxies must have the one that the policy names, or give --analyzer HOST:PORT",
        ),
        (
            arguments.kind == Kind::Gateway && arguments.wasm_image.is_none(),
            "nothing brings the filter's file to the gateway's pods: mount it there, or give --wasm-image",
        ),
    ];
    found.into_iter().filter_map(|(lacks, note)| lacks.then_some(note)).collect()
}

fn gate(arguments: &EnvoyArgs) -> Result<(Gate, Policy), CommandError> {
    let file = arguments.policy.as_deref();
    let text = file.map(read_text).transpose()?.unwrap_or_default();
    let compiled = arguments.schema.as_deref().map(schema::read).transpose()?;
    let table = compiled.as_ref().map(|compiled| &compiled.table);
    let policy = policy::parse(&text, file, table).map_err(CommandError::Mistaken)?;
    let analyzer =
        Reports::of(&policy, analyzer(arguments)?).map(|reports| Reports { tls: tls(arguments), ..reports });
    if arguments.analyzer.is_some() && analyzer.is_none() {
        return usage(
            "--analyzer: the policy sends no reports; give it the section\n  \
             analyzer: {cluster: portcullis_analyzer, token_env: PORTCULLIS_EDGE_TOKEN}",
        );
    }
    if arguments.analyzer_ca.is_some() && analyzer.as_ref().is_none_or(|reports| reports.place.is_none()) {
        return usage(
            "--analyzer-ca is about the analyzer's cluster, and none is rendered: it takes the policy's section `analyzer` and --analyzer",
        );
    }
    let is_called = |name: &str| analyzer.as_ref().is_some_and(|reports| reports.cluster == name);
    if arguments.kind == Kind::Envoy && is_called(UPSTREAM) {
        return usage(
            "the policy's `analyzer.cluster` must not be `upstream`, which is the GraphQL server's cluster",
        );
    }
    if arguments.ratelimit.is_some() && is_called(RATELIMIT) {
        return usage(&format!(
            "the policy's `analyzer.cluster` must not be `{RATELIMIT}`, which is that of --ratelimit"
        ));
    }
    if arguments.ratelimit.is_some() && policy.throttles.hand_over_cost == Switch::Off {
        return usage(
            "--ratelimit: the policy hands no cost over, so each request would count as one; give it\n  \
             throttles: {hand_over_cost: true}",
        );
    }
    let inlined = match compiled {
        Some(Compiled { bytes, table }) => Inlined::with_schema(&text, &bytes, table)?,
        None => Inlined::AsWritten(text),
    };
    let gate = Gate {
        wasm: arguments.wasm.clone(),
        policy: inlined,
        access_log: arguments.access_log.clone(),
        analyzer,
        body_bytes: policy.largest_body(),
        sockets: if policy.websocket.are_taken() { Switch::On } else { Switch::Off },
    };
    Ok((gate, policy))
}

/// Where the analyzer is; an Envoy of one's own has no other clusters than are rendered.
fn analyzer(arguments: &EnvoyArgs) -> Result<Option<Place>, CommandError> {
    match (&arguments.analyzer, arguments.kind) {
        (Some(place), _) => Ok(Some(place.clone())),
        (None, Kind::Envoy) => place("127.0.0.1:9470").map(Some),
        (None, Kind::Istio | Kind::Gateway) => Ok(None),
    }
}

/// How reports travel; clap has seen to it that the files are given together.
fn tls(arguments: &EnvoyArgs) -> Option<UpstreamTls> {
    let shown = arguments.analyzer_cert.clone().zip(arguments.analyzer_key.clone());
    let shown = shown.map(|(certificate, key)| Shown { certificate, key });
    arguments.analyzer_ca.clone().map(|ca| UpstreamTls { ca, shown })
}

fn deployment(arguments: &EnvoyArgs) -> Result<Deployment, CommandError> {
    fits(arguments)?;
    match arguments.kind {
        Kind::Envoy => Ok(Deployment::Envoy(Bootstrap {
            listen: or(&arguments.listen, "0.0.0.0:8080")?,
            upstream: or(&arguments.upstream, "127.0.0.1:4000")?,
            admin: or(&arguments.admin, "127.0.0.1:9901")?,
            trusted_hops: arguments.trusted_hops.unwrap_or_default().into(),
            ratelimit: arguments.ratelimit.clone(),
        })),
        Kind::Istio if arguments.workload.is_empty() => usage(
            "--for istio: name the pods with --workload KEY=VALUE; all proxies of a namespace are too many",
        ),
        Kind::Istio => Ok(Deployment::Istio(Istio {
            name: or(&arguments.name, "portcullis")?,
            namespace: or(&arguments.namespace, "default")?,
            labels: arguments.workload.clone(),
            side: arguments.side.unwrap_or_default(),
        })),
        Kind::Gateway => {
            let Some(gateway) = arguments.gateway.clone() else {
                return usage("--for gateway: name the gateway with --gateway NAME");
            };
            Ok(Deployment::Gateway(Gateway {
                name: or(&arguments.name, "portcullis")?,
                namespace: or(&arguments.namespace, "default")?,
                gateway,
                listeners: match &arguments.listener[..] {
                    [] => vec![or(&None, "http")?],
                    named => named.to_vec(),
                },
                image: arguments.wasm_image.clone(),
            }))
        }
    }
}

/// A flag that would say nothing is a mistake: what it was to do is not done.
fn fits(arguments: &EnvoyArgs) -> Result<(), CommandError> {
    use Kind::{Envoy, Gateway, Istio};
    let a = arguments;
    let flags: [(&str, bool, &[Kind]); 12] = [
        ("--listen", a.listen.is_some(), &[Envoy]),
        ("--upstream", a.upstream.is_some(), &[Envoy]),
        ("--admin", a.admin.is_some(), &[Envoy]),
        ("--trusted-hops", a.trusted_hops.is_some(), &[Envoy]),
        ("--ratelimit", a.ratelimit.is_some(), &[Envoy]),
        ("--name", a.name.is_some(), &[Istio, Gateway]),
        ("--namespace", a.namespace.is_some(), &[Istio, Gateway]),
        ("--workload", !a.workload.is_empty(), &[Istio]),
        ("--side", a.side.is_some(), &[Istio]),
        ("--gateway", a.gateway.is_some(), &[Gateway]),
        ("--listener", !a.listener.is_empty(), &[Gateway]),
        ("--wasm-image", a.wasm_image.is_some(), &[Gateway]),
    ];
    let unfit = flags.iter().find(|(_, is_given, kinds)| *is_given && !kinds.contains(&a.kind));
    match unfit {
        Some((flag, _, kinds)) => {
            let kinds: Vec<_> = kinds.iter().map(|kind| format!("--for {}", kind.label())).collect();
            usage(&format!("{flag} is for {} only", kinds.join(" and ")))
        }
        None => Ok(()),
    }
}

/// What was given, or the default.
fn or<T: FromStr<Err = &'static str> + Clone>(given: &Option<T>, default: &str) -> Result<T, CommandError> {
    match given {
        Some(given) => Ok(given.clone()),
        None => default.parse().map_err(|why: &str| CommandError::Usage(why.to_owned())),
    }
}

fn place(text: &str) -> Result<Place, CommandError> {
    or(&None, text)
}

fn usage<T>(message: &str) -> Result<T, CommandError> {
    Err(CommandError::Usage(message.to_owned()))
}
