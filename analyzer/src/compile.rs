//! From a schema in its own language to the table by which the gate costs operations.
//!
//! apollo-compiler reads and validates the text; this takes the cost directives out of it, checks their use by the rules of their
//! specification, and fills in what a schema without them leaves open. What costs what is `portcullis-cost`'s to say.

mod assume;
mod definitions;
mod mistake;
mod read;
mod report;

use apollo_compiler::Schema as Sdl;
use base64::Engine as _;
use portcullis_cost::{BuildError, Table, TableError};
use sha2::{Digest as _, Sha256};

pub use assume::Assumed;
pub use mistake::{Mistake, Mistakes};
pub use read::Taken;
pub use report::Detail;

/// A file of a schema.
#[derive(Clone, Debug)]
pub struct Source {
    /// What to call it in messages.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Whether sizes are assumed by the conventions of names where the schema tells none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assumptions {
    /// They are.
    Conventions,
    /// They are not: lists without a size have the configured one, whatever their arguments say.
    None,
}

/// A compiled schema.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The bytes of the table.
    pub table: Vec<u8>,
    /// What was taken from the schema.
    pub taken: Taken,
    /// What was assumed, in the order of types and fields.
    pub assumed: Vec<Assumed>,
    /// Bytes of the schema's text.
    pub source_bytes: usize,
}

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The schema has mistakes.
    #[error("{0}")]
    Mistakes(Mistakes),
    /// The schema is sound but no table can be made of it.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The table that was made cannot be read back: a mistake of this program.
    #[error("the table made of this schema cannot be read back ({0}); please report this")]
    Unreadable(#[from] TableError),
}

/// Compiles a schema of one or several files.
///
/// # Errors
/// The schema, or its use of the cost directives, has mistakes: all of them at once.
pub fn compile(sources: &[Source], assumptions: Assumptions) -> Result<Compiled, CompileError> {
    let parsed = parse(sources)?;
    let reading = read::read(&parsed);
    let mut mistakes = reading.mistakes;
    if !mistakes.is_empty() {
        mistakes.sort();
        return Err(CompileError::Mistakes(Mistakes(mistakes)));
    }
    let mut schema = reading.schema;
    let assumed = match assumptions {
        Assumptions::Conventions => assume::assume(&mut schema),
        Assumptions::None => Vec::new(),
    };
    let table = schema.compile()?;
    Table::load(&table)?;
    let source_bytes = sources.iter().map(|source| source.text.len()).sum();
    Ok(Compiled { table, taken: reading.taken, assumed, source_bytes })
}

impl Compiled {
    /// SHA-256 of the table, in hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> String {
        Sha256::digest(&self.table).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The table in base64 (RFC 4648 §4, with padding), as a policy takes it inline.
    #[must_use]
    pub fn base64(&self) -> String {
        base64::engine::general_purpose::STANDARD.encode(&self.table)
    }
}

/// Parses and validates; directives that the schema does not define are dropped, they cannot concern costs.
fn parse(sources: &[Source]) -> Result<Sdl, CompileError> {
    let mut builder = Sdl::builder().adopt_orphan_extensions().ignore_builtin_redefinitions();
    for source in sources {
        builder = builder.parse(source.text.as_str(), source.name.as_str());
    }
    let fail = |errors| CompileError::Mistakes(Mistakes::of_diagnostics(&errors));
    let mut schema = builder.build().map_err(|failed| fail(failed.errors))?;
    definitions::define(&mut schema);
    definitions::drop_undefined(&mut schema);
    schema
        .validate()
        .map(apollo_compiler::validation::Valid::into_inner)
        .map_err(|failed| fail(failed.errors))
}

#[cfg(test)]
mod tests;
