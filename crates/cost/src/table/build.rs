//! Makes a table of a schema: resolves names, defaults and paths, and gives abstract types the most of what they can be.

mod encode;
mod inputs;
mod output;

use crate::schema::{OutputKind, Schema};
use std::collections::BTreeMap;
use thiserror::Error;

/// Why a schema cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BuildError {
    /// A field, a member or a root has a type that is not there.
    #[error("the type {name} is not defined")]
    UnknownType {
        /// The type.
        name: String,
    },
    /// Two types of one name.
    #[error("the type {name} is defined twice")]
    DuplicateType {
        /// The type.
        name: String,
    },
    /// A slicing argument is not there.
    #[error("{field} has no argument {path}")]
    UnknownSlicing {
        /// The field's name.
        field: String,
        /// The path that was given.
        path: String,
    },
    /// A sized field is beneath another one of the same directive.
    #[error("the sized field {path} is beneath another one")]
    SizedTwice {
        /// The path that was given.
        path: String,
    },
    /// A default value needs itself.
    #[error("the default value of {name} contains itself")]
    EndlessDefault {
        /// The argument or input field.
        name: String,
    },
    /// The table would be longer than 4 GiB.
    #[error("the table would be too large")]
    TooLarge,
}

impl Schema<'_> {
    /// The bytes of the table of this schema, for [`Table::load`](crate::Table::load). The same schema makes the same bytes.
    ///
    /// # Errors
    /// A name, a path or a default value of the schema does not resolve.
    pub fn compile(&self) -> Result<Vec<u8>, BuildError> {
        let inputs = inputs::Inputs::of(self)?;
        let mut output = output::Output::new(self, &inputs)?;
        for found in &self.types {
            output.add(found)?;
        }
        encode::encode(self, &inputs, &output)?.frame().ok_or(BuildError::TooLarge)
    }

    /// The numbers of the types that a table keeps: all but leaves without weight, which are all number 0.
    fn numbers(&self) -> Result<BTreeMap<&str, u32>, BuildError> {
        let mut numbers = BTreeMap::new();
        for found in &self.types {
            let weightless =
                matches!(found.kind, OutputKind::Leaf(weight) if weight.is_none_or(|it| it.milli() <= 0));
            if numbers.insert(found.name, u32::from(!weightless)).is_some() {
                return Err(BuildError::DuplicateType { name: found.name.to_owned() });
            }
        }
        for (number, kept) in (1..).zip(numbers.values_mut().filter(|kept| **kept != 0)) {
            *kept = number;
        }
        Ok(numbers)
    }
}
