//! The plan: requests to the worker, the schedule of notes, and the outbox of commands that wait for room in the link.
//!
//! `planner` is the only writer of what will sound. Nothing here knows why the turn is Segue's.

mod outbox;
mod parameter_history;
mod planner;
mod requests;
mod schedule;

pub use planner::{BeatWait, Planner, Silence};
