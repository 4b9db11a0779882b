//! Keeps personal data and secrets out of what leaves Portcullis.
//!
//! Works on texts alone: knows no HTTP, no GraphQL and nothing of where a text goes next.

mod name;

pub use name::is_fit_label;
