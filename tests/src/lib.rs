//! A headless host: it loads the built plugin file, plays a score to it, and records what comes back.
//!
//! It knows the plugin only through the CLAP interface, as any other host does. [`performance`] says what can be
//! checked in an answer; the promises in `tests/` say what must hold.

#![allow(clippy::cast_precision_loss, reason = "a session is shorter than 2^52 frames or ticks")]

pub mod blocks;
pub mod bundle;
pub mod decision_time;
pub mod foreign;
pub mod instance;
pub mod measure;
pub mod midi_file;
pub mod people;
pub mod performance;
pub mod picture;
pub mod preset;
pub mod prompt;
pub mod random_host;
pub mod rng;
pub mod score;
pub mod session;
pub mod stats;
pub mod timeline;
pub mod vst3_host;
#[cfg(target_os = "linux")]
pub mod window;
