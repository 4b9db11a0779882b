//! A moment by the wall clock, handed in from outside.

pub use portcullis_policy::Timestamp;
