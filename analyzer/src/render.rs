//! Puts the gate into an Envoy: renders the filter with its policy, and what it needs around it, for each kind of deployment.
//!
//! Templates with the comments that an operator needs, filled with values that cannot leave their place: what comes from outside
//! becomes YAML by `yaml` alone. What an Envoy is told is written once, in `parts`; the deployments only say where it goes.

mod bootstrap;
mod demo;
mod gateway;
mod inlined;
mod istio;
mod parts;
mod place;
mod ratelimit;
mod template;
mod tls;
mod yaml;

pub use bootstrap::{Bootstrap, UPSTREAM};
pub use demo::{demo, plain};
pub use gateway::Gateway;
pub use inlined::{InlineError, Inlined};
pub use istio::{Istio, Label, Side};
pub use place::{KubeName, Place};
pub use ratelimit::RATELIMIT;
pub use tls::{Shown, UpstreamTls};

use portcullis_policy::{Policy, Switch, Token};

/// The gate, wherever it is put.
#[derive(Clone, Debug)]
pub struct Gate {
    /// The filter's file, as Envoy finds it.
    pub wasm: String,
    /// What the filter is told.
    pub policy: Inlined,
    /// Where the access log goes.
    pub access_log: String,
    /// Where reports go.
    pub analyzer: Option<Reports>,
    /// Bytes of the largest body that the policy allows.
    pub body_bytes: usize,
    /// Whether the policy takes WebSockets.
    pub sockets: Switch,
}

/// Where reports go.
#[derive(Clone, Debug)]
pub struct Reports {
    /// The cluster by the name that the policy knows.
    pub cluster: String,
    /// Where that cluster is; unless it is somebody else's.
    pub place: Option<Place>,
    /// Over TLS, or in plain text without.
    pub tls: Option<UpstreamTls>,
    /// The environment variable with the edge's token, unless that stands in the policy.
    pub token_env: Option<String>,
}

/// Into what the gate is put.
#[derive(Clone, Debug)]
pub enum Deployment {
    /// An Envoy of one's own.
    Envoy(Bootstrap),
    /// Proxies of Istio.
    Istio(Istio),
    /// A gateway of Envoy Gateway.
    Gateway(Gateway),
}

impl Reports {
    /// What the policy says of them.
    #[must_use]
    pub fn of(policy: &Policy, place: Option<Place>) -> Option<Self> {
        let analyzer = policy.analyzer.as_ref()?;
        let token_env = match &analyzer.token {
            Token::Environment(name) => Some(name.clone()),
            Token::Inline(_) => None,
        };
        Some(Self { cluster: analyzer.cluster.clone(), place, tls: None, token_env })
    }
}

impl Deployment {
    /// The whole file.
    #[must_use]
    pub fn render(&self, gate: &Gate) -> String {
        match self {
            Self::Envoy(bootstrap) => bootstrap.render(gate),
            Self::Istio(istio) => istio.render(gate),
            Self::Gateway(gateway) => gateway.render(gate),
        }
    }
}

#[cfg(test)]
mod tests;
