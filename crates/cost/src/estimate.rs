//! The question what an operation costs, and its answer, by either model.

use crate::schemaless;
use crate::table::{FieldId, Table};
use crate::walk;
use crate::{Cost, Sizes, Variables};
use portcullis_graphql::{Document, Operation};

/// Memory that is used again for each estimate.
#[derive(Debug, Default)]
pub struct Scratch {
    walk: walk::Memory,
    names: schemaless::Memory,
}

/// By what an operation is costed.
#[derive(Clone, Copy, Debug)]
pub enum Model<'t> {
    /// By names and arguments alone.
    Schemaless,
    /// By the cost directives of a schema, compiled to a table.
    Schema(&'t Table),
}

/// An operation whose cost is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q, 'a> {
    /// The document.
    pub document: Document<'a>,
    /// The operation of it that is executed.
    pub operation: Operation<'a>,
    /// The values of its variables.
    pub variables: &'a Variables<'a>,
    /// List sizes where neither the operation nor the schema tells.
    pub sizes: Sizes,
    /// Fields whose occurrences are counted; of the model's table.
    pub watched: &'q [FieldId],
}

/// What an operation costs, and what was noticed on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    /// What its fields cost, with arguments and directives. This is what is charged.
    pub field: Cost,
    /// What the objects cost that it returns, the root included. Nothing without a schema.
    pub r#type: Cost,
    /// Fields that the schema does not have where they stand, fragments expanded, also in what `@skip` leaves out. Saturates.
    pub unknown_fields: u32,
    /// The first of them: `Type.field` as the document spells it. Chosen by the client, of any length.
    pub first_unknown: Option<String>,
    /// Fields that require exactly one slicing argument and have none or several, fragments expanded. Saturates.
    pub slicing_violations: u32,
    /// The first of them.
    pub first_violation: Option<FieldId>,
    /// How often each watched field is executed, list sizes aside: its occurrences with fragments expanded. Saturates.
    pub watched: Vec<u32>,
    /// How much work the answer took; linear in the document and its variables. For tests.
    pub steps: u64,
}

impl Model<'_> {
    /// Name and version of the model; changes whenever a document could cost something else.
    #[must_use]
    pub const fn version(&self) -> &'static str {
        match self {
            Self::Schemaless => "schemaless/1",
            Self::Schema(_) => "schema/1",
        }
    }

    /// What an operation costs. A document with a cycle of fragments, which measuring refuses before, costs more than any limit.
    #[must_use]
    pub fn estimate(&self, question: &Question<'_, '_>, scratch: &mut Scratch) -> Estimate {
        match self {
            Self::Schema(table) => walk::estimate(table, question, &mut scratch.walk),
            Self::Schemaless => {
                let Question { document, operation, variables, sizes, .. } = *question;
                let field = schemaless::cost(document, operation, variables, sizes, &mut scratch.names);
                Estimate { field, ..Estimate::default() }
            }
        }
    }
}
