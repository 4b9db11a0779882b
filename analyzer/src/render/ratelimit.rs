//! Limits that several Envoys share: Envoy's own `ratelimit` filter behind the gate, and the service that counts for it.

use super::Place;
use super::parts::cluster;
use super::template::fill;
use super::yaml::Yaml;

const FILTER: &str = include_str!("templates/ratelimit.yaml");
const DESCRIPTORS: &str = include_str!("templates/rate_limits.yaml");
const ACTION: &str = include_str!("templates/rate_limit_action.yaml");
const GRPC: &str = include_str!("templates/grpc.yaml");

/// The cluster of the service.
pub const RATELIMIT: &str = "portcullis_ratelimit";

/// The filter, which stands between the gate and the router.
pub(super) fn filter() -> Yaml {
    fill(FILTER, &[("cluster", Yaml::own(RATELIMIT))])
}

/// What the service is asked about; a field of a virtual host.
pub(super) fn descriptors() -> Yaml {
    // Not by a header, which a client could send on a path that is not judged; and not by the verdict, which has another word
    // for each reason that only counts.
    let slots =
        [("gate", action("gate", "portcullis_gate")), ("client", action("client", "portcullis_client"))];
    fill(DESCRIPTORS, &slots)
}

/// An entry of a descriptor: what the filter has left in the state of the request.
fn action(key: &'static str, state: &'static str) -> Yaml {
    fill(ACTION, &[("key", Yaml::own(key)), ("state", Yaml::own(state))])
}

/// Where the service is.
pub(super) fn service(place: &Place) -> Yaml {
    cluster(RATELIMIT, place, fill(GRPC, &[]))
}
