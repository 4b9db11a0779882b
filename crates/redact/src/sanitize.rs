//! Texts of which the grammar is known: what is a name in them stays, what is a value goes, whatever it looks like.
//!
//! All of them are bounded, in what they read and in what they say.

mod address;
mod document;
mod header;
mod label;
mod segment;
mod sql;
mod url;

pub use address::{BadSalt, Salt, network, pseudonym};
pub use document::document;
pub use header::header;
pub use label::label;
pub use sql::sql;
pub use url::{cache_key, url};
