//! A GraphQL response in JSON, scanned as it passes.
//!
//! Three jobs, each of which can be off: taking the suggestions out of error texts, adding a member to `extensions`, and
//! telling what is in the response, so that it can be counted. Nothing is buffered but what may be the beginning of a
//! suggestion, and short texts that lie across two chunks. It never fails: what is not JSON, or too deep, passes as it is
//! from there on.

mod addition;
mod output;
mod scanner;
mod stream;
mod suggestion;

pub use addition::Addition;
pub use scanner::Scanner;
pub use stream::{StreamForm, StreamScanner};

/// What is to be done with a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jobs {
    /// What becomes of suggestions.
    pub suggestions: Suggestions,
    /// Whether events are told.
    pub events: Events,
}

/// What becomes of `Did you mean "name"?` in the texts of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suggestions {
    /// It stays.
    Keep,
    /// The text ends before it.
    Strip,
}

/// Whether events are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Events {
    /// None are.
    Off,
    /// All are.
    On,
}

/// Something in a response.
///
/// Keys, starts, ends, leaves and nulls are those of `data` only; its own value is the first of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'e> {
    /// A response begins; a batch has several.
    Response,
    /// An element of `errors`.
    Error,
    /// `extensions.code` of the error before, when it is a text of at most 64 bytes.
    Code(&'e str),
    /// The key of what follows in an object; of a longer one the first 256 bytes.
    Key(&'e [u8]),
    /// An object begins.
    ObjectStart,
    /// The object ends.
    ObjectEnd,
    /// A list begins.
    ListStart,
    /// The list ends.
    ListEnd,
    /// A text, a number or a Boolean.
    Leaf,
    /// `null`.
    Null,
}

#[cfg(test)]
mod tests;
