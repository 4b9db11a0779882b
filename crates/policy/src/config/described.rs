//! The policy file described: its JSON Schema, and a file with every value written out.

use super::PolicyFile;
use crate::{Mistakes, Policy, strict};
use schemars::Schema;
use serde::Serialize;

impl Policy {
    /// The JSON Schema of the policy file: names, types, defaults. That values make sense, only [`Policy::parse`] knows.
    pub fn schema() -> Schema {
        schemars::schema_for!(PolicyFile)
    }

    /// Bytes of the largest body that any class may send on any route.
    pub fn largest_body(&self) -> usize {
        let profiles = self.profiles.named.iter().map(|(_, policy)| policy).chain([self]);
        let largest = profiles.map(|policy| {
            let classes = policy.clients.classes().iter().filter_map(|class| class.policy.as_deref());
            classes.map(|policy| policy.limits.body_bytes).fold(policy.limits.body_bytes, usize::max)
        });
        largest.max().unwrap_or(self.limits.body_bytes)
    }

    /// What a file amounts to with every value written out, defaults included; it parses to the same policy.
    ///
    /// # Errors
    /// The first mistake of form; values are not looked at.
    pub fn written_out(text: &str) -> Result<impl Serialize, Mistakes> {
        Ok(strict::read::<PolicyFile>(text)?)
    }
}
