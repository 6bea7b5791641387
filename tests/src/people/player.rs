//! How a person plays what is notated: how short, how evenly, how loud, and with which mistakes.

use super::music::Music;
use super::rendition::{Keystroke, Pedal, Rendition};
use crate::rng::Rng;
use segue_model::note::{Note, Pitch, Ticks, Velocity};

/// A simulated player. [`Player::exact`] plays what is written; each habit is added by its name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Player {
    /// The same seed plays the same.
    pub seed: u64,
    /// How long a key is held, in percent of its note, and the standard deviation of that.
    pub gate: (f64, f64),
    /// Each note is up to this many milliseconds early or late.
    pub timing_ms: f64,
    /// Every note is this many milliseconds late (dragging), or early if negative (rushing).
    pub lean_ms: f64,
    /// Drifts slowly ahead and behind, by up to this many milliseconds.
    pub wander_ms: f64,
    /// The velocity of notes that have none of their own.
    pub loudness: f64,
    /// The standard deviation of velocities, and how much louder a note on a beat is; a note on the bar line gets twice
    /// as much.
    pub touch: (f64, f64),
    /// How long a chord takes from its lowest key to its highest, in milliseconds.
    pub roll_ms: f64,
    /// The percentage of notes that have a soft ghost note in their last sixteenth.
    pub ghosts: u64,
    /// The percentage of notes that are held into the next one.
    pub overlaps: u64,
    /// The percentage of notes that miss by a semitone or two; half of them are corrected at once.
    pub wrong_notes: u64,
    /// The percentage of bars that are left out.
    pub pauses: u64,
    /// The pedal is down and is changed at this interval.
    pub pedal: Option<Ticks>,
}

/// Random generators, one for each habit, so that adding a habit does not change what the others draw.
struct Habits {
    gate: Rng,
    timing: Rng,
    wander: Rng,
    touch: Rng,
    ghosts: Rng,
    overlaps: Rng,
    wrong_notes: Rng,
    pauses: Rng,
}

impl Habits {
    const fn of(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        Self {
            gate: rng.fork(),
            timing: rng.fork(),
            wander: rng.fork(),
            touch: rng.fork(),
            ghosts: rng.fork(),
            overlaps: rng.fork(),
            wrong_notes: rng.fork(),
            pauses: rng.fork(),
        }
    }
}

impl Player {
    /// Plays exactly what is written: every key for its whole note, in time, at one velocity.
    pub const fn exact(seed: u64) -> Self {
        Self {
            seed,
            gate: (100.0, 0.0),
            timing_ms: 0.0,
            lean_ms: 0.0,
            wander_ms: 0.0,
            loudness: 80.0,
            touch: (0.0, 0.0),
            roll_ms: 0.0,
            ghosts: 0,
            overlaps: 0,
            wrong_notes: 0,
            pauses: 0,
            pedal: None,
        }
    }

    /// Plays as good players do: keys held for nine tenths of their notes, up to 15 ms off the beat, with accents.
    pub const fn person(seed: u64) -> Self {
        Self { gate: (90.0, 8.0), timing_ms: 15.0, touch: (6.0, 5.0), roll_ms: 12.0, ..Self::exact(seed) }
    }

    /// Holds keys for this percentage of their notes, with this standard deviation.
    #[must_use]
    pub const fn gate(self, percent: f64, spread: f64) -> Self {
        Self { gate: (percent, spread), ..self }
    }

    /// Plays notes up to this many milliseconds early or late.
    #[must_use]
    pub const fn timing(self, ms: f64) -> Self {
        Self { timing_ms: ms, ..self }
    }

    /// Plays every note this many milliseconds late, or early if negative.
    #[must_use]
    pub const fn lean(self, ms: f64) -> Self {
        Self { lean_ms: ms, ..self }
    }

    /// Drifts slowly ahead and behind, by up to this many milliseconds.
    #[must_use]
    pub const fn wander(self, ms: f64) -> Self {
        Self { wander_ms: ms, ..self }
    }

    /// Plays at this velocity.
    #[must_use]
    pub const fn loudness(self, velocity: f64) -> Self {
        Self { loudness: velocity, ..self }
    }

    /// Varies velocities with this standard deviation, and plays beats louder by `accent`.
    #[must_use]
    pub const fn touch(self, spread: f64, accent: f64) -> Self {
        Self { touch: (spread, accent), ..self }
    }

    /// Rolls chords over this many milliseconds.
    #[must_use]
    pub const fn rolls(self, ms: f64) -> Self {
        Self { roll_ms: ms, ..self }
    }

    /// Adds ghost notes to this percentage of notes.
    #[must_use]
    pub const fn ghosts(self, percent: u64) -> Self {
        Self { ghosts: percent, ..self }
    }

    /// Holds this percentage of notes into the next one.
    #[must_use]
    pub const fn overlaps(self, percent: u64) -> Self {
        Self { overlaps: percent, ..self }
    }

    /// Misses this percentage of notes.
    #[must_use]
    pub const fn wrong_notes(self, percent: u64) -> Self {
        Self { wrong_notes: percent, ..self }
    }

    /// Leaves out this percentage of bars.
    #[must_use]
    pub const fn pauses(self, percent: u64) -> Self {
        Self { pauses: percent, ..self }
    }

    /// Keeps the pedal down and changes it at this interval.
    #[must_use]
    pub const fn pedal(self, every: Ticks) -> Self {
        Self { pedal: Some(every), ..self }
    }

    /// How this player plays the music.
    pub fn plays(&self, music: &Music) -> Rendition {
        let mut habits = Habits::of(self.seed);
        let left_out: Vec<bool> = (0..=music.bars()).map(|_| habits.pauses.chance(self.pauses)).collect();
        let wander_phase = habits.wander.unit();
        let mut keys = Vec::new();
        for (index, note) in music.notes.iter().enumerate() {
            let voicing = Voicing::of(&music.notes, index);
            // Every habit draws for every note, whether it needs the value or not.
            let late_ms = self.late_ms(note, wander_phase, habits.timing.real(-1.0, 1.0));
            let held = (self.gate.0 + self.gate.1 * normal(&mut habits.gate)) / 100.0;
            let velocity = self.velocity(note, music, normal(&mut habits.touch));
            let overlap_ms = habits.overlaps.real(15.0, 60.0);
            let overlaps = habits.overlaps.chance(self.overlaps);
            let miss = Miss::draw(&mut habits.wrong_notes, self.wrong_notes);
            let ghost = habits.ghosts.chance(self.ghosts) && note.duration >= EIGHTH;
            let bar = usize::try_from(note.onset.0.max(0) / music.bar().0).unwrap_or(0);
            if left_out.get(bar).copied().unwrap_or(false) {
                continue;
            }
            let in_beats = |ms: f64| ms / 1000.0 * music.tempo_bpm / 60.0;
            let part_of_roll = in_beats(self.roll_ms) * voicing.height;
            // No note may be moved so far that two notes change places.
            let room = voicing.to_neighbour_beats * MOST_OF_THE_WAY;
            let late = in_beats(late_ms).clamp(-room, room) + part_of_roll.min(room);
            let [begin, end] = [note.onset, note.onset + if ghost { note.duration - SIXTEENTH } else { note.duration }]
                .map(|tick| swung(beats(tick), music));
            let down = (begin + late).max(0.0);
            let mut held = (end - begin) * held.max(SHORTEST_GATE);
            if overlaps {
                held = (end - begin) + in_beats(overlap_ms);
            }
            let key = Keystroke { down, up: down + held.max(in_beats(SHORTEST_MS)), pitch: note.pitch, velocity };
            miss.play(key, in_beats(CORRECTED_AFTER_MS), &mut keys);
            if ghost {
                let down = swung(beats(note.onset + note.duration - SIXTEENTH), music) + late;
                let velocity = Velocity::nearest(f32::from(velocity.value()) * GHOST_LOUDNESS);
                keys.push(Keystroke { down, up: down + in_beats(GHOST_MS), pitch: note.pitch, velocity });
            }
        }
        let pedal = self.pedal.map_or_else(Vec::new, |every| pedalled(music, every));
        Rendition::new(music, keys, pedal)
    }

    fn late_ms(&self, note: &Note, wander_phase: f64, drawn: f64) -> f64 {
        let turns = beats(note.onset) / WANDER_BEATS + wander_phase;
        // A triangle wave, because sines differ between machines.
        let triangle = 4.0f64.mul_add((turns - turns.floor() - 0.5).abs(), -1.0);
        self.wander_ms.mul_add(triangle, self.timing_ms.mul_add(drawn, self.lean_ms))
    }

    fn velocity(&self, note: &Note, music: &Music, drawn: f64) -> Velocity {
        let (spread, accent) = self.touch;
        let place = note.onset.0.rem_euclid(music.bar().0);
        let weight = match place {
            0 => 2.0,
            place if place % music.metre.beat().0 == 0 => 1.0,
            _ => 0.0,
        };
        let own = f64::from(note.velocity.value()) - f64::from(Velocity::DEFAULT.value());
        #[expect(clippy::cast_possible_truncation, reason = "a velocity")]
        Velocity::nearest(accent.mul_add(weight, spread.mul_add(drawn, self.loudness + own)) as f32)
    }
}

const EIGHTH: Ticks = Ticks(24);
const SIXTEENTH: Ticks = Ticks(12);
/// How far a note may be moved, as a share of the way to its neighbour.
const MOST_OF_THE_WAY: f64 = 0.4;
/// No key is held for less than this part of its note.
const SHORTEST_GATE: f64 = 0.1;
const SHORTEST_MS: f64 = 20.0;
const GHOST_MS: f64 = 60.0;
const GHOST_LOUDNESS: f32 = 0.35;
/// A wrong note is corrected after this many milliseconds.
const CORRECTED_AFTER_MS: f64 = 70.0;
/// One drift ahead and back takes four bars.
const WANDER_BEATS: f64 = 16.0;

/// Where a note lies among those that are struck with it and around it.
struct Voicing {
    /// Among the notes struck together, 0 for the lowest and 1 for the highest.
    height: f64,
    /// The distance to the nearest other onset; a bar if there is none.
    to_neighbour_beats: f64,
}

impl Voicing {
    fn of(notes: &[Note], index: usize) -> Self {
        let onset = notes[index].onset;
        let first = notes[..index].iter().rposition(|note| note.onset < onset);
        let next = notes[index..].iter().find(|note| note.onset > onset);
        let together = notes.iter().skip(first.map_or(0, |first| first + 1)).take_while(|note| note.onset == onset);
        let count = together.count();
        let place = index - first.map_or(0, |first| first + 1);
        let height = if count > 1 { place as f64 / (count - 1) as f64 } else { 0.0 };
        let before = first.map_or(f64::INFINITY, |first| beats(onset - notes[first].onset));
        let after = next.map_or(f64::INFINITY, |next| beats(next.onset - onset));
        Self { height, to_neighbour_beats: before.min(after).min(beats(Ticks(192))) }
    }
}

/// A finger that hits the wrong key.
#[derive(Debug, Clone, Copy)]
struct Miss {
    /// How many semitones it misses by; 0 means no miss.
    semitones: i8,
    corrected: bool,
}

impl Miss {
    fn draw(rng: &mut Rng, percent: u64) -> Self {
        let semitones = *rng.pick(&[-2, -1, 1, 2]);
        let (missed, corrected) = (rng.chance(percent), rng.chance(50));
        Self { semitones: if missed { semitones } else { 0 }, corrected }
    }

    fn play(self, meant: Keystroke, corrected_after: f64, keys: &mut Vec<Keystroke>) {
        let wrong = |pitch: Pitch| pitch.transposed(self.semitones).unwrap_or(pitch);
        let first = Keystroke { pitch: wrong(meant.pitch), ..meant };
        let again = meant.down + corrected_after;
        if self.semitones != 0 && self.corrected && again < meant.up {
            keys.push(Keystroke { up: again, ..first });
            keys.push(Keystroke { down: again, ..meant });
        } else {
            keys.push(first);
        }
    }
}

/// Changes the pedal as pianists do: up at each change, and down again just after the note.
fn pedalled(music: &Music, every: Ticks) -> Vec<Pedal> {
    const BEHIND_BEATS: f64 = 0.1;
    let lines = (0..).map(|index| index * every.0.max(1)).take_while(|tick| *tick < music.length.0);
    let change = |tick: i64| {
        let at = beats(Ticks(tick));
        let end = beats(Ticks(tick + every.0).min(music.length));
        [Pedal { at: at + BEHIND_BEATS, down: true }, Pedal { at: end, down: false }]
    };
    lines.flat_map(change).collect()
}

fn beats(ticks: Ticks) -> f64 {
    ticks.0 as f64 / Ticks::quarters(1).0 as f64
}

/// The played moment of a straight moment.
fn swung(straight: f64, music: &Music) -> f64 {
    let beat = straight.floor();
    let place = straight - beat;
    let share = music.swing;
    beat + if place < 0.5 { place * 2.0 * share } else { share + (place - 0.5) * 2.0 * (1.0 - share) }
}

/// Roughly a normal distribution with mean 0 and standard deviation 1, never beyond 3. It uses sums rather than
/// logarithms, so that it is the same on every machine.
fn normal(rng: &mut Rng) -> f64 {
    const ROLLS: usize = 12;
    let sum: f64 = (0..ROLLS).map(|_| rng.unit()).sum();
    (sum - 6.0).clamp(-3.0, 3.0)
}

#[cfg(test)]
mod tests {
    use super::super::patterns;
    use super::*;

    fn keys(player: Player, music: &Music) -> Vec<Keystroke> {
        player.plays(music).keys
    }

    fn mean(values: impl Iterator<Item = f64>) -> f64 {
        let values: Vec<f64> = values.collect();
        values.iter().sum::<f64>() / values.len() as f64
    }

    /// Exact playing is what is written, and the same seed plays the same notes.
    #[test]
    fn exact_playing_is_as_written_and_seeds_repeat() {
        let music = patterns::steady_eighths(4);
        for (key, note) in keys(Player::exact(1), &music).iter().zip(&music.notes) {
            assert_eq!((key.down, key.up), (beats(note.onset), beats(note.onset + note.duration)));
            assert_eq!((key.pitch, key.velocity), (note.pitch, note.velocity));
        }
        assert_eq!(keys(Player::person(3), &music), keys(Player::person(3), &music));
        assert_ne!(keys(Player::person(3), &music), keys(Player::person(4), &music));
    }

    #[test]
    fn keys_are_held_as_short_as_asked_for_with_their_spread() {
        let music = patterns::steady_quarters(50);
        for percent in [30.0, 50.0, 80.0, 105.0] {
            let held: Vec<f64> = keys(Player::exact(2).gate(percent, 10.0), &music)
                .iter()
                .map(|key| (key.up - key.down) * 100.0)
                .collect();
            let mean = mean(held.iter().copied());
            let spread = (held.iter().map(|held| (held - mean).powi(2)).sum::<f64>() / held.len() as f64).sqrt();
            assert!((mean - percent).abs() < 3.0, "{percent}: {mean}");
            assert!((7.0..13.0).contains(&spread), "{percent}: {spread}");
        }
    }

    /// Notes are off their beat by no more than the setting, and never change places.
    #[test]
    fn played_notes_stay_near_their_beat_and_in_order() {
        let music = patterns::steady_eighths(50);
        let late = |player: Player| -> Vec<f64> {
            let ms = |(key, note): (&Keystroke, &Note)| (key.down - beats(note.onset)) * 500.0;
            keys(player, &music).iter().zip(&music.notes).skip(1).map(ms).collect()
        };
        let loose = late(Player::exact(5).timing(30.0));
        assert!(loose.iter().all(|late| late.abs() <= 30.0));
        assert!(loose.iter().any(|late| *late < -25.0) && loose.iter().any(|late| *late > 25.0));
        assert!((mean(late(Player::exact(5).lean(20.0)).into_iter()) - 20.0).abs() < 1e-9);
        let wandering = late(Player::exact(5).wander(25.0));
        assert!(wandering.iter().any(|late| *late < -20.0) && wandering.iter().any(|late| *late > 20.0));
        let wild = keys(Player::exact(5).timing(900.0), &music);
        assert!(wild.windows(2).all(|pair| pair[0].down < pair[1].down));
    }

    #[test]
    fn one_habit_more_moves_nothing_that_another_has_drawn() {
        let music = patterns::steady_eighths(8);
        let plain = keys(Player::person(9), &music);
        let wrong = keys(Player::person(9).wrong_notes(20).loudness(40.0), &music);
        let times = |keys: &[Keystroke]| keys.iter().map(|key| key.down).collect::<Vec<_>>();
        let known: Vec<f64> = times(&wrong).into_iter().filter(|time| times(&plain).contains(time)).collect();
        assert_eq!(known, times(&plain));
        assert_ne!(plain.len(), wrong.len(), "some are put right");
    }

    #[test]
    fn habits_do_what_their_names_say() {
        let music = patterns::steady_quarters(50);
        let count = music.notes.len();
        let soft = |key: &&Keystroke| key.velocity.value() < 40;
        let ghosts = keys(Player::exact(1).ghosts(30), &music).iter().filter(soft).count();
        assert!((40..80).contains(&ghosts), "{ghosts}");
        let overlaps = keys(Player::exact(1).overlaps(50), &music);
        let held_over = overlaps.windows(2).filter(|pair| pair[0].up > pair[1].down + 0.02).count();
        assert!((70..130).contains(&held_over), "{held_over}");
        let left = keys(Player::exact(1).pauses(30), &music).len();
        assert!(left.is_multiple_of(4) && (120..170).contains(&left), "{left} of {count}");
        let loud = keys(Player::exact(1).loudness(60.0).touch(0.0, 10.0), &music);
        assert_eq!(loud[..4].iter().map(|key| key.velocity.value()).collect::<Vec<_>>(), [80, 70, 70, 70]);
        let chords = patterns::block_chords(&patterns::DANCE, 4);
        let rolled = keys(Player::exact(1).rolls(30.0), &chords);
        let late: Vec<f64> = rolled[..3].iter().map(|key| key.down * 500.0).collect();
        assert!(late.iter().zip([0.0, 15.0, 30.0]).all(|(late, wanted)| (late - wanted).abs() < 1e-9), "{late:?}");
        let pedal = Player::exact(1).pedal(Ticks(96)).plays(&chords).pedal;
        assert_eq!(pedal.iter().filter(|pedal| pedal.down).count(), 8);
    }
}
