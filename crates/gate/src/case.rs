//! What is known of a request before its body.

use crate::correlation::CorrelationId;
use crate::headers::Headers;
use crate::world::World;
use portcullis_framing::{Accepts, accepts};
use portcullis_policy::CorrelationTrust;
use portcullis_report::{Transport, header};

/// What is known of a request before its body.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) correlation: CorrelationId,
    pub(crate) client: Option<String>,
    pub(crate) transport: Transport,
    pub(crate) accepts: Accepts,
    pub(crate) body_bytes: u64,
}

impl Case {
    pub(crate) fn new(headers: Headers<'_>, client: Option<&[u8]>, world: &World<'_>) -> Self {
        let incoming = match world.policy.correlation {
            CorrelationTrust::Incoming => headers.only(header::CORRELATION_ID).and_then(CorrelationId::parse),
            CorrelationTrust::Nobody => None,
        };
        Self {
            correlation: incoming.unwrap_or_else(|| CorrelationId::new(world.now, world.entropy)),
            client: client.and_then(address),
            transport: Transport::OtherHttp,
            accepts: headers.only("accept").map_or(Accepts::Json, accepts),
            body_bytes: 0,
        }
    }
}

/// `ip:port` without the port; brackets around an IPv6 address go too.
fn address(client: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(client).ok()?;
    let (host, _port) = text.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.parse::<std::net::IpAddr>().ok().map(|address| address.to_string())
}
