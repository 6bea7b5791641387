//! The mind of Segue: it hears notes and decides notes, and knows no host, no threads, no wall clock.
//!
//! ```text
//! playing    Heard → hear … decide → Note
//! learning   .mid / .abc → Tune → classes → training → weights file → the mind
//! ```

pub mod chart;
pub mod chord;
#[cfg(feature = "corpus")]
pub mod corpus;
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
#[cfg(feature = "sheet")]
pub mod sheet;
#[cfg(feature = "training")]
pub mod training;
pub mod vocabulary;
pub mod weights;
