//! The player's input: held keys, chords, articulation, and when the next note is due. `player` is the only writer of
//! it.
//!
//! Nothing here knows the turn or what Segue plays.

mod broken_chord;
pub mod chord_detector;
mod gate;
pub mod held_notes;
mod mpe;
mod player;
mod row;
mod run;

pub use player::{Lifted, Player};
