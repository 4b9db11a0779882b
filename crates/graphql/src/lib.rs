//! The executable grammar of GraphQL (September 2025): text in, a flat tape of nodes out, and what the document measures.
//!
//! Exists because this is the hottest code of the gate: one pass over the text, no syntax tree, no recursion on input, no
//! allocation per token, and every limit checked before the work it bounds. Refuses to know HTTP, JSON, cost and clients.
//!
//! ```
//! use portcullis_graphql::{Budget, Scratch, Tape, measure, parse};
//!
//! let mut tape = Tape::default();
//! let document = parse("{ me { ...Who } } fragment Who on User { id name }", Budget::default(), &mut tape)?;
//! let measures = measure(document, &mut Scratch::default())?;
//! assert_eq!((measures.depth, measures.fields, measures.root_fields), (2, 3, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod arguments;
mod class;
mod comments;
mod document;
mod error;
mod hash;
mod introspection;
mod lanes;
mod link;
mod measure;
mod normalise;
mod parse;
mod scan;
mod selection;
mod shape;
mod tape;
mod twice;
mod value;

pub use arguments::{Argument, Arguments, Directive, Directives};
pub use comments::comments_are_certain;
pub use document::{Document, Fragment, Operation, OperationKind, SelectError, VariableDefinition};
pub use error::{Expected, Explained, Found, Position, SyntaxError};
pub use introspection::introspection_depth;
pub use link::FragmentCycle;
pub use measure::{AliasLimits, MeasureError, Measures, Scratch, measure, measure_against};
pub use normalise::normalise;
pub use parse::{Budget, MAX_SOURCE_BYTES, parse, parse_executable};
pub use selection::{
    Bare, Detail, Field, InlineFragment, NameKey, Plain, Selection, Selections, Spread, Step,
};
pub use shape::{ShapeHash, shape};
pub use tape::{FragmentIndex, NodeIndex, Tape};
pub use value::{List, Object, ObjectFields, Value, Values};
