//! The commands about a policy: what `check` and `envoy` take.

use crate::render::{KubeName, Label, Place, Side};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

pub(super) const CHECK_HELP: &str = "Examples:
  portcullis check policy.yaml
  portcullis check policy.yaml --schema schema.graphql    # limits of sensitive fields need the schema
  portcullis check policy.yaml --explain > effective.yaml # every value, defaults included
  helm template shop | yq '.data[\"policy.yaml\"]' | portcullis check -
  portcullis check scenarios/                             # attack scenarios of your own: a folder, or one file
  portcullis check scenarios/login_storm.yaml --explain   # with the defaults
  portcullis check portcullis.yaml                        # the analyzer's configuration, with what it names

A mistake of form (syntax, type, unknown name) is told alone; values that make no sense are told all at once.
What a file is, its own words tell, unless --as does. Exit codes: 0 it is sound, 1 it is not or cannot be read, 2 wrong usage. docs/policy.md has every field.";

pub(super) const ENVOY_HELP: &str = "Examples:
  portcullis envoy --policy policy.yaml --upstream 10.0.0.7:4000 > envoy.yaml && envoy --mode validate -c envoy.yaml
  portcullis envoy --policy policy.yaml --schema schema.graphql --upstream shop:4000 --analyzer portcullis:9470 > envoy.yaml
  portcullis envoy --for istio --policy policy.yaml --namespace shop --workload app=graphql --analyzer portcullis:9470 | kubectl apply -f -
  portcullis envoy --for gateway --policy policy.yaml --namespace shop --gateway eg --listener https \
      --analyzer portcullis:9470 --wasm-image registry.example/portcullis-filter:1 | kubectl apply -f -

Policy and schema are checked first, as by `portcullis check`; with a mistake nothing is rendered. Both are written into what is
rendered, since the filter reads no files: render again after each change, and with each new build of the filter.
Reports need the section `analyzer` of the policy, such as `analyzer: {cluster: portcullis_analyzer, token_env: PORTCULLIS_EDGE_TOKEN}`.
docs/deploy.md walks through each deployment.";

/// What `check` takes.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// The policy, scenario or configuration (YAML or JSON), or a folder of scenarios; `-` is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// What it is
    #[arg(long = "as", value_name = "KIND", value_enum)]
    pub kind: Option<Checked>,
    /// Schema to check by, its text or its compiled table; takes the place of the policy's
    #[arg(long, value_name = "FILE")]
    pub schema: Option<PathBuf>,
    /// Print the effective policy or scenario: every value, defaults included, as YAML
    #[arg(long)]
    pub explain: bool,
}

/// What can be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Checked {
    /// A policy, for the filter
    Policy,
    /// Attack scenarios: one file, or a folder
    Scenarios,
    /// The analyzer's configuration
    Analyzer,
}

/// Where Envoy gets its configuration from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A file: the whole bootstrap
    #[default]
    Envoy,
    /// Istio: an EnvoyFilter
    Istio,
    /// Envoy Gateway: an EnvoyPatchPolicy and an EnvoyProxy
    Gateway,
}

impl Kind {
    /// Its word on the command line.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Envoy => "envoy",
            Self::Istio => "istio",
            Self::Gateway => "gateway",
        }
    }
}

/// What `envoy` takes.
#[derive(Clone, Debug, Args)]
pub struct EnvoyArgs {
    /// The policy (YAML or JSON), `-` is standard input; without it the default policy
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Schema to cost by, its text or its compiled table; takes the place of the policy's
    #[arg(long, value_name = "FILE")]
    pub schema: Option<PathBuf>,
    /// Where Envoy gets its configuration from
    #[arg(long = "for", value_name = "KIND", value_enum, default_value_t)]
    pub kind: Kind,
    /// The filter's file, as Envoy finds it
    #[arg(long, value_name = "PATH", default_value = "/etc/portcullis/portcullis_filter.wasm")]
    pub wasm: String,
    /// Where the analyzer is; for istio and gateway without it, the policy names a cluster that Envoy has [default for envoy: 127.0.0.1:9470]
    #[arg(long, value_name = "HOST:PORT")]
    pub analyzer: Option<Place>,
    /// PEM file with the issuers of the analyzer's certificate, as Envoy finds it: reports go over TLS, to whoever shows a certificate for the host of --analyzer
    #[arg(long, value_name = "PATH")]
    pub analyzer_ca: Option<String>,
    /// PEM file with the certificate that Envoy shows the analyzer, as Envoy finds it
    #[arg(long, value_name = "PATH", requires_all = ["analyzer_ca", "analyzer_key"])]
    pub analyzer_cert: Option<String>,
    /// PEM file with that certificate's private key, as Envoy finds it
    #[arg(long, value_name = "PATH", requires = "analyzer_cert")]
    pub analyzer_key: Option<String>,
    /// Where Envoy writes the access log
    #[arg(long, value_name = "PATH", default_value = "/dev/stdout")]
    pub access_log: String,
    /// Where clients come in [default: 0.0.0.0:8080]
    #[arg(long, value_name = "ADDRESS:PORT", help_heading = "For --for envoy")]
    pub listen: Option<Place>,
    /// Where the GraphQL server is [default: 127.0.0.1:4000]
    #[arg(long, value_name = "HOST:PORT", help_heading = "For --for envoy")]
    pub upstream: Option<Place>,
    /// Where Envoy's admin page is [default: 127.0.0.1:9901]
    #[arg(long, value_name = "ADDRESS:PORT", help_heading = "For --for envoy")]
    pub admin: Option<Place>,
    /// How many proxies before this Envoy are trusted to name the client's address [default: 0]
    #[arg(long, value_name = "NUMBER", help_heading = "For --for envoy")]
    pub trusted_hops: Option<u8>,
    /// A rate limit service (envoy.service.ratelimit.v3) for limits that several Envoys share; the policy must hand the cost over
    #[arg(long, value_name = "HOST:PORT", help_heading = "For --for envoy")]
    pub ratelimit: Option<Place>,
    /// Name of the manifests [default: portcullis]
    #[arg(long, value_name = "NAME", help_heading = "For --for istio and --for gateway")]
    pub name: Option<KubeName>,
    /// Namespace of the manifests, which is that of the pods or the gateway [default: default]
    #[arg(long, value_name = "NAME", help_heading = "For --for istio and --for gateway")]
    pub namespace: Option<KubeName>,
    /// Label of the pods whose proxies get the filter; several must all fit
    #[arg(long, value_name = "KEY=VALUE", help_heading = "For --for istio")]
    pub workload: Vec<Label>,
    /// Where these proxies stand [default: sidecar]
    #[arg(long, value_name = "SIDE", value_enum, help_heading = "For --for istio")]
    pub side: Option<Side>,
    /// The gateway
    #[arg(long, value_name = "NAME", help_heading = "For --for gateway")]
    pub gateway: Option<KubeName>,
    /// A listener of the gateway that gets the filter; may be repeated [default: http]
    #[arg(long, value_name = "NAME", help_heading = "For --for gateway")]
    pub listener: Vec<KubeName>,
    /// An image with the filter's file in its root folder, to be mounted where --wasm says
    #[arg(long, value_name = "IMAGE", help_heading = "For --for gateway")]
    pub wasm_image: Option<String>,
}
