//! What the weights that come with Segue play, under limits and up to an end.

mod endings;
mod jam;
mod limits;
