//! A host that does whatever a host may do, as a seed has it, and a judge of what came of it.
//!
//! ```text
//! seed → generator → Sequence → play (at the built plugin) → Recording → rules → violations
//! ```
//!
//! A sequence is plain data: it can be printed, cut into other blocks, and made smaller as long as it shows a fault.
//! That is why it is not made by a property-testing library: an hour of music would be shrunk event by event there, and
//! here half of it goes at a time.

pub mod faults;
pub mod generator;
pub mod param_map;
pub mod play;
pub mod rules;
pub mod sequence;
pub mod shrink;
pub mod tally;
