//! What the table counts in a line of notes: Segue's, a player's, or real music.

use crate::performance::Sounded;
use crate::timeline::{Frame, Timeline};
use segue_model::chord::Chord;
use segue_model::note::{Note, Ticks};
use std::ops::{AddAssign, Range};

/// A note on a time line of quarter notes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timed {
    /// When it begins, in quarter notes.
    pub onset: f64,
    /// When it ends, in quarter notes.
    pub end: f64,
    /// The MIDI key.
    pub key: u8,
    /// The MIDI velocity.
    pub velocity: u8,
}

impl Timed {
    /// A note that the plugin sent to a host that began at frame 0 and kept one tempo. Loop wraps of the song do not
    /// matter.
    pub fn sounded(note: &Sounded, timeline: &Timeline) -> Self {
        let beats = |at: Frame| at as f64 / timeline.sample_rate() * timeline.tempo_bpm(0) / 60.0;
        Self { onset: beats(note.on), end: beats(note.off), key: note.pitch.key(), velocity: note.velocity.value() }
    }

    /// A note as the tune has it.
    pub fn notated(note: &Note) -> Self {
        let beats = |at: Ticks| at.0 as f64 / Ticks::quarters(1).0 as f64;
        let (key, velocity) = (note.pitch.key(), note.velocity.value());
        Self { onset: beats(note.onset), end: beats(note.onset + note.duration), key, velocity }
    }
}

/// What the counting has to know about the music around the line.
pub struct Ground<'a> {
    /// The rooms: stretches in which the line may play, in order, in quarter notes.
    pub rooms: &'a [Range<f64>],
    /// For each room, where the first note may begin. Empty if that is not checked.
    pub begins: &'a [Vec<f64>],
    /// For each room, a moment across which the line must go on. Empty if that is not checked.
    pub seams: &'a [Option<f64>],
    /// Stretches in which the other player has a steady row of notes that the line must not interrupt.
    pub steady: &'a [Range<f64>],
    /// Where the second eighth lies within its beat.
    pub swing: f64,
    /// The length of a felt beat and of a bar, in quarter notes.
    pub beat: f64,
    /// The chord at a moment.
    pub chord_at: &'a dyn Fn(f64) -> Option<Chord>,
}

/// Counts that add up over many lines.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// For each line, notes per quarter note of its rooms.
    pub densities: Vec<f64>,
    /// For each line, the longest stretch of a room without sound.
    pub silences: Vec<f64>,
    /// Notes that begin in a room.
    pub notes: usize,
    /// Notes that begin where the line should be silent.
    pub intruding: usize,
    /// Notes that begin within somebody else's steady row.
    pub interrupting: usize,
    /// Onsets that lie neither on sixteenths nor on triplets.
    pub off_grid: usize,
    /// Notes on a beat where a chord is known.
    pub on_chords: usize,
    /// How many of these are chord tones.
    pub chord_tones: usize,
    /// Notes shorter than a thirty-second note.
    pub blips: usize,
    /// Lengths of all notes, in quarter notes.
    pub lengths: Vec<f64>,
    /// Velocities of all notes, in order.
    pub velocities: Vec<f64>,
    /// Differences between the velocities of successive notes in a room.
    pub velocity_steps: Vec<f64>,
    /// Velocities of notes on beats, and of notes between beats.
    pub accents: (Vec<f64>, Vec<f64>),
    /// The number of rooms.
    pub rooms: usize,
    /// Rooms whose first note begins where it should not.
    pub misplaced: usize,
    /// Rooms with a seam and a note before it.
    pub seams: usize,
    /// How many of these have no note after the seam.
    pub cut: usize,
    /// Rooms without a note.
    pub empty_rooms: usize,
    /// Rooms with one to three notes.
    pub poor_rooms: usize,
}

/// In quarter notes: less than half a tick counts as on the grid.
const ON_GRID: f64 = 0.01;
const THIRTY_SECOND: f64 = 0.125;
/// In quarter notes.
const LONG_SILENCE: f64 = 8.0;
/// Fewer notes than this are not an answer.
const LEAST_NOTES: usize = 4;

impl Figures {
    /// Counts in one line of notes, which must be in order of onset.
    pub fn of(line: &[Timed], ground: &Ground<'_>) -> Self {
        let mut figures = Self::default();
        let mut silence: f64 = 0.0;
        for (index, room) in ground.rooms.iter().enumerate() {
            let inside: Vec<&Timed> = line.iter().filter(|note| is_in(room, note.onset)).collect();
            figures.rooms += 1;
            match inside.len() {
                0 => figures.empty_rooms += 1,
                1..LEAST_NOTES => figures.poor_rooms += 1,
                _ => {}
            }
            if let Some((begins, first)) = ground.begins.get(index).zip(inside.first()) {
                let is_right = begins.iter().any(|begin| (begin - first.onset).abs() <= ON_GRID);
                figures.misplaced += usize::from(!is_right);
            }
            if let Some(seam) = ground.seams.get(index).copied().flatten() {
                let is_before = |note: &&&Timed| note.onset < seam - ON_GRID;
                let before = inside.iter().filter(is_before).count();
                figures.seams += usize::from(before > 0);
                figures.cut += usize::from(before > 0 && before == inside.len());
            }
            let steps = inside.windows(2).map(|pair| (velocity(pair[1]) - velocity(pair[0])).abs());
            figures.velocity_steps.extend(steps);
            silence = silence.max(longest_silence(line, room));
            for note in inside {
                figures.count(note, ground);
            }
        }
        figures.intruding = line.len() - figures.notes;
        let interrupts = |note: &&Timed| ground.steady.iter().any(|row| is_in(row, note.onset));
        figures.interrupting = line.iter().filter(interrupts).count();
        let beats: f64 = ground.rooms.iter().map(|room| room.end - room.start).sum();
        figures.densities.push(figures.notes as f64 / beats.max(f64::EPSILON));
        figures.silences.push(silence);
        figures
    }

    fn count(&mut self, note: &Timed, ground: &Ground<'_>) {
        self.notes += 1;
        self.off_grid += usize::from(!is_on_grid(note.onset, ground.swing));
        self.blips += usize::from(note.end - note.onset < THIRTY_SECOND - ON_GRID);
        self.lengths.push(note.end - note.onset);
        self.velocities.push(velocity(note));
        let beats = note.onset / ground.beat;
        if (beats - beats.round()).abs() * ground.beat > ON_GRID {
            self.accents.1.push(velocity(note));
            return;
        }
        self.accents.0.push(velocity(note));
        if let Some(chord) = (ground.chord_at)(note.onset + ON_GRID) {
            self.on_chords += 1;
            self.chord_tones += usize::from(chord.tones().any(|tone| tone == note.key % 12));
        }
    }

    /// Notes per quarter note, over all lines.
    pub fn density(&self) -> f64 {
        mean(&self.densities)
    }

    /// The longest silence of any line, in quarter notes.
    pub fn longest_silence(&self) -> f64 {
        self.silences.iter().copied().fold(0.0, f64::max)
    }

    /// The share of lines with a silence of more than eight quarter notes, in percent.
    pub fn long_silences_percent(&self) -> f64 {
        let long = self.silences.iter().filter(|silence| **silence > LONG_SILENCE).count();
        percent(long, self.silences.len())
    }

    /// The silence that only one line in a hundred exceeds, in quarter notes.
    pub fn rare_silence(&self) -> f64 {
        let mut silences = self.silences.clone();
        silences.sort_unstable_by(f64::total_cmp);
        silences.get((silences.len() * 99).div_ceil(100).saturating_sub(1)).copied().unwrap_or(0.0)
    }

    /// The share of notes that are off the grid, in percent.
    pub fn off_grid_percent(&self) -> f64 {
        percent(self.off_grid, self.notes)
    }

    /// The share of notes on beats that are chord tones, in percent; `None` if there are no chords.
    pub fn chord_tones_percent(&self) -> Option<f64> {
        (self.on_chords > 0).then(|| percent(self.chord_tones, self.on_chords))
    }

    /// The share of notes shorter than a thirty-second note, in percent.
    pub fn blips_percent(&self) -> f64 {
        percent(self.blips, self.notes)
    }

    /// The median length of a note, in quarter notes.
    pub fn median_length(&self) -> f64 {
        let mut lengths = self.lengths.clone();
        lengths.sort_unstable_by(f64::total_cmp);
        lengths.get(lengths.len() / 2).copied().unwrap_or(0.0)
    }

    /// Mean and standard deviation of the velocities.
    pub fn loudness(&self) -> (f64, f64) {
        let mean_velocity = mean(&self.velocities);
        let squares: Vec<f64> = self.velocities.iter().map(|velocity| (velocity - mean_velocity).powi(2)).collect();
        (mean_velocity, mean(&squares).sqrt())
    }

    /// The mean difference of velocity from note to note.
    pub fn velocity_step(&self) -> f64 {
        mean(&self.velocity_steps)
    }

    /// How much louder notes on beats are than notes between beats; `None` if either kind is missing.
    pub fn accent(&self) -> Option<f64> {
        let (on, between) = &self.accents;
        (!on.is_empty() && !between.is_empty()).then(|| mean(on) - mean(between))
    }
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.densities.extend(other.densities);
        self.silences.extend(other.silences);
        self.notes += other.notes;
        self.intruding += other.intruding;
        self.interrupting += other.interrupting;
        self.off_grid += other.off_grid;
        self.on_chords += other.on_chords;
        self.chord_tones += other.chord_tones;
        self.blips += other.blips;
        self.lengths.extend(other.lengths);
        self.velocities.extend(other.velocities);
        self.velocity_steps.extend(other.velocity_steps);
        self.accents.0.extend(other.accents.0);
        self.accents.1.extend(other.accents.1);
        self.rooms += other.rooms;
        self.misplaced += other.misplaced;
        self.seams += other.seams;
        self.cut += other.cut;
        self.empty_rooms += other.empty_rooms;
        self.poor_rooms += other.poor_rooms;
    }
}

/// The mean; 0 if there are no values.
pub fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 * 100.0 }
}

fn velocity(note: &Timed) -> f64 {
    f64::from(note.velocity)
}

/// Whether an onset lies in the room. An onset that rounding puts a frame early belongs to the room behind the line.
fn is_in(room: &Range<f64>, onset: f64) -> bool {
    onset >= room.start - ON_GRID && onset < room.end - ON_GRID
}

fn longest_silence(line: &[Timed], room: &Range<f64>) -> f64 {
    let (mut heard_until, mut longest) = (room.start, 0.0_f64);
    for note in line.iter().filter(|note| note.onset < room.end && note.end > room.start) {
        longest = longest.max(note.onset - heard_until);
        heard_until = heard_until.max(note.end);
    }
    longest.max(room.end - heard_until)
}

/// Whether an onset is on a swung sixteenth, or on an even triplet: a third of a beat or of half a beat.
fn is_on_grid(onset: f64, swing: f64) -> bool {
    let place = onset - (onset + ON_GRID).floor();
    let straight = if place < swing { place / swing / 2.0 } else { 0.5 + (place - swing) / (1.0 - swing) / 2.0 };
    let beside = |place: f64, parts: f64| ((place * parts).round() / parts - place).abs();
    beside(straight, 4.0) <= ON_GRID || beside(place, 3.0) <= ON_GRID || beside(place, 6.0) <= ON_GRID
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(notes: &[(f64, f64)]) -> Vec<Timed> {
        let note = |(onset, length): &(f64, f64)| Timed { onset: *onset, end: onset + length, key: 60, velocity: 80 };
        notes.iter().map(note).collect()
    }

    fn figures(notes: &[Timed], rooms: &[Range<f64>], swing: f64) -> Figures {
        Figures::of(
            notes,
            &Ground { rooms, begins: &[], seams: &[], steady: &[], swing, beat: 1.0, chord_at: &|_| None },
        )
    }

    #[test]
    fn notes_silences_and_rooms_are_counted() {
        let notes = line(&[(0.0, 1.0), (1.0, 0.5), (5.0, 3.5), (9.5, 0.05), (16.0, 1.0)]);
        let counted = figures(&notes, &[0.0..8.0, 8.0..12.0, 12.0..16.0], 0.5);
        assert_eq!((counted.notes, counted.intruding, counted.blips), (4, 1, 1));
        assert_eq!((counted.rooms, counted.empty_rooms, counted.poor_rooms), (3, 1, 2));
        assert!((counted.density() - 0.25).abs() < 1e-9);
        assert!((counted.longest_silence() - 4.0).abs() < 1e-9, "the last room is silent");
        assert!((figures(&notes, &[0.0..8.0], 0.5).longest_silence() - 3.5).abs() < 1e-9);
        let silences = Figures { silences: (0..200).map(f64::from).collect(), ..Figures::default() };
        assert!(
            (silences.rare_silence() - 197.0).abs() < 1e-9 && (silences.long_silences_percent() - 95.5).abs() < 1e-9
        );
    }

    #[test]
    fn sixteenths_and_triplets_are_on_the_grid_as_they_are_swung() {
        for (place, swing, on_grid) in [
            (0.25, 0.5, true),
            (1.0 / 3.0, 0.5, true),
            (1.0 / 6.0, 0.5, true),
            (0.125, 0.5, false),
            (0.62, 0.62, true),
            (0.5, 0.62, true),
            (0.31, 0.62, true),
            (0.413, 0.62, false),
            (2.0 / 3.0, 0.62, true),
            (0.9995, 0.5, true),
            (0.96, 0.5, false),
        ] {
            assert_eq!(is_on_grid(7.0 + place, swing), on_grid, "{place} at {swing}");
        }
    }

    #[test]
    fn accents_steps_and_chord_tones_are_counted() {
        let mut notes = line(&[(0.0, 0.5), (0.5, 0.5), (1.0, 0.5), (1.5, 0.5)]);
        for (note, (velocity, key)) in notes.iter_mut().zip([(90, 60), (70, 61), (90, 62), (70, 63)]) {
            (note.velocity, note.key) = (velocity, key);
        }
        let chord = Chord::parse("C").unwrap();
        let ground = Ground {
            rooms: &[0.0..2.0],
            begins: &[vec![0.0, 0.5]],
            seams: &[Some(0.7)],
            steady: &[0.4..1.0],
            swing: 0.5,
            beat: 1.0,
            chord_at: &|_| chord,
        };
        let counted = Figures::of(&notes, &ground);
        assert_eq!(counted.chord_tones_percent(), Some(50.0));
        assert_eq!((counted.loudness(), counted.velocity_step(), counted.accent()), ((80.0, 10.0), 20.0, Some(20.0)));
        assert_eq!(counted.misplaced, 0);
        let late = Figures::of(&notes, &Ground { begins: &[vec![0.5, 1.0]], rooms: &[0.0..2.0], ..ground });
        assert_eq!(late.misplaced, 1);
        assert_eq!((counted.seams, counted.cut, counted.interrupting), (1, 0, 1));
        let broken = Figures::of(&notes[..2], &ground);
        assert_eq!((broken.seams, broken.cut), (1, 1));
    }
}
