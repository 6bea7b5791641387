//! What the shipped weights play: answers with an end, and within limits.

mod endings;
mod jam;
mod limits;
mod weights;
