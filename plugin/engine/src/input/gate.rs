//! How much of the time from stroke to stroke the player's keys are down: the gate, which is articulation and not rhythm.
//!
//! Follows from the positions of keys alone. Knows nothing of what a style makes of it.

use arrayvec::ArrayVec;
use segue_model::improviser::LEGATO_PERCENT;
use segue_model::note::Ticks;

/// So many of the latest notes tell.
const NOTES: usize = 8;
/// A stroke that comes later than this is no sign of how the one before it was meant to be held.
const LONGEST: Ticks = Ticks::quarters(2);

/// See the module.
#[derive(Debug, Default)]
pub struct Articulation {
    last: Option<Stroke>,
    /// In percent, the latest last.
    shares: ArrayVec<u8, NOTES>,
}

#[derive(Debug, Clone, Copy)]
struct Stroke {
    /// As it was heard.
    onset: Ticks,
    /// As it was played.
    played: Ticks,
    /// `None` while a finger is on it.
    held: Option<Ticks>,
}

impl Articulation {
    /// The player strikes the next note, or chord: heard at this onset and played at that one, which may be swung.
    pub fn key_down(&mut self, onset: Ticks, played: Ticks) {
        let before = self.last.replace(Stroke { onset, played, held: None });
        let Some(Stroke { played: first, held, .. }) = before else { return };
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

    /// A key that was heard at this onset comes up again at a moment, as it is played. Of a chord, the last finger counts.
    pub fn key_up(&mut self, onset: Ticks, played: Ticks) {
        if let Some(last) = self.last.as_mut().filter(|last| last.onset == onset) {
            last.held = Some(played - last.played);
        }
    }

    /// The median of late; before anything is known, as if every key were held until the next.
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

    #[test]
    fn the_gate_is_what_most_of_the_latest_notes_have_whatever_their_lengths() {
        let mut gate = Articulation::default();
        assert_eq!(gate.percent(), 100);
        play(&mut gate, 0, &[(24, 12), (24, 13), (48, 24), (48, 24), (12, 6), (24, 24), (96, 48)]);
        assert_eq!(gate.percent(), 50);
        play(&mut gate, 400, &[(24, 22); 8]);
        assert_eq!(gate.percent(), 91);
    }

    #[test]
    fn a_finger_that_is_still_down_is_legato_and_a_rest_says_nothing() {
        let mut gate = Articulation::default();
        gate.key_down(Ticks(0), Ticks(0));
        gate.key_down(Ticks(24), Ticks(24));
        gate.key_up(Ticks(0), Ticks(30));
        gate.key_up(Ticks(24), Ticks(36));
        gate.key_down(Ticks(480), Ticks(480));
        assert_eq!(gate.percent(), 100);
        // The same moment twice is one stroke, and time that goes back is none.
        for onset in [480, 480, 7] {
            gate.key_down(Ticks(onset), Ticks(onset));
        }
        assert_eq!(gate.percent(), 100);
    }
}
