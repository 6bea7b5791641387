//! A simulated player for tests. It plays as people do: keys shorter than notated, a little early or late, soft and
//! loud.
//!
//! ```
//! use segue_tests::people::{Player, patterns};
//!
//! Twelve bars of steady quarters at 120 bpm, each key held for four fifths of its note, slightly off the beat.
//! let score = Player::person(7).gate(80.0, 10.0).plays(&patterns::steady_quarters(12)).score();
//! assert_eq!(score.strokes.len(), 48);
//! ```
//!
//! Everything is drawn from the player's seed: the same seed plays the same notes on every machine, and what one habit
//! draws changes nothing that another habit draws. Nothing here knows the plugin; a
//! [`Session`](crate::session::Session) plays the score to it.

pub mod cases;
pub mod figures;
pub mod limits;
pub mod music;
pub mod patterns;
pub mod player;
pub mod real;
pub mod recorded;
pub mod rendition;
pub mod repertoire;
pub mod sessions;
pub mod table;

pub mod trial;

pub use music::Music;
pub use player::Player;
pub use rendition::Rendition;

#[cfg(test)]
mod tests {
    use super::{Player, patterns};

    #[test]
    fn the_example_above_plays() {
        let score = Player::person(7).gate(80.0, 10.0).plays(&patterns::steady_quarters(12)).score();
        assert_eq!(score.strokes.len(), 48);
    }
}
