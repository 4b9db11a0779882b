//! `clients.classes[].when`: what puts a client into a class.

use super::identity::{ClaimSection, SEGMENT_BYTES, SanChoice, jwt_metadata, property};
use crate::config::Found;
use crate::policy::{Condition, PropertyPath, SourceKind, Trait};
use ipnet::IpNet;
use serde::Deserialize;
use std::net::IpAddr;

/// Conditions of one class, and values of one condition.
const CONDITIONS: usize = 16;
const VALUES: usize = 64;

/// What must hold of a request, all of it.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct ConditionSection {
    /// Where the identity came from: any of `jwt`, `header`, `certificate`, `address`.
    identity: Option<Vec<SourceChoice>>,
    /// A claim of a checked token, and the texts of which it must be one.
    claim: Option<ClaimIsSection>,
    /// A header, and the texts of which it must be one; clients can send what they like unless something before the gate checks it.
    header: Option<HeaderIsSection>,
    /// Networks, of which one must hold the address: `10.0.0.0/8`.
    address: Option<Vec<String>>,
    /// How a name in the client's certificate must begin.
    certificate: Option<CertificateIsSection>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum SourceChoice {
    Jwt,
    Header,
    Certificate,
    Address,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct ClaimIsSection {
    /// The provider's `payload_in_metadata`.
    #[serde(default = "jwt_metadata")]
    metadata: String,
    /// The path to the claim, key by key: `[realm_access, role]`.
    claim: Vec<String>,
    /// The texts of which it must be one.
    one_of: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct HeaderIsSection {
    /// The header's name.
    name: String,
    /// The texts of which it must be one.
    one_of: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct CertificateIsSection {
    /// Which name: `uri` or `dns`.
    san: SanChoice,
    /// How it must begin.
    prefix: String,
}

impl Found {
    pub(super) fn conditions(
        &mut self,
        path: &str,
        sections: Vec<ConditionSection>,
        properties: &mut Vec<PropertyPath>,
    ) -> Vec<Condition> {
        self.at_most(path, sections.len(), CONDITIONS);
        if sections.is_empty() {
            self.say(path, "must have at least one condition, else nobody is of this class");
        }
        let read = |(index, section)| self.condition(&format!("{path}[{index}]"), section, properties);
        sections.into_iter().enumerate().map(read).collect()
    }

    fn condition(
        &mut self,
        path: &str,
        section: ConditionSection,
        properties: &mut Vec<PropertyPath>,
    ) -> Condition {
        let ConditionSection { identity, claim, header, address, certificate } = section;
        let mut all = Vec::new();
        if let Some(kinds) = identity {
            self.some(&format!("{path}.identity"), kinds.len());
            all.push(Trait::Source(kinds.into_iter().map(SourceChoice::read).collect()));
        }
        if let Some(ClaimIsSection { metadata, claim, one_of }) = claim {
            let path = format!("{path}.claim");
            self.texts(&format!("{path}.one_of"), &one_of);
            let claim = self.claim(&path, ClaimSection { metadata, claim }, properties);
            all.push(Trait::Claim(claim, one_of));
        }
        if let Some(HeaderIsSection { name, one_of }) = header {
            self.texts(&format!("{path}.header.one_of"), &one_of);
            all.push(Trait::Header(self.header(&format!("{path}.header.name"), &name), one_of));
        }
        if let Some(networks) = address {
            let path = format!("{path}.address");
            self.some(&path, networks.len());
            all.push(Trait::Network(self.networks(&path, &networks)));
        }
        if let Some(CertificateIsSection { san, prefix }) = certificate {
            self.texts(&format!("{path}.certificate.prefix"), std::slice::from_ref(&prefix));
            all.push(Trait::Certificate(property(san.path(), properties), prefix));
        }
        if all.is_empty() {
            self.say(path, "must say something, else everyone is of this class");
        }
        Condition(all)
    }

    fn some(&mut self, path: &str, length: usize) {
        if length == 0 {
            self.say(path, "must name at least one");
        }
        self.at_most(path, length, VALUES);
    }

    fn texts(&mut self, path: &str, texts: &[String]) {
        self.some(path, texts.len());
        if texts.iter().any(|text| !(1..=SEGMENT_BYTES).contains(&text.len())) {
            self.say(path, format!("must be texts of 1 to {SEGMENT_BYTES} bytes"));
        }
    }

    fn networks(&mut self, path: &str, texts: &[String]) -> Vec<IpNet> {
        let mut networks = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            let network = text.parse::<IpNet>().ok();
            match network.or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from)) {
                // No client's address is written so, whatever Envoy hears it from.
                Some(network) if is_mapped(network) => {
                    let problem = format!(
                        "must be written as the IPv4 address or network that it stands for, got `{}`",
                        text.escape_debug()
                    );
                    self.say(format!("{path}[{index}]"), problem);
                }
                Some(network) => networks.push(network),
                None => {
                    let problem = format!(
                        "must be an address or a network such as 10.0.0.0/8, got `{}`",
                        text.escape_debug()
                    );
                    self.say(format!("{path}[{index}]"), problem);
                }
            }
        }
        networks
    }
}

/// Whether all of it stands for IPv4 addresses (RFC 4291 §2.5.5.2).
fn is_mapped(network: IpNet) -> bool {
    match network {
        IpNet::V4(_) => false,
        IpNet::V6(network) => network.prefix_len() >= 96 && network.network().to_ipv4_mapped().is_some(),
    }
}

impl SourceChoice {
    fn read(self) -> SourceKind {
        match self {
            Self::Jwt => SourceKind::Jwt,
            Self::Header => SourceKind::Header,
            Self::Certificate => SourceKind::Certificate,
            Self::Address => SourceKind::Address,
        }
    }
}
