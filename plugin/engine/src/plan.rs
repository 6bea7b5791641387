//! What will sound: requests to the worker, the schedule, and what the worker must still be told. `planner` is the only
//! writer of it.

mod outbox;
mod planner;
mod requests;
mod schedule;

pub use planner::Planner;
