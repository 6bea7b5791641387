//! The player's articulation: which share of the time between two onsets the keys are down (the gate).
//!
//! Does not know what a style does with it.

use arrayvec::ArrayVec;
use segue_model::improviser::LEGATO_PERCENT;
use segue_model::note::Ticks;

/// The latest notes that count.
const NOTES: usize = 8;
/// After a longer time than this, the next onset says nothing about how the note before it was articulated.
const LONGEST: Ticks = Ticks::quarters(2);

/// The gate of the latest notes.
#[derive(Debug, Default)]
pub struct Articulation {
    last: Option<PlayedNote>,
    /// The gate of each note in percent, the latest last.
    shares: ArrayVec<u8, NOTES>,
}

#[derive(Debug, Clone, Copy)]
struct PlayedNote {
    /// The onset as the model hears it, quantised.
    onset: Ticks,
    /// The onset as it was played, in ticks.
    played: Ticks,
    /// How long the key was down; `None` while it is.
    held: Option<Ticks>,
}

impl Articulation {
    /// A note or chord begins: `onset` as the model hears it, `played` as it was played, which may be swung.
    pub fn key_down(&mut self, onset: Ticks, played: Ticks) {
        let before = self.last.replace(PlayedNote { onset, played, held: None });
        let Some(PlayedNote { played: first, held, .. }) = before else { return };
        let time = played - first;
        if time <= Ticks::ZERO || time > LONGEST {
            return;
        }
        let held = held.map_or(time, |held| held.min(time));
        if self.shares.is_full() {
            let _ = self.shares.pop_at(0);
        }
        let share = held.0.max(0) * i64::from(LEGATO_PERCENT) / time.0;
        let _ = self.shares.try_push(u8::try_from(share).unwrap_or(LEGATO_PERCENT));
    }

    /// A key with this onset goes up at `played`. Of a chord, the last key counts.
    pub fn key_up(&mut self, onset: Ticks, played: Ticks) {
        if let Some(last) = self.last.as_mut().filter(|last| last.onset == onset) {
            last.held = Some(played - last.played);
        }
    }

    /// The median gate of the latest notes in percent, 0 to 100; 100 before the first note.
    pub fn percent(&self) -> u8 {
        let mut shares = self.shares.clone();
        shares.sort_unstable();
        shares.get(shares.len() / 2).copied().unwrap_or(LEGATO_PERCENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(gate: &mut Articulation, from: i64, notes: &[(i64, i64)]) {
        let mut onset = from;
        for (time, held) in notes {
            gate.key_down(Ticks(onset), Ticks(onset + 3));
            gate.key_up(Ticks(onset), Ticks(onset + 3 + *held));
            onset += time;
        }
        gate.key_down(Ticks(onset), Ticks(onset + 3));
    }

    /// The gate is the median of the latest notes, whatever their durations.
    #[test]
    fn the_gate_is_the_median_of_the_latest_notes() {
        let mut gate = Articulation::default();
        assert_eq!(gate.percent(), 100);
        play(&mut gate, 0, &[(24, 12), (24, 13), (48, 24), (48, 24), (12, 6), (24, 24), (96, 48)]);
        assert_eq!(gate.percent(), 50);
        play(&mut gate, 400, &[(24, 22); 8]);
        assert_eq!(gate.percent(), 91);
    }

    /// A key that is still down at the next onset is legato, and a long rest does not count.
    #[test]
    fn a_held_key_is_legato_and_a_rest_does_not_count() {
        let mut gate = Articulation::default();
        gate.key_down(Ticks(0), Ticks(0));
        gate.key_down(Ticks(24), Ticks(24));
        gate.key_up(Ticks(0), Ticks(30));
        gate.key_up(Ticks(24), Ticks(36));
        gate.key_down(Ticks(480), Ticks(480));
        assert_eq!(gate.percent(), 100);
        // The same onset twice is one, and an earlier one does not count.
        for onset in [480, 480, 7] {
            gate.key_down(Ticks(onset), Ticks(onset));
        }
        assert_eq!(gate.percent(), 100);
    }
}
