//! How loud Segue plays: at the player's level, with the differences of its style.
//!
//! A style was trained on recordings whose absolute loudness is unknown: a solo's velocities are ranks within the solo,
//! and each pianist plays at another level. So a network can only say how much louder or softer a note is than its
//! neighbours. The player sets the level, and how far loud and soft lie apart. Heard velocities are mapped around the
//! style's mean before the network sees them, and its answers are mapped back around the player's level. Knows nothing
//! of networks and draws.

use crate::note::{Bars, Ticks, Velocity};
use crate::vocabulary::{TimeBase, Vocabulary};

/// The velocities that a style was trained on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StyleDynamics {
    /// Their mean.
    mean: f32,
    /// Their standard deviation from a running mean.
    spread: f32,
    /// The part of the spread that is played until the player's own spread is known.
    to_player: f32,
    /// How many of the player's latest notes determine the level.
    notes: f32,
    /// The share of notes that deviate from the network's expectation in the same way as the note before.
    pub like_the_last: f32,
}

/// Solos. The reader of solo tables spreads the velocities of each evenly from 40 to 110, which gives this mean and
/// standard deviation. In the recordings of the Weimar Jazz Database (training splits of both folders) loudness has a
/// standard deviation of 5 dB within a solo, counting the middle 90 %. The built-in sound plays 40 dB from velocity 1
/// to 127, so 5 dB are 15.8 steps and not 20.2.
///
/// The correlation of velocities from note to note is 0.25 in stretches of 48 notes of the solos, and 0.18 where the
/// network plays on by itself, because each draw is independent.
const SOLO: StyleDynamics = StyleDynamics { mean: 75.0, spread: 20.2, to_player: 0.78, notes: 6.0, like_the_last: 0.1 };
/// Piano: the training split of the shipped style. Its 294 pieces have a mean of 55, and a root mean square of 10.5
/// from the mean of the twelve notes before. Two hands play more notes in the same time than a single line.
const PIANO: StyleDynamics =
    StyleDynamics { mean: 55.0, spread: 10.5, to_player: 1.0, notes: 12.0, like_the_last: 0.0 };
/// Written music has no dynamics. The accents that are played are set below, so nothing is scaled.
const WRITTEN: StyleDynamics =
    StyleDynamics { mean: 80.0, spread: 10.0, to_player: 1.0, notes: 6.0, like_the_last: 0.0 };

impl StyleDynamics {
    /// The dynamics of a style with this vocabulary.
    pub fn of(vocabulary: &Vocabulary) -> Self {
        match vocabulary.time_base {
            _ if !vocabulary.has_velocity() => WRITTEN,
            TimeBase::Beats => SOLO,
            TimeBase::Free => PIANO,
        }
    }
}

/// How loud the player has played recently.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PlayerDynamics {
    /// The number of heard notes.
    heard: f32,
    /// The running mean of velocity; meaningless before the first note.
    level: f32,
    /// The running mean of squared deviations, relative to the style's spread.
    variance: f32,
}

/// The style's spread counts like this many notes, so that the first notes do not decide alone.
const PRIOR_NOTES: f32 = 4.0;
/// The spread is averaged over this many times as many notes as the level.
const SPREAD_MEMORY: f32 = 4.0;
/// The range of Segue's spread relative to the style's. Even a player whose keyboard has a single velocity wants a line
/// with life.
const SPREADS: (f32, f32) = (0.7, 1.0);
/// The softest velocity that is played. Hardly anybody hears less.
const SOFTEST: f32 = 8.0;
const LOUDEST: f32 = 127.0;

impl PlayerDynamics {
    /// The player plays a note.
    pub fn hear(&mut self, velocity: Velocity, style: StyleDynamics) {
        let velocity = f32::from(velocity.value());
        self.heard += 1.0;
        let is_first = self.heard <= 1.0;
        let away = if is_first { 0.0 } else { velocity - self.level };
        // The first notes are averaged evenly. A single one says nothing about spread.
        self.level = if is_first { velocity } else { self.level + away / self.heard.min(style.notes) };
        let relative = away / (style.spread * self.softness(style));
        let prior = style.to_player * style.to_player;
        let before = if is_first { prior } else { self.variance };
        let weight = (self.heard + PRIOR_NOTES).min(SPREAD_MEMORY * style.notes);
        self.variance = if is_first { prior } else { before + (relative * relative - before) / weight };
    }

    /// The level that Segue plays at.
    pub fn level(self) -> f32 {
        if self.heard > 0.0 { self.level } else { f32::from(Velocity::DEFAULT.value()) }
    }

    /// The velocity that the network sees for a heard note.
    pub fn to_style(self, velocity: Velocity, style: StyleDynamics) -> Velocity {
        let away = f32::from(velocity.value()) - self.level();
        Velocity::nearest(style.mean + away / (self.share(style) * self.softness(style)))
    }

    /// The velocity that is played for one that the network chose.
    /// `gain` is a factor on differences: see [`crate::drift::DriftCorrection::velocity_gain`].
    pub fn to_player(self, chosen: Velocity, style: StyleDynamics, gain: f32) -> Velocity {
        self.around((f32::from(chosen.value()) - style.mean) * self.share(style) * gain, style)
    }

    /// The velocity for styles of written music: the player's level, with bar lines and beats a little stronger, as
    /// dance musicians play them.
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
        self.around(accent, WRITTEN)
    }

    /// Below half of the style's mean, differences shrink with the level. (Recorded pianists show no difference between
    /// levels of 47 and 55.)
    fn softness(self, style: StyleDynamics) -> f32 {
        (2.0 * self.level() / style.mean).min(1.0)
    }

    /// The player's spread relative to the style's, within [`SPREADS`].
    fn share(self, style: StyleDynamics) -> f32 {
        let variance = if self.heard > 0.0 { self.variance } else { style.to_player * style.to_player };
        variance.sqrt().clamp(SPREADS.0, SPREADS.1)
    }

    /// The level plus a difference. In the outer half of the playable range differences are compressed, so that louder
    /// stays louder up to the highest velocity.
    fn around(self, difference: f32, style: StyleDynamics) -> Velocity {
        let (level, difference) = (self.level(), difference * self.softness(style));
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

    fn after(velocities: &[u8], style: StyleDynamics) -> PlayerDynamics {
        let mut dynamics = PlayerDynamics::default();
        for value in velocities {
            dynamics.hear(velocity(*value), style);
        }
        dynamics
    }

    #[test]
    fn what_the_style_says_is_played_around_the_level_of_the_player() {
        for style in [SOLO, PIANO] {
            let mean = Velocity::nearest(style.mean);
            for level in [1, 20, 64, 100, 127] {
                let dynamics = after(&[level; 30], style);
                assert_eq!(dynamics.to_player(mean, style, 1.0), velocity(level));
                assert_eq!(
                    dynamics.to_style(velocity(level), style),
                    mean,
                    "even playing is the mean velocity of the style"
                );
            }
        }
    }

    /// For all velocities and levels: the order is kept, and nothing leaves the range.
    #[test]
    fn louder_playing_and_louder_saying_are_louder_at_every_level() {
        for style in [SOLO, PIANO] {
            for chosen in 16..=124 {
                let to_player = |level: u8| after(&[level; 30], style).to_player(velocity(chosen), style, 1.0);
                assert!((1..127).all(|level| to_player(level) <= to_player(level + 1)), "{chosen}");
            }
            for level in [1, 8, 40, 90, 127] {
                let dynamics = after(&[level; 30], style);
                assert!((16..124).all(|chosen| dynamics.to_player(velocity(chosen), style, 1.0)
                    <= dynamics.to_player(velocity(chosen + 1), style, 1.0)));
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
        assert!((PlayerDynamics::default().share(SOLO) - SOLO.to_player).abs() < 1e-6);
        assert!((after(&[127], SOLO).share(SOLO) - SOLO.to_player).abs() < 1e-6, "one note says nothing");
    }

    #[test]
    fn beats_and_bar_lines_stand_out_at_every_level() {
        let bars = Some(Bars { line: Ticks(7), metre: Metre::COMMON });
        for level in [20, 64, 110, 127] {
            let dynamics = after(&[level; 9], WRITTEN);
            let [line, beat, between] = [7, 55, 79].map(|at| dynamics.accented(Ticks(at), bars).value());
            assert!(line >= beat && beat > between && line - between <= 13, "{line} {beat} {between}");
            assert_eq!(dynamics.accented(Ticks(79), None).value(), level);
        }
    }
}
