//! A host that may do anything a host is allowed to do, chosen by a seed, and a checker for what comes of it.
//!
//! ```text
//! seed → generator → Sequence → play (at the built plugin) → Recording → rules → violations
//! ```
//!
//! A sequence is plain data: it can be printed, cut into other blocks, and made smaller while it still shows a fault. A
//! property-testing library would shrink an hour of music event by event; here half of it goes at a time.

pub mod faults;
pub mod generator;
pub mod param_map;
pub mod play;
pub mod rules;
pub mod sequence;
pub mod shrink;
pub mod tally;
