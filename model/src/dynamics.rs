//! How loud Segue plays: as loud as the player, with the differences that its style makes.
//!
//! A style has learnt its dynamics from recordings of which nobody knows how hard they were played: in those of solos
//! each note has its rank within the solo, in those of the piano each pianist an own dynamics. So what a network can say is
//! how much louder or softer than its neighbours a note is. How loud the neighbours are, and how far loud and soft lie
//! apart, the player says. What is heard is told to the network around its style's usual velocity, and what it answers
//! is played around the player's. Knows nothing of networks, of draws and of who plays when.

use crate::note::{Bars, Ticks, Velocity};
use crate::vocabulary::{TimeBase, Vocabulary};

/// The velocities that a style has learnt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StyleDynamics {
    /// Their mean.
    usual: f32,
    /// How far they lie from it of late, as a standard deviation.
    spread: f32,
    /// The part of that which is played to a player whose differences are not known.
    played: f32,
    /// How many of the player's latest notes tell the loudness.
    notes: f32,
    /// Of its notes, the part that is as loud for its place as the one before was for its own, beyond what the network
    /// foretells.
    pub like_the_last: f32,
}

/// Solos: the reader of solo tables spreads the notes of each evenly from 40 to 110, which has this mean and this standard
/// deviation. In the recordings of the Weimar Jazz Database (training split, both folders) loudness has a standard
/// deviation of 5 dB within a solo, that of the 90 % between the outermost counted; the built-in sound plays 40 dB from
/// velocity 1 to 127, so that is 15.8 velocities of it and not 20.2.
///
/// The correlation of velocities from note to note is 0.25 in stretches of 48 notes of the solos, in those that the network
/// played on by itself 0.18: it says what is probable, and each draw is its own.
const SOLO: StyleDynamics = StyleDynamics { usual: 75.0, spread: 20.2, played: 0.78, notes: 6.0, like_the_last: 0.1 };
/// The training split of the set that the shipped style learnt from: 294 pieces, whose notes have a mean of 55 and lie 10.5
/// from the mean of the twelve before them (root mean square). Two hands strike more notes in the same time than one line.
const PIANO: StyleDynamics = StyleDynamics { usual: 55.0, spread: 10.5, played: 1.0, notes: 12.0, like_the_last: 0.0 };
/// Print has no dynamics. What is played to it is written here, so it is played as it is.
const PRINT: StyleDynamics = StyleDynamics { usual: 80.0, spread: 10.0, played: 1.0, notes: 6.0, like_the_last: 0.0 };

impl StyleDynamics {
    /// Of the style with this vocabulary.
    pub fn of(vocabulary: &Vocabulary) -> Self {
        match vocabulary.time_base {
            _ if !vocabulary.has_velocity() => PRINT,
            TimeBase::Beats => SOLO,
            TimeBase::Free => PIANO,
        }
    }
}

/// How the player has played of late.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PlayerDynamics {
    /// Notes heard, as far as it matters.
    heard: f32,
    /// The mean velocity of the latest, fading; meaningless before the first.
    level: f32,
    /// The mean of the squared distances from it, each against that of the style.
    variance: f32,
}

/// So many notes of the player's weigh as much in the spread as what is supposed before the first.
const SUPPOSED_NOTES: f32 = 4.0;
/// The spread of late has this many times the memory of the level.
const SPREAD_MEMORY: f32 = 4.0;
/// Segue's differences are no smaller than this part of the style's, because also a player of a keyboard that knows one
/// velocity wants a line that lives; and no larger than this.
const SPREADS: (f32, f32) = (0.7, 1.0);
/// Softer than this nobody plays, and hardly anybody hears.
const SOFTEST: f32 = 8.0;
const LOUDEST: f32 = 127.0;

impl PlayerDynamics {
    /// The player strikes a note.
    pub fn hear(&mut self, velocity: Velocity, learnt: StyleDynamics) {
        let velocity = f32::from(velocity.value());
        self.heard += 1.0;
        let is_first = self.heard <= 1.0;
        let away = if is_first { 0.0 } else { velocity - self.level };
        // The first notes are a plain mean; one alone says nothing of differences.
        self.level = if is_first { velocity } else { self.level + away / self.heard.min(learnt.notes) };
        let relative = away / (learnt.spread * self.softness(learnt));
        let supposed = learnt.played * learnt.played;
        let before = if is_first { supposed } else { self.variance };
        let weight = (self.heard + SUPPOSED_NOTES).min(SPREAD_MEMORY * learnt.notes);
        self.variance = if is_first { supposed } else { before + (relative * relative - before) / weight };
    }

    /// The level at which is played.
    pub fn level(self) -> f32 {
        if self.heard > 0.0 { self.level } else { f32::from(Velocity::DEFAULT.value()) }
    }

    /// What the network is told of a note of the player's that was heard last.
    pub fn told(self, velocity: Velocity, learnt: StyleDynamics) -> Velocity {
        let away = f32::from(velocity.value()) - self.level();
        Velocity::nearest(learnt.usual + away / (self.share(learnt) * self.softness(learnt)))
    }

    /// What is played where the network says this velocity.
    pub fn played(self, said: Velocity, learnt: StyleDynamics) -> Velocity {
        self.around((f32::from(said.value()) - learnt.usual) * self.share(learnt), learnt)
    }

    /// For styles that learnt from print: as loud as the player, with the bar line and the beats a little stronger, as who
    /// plays for dancers does it.
    pub fn accented(self, onset: Ticks, bars: Option<Bars>) -> Velocity {
        const BAR_LINE: f32 = 8.0;
        const BEAT: f32 = 3.0;
        const BETWEEN: f32 = -5.0;
        let accent = bars.map_or(0.0, |bars| {
            let beat = bars.metre.beat();
            match bars.place(onset) {
                Ticks(0) => BAR_LINE,
                place if place.0 % beat.0 == 0 => BEAT,
                _ => BETWEEN,
            }
        });
        self.around(accent, PRINT)
    }

    /// Below half of the usual velocity differences become smaller with the level. (Recorded pianists have the same at 47 as
    /// at 55.)
    fn softness(self, learnt: StyleDynamics) -> f32 {
        (2.0 * self.level() / learnt.usual).min(1.0)
    }

    /// How far loud and soft lie apart, as a part of how far they do in the style.
    fn share(self, learnt: StyleDynamics) -> f32 {
        let variance = if self.heard > 0.0 { self.variance } else { learnt.played * learnt.played };
        variance.sqrt().clamp(SPREADS.0, SPREADS.1)
    }

    /// A velocity so far from the level. In the outer half of what can be played there differences become smaller, so that
    /// louder stays louder up to the hardest stroke.
    fn around(self, difference: f32, learnt: StyleDynamics) -> Velocity {
        let (level, difference) = (self.level(), difference * self.softness(learnt));
        let room = if difference > 0.0 { LOUDEST - level } else { level - SOFTEST };
        let half = (room / 2.0).max(f32::EPSILON);
        let beyond = (difference.abs() - half).max(0.0);
        let within = difference.abs().min(half) + half * (beyond / half).tanh();
        Velocity::nearest(level + within.copysign(difference))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::Metre;

    fn velocity(value: u8) -> Velocity {
        Velocity::new(value).unwrap()
    }

    fn after(velocities: &[u8], learnt: StyleDynamics) -> PlayerDynamics {
        let mut dynamics = PlayerDynamics::default();
        for value in velocities {
            dynamics.hear(velocity(*value), learnt);
        }
        dynamics
    }

    #[test]
    fn what_the_style_says_is_played_around_the_level_of_the_player() {
        for learnt in [SOLO, PIANO] {
            let usual = Velocity::nearest(learnt.usual);
            for level in [1, 20, 64, 100, 127] {
                let dynamics = after(&[level; 30], learnt);
                assert_eq!(dynamics.played(usual, learnt), velocity(level));
                assert_eq!(
                    dynamics.told(velocity(level), learnt),
                    usual,
                    "even playing is the usual velocity of the style"
                );
            }
        }
    }

    /// From the softest to the hardest, and with what is said: nothing turns round and nothing leaves the keyboard.
    #[test]
    fn louder_playing_and_louder_saying_are_louder_at_every_level() {
        for learnt in [SOLO, PIANO] {
            for said in 16..=124 {
                let played = |level: u8| after(&[level; 30], learnt).played(velocity(said), learnt);
                assert!((1..127).all(|level| played(level) <= played(level + 1)), "{said}");
            }
            for level in [1, 8, 40, 90, 127] {
                let dynamics = after(&[level; 30], learnt);
                assert!(
                    (16..124)
                        .all(|said| dynamics.played(velocity(said), learnt)
                            <= dynamics.played(velocity(said + 1), learnt))
                );
            }
        }
    }

    #[test]
    fn the_level_follows_within_a_phrase_and_does_not_jump() {
        let mut dynamics = after(&[60; 20], SOLO);
        let mut before = dynamics.level();
        for _ in 0..8 {
            dynamics.hear(velocity(80), SOLO);
            assert!(dynamics.level() > before && dynamics.level() - before < 4.0);
            before = dynamics.level();
        }
        assert!(before > 74.0, "{before}");
    }

    /// The player's spread of velocities sets Segue's, within limits.
    #[test]
    fn lively_dynamics_are_answered_livelier_than_even_ones() {
        let even = after(&[75; 60], SOLO).share(SOLO);
        let lively = after(&[40, 110, 60, 90].repeat(15), SOLO).share(SOLO);
        assert!((even - SPREADS.0).abs() < 1e-6 && (lively - SPREADS.1).abs() < 1e-6, "{even}, {lively}");
        assert!((PlayerDynamics::default().share(SOLO) - SOLO.played).abs() < 1e-6);
        assert!((after(&[127], SOLO).share(SOLO) - SOLO.played).abs() < 1e-6, "one note says nothing");
    }

    #[test]
    fn beats_and_bar_lines_stand_out_at_every_level() {
        let bars = Some(Bars { line: Ticks(7), metre: Metre::COMMON });
        for level in [20, 64, 110, 127] {
            let dynamics = after(&[level; 9], PRINT);
            let [line, beat, between] = [7, 55, 79].map(|at| dynamics.accented(Ticks(at), bars).value());
            assert!(line >= beat && beat > between && line - between <= 13, "{line} {beat} {between}");
            assert_eq!(dynamics.accented(Ticks(79), None).value(), level);
        }
    }
}
