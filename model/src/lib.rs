//! The mind of Segue: it hears notes and decides notes, and knows no host, no threads, no wall clock.
//!
//! ```text
//! Heard → hear … decide → Note
//! ```
//!
//! `segue-corpus` reads tunes, and `segue-training` makes weights files of them.

pub mod chart;
pub mod chord;
pub mod dynamics;
pub mod ending;
pub mod harmony;
pub mod improviser;
pub mod licks;
pub mod limits;
pub mod lookback;
pub mod loops;
pub mod mind;
pub mod network;
pub mod note;
pub mod place;
pub mod poise;
pub mod sampling;
pub mod vocabulary;
pub mod weights;
