//! stub

pub mod sound;
