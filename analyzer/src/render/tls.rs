//! TLS on the way to the analyzer: whom Envoy believes to be it, and what Envoy shows.

use super::template::fill;
use super::yaml::Yaml;
use super::{Place, Reports};

const TLS: &str = include_str!("templates/tls.yaml");

/// How reports travel over TLS; the files are as Envoy finds them.
#[derive(Clone, Debug)]
pub struct UpstreamTls {
    /// The file with the issuers of the analyzer's certificate.
    pub ca: String,
    /// What Envoy shows of itself.
    pub shown: Option<Shown>,
}

/// A certificate that is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its file.
    pub certificate: String,
    /// The file with its private key.
    pub key: String,
}

/// The field `transport_socket` of the analyzer's cluster.
pub(super) fn transport(tls: Option<&UpstreamTls>, place: &Place) -> Yaml {
    let Some(tls) = tls else { return Yaml::nothing() };
    let host = || Yaml::text(&place.host);
    // An address is no name to ask for (RFC 6066 §3).
    let (kind, sni) = match place.is_address() {
        true => ("IP_ADDRESS", Yaml::nothing()),
        false => ("DNS", fill("sni: {{host}}", &[("host", host())])),
    };
    let shown = tls.shown.as_ref().map_or_else(Yaml::nothing, |shown| {
        let slots = [("certificate", Yaml::text(&shown.certificate)), ("key", Yaml::text(&shown.key))];
        fill(
            "tls_certificates: [{certificate_chain: {filename: {{certificate}}}, private_key: {filename: {{key}}}}]",
            &slots,
        )
    });
    let slots = [
        ("sni", sni),
        ("shown", shown),
        ("ca", Yaml::text(&tls.ca)),
        ("kind", Yaml::own(kind)),
        ("host", host()),
    ];
    fill(TLS, &slots)
}

/// How reports travel, for a comment.
pub(super) fn travel(reports: Option<&Reports>) -> Yaml {
    Yaml::own(match reports.and_then(|reports| reports.tls.as_ref()) {
        Some(_) => "over TLS",
        None => "in plain text",
    })
}
