//! `graphql.limits`: the highest allowed values.

use super::partial::section;
use super::{Found, KIB, MIB};
use crate::policy::Limits;
use portcullis_graphql::Budget;

section!(
    LimitsSection,
    LimitsPart {
        /// Bytes of the request's body; beyond it 413.
        body_bytes: u64 = 256 * KIB,
        /// Bytes of all bodies that one worker holds at once; beyond it 429.
        held_bytes: u64 = 64 * MIB,
        /// Bytes of the document.
        document_bytes: u64 = 64 * KIB,
        /// Lexical tokens of the document.
        tokens: u32 = 5_000,
        /// Brackets of the document open at once.
        nesting: u32 = 200,
        /// Depth of the operation; a root field has depth 1, fragments add none.
        depth: u32 = 15,
        /// Fields of the operation, fragments expanded.
        fields: u32 = 2_000,
        /// Root fields of the operation, fragments expanded.
        root_fields: u32 = 20,
        /// Aliased fields of the operation, fragments expanded.
        aliases: u32 = 60,
        /// Aliases of one field in one place.
        aliases_per_field: u32 = 10,
        /// Directives, every occurrence.
        directives: u32 = 50,
        /// Lists of fields or types inside each other beneath `__schema` and `__type`, where introspection is allowed.
        introspection_depth: u32 = 2,
        /// Requests in one JSON array; beyond it 422.
        batch: u32 = 10,
        /// Bytes of path and query string; beyond it 414.
        url_bytes: u64 = 16 * KIB,
        /// JSON arrays and objects of the body inside each other.
        json_nesting: u32 = 64,
    }
);

impl Found {
    pub(super) fn limits(&mut self, section: &LimitsSection) -> Limits {
        let mut limit = |name: &str, value: u32, high: u32| {
            self.within(&format!("graphql.limits.{name}"), value, 1, high)
        };
        let budget = Budget {
            tokens: limit("tokens", section.tokens, 1_000_000),
            nesting: limit("nesting", section.nesting, 10_000),
        };
        let json_nesting = limit("json_nesting", section.json_nesting, 100);
        let limits = Limits {
            body_bytes: 0,
            held_bytes: 0,
            document_bytes: 0,
            url_bytes: 0,
            batch: usize::try_from(limit("batch", section.batch, 10_000)).unwrap_or(usize::MAX),
            budget,
            depth: limit("depth", section.depth, 10_000),
            fields: limit("fields", section.fields, 1_000_000_000),
            root_fields: limit("root_fields", section.root_fields, 1_000_000_000),
            aliases: limit("aliases", section.aliases, 1_000_000_000),
            aliases_per_field: limit("aliases_per_field", section.aliases_per_field, 4_000),
            directives: limit("directives", section.directives, 1_000_000_000),
            introspection_depth: limit("introspection_depth", section.introspection_depth, 10_000),
            json_nesting: u8::try_from(json_nesting).unwrap_or(u8::MAX),
        };
        Limits {
            body_bytes: self.bytes("graphql.limits.body_bytes", section.body_bytes, 1, 8 * MIB),
            held_bytes: self.bytes("graphql.limits.held_bytes", section.held_bytes, MIB, 512 * MIB),
            document_bytes: self.bytes("graphql.limits.document_bytes", section.document_bytes, 1, 8 * MIB),
            url_bytes: self.bytes("graphql.limits.url_bytes", section.url_bytes, 1, MIB),
            ..limits
        }
    }
}
