//! Keeps personal data and secrets out of what leaves Portcullis.
//!
//! Works on texts alone: knows no HTTP, no GraphQL and nothing of where a text goes next. Everything here returns
//! [`Redacted`], which nobody else can make, so that an output that takes one cannot be handed anything else.

mod kind;
mod name;
mod redacted;
mod sanitize;
mod scan;
mod span;
mod text;
mod view;

pub use kind::Kind;
pub use name::is_fit_label;
pub use redacted::Redacted;
pub use sanitize::{BadSalt, Salt, cache_key, document, header, label, network, pseudonym, sql, url};
pub use span::Span;
pub use text::{Lines, Marked, mark, redact};
