//! A headless host: it loads the built plugin file, plays a score at it, and writes down what came back.
//!
//! It knows the plugin only as any other host does, through the CLAP interface.
//! What may be true or false of an answer is decided in [`performance`]; the promises in `tests/` say what must be.

#![allow(clippy::cast_precision_loss, reason = "a session is shorter than 2^52 frames or ticks")]

pub mod blocks;
pub mod bundle;
pub mod decision_time;
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
