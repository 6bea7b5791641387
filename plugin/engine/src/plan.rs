//! What will sound: requests to the worker, the schedule, and what the worker must still be told.

pub mod outbox;
pub mod planner;
pub mod requests;
pub mod schedule;
