//! What the shipped weights play: beginnings, answers with an end, and within limits.

mod beginnings;
mod endings;
mod jam;
mod limits;
mod weights;
