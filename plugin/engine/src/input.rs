//! What the player does: held keys, chords, articulation, and when the next note is due.

pub mod chord_detector;
pub mod gate;
pub mod held_notes;
pub mod player;
pub mod row;
