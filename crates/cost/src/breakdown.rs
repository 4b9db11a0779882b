//! Where the cost of an operation goes: its places, each with what it adds to the estimate, for people who want to make it cheaper.
//!
//! Lays the operation out, fragments expanded, so it takes far more room than the estimate and is bounded. Its sum is the estimate,
//! unless that saturated or ran out of its steps.

mod names;
mod places;

use crate::Cost;
use crate::estimate::{Model, Question};
use crate::walk;
pub(crate) use places::Places;

/// An operation laid out by response keys, aliases resolved, the same keys in one place merged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breakdown {
    /// The root first, each before what is inside it.
    pub parts: Vec<Part>,
}

/// What one place of the response adds to the estimate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Index of the place around it; the root's is its own.
    pub around: usize,
    /// The response key; of the root nothing.
    pub key: String,
    /// `Type.field` where a schema knows it, else the field's name.
    pub field: String,
    /// How often the field is resolved. Nothing where another possible type costs more, which counts in its place.
    pub times: u64,
    /// How long its list is, when it is one.
    pub size: Option<Length>,
    /// Its own field cost, every time it is resolved, with directives of fragments directly in it.
    pub own: Cost,
    /// The field cost of it and of everything inside.
    pub total: Cost,
    /// Its own type cost.
    pub own_type: Cost,
    /// The type cost of it and of everything inside.
    pub total_type: Cost,
}

/// How long a list is taken to be, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Length {
    /// Entries each time.
    pub entries: u64,
    /// What tells.
    pub source: SizeSource,
    /// The response key of the field further up that tells it, when not the list itself does.
    pub of: Option<String>,
}

/// What tells the size of a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SizeSource {
    /// A slicing argument, by its path.
    Argument(String),
    /// The default of a slicing argument in the schema, by its path.
    ArgumentDefault(String),
    /// The schema's `assumedSize`.
    Assumed,
    /// The configured size of lists of which nothing is known.
    Configured,
}

impl Model<'_> {
    /// Where the cost of an operation goes; nothing when it has more than `limit` places or fields, fragments expanded, or laying it
    /// out would take more than 64 steps for each of those.
    #[must_use]
    pub fn breakdown(&self, question: &Question<'_, '_>, limit: usize) -> Option<Breakdown> {
        question.document.fragment_order().ok()?;
        let places = match self {
            Self::Schemaless => names::lay_out(question, limit)?,
            Self::Schema(table) => walk::lay_out(table, question, limit)?,
        };
        Some(places.finish())
    }
}

#[cfg(test)]
mod tests;
