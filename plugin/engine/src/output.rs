//! What leaves for the host. The only sender of note-on and note-off.

pub mod active_notes;
pub mod feedback;
pub mod thru;
