//! An Envoy of one's own: the whole bootstrap.

use super::parts::{Wasm, access_log, address, analyzer, buffer_bytes, cluster, items, router, stats};
use super::ratelimit;
use super::template::fill;
use super::yaml::Yaml;
use super::{Gate, Place};
use portcullis_policy::Switch;

const BOOTSTRAP: &str = include_str!("templates/bootstrap.yaml");
const LISTENER: &str = include_str!("templates/listener.yaml");

const HEADER: &str = "# Envoy with the gate before one upstream, rendered by `portcullis envoy`. Tested with Envoy 1.40.\n\
                      # `envoy --mode validate -c FILE` runs the filter's own check of the policy too.";

const UPGRADES: &str = "# The policy takes WebSockets: over HTTP/1.1 by an upgrade, over HTTP/2 by an extended CONNECT (`allow_connect`).\n\
                        upgrade_configs: [{upgrade_type: websocket}]";

/// The cluster of the GraphQL server.
pub const UPSTREAM: &str = "upstream";

/// What the gate is put before, and where it listens.
#[derive(Clone, Debug)]
pub struct Bootstrap {
    /// Where clients come in.
    pub listen: Place,
    /// Where the GraphQL server is.
    pub upstream: Place,
    /// Where Envoy's admin page is.
    pub admin: Place,
    /// How many proxies before this one are trusted to name the client's address.
    pub trusted_hops: u32,
    /// Where the service is that counts for several Envoys.
    pub ratelimit: Option<Place>,
}

/// A listener before the upstream.
pub(super) struct Listener {
    pub(super) name: &'static str,
    pub(super) address: Yaml,
    pub(super) sharing: Sharing,
    pub(super) body_bytes: usize,
    pub(super) trusted_hops: u32,
    pub(super) access_log: Option<Yaml>,
    pub(super) gate: Option<Yaml>,
    pub(super) shared_limits: SharedLimits,
    pub(super) sockets: Switch,
}

/// Whether workers may listen each for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sharing {
    /// They may.
    ReusePort,
    /// They share one socket, since its port is chosen by the system.
    OneSocket,
}

/// Whether a service is asked too, that other Envoys ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SharedLimits {
    /// It is.
    Asked,
    /// It is not.
    None,
}

impl Bootstrap {
    pub(super) fn render(&self, gate: &Gate) -> String {
        let listener = Listener {
            name: "gated",
            address: place(&self.listen),
            sharing: Sharing::ReusePort,
            body_bytes: gate.body_bytes,
            trusted_hops: self.trusted_hops,
            access_log: Some(access_log(Yaml::text(&gate.access_log))),
            gate: Some(Wasm::of(gate).filter()),
            shared_limits: match self.ratelimit {
                Some(_) => SharedLimits::Asked,
                None => SharedLimits::None,
            },
            sockets: gate.sockets,
        };
        let mut clusters = vec![("", cluster(UPSTREAM, &self.upstream, Yaml::nothing()))];
        clusters.extend(
            analyzer(gate.analyzer.as_ref())
                .map(|cluster| ("# Reports go up here. Losing it never costs a request.", cluster)),
        );
        clusters.extend(self.ratelimit.as_ref().map(|place| {
            (
                "# What is spent at all Envoys is counted here. Losing it leaves each to its own throttles.",
                ratelimit::service(place),
            )
        }));
        let slots = [
            ("header", Yaml::own(HEADER)),
            ("node", Yaml::own("portcullis")),
            ("admin", place(&self.admin)),
            ("stats", stats()),
            ("listeners", items(vec![("", listener.render())])),
            ("clusters", items(clusters)),
        ];
        fill(BOOTSTRAP, &slots).into_file()
    }
}

impl Listener {
    pub(super) fn render(self) -> Yaml {
        let reuse_port = match self.sharing {
            Sharing::ReusePort => Yaml::nothing(),
            Sharing::OneSocket => Yaml::own("enable_reuse_port: false"),
        };
        let hops = match self.trusted_hops {
            0 => Yaml::nothing(),
            hops => fill("xff_num_trusted_hops: {{hops}}", &[("hops", Yaml::number(hops))]),
        };
        let (limiter, rate_limits) = match self.shared_limits {
            SharedLimits::Asked => (
                Some(("# Behind the gate, which tells it the cost, and not before.", ratelimit::filter())),
                ratelimit::descriptors(),
            ),
            SharedLimits::None => (None, Yaml::nothing()),
        };
        let (http2, upgrades) = match self.sockets {
            Switch::On => (Yaml::own("{allow_connect: true}"), Yaml::own(UPGRADES)),
            Switch::Off => (Yaml::own("{}"), Yaml::nothing()),
        };
        let filters = self.gate.map(|gate| ("", gate)).into_iter().chain(limiter).chain([("", router())]);
        let slots = [
            ("name", Yaml::own(self.name)),
            ("address", self.address),
            ("reuse_port", reuse_port),
            ("buffer_bytes", buffer_bytes(self.body_bytes)),
            ("trusted_hops", hops),
            ("http2", http2),
            ("upgrades", upgrades),
            ("access_log", self.access_log.unwrap_or_else(Yaml::nothing)),
            ("rate_limits", rate_limits),
            ("filters", items(filters.collect())),
        ];
        fill(LISTENER, &slots)
    }
}

fn place(place: &Place) -> Yaml {
    address(Yaml::text(&place.host), Yaml::number(place.port))
}
