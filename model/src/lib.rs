//! The model of Segue: it hears notes and decides notes, and knows no host, no threads, no wall clock.
//!
//! ```text
//! Heard → hear … decide → Note
//! ```
//!
//! `segue-corpus` reads tunes, and `segue-training` makes weights files of them.

pub mod bias;
pub mod cadence;
pub mod chart;
pub mod chord;
pub mod device;
pub mod dynamics;
pub mod harmony;
pub mod improviser;
pub mod limits;
pub mod lookback;
pub mod lstm;
pub mod network;
pub mod ngram;
pub mod note;
pub mod repetition;
pub mod sampling;
pub mod vocabulary;
pub mod weights;
