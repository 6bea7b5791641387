//! Whose turn it is. The only writer of it.

pub mod arbiter;
pub mod loop_ahead;
pub mod trade_grid;
pub mod turn;
