//! The schema that a command is given beside a policy.

use super::CommandError;
use super::explain::input::{open, unreadable};
use crate::compile::{Assumptions, Source, compile};
use portcullis_policy::CostTable;
use std::io::Read as _;
use std::path::Path;

/// Most bytes of a schema that are read.
const SCHEMA_BYTES: u64 = 256 * 1024 * 1024;

/// What a compiled table begins with.
const TABLE: &[u8] = b"PCLT";

/// A table, and the bytes that it was loaded from.
pub(super) struct Compiled {
    pub(super) bytes: Vec<u8>,
    pub(super) table: CostTable,
}

/// A table as it is, or the one that `portcullis compile` would make of a schema's text.
pub(super) fn read(file: &Path) -> Result<Compiled, CommandError> {
    let mut bytes = Vec::new();
    open(file)?.take(SCHEMA_BYTES).read_to_end(&mut bytes).map_err(|error| unreadable(file, error))?;
    let name = file.display();
    let bytes = if bytes.starts_with(TABLE) {
        bytes
    } else {
        let unfit = |_| {
            CommandError::Usage(format!(
                "--schema: {name} is neither the text of a schema nor a compiled table"
            ))
        };
        let text = String::from_utf8(bytes).map_err(unfit)?;
        compile(&[Source { name: name.to_string(), text }], Assumptions::Conventions)?.table
    };
    let table = CostTable::load(bytes.clone()).map_err(|error| {
        CommandError::Usage(format!("--schema: {name}: {error}; make it again with `portcullis compile`"))
    })?;
    Ok(Compiled { bytes, table })
}
