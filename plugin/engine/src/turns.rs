//! Whose turn it is. `arbiter` is the only writer of it; `turn` holds the state machine.
//!
//! Nothing here knows notes, requests or the output.

pub mod arbiter;
mod loop_ahead;
mod situation;
mod trade_grid;
pub mod turn;

pub use arbiter::{Decision, TurnArbiter, TurnInput};
pub use situation::Situation;
