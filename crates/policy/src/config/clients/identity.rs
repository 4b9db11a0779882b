//! `clients.identity`: where a client's identity comes from.

use crate::config::Found;
use crate::policy::{Property, PropertyPath, Source};
use serde::Deserialize;

/// Bytes of a segment of a property's path.
pub(super) const SEGMENT_BYTES: usize = 256;
/// Segments of a claim's path.
const SEGMENTS: usize = 8;

/// Where `jwt_authn` puts a token's claims when its provider says `payload_in_metadata: jwt_payload`.
const JWT_METADATA: &str = "jwt_payload";

#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum IdentitySection {
    /// A claim of a token that Envoy's `jwt_authn` has checked.
    Jwt(ClaimSection),
    /// A header, taken as it comes: only where something before the gate checks it.
    Header(String),
    /// A name in the client's certificate: `uri` or `dns`.
    Certificate(SanChoice),
    /// The client's address as Envoy sees it.
    Address(AddressSection),
}

#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct ClaimSection {
    /// The provider's `payload_in_metadata`.
    #[serde(default = "jwt_metadata")]
    pub(super) metadata: String,
    /// The path to the claim, key by key: `[sub]`.
    pub(super) claim: Vec<String>,
}

pub(super) fn jwt_metadata() -> String {
    JWT_METADATA.to_owned()
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum SanChoice {
    Uri,
    Dns,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct AddressSection {
    /// Bits of an IPv6 address that are one client.
    ipv6_prefix: u8,
}

impl Default for AddressSection {
    fn default() -> Self {
        Self { ipv6_prefix: 64 }
    }
}

impl Found {
    pub(super) fn prefix(&mut self, identity: &[IdentitySection]) -> u8 {
        let mut prefix = AddressSection::default().ipv6_prefix;
        for (index, section) in identity.iter().enumerate() {
            if let IdentitySection::Address(AddressSection { ipv6_prefix }) = section {
                prefix = self.within(
                    &format!("clients.identity[{index}].address.ipv6_prefix"),
                    *ipv6_prefix,
                    1,
                    128,
                );
                if index.saturating_add(1) < identity.len() {
                    let problem = "every request has an address, so what follows is never asked: put it last";
                    self.say(format!("clients.identity[{index}]"), problem);
                }
            }
        }
        prefix
    }

    pub(super) fn sources(
        &mut self,
        identity: Vec<IdentitySection>,
        properties: &mut Vec<PropertyPath>,
    ) -> Vec<Source> {
        let mut sources = Vec::with_capacity(identity.len());
        for (index, section) in identity.into_iter().enumerate() {
            let path = format!("clients.identity[{index}]");
            match section {
                IdentitySection::Jwt(claim) => {
                    sources.push(Source::Jwt(self.claim(&format!("{path}.jwt"), claim, properties)));
                }
                IdentitySection::Header(name) => {
                    sources.push(Source::Header(self.header(&format!("{path}.header"), &name)));
                }
                IdentitySection::Certificate(choice) => {
                    sources.push(Source::Certificate(property(choice.path(), properties)));
                }
                IdentitySection::Address(_) => (),
            }
        }
        sources
    }

    pub(super) fn claim(
        &mut self,
        path: &str,
        section: ClaimSection,
        properties: &mut Vec<PropertyPath>,
    ) -> Property {
        let ClaimSection { metadata, claim } = section;
        self.segment(&format!("{path}.metadata"), &metadata);
        if claim.is_empty() {
            self.say(format!("{path}.claim"), "must name a claim");
        }
        self.at_most(&format!("{path}.claim"), claim.len(), SEGMENTS);
        for (index, key) in claim.iter().enumerate() {
            self.segment(&format!("{path}.claim[{index}]"), key);
        }
        let above = ["metadata", "filter_metadata", "envoy.filters.http.jwt_authn"].map(str::to_owned);
        let segments = above.into_iter().chain([metadata]).chain(claim).collect();
        property(PropertyPath(segments), properties)
    }

    /// A text that can be one segment of a property's path; the host takes NUL for the end of one.
    fn segment(&mut self, path: &str, text: &str) {
        if !(1..=SEGMENT_BYTES).contains(&text.len()) || text.contains(char::is_control) {
            self.say(path, format!("must be 1 to {SEGMENT_BYTES} bytes without control characters"));
        }
    }
}

impl SanChoice {
    pub(super) fn path(self) -> PropertyPath {
        let name = match self {
            Self::Uri => "uri_san_peer_certificate",
            Self::Dns => "dns_san_peer_certificate",
        };
        PropertyPath(["connection", name].map(str::to_owned).to_vec())
    }
}

/// The place of a path among those that are asked for; each once.
pub(super) fn property(path: PropertyPath, properties: &mut Vec<PropertyPath>) -> Property {
    let place = properties.iter().position(|known| *known == path);
    Property(place.unwrap_or_else(|| {
        properties.push(path);
        properties.len().saturating_sub(1)
    }))
}
