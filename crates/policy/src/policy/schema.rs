//! What a policy says in terms of a schema: the compiled table, and fields with limits of their own.

use portcullis_cost::{FieldId, Table, TableError};
use std::fmt;
use std::sync::Arc;

/// A compiled schema.
#[derive(Clone)]
pub struct CostTable {
    bytes: Arc<[u8]>,
    table: Arc<Table>,
}

impl CostTable {
    /// Reads the bytes that `portcullis compile` writes.
    ///
    /// # Errors
    /// They are no table, or one of another version.
    pub fn load(bytes: Vec<u8>) -> Result<Self, TableError> {
        let table = Table::load(&bytes)?;
        Ok(Self { bytes: bytes.into(), table: Arc::new(table) })
    }

    /// What operations are costed by.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Whether both are one in memory, and not only of the same bytes.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.table, &other.table)
    }
}

impl PartialEq for CostTable {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl fmt::Debug for CostTable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CostTable({} bytes)", self.bytes.len())
    }
}

/// Fields with limits of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SensitiveFields {
    fields: Vec<Sensitive>,
    watched: Vec<FieldId>,
}

/// A field with a limit of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sensitive {
    /// Its coordinate, `Mutation.login`.
    pub coordinate: String,
    /// How often it may stand in one request, fragments expanded, all operations of a batch together; inclusive.
    pub limit: u32,
}

impl SensitiveFields {
    pub(crate) fn add(&mut self, field: Sensitive, id: FieldId) {
        self.fields.push(field);
        self.watched.push(id);
    }

    /// The fields whose occurrences are to be counted, in the order of [`Self::fields`].
    pub fn watched(&self) -> &[FieldId] {
        &self.watched
    }

    /// The fields.
    pub fn fields(&self) -> &[Sensitive] {
        &self.fields
    }
}
