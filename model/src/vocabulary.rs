//! The classes of a style: notes to class indices and back.
//!
//! A class is an index into one of the lists here, and weights are trained on indices. So every weights file stores the
//! fingerprint of its vocabulary. Knows nothing of tensors or sampling.

use crate::chord::{Chord, ChordKind, OCTAVE};
use crate::hash::Fnv1a;
use crate::note::{Bars, Metre, Note, Pitch, Ticks, Velocity};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How a style counts time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeBase {
    /// Ticks are parts of a beat, and there are bars.
    Beats,
    /// Ticks are seconds read at 120 bpm, and there are no bars.
    Free,
}

/// The classes of a style. A class is an index into its list, so the order matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vocabulary {
    /// How time is counted.
    pub time_base: TimeBase,
    /// How many notes may sound together; 1 for a single line.
    pub polyphony: u8,
    /// The lowest pitch; class 0.
    lowest: Pitch,
    /// The highest pitch; the last class.
    highest: Pitch,
    /// The time since the last onset, ascending; 0 joins a chord.
    steps: Vec<Ticks>,
    /// Durations, ascending, above zero.
    durations: Vec<Ticks>,
    /// Velocities, ascending; empty when the style's data has no dynamics.
    velocities: Vec<Velocity>,
    /// Metres with a class of their own; class 0 is any other metre, or none. Empty in free time.
    metres: Vec<Metre>,
    /// Whether the network sees chords.
    pub chords: bool,
    /// Where in a quarter note a played onset may be quantised to, ascending, below a quarter note.
    grid: Vec<Ticks>,
}

/// One note as class indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Tokens {
    /// The step, the time since the last onset.
    pub step: u8,
    /// The pitch.
    pub pitch: u8,
    /// The duration.
    pub duration: u8,
    /// The velocity; 0 where a style has no dynamics.
    pub velocity: u8,
    /// The place in the bar at the onset; 0 without bars.
    pub place: u8,
    /// The metre at the onset.
    pub metre: u8,
    /// Root and kind of the chord at the onset; 0 where no chord is known.
    pub chord: u8,
    /// The bass of the chord; 0 where no chord is known.
    pub bass: u8,
}

/// The number of classes of each kind; each at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassCounts {
    /// Steps.
    pub step: usize,
    /// Pitches.
    pub pitch: usize,
    /// Durations.
    pub duration: usize,
    /// Velocities; 1 without dynamics.
    pub velocity: usize,
    /// Places in the bar, including "no bars".
    pub place: usize,
    /// Metres, including "other or none".
    pub metre: usize,
    /// Chords, including "none"; 1 when the style has no chords.
    pub chord: usize,
    /// Basses, including "none"; 1 when the style has no chords.
    pub bass: usize,
}

/// A hash of a vocabulary: equal for equal ones, and practically only for those.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VocabularyFingerprint(u64);

impl fmt::Display for VocabularyFingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:016x}", self.0)
    }
}

/// The resolution of places in the bar, in ticks. It keeps sixteenths and triplets apart.
const PLACE_UNIT: i64 = 4;
/// Classes for places in a bar: up to 12/8 each place has its own, and later places in longer bars share the last one.
const PLACES: i64 = 288 / PLACE_UNIT;
/// The longest list. Classes are stored in a byte.
const MOST_CLASSES: usize = 200;
/// A class for each kind of chord on each root.
const CHORDS: usize = OCTAVE as usize * ChordKind::ALL.len();

/// The metres with a class of their own in metric styles.
const METRES: [(u8, u8); 9] = [(4, 4), (2, 2), (2, 4), (3, 4), (6, 8), (9, 8), (12, 8), (3, 8), (3, 2)];

impl Vocabulary {
    /// Single-line dance tunes: sixteenths, triplets and dotted values, without dynamics.
    pub fn dance() -> Self {
        const STEPS: [i64; 24] =
            [0, 4, 6, 8, 12, 16, 18, 24, 32, 36, 40, 48, 54, 60, 64, 72, 84, 96, 120, 144, 168, 192, 240, 288];
        Self::metric(43..=103, &STEPS, &STEPS[1..])
    }

    /// The same with chords.
    pub fn song() -> Self {
        Self { chords: true, ..Self::dance() }
    }

    /// Single-line solos over chords, with dynamics; up to eight notes per beat, quintuplets included.
    pub fn solo() -> Self {
        const STEPS: [i64; 44] = [
            0, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 36, 40, 42, 44, 48, 52, 54, 56, 60, 64, 68, 72,
            80, 84, 88, 96, 104, 112, 120, 128, 144, 168, 192, 240, 288, 384, 480, 576,
        ];
        const DURATIONS: [i64; 26] =
            [2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 23, 26, 29, 32, 36, 40, 45, 50, 58, 68, 80, 96, 120, 160, 216, 320];
        const VELOCITIES: [u8; 8] = [42, 52, 62, 71, 79, 88, 98, 108];
        Self {
            velocities: VELOCITIES.iter().filter_map(|&value| Velocity::new(value)).collect(),
            chords: true,
            grid: [0, 6, 8, 12, 16, 18, 24, 30, 32, 36, 40, 42].map(Ticks).to_vec(),
            ..Self::metric(34..=101, &STEPS, &DURATIONS)
        }
    }

    /// A piano in free time, with chords, pedal and dynamics; ticks of about ten milliseconds.
    pub fn piano() -> Self {
        const STEPS: [i64; 40] = [
            0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 19, 21, 23, 25, 28, 31, 34, 38, 42, 46, 51, 57, 63,
            70, 78, 88, 100, 114, 132, 156, 192, 240, 300, 384,
        ];
        const DURATIONS: [i64; 36] = [
            2, 4, 5, 6, 7, 8, 10, 12, 14, 16, 19, 22, 25, 29, 33, 38, 44, 50, 57, 65, 74, 85, 97, 110, 125, 142, 162,
            184, 210, 240, 275, 315, 365, 430, 520, 640,
        ];
        const VELOCITY_STEP: usize = 6;
        Self {
            time_base: TimeBase::Free,
            polyphony: 16,
            velocities: (16..=124).step_by(VELOCITY_STEP).filter_map(Velocity::new).collect(),
            metres: Vec::new(),
            ..Self::metric(21..=108, &STEPS, &DURATIONS)
        }
    }

    /// A single line in beats and bars, without dynamics or chords. Played onsets are quantised to sixteenths or
    /// triplets.
    fn metric(keys: std::ops::RangeInclusive<u8>, steps: &[i64], durations: &[i64]) -> Self {
        Self {
            time_base: TimeBase::Beats,
            polyphony: 1,
            lowest: Pitch::new(*keys.start()).unwrap_or(Pitch::MAX),
            highest: Pitch::new(*keys.end()).unwrap_or(Pitch::MAX),
            steps: steps.iter().copied().map(Ticks).collect(),
            durations: durations.iter().copied().map(Ticks).collect(),
            velocities: Vec::new(),
            metres: METRES.iter().filter_map(|&(above, below)| Metre::new(above, below)).collect(),
            chords: false,
            grid: [0, 12, 16, 24, 32, 36].map(Ticks).to_vec(),
        }
    }

    /// What is wrong with a vocabulary from a file; `None` when it is valid.
    pub fn fault(&self) -> Option<&'static str> {
        let ascends = |list: &[Ticks]| list.is_sorted_by(|before, after| before < after);
        let lengths = [self.steps.len(), self.durations.len(), self.velocities.len(), self.metres.len()];
        if lengths.iter().any(|&length| length > MOST_CLASSES) {
            return Some("a list of classes is too long");
        }
        if self.steps.is_empty() || self.durations.is_empty() || self.grid.is_empty() {
            return Some("steps, durations or the grid are missing");
        }
        if !ascends(&self.steps) || !ascends(&self.durations) || !ascends(&self.grid) {
            return Some("steps, durations or the grid are not in ascending order");
        }
        if self.steps[0] < Ticks::ZERO || self.durations[0] <= Ticks::ZERO || self.grid[0] != Ticks::ZERO {
            return Some("a step or duration is impossible");
        }
        if self.steps.last() == Some(&Ticks::ZERO) || self.grid.last() >= Some(&Ticks::quarters(1)) {
            return Some("it has no positive time step");
        }
        if self.lowest > self.highest || self.polyphony == 0 {
            return Some("it has no pitches");
        }
        if self.metres.iter().any(|metre| Metre::new(metre.numerator, metre.denominator).is_none()) {
            return Some("a time signature is impossible");
        }
        None
    }

    /// A hash that is equal for equal vocabularies: FNV-1a over the JSON.
    pub fn fingerprint(&self) -> VocabularyFingerprint {
        let table = serde_json::to_string(self).unwrap_or_default();
        VocabularyFingerprint(Fnv1a::hash(table.bytes()))
    }

    /// The number of classes of each kind.
    pub fn counts(&self) -> ClassCounts {
        ClassCounts {
            step: self.steps.len(),
            pitch: usize::from(self.highest.key() - self.lowest.key()) + 1,
            duration: self.durations.len(),
            velocity: self.velocities.len().max(1),
            place: usize::try_from(PLACES).unwrap_or(0) + 1,
            metre: self.metres.len() + 1,
            chord: if self.chords { CHORDS + 1 } else { 1 },
            bass: if self.chords { usize::from(OCTAVE) + 1 } else { 1 },
        }
    }

    /// Whether the style has dynamics.
    pub fn has_velocity(&self) -> bool {
        !self.velocities.is_empty()
    }

    /// Whether the style was trained on written music: a line in which each note lasts until the next. Written music
    /// comes without dynamics, recorded music with them.
    pub fn is_notation(&self) -> bool {
        self.polyphony == 1 && !self.has_velocity()
    }

    /// The time since the last onset of a step class.
    pub fn step(&self, class: usize) -> Ticks {
        self.steps[class.min(self.steps.len() - 1)]
    }

    /// The pitch of a class.
    pub fn pitch(&self, class: usize) -> Pitch {
        let offset = u8::try_from(class).unwrap_or(u8::MAX);
        Pitch::new(self.lowest.key().saturating_add(offset)).map_or(self.highest, |pitch| pitch.min(self.highest))
    }

    /// The duration of a class.
    pub fn duration(&self, class: usize) -> Ticks {
        self.durations[class.min(self.durations.len() - 1)]
    }

    /// The velocity of a class; `None` without dynamics.
    pub fn velocity(&self, class: usize) -> Option<Velocity> {
        self.velocities.get(class).copied()
    }

    /// The class nearest to a time since the last onset.
    pub fn step_class(&self, step: Ticks) -> u8 {
        nearest(&self.steps, step)
    }

    /// The class of a pitch. A pitch outside the range is moved into it by octaves.
    pub fn pitch_class(&self, pitch: Pitch) -> u8 {
        let (lowest, highest) = (self.lowest.key(), self.highest.key());
        let mut key = pitch.key();
        while key < lowest {
            key += 12;
        }
        while key > highest && key >= lowest + 12 {
            key -= 12;
        }
        key.min(highest) - lowest
    }

    /// The class nearest to a duration by ratio: 20 ticks are as far from 10 as from 40.
    pub fn duration_class(&self, duration: Ticks) -> u8 {
        let length = duration.0.max(1);
        let above = self.durations.partition_point(|class| class.0 < length);
        let choice = match (above.checked_sub(1).map(|below| self.durations[below].0), self.durations.get(above)) {
            // below/length against length/above, without a division.
            (Some(below), Some(above_value)) if length * length < below * above_value.0 => above - 1,
            (_, Some(_)) => above,
            (_, None) => above - 1,
        };
        index(choice)
    }

    /// The class nearest to a velocity; 0 without dynamics.
    pub fn velocity_class(&self, velocity: Velocity) -> u8 {
        let distance = |class: &Velocity| class.value().abs_diff(velocity.value());
        let nearest = self.velocities.iter().enumerate().min_by_key(|(_, class)| distance(class));
        index(nearest.map_or(0, |(class, _)| class))
    }

    /// The class of a moment's place in the bar; 0 without bars.
    pub fn place_class(&self, moment: Ticks, bars: Option<Bars>) -> u8 {
        let Some(bars) = bars.filter(|_| self.time_base == TimeBase::Beats) else {
            return 0;
        };
        let place = (bars.place(moment).0 + PLACE_UNIT / 2) / PLACE_UNIT;
        index(usize::try_from(place.min(PLACES - 1) + 1).unwrap_or(0))
    }

    /// The class of a metre; 0 for one without a class, or none.
    pub fn metre_class(&self, bars: Option<Bars>) -> u8 {
        let known = bars.and_then(|bars| self.metres.iter().position(|metre| *metre == bars.metre));
        index(known.map_or(0, |position| position + 1))
    }

    /// The classes of a chord and its bass; 0 and 0 without a chord, or when the style has none.
    pub fn chord_classes(&self, chord: Option<Chord>) -> (u8, u8) {
        let Some(chord) = chord.filter(|_| self.chords) else { return (0, 0) };
        let kind = ChordKind::ALL.iter().position(|kind| *kind == chord.kind()).unwrap_or(0);
        (index(usize::from(chord.root()) * ChordKind::ALL.len() + kind + 1), chord.bass() + 1)
    }

    /// The chord of two classes.
    pub fn chord(chord: u8, bass: u8) -> Option<Chord> {
        let (chord, bass) = (usize::from(chord).checked_sub(1)?, bass.checked_sub(1)?);
        let kind = ChordKind::ALL[chord % ChordKind::ALL.len()];
        Some(Chord::new(index(chord / ChordKind::ALL.len()), kind, bass))
    }

    /// All classes of a note. `before` is the previous onset, `None` for the first note; `bars` and `chord` are those
    /// at the note's onset.
    pub fn tokens(&self, note: &Note, before: Option<Ticks>, bars: Option<Bars>, chord: Option<Chord>) -> Tokens {
        let harmony = self.chord_classes(chord);
        Tokens {
            step: self.step_class(before.map_or(Ticks::ZERO, |before| note.onset - before)),
            pitch: self.pitch_class(note.pitch),
            duration: self.duration_class(note.duration),
            velocity: self.velocity_class(note.velocity),
            place: self.place_class(note.onset, bars),
            metre: self.metre_class(bars),
            chord: harmony.0,
            bass: harmony.1,
        }
    }

    /// The grid that onsets are quantised to within a quarter note, ascending from zero.
    pub fn grid(&self) -> &[Ticks] {
        &self.grid
    }

    /// Quantises a played onset to the nearest point of the grid, counted from the bar line. Free time keeps every
    /// tick.
    pub fn quantised(&self, onset: Ticks, bars: Option<Bars>) -> Ticks {
        let Some(bars) = bars.filter(|_| self.time_base == TimeBase::Beats) else {
            return onset;
        };
        let in_beat = Ticks((onset.0 - bars.line.0).rem_euclid(Ticks::quarters(1).0));
        let points = self.grid.iter().copied().chain([Ticks::quarters(1)]);
        let nearest = points.min_by_key(|point| (point.0 - in_beat.0).abs()).unwrap_or(in_beat);
        onset - in_beat + nearest
    }
}

/// The index of the nearest entry of an ascending, non-empty list; the lower of two equally near ones.
fn nearest(list: &[Ticks], value: Ticks) -> u8 {
    let found = list.iter().enumerate().min_by_key(|(_, entry)| (entry.0 - value.0).abs());
    index(found.map_or(0, |(position, _)| position))
}

/// A class as a byte.
fn index(class: usize) -> u8 {
    u8::try_from(class).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_comes_back_as_itself() {
        for table in [Vocabulary::dance(), Vocabulary::song(), Vocabulary::solo(), Vocabulary::piano()] {
            check_every_class(&table);
        }
    }

    fn check_every_class(table: &Vocabulary) {
        assert_eq!(table.fault(), None);
        let counts = table.counts();
        for class in 0..table.velocities.len() {
            assert_eq!(usize::from(table.velocity_class(table.velocity(class).unwrap())), class);
        }
        for class in 1..counts.chord {
            let chord = Vocabulary::chord(index(class), 3).unwrap();
            assert_eq!(table.chord_classes(Some(chord)), (index(class), 3));
        }
        assert_eq!(table.chord_classes(None), (0, 0));
        for class in 0..counts.step {
            assert_eq!(usize::from(table.step_class(table.step(class))), class);
        }
        for class in 0..counts.pitch {
            assert_eq!(usize::from(table.pitch_class(table.pitch(class))), class);
        }
        for class in 0..counts.duration {
            assert_eq!(usize::from(table.duration_class(table.duration(class))), class);
        }
    }

    #[test]
    fn what_lies_between_classes_goes_to_the_nearest() {
        let table = Vocabulary::dance();
        for (played, understood) in [(1, 4), (20, 18), (21, 24), (44, 48), (100_000, 288), (0, 4)] {
            let class = table.duration_class(Ticks(played));
            assert_eq!(table.duration(usize::from(class)), Ticks(understood), "duration {played}");
        }
        for (played, understood) in [(-9, 0), (2, 0), (3, 4), (22, 24), (100_000, 288)] {
            let class = table.step_class(Ticks(played));
            assert_eq!(table.step(usize::from(class)), Ticks(understood), "step {played}");
        }
    }

    #[test]
    fn pitches_outside_the_range_are_moved_by_octaves() {
        let table = Vocabulary::dance();
        for (played, understood) in [(0, 48), (42, 54), (43, 43), (103, 103), (104, 92), (127, 103)] {
            let class = table.pitch_class(Pitch::new(played).unwrap());
            assert_eq!(table.pitch(usize::from(class)).key(), understood, "key {played}");
        }
    }

    #[test]
    fn a_played_onset_is_understood_as_sixteenth_or_triplet() {
        let table = Vocabulary::dance();
        let bars = Some(Bars { line: Ticks(7), metre: Metre::COMMON });
        for (played, understood) in
            [(0, 0), (-3, 0), (5, 0), (7, 12), (13, 12), (15, 16), (22, 24), (44, 48), (190, 192)]
        {
            assert_eq!(table.quantised(Ticks(7 + played), bars), Ticks(7 + understood), "played {played}");
        }
        assert_eq!(table.quantised(Ticks(5), None), Ticks(5));
    }

    #[test]
    fn another_table_has_another_fingerprint() {
        let mut other = Vocabulary::dance();
        assert_eq!(other.fingerprint(), Vocabulary::dance().fingerprint());
        other.steps.push(Ticks(1000));
        assert_ne!(other.fingerprint(), Vocabulary::dance().fingerprint());
        other.steps.push(Ticks(999));
        assert!(other.fault().is_some());
    }
}
