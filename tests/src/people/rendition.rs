//! A piece as somebody played it: keys and pedal in beats, and the score that a host plays from it.

use super::music::{Music, chords_in_turns};
use crate::score::{Score, Stroke};
use crate::timeline::{Frame, Timeline};
use segue_model::note::{Metre, Pitch, Velocity};

/// Frames per second in all scores made here.
pub const SAMPLE_RATE: f64 = 48_000.0;
/// How long a host goes on calling after the song has stopped: a tenth of a second.
pub const AFTERWARDS: Frame = 4_800;

/// A key that is this much early, in quarter notes, belongs to the turn behind the line: with all of their habits,
/// players are up to 90 ms off.
pub const EARLY: f64 = 0.2;

/// A key going down and up, in quarter notes from the beginning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Keystroke {
    /// When it goes down.
    pub down: f64,
    /// When it goes up; after `down`.
    pub up: f64,
    /// The key.
    pub pitch: Pitch,
    /// Its velocity.
    pub velocity: Velocity,
}

/// A movement of the sustain pedal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pedal {
    /// In quarter notes from the beginning.
    pub at: f64,
    /// Whether it is pressed or released.
    pub down: bool,
}

/// One performance of a piece.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendition {
    /// In order of onset. A key that is down does not go down again.
    pub keys: Vec<Keystroke>,
    /// In order of time.
    pub pedal: Vec<Pedal>,
    /// Its length, in quarter notes.
    pub length: f64,
    /// The metre of its bars.
    pub metre: Metre,
    /// Quarter notes per minute.
    pub tempo_bpm: f64,
    /// The chords of each bar; may be empty.
    pub chords: Vec<String>,
    /// The MIDI channel, from 0.
    pub channel: u8,
}

impl Rendition {
    /// Takes keys in any order. A key that goes down again while it is down is released first.
    pub fn new(music: &Music, mut keys: Vec<Keystroke>, pedal: Vec<Pedal>) -> Self {
        let length = music.length.0 as f64 / 48.0;
        keys.retain(|key| key.down < length);
        for key in &mut keys {
            key.up = key.up.min(length);
        }
        let keys = one_finger_a_key(keys, music.tempo_bpm);
        let chords = music.chords.clone();
        Self { keys, pedal, length, metre: music.metre, tempo_bpm: music.tempo_bpm, chords, channel: 0 }
    }

    /// The same on another MIDI channel, from 0.
    #[must_use]
    pub fn on_channel(self, channel: u8) -> Self {
        Self { channel, ..self }
    }

    /// The rendition in parts, with room for Segue after each, as in [`Music::in_turns`]. Keys held at the end of a
    /// turn are released there, and a key that is a little early stays in its turn.
    #[must_use]
    pub fn in_turns(&self, played: i64, rest: i64) -> Self {
        let bar = self.bar();
        let chords = chords_in_turns(&self.chords, (self.length / (played as f64 * bar)).ceil(), played, rest);
        Self { chords, ..self.in_phrases(played as f64 * bar, rest as f64 * bar) }
    }

    /// The same with lengths in quarter notes, and without chords.
    #[must_use]
    pub fn in_phrases(&self, played: f64, rest: f64) -> Self {
        let moved = |key: &Keystroke| {
            let number = ((key.down + EARLY) / played).floor();
            let up = key.up.min((number + 1.0) * played);
            Keystroke { down: number.mul_add(rest, key.down), up: number.mul_add(rest, up), ..*key }
        };
        let pedal = |pedal: &Pedal| Pedal { at: (pedal.at / played).floor().mul_add(rest, pedal.at), ..*pedal };
        Self {
            keys: self.keys.iter().map(moved).collect(),
            pedal: self.pedal.iter().map(pedal).collect(),
            length: (self.length / played).ceil() * (played + rest),
            chords: Vec::new(),
            ..self.clone()
        }
    }

    /// The same, this many quarter notes later; anything that then lies behind the end is left out.
    #[must_use]
    pub fn later(&self, by: f64) -> Self {
        let moved = |key: &Keystroke| Keystroke { down: key.down + by, up: key.up + by, ..*key };
        let inside = |key: &Keystroke| key.up <= self.length;
        let pedal = |pedal: &Pedal| Pedal { at: pedal.at + by, ..*pedal };
        Self {
            keys: self.keys.iter().map(moved).filter(inside).collect(),
            pedal: self.pedal.iter().map(pedal).filter(|pedal| pedal.at < self.length).collect(),
            ..self.clone()
        }
    }

    /// The same with this many bars: repeated if it is too short, cut if it is too long.
    #[must_use]
    pub fn for_bars(&self, bars: i64) -> Self {
        let length = bars as f64 * self.bar();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some rounds")]
        let count = (length / self.length).ceil() as u32;
        let begins: Vec<f64> = (0..count).map(|round| f64::from(round) * self.length).collect();
        let whole = Self { length: begins.len() as f64 * self.length, ..self.clone() };
        let rounds: Vec<Self> = begins.iter().map(|begin| whole.later(*begin)).collect();
        let keys = rounds.iter().flat_map(|round| round.keys.iter().copied()).filter(|key| key.down < length);
        let keys = keys.map(|key| Keystroke { up: key.up.min(length), ..key }).collect();
        let pedal =
            rounds.iter().flat_map(|round| round.pedal.iter().copied()).filter(|pedal| pedal.at < length).collect();
        Self { keys, pedal, length, ..self.clone() }
    }

    /// The length of a bar in quarter notes.
    pub const fn bar(&self) -> f64 {
        self.metre.bar().0 as f64 / 48.0
    }

    /// What a host plays: the transport runs from 0 to the end of the piece and then stands for a tenth of a second.
    pub fn score(&self) -> Score {
        let mut timeline = Timeline::steady(SAMPLE_RATE, self.tempo_bpm, self.metre);
        let end = self.frame(self.length);
        timeline.playing(end, false);
        self.score_at(timeline, end + AFTERWARDS)
    }

    /// The same in a loop of this many bars from 0: the song goes back after each round, as the host has announced. The
    /// keys are those of the whole piece, so each round has different ones.
    pub fn score_in_loop(&self, bars: i64) -> Score {
        let round = (bars * self.metre.bar().0) as f64 / 48.0;
        let mut timeline = Timeline::steady(SAMPLE_RATE, self.tempo_bpm, self.metre);
        timeline.show_loop(0.0, round);
        let rounds = (1_u32..).map(|count| f64::from(count) * round);
        for line in rounds.take_while(|line| *line < self.length) {
            timeline.jump(self.frame(line), 0.0);
        }
        let end = self.frame(self.length);
        timeline.playing(end, false);
        self.score_at(timeline, end + AFTERWARDS)
    }

    /// The score on the caller's transport, which must have this tempo.
    pub fn score_at(&self, timeline: Timeline, length: Frame) -> Score {
        let mut score = Score::silence(timeline, length);
        let stroke = |key: &Keystroke| Stroke {
            down: self.frame(key.down),
            up: self.frame(key.up).max(self.frame(key.down) + 1),
            pitch: key.pitch,
            velocity: key.velocity,
            channel: self.channel,
        };
        score.strokes = self.keys.iter().map(stroke).collect();
        let message = |pedal: &Pedal| {
            const SUSTAIN: u8 = 64;
            let value = if pedal.down { 127 } else { 0 };
            (self.frame(pedal.at), [0xB0 | self.channel, SUSTAIN, value])
        };
        score.messages = self.pedal.iter().map(message).collect();
        if !self.chords.is_empty() {
            score.fields.push(("chart".to_owned(), self.chords.join(" | ")));
        }
        score
    }

    /// The frame of a moment in quarter notes.
    pub fn frame(&self, beats: f64) -> Frame {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "above zero and short")]
        let frame = (beats.max(0.0) * 60.0 / self.tempo_bpm * SAMPLE_RATE).round() as Frame;
        frame
    }
}

/// Releases a key before it is struck again: at once if the notes are written without a gap, otherwise early enough for
/// a finger to move.
fn one_finger_a_key(mut keys: Vec<Keystroke>, tempo_bpm: f64) -> Vec<Keystroke> {
    const LIFT_MS: f64 = 8.0;
    let lift = LIFT_MS / 1000.0 * tempo_bpm / 60.0;
    keys.sort_by(|one, other| one.pitch.cmp(&other.pitch).then(one.down.total_cmp(&other.down)));
    keys.dedup_by(|later, earlier| later.pitch == earlier.pitch && later.down - earlier.down < lift);
    for index in 1..keys.len() {
        let next = keys[index];
        let key = &mut keys[index - 1];
        if key.pitch == next.pitch && key.up > next.down {
            key.up = (next.down - lift).max(key.down.midpoint(next.down));
        }
    }
    keys.sort_by(|one, other| one.down.total_cmp(&other.down).then(one.pitch.cmp(&other.pitch)));
    keys
}

#[cfg(test)]
mod tests {
    use super::super::{Player, patterns};
    use super::*;
    use segue_model::note::Ticks;

    /// A score has the keys at their frames, and the transport stops when the piece ends.
    #[test]
    fn a_score_has_keys_at_their_frames_and_stops_with_the_piece() {
        let music = patterns::steady_quarters(2).over(&["C7"]);
        let score = Player::exact(1).plays(&music).on_channel(3).score();
        let first: Vec<(Frame, Frame)> = score.strokes[..2].iter().map(|stroke| (stroke.down, stroke.up)).collect();
        assert_eq!(first, [(0, 24_000), (24_000, 48_000)]);
        assert!(score.strokes.iter().all(|stroke| stroke.channel == 3));
        assert_eq!(score.fields, [("chart".to_owned(), "C7".to_owned())]);
        assert!(score.timeline.is_playing(191_999) && !score.timeline.is_playing(192_000));
        assert_eq!(score.length, 192_000 + AFTERWARDS);
    }

    #[test]
    fn in_a_loop_the_song_goes_back_and_the_player_goes_on() {
        let score = Player::exact(1).plays(&patterns::steady_quarters(6)).score_in_loop(2);
        assert_eq!(score.strokes.len(), 24);
        assert_eq!(score.timeline.breaks().collect::<Vec<_>>(), [192_000, 384_000, 576_000]);
        assert!((score.timeline.beats(200_000) - score.timeline.beats(8_000)).abs() < 1e-9);
    }

    #[test]
    fn a_piece_is_repeated_cut_and_spread() {
        let played = Player::exact(1).plays(&patterns::steady_quarters(2));
        let onsets = |rendition: &Rendition| rendition.keys.iter().map(|key| key.down).collect::<Vec<_>>();
        assert_eq!(onsets(&played.for_bars(5)).len(), 20);
        assert!((played.for_bars(1).length - 4.0).abs() < 1e-9);
        let phrases = played.in_phrases(2.0, 6.0);
        assert_eq!(onsets(&phrases), [0.0, 1.0, 8.0, 9.0, 16.0, 17.0, 24.0, 25.0]);
        assert!((phrases.length - 32.0).abs() < 1e-9);
        assert_eq!(onsets(&phrases.later(7.0)), [7.0, 8.0, 15.0, 16.0, 23.0, 24.0, 31.0]);
    }

    /// A key that is 10 ms early is the first of its turn, and not a click at the end of the turn before.
    #[test]
    fn a_key_that_is_early_stays_in_its_turn() {
        let mut played = Player::exact(1).plays(&patterns::steady_quarters(4));
        played.keys[8].down -= 0.02;
        let turns = played.in_turns(2, 3);
        assert!((turns.keys[8].down - 19.98).abs() < 1e-9 && (turns.keys[8].up - 21.0).abs() < 1e-9);
        played.keys[8].down -= 0.48;
        let turns = played.in_turns(2, 3);
        assert!((turns.keys[8].down - 7.5).abs() < 1e-9 && (turns.keys[8].up - 8.0).abs() < 1e-9, "half a beat is");
    }

    #[test]
    fn no_key_goes_down_that_is_down_whatever_the_habits() {
        let busy = Player::person(11).gate(105.0, 40.0).overlaps(40).wrong_notes(20).ghosts(40).timing(30.0);
        let music = patterns::steady_eighths(20).with(&patterns::alberti(&patterns::DANCE, 20));
        for seed in 0..20 {
            let mut keys = Player { seed, ..busy }.pedal(Ticks(192)).plays(&music).keys;
            keys.sort_by(|one, other| one.pitch.cmp(&other.pitch).then(one.down.total_cmp(&other.down)));
            for pair in keys.windows(2).filter(|pair| pair[0].pitch == pair[1].pitch) {
                assert!(pair[0].down < pair[0].up && pair[0].up <= pair[1].down, "{pair:?}");
            }
        }
    }
}
