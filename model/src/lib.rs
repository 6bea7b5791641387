//! stub
pub mod note;

#[cfg(feature = "corpus")]
pub mod corpus;
